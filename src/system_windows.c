// SPDX-License-Identifier: MIT
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <shellapi.h>

#include "path.h"
#include "report.h"
#include "wide.h"

static UINT console_code_page;

static void restore_console(void)
{
    SetConsoleOutputCP(console_code_page);
}

void system_arguments(int *count, char ***arguments)
{
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), count);
    if (wide == NULL) {
        exit(report_error("the command line cannot be read"));
    }
    char **narrow = text_memory(((size_t)*count + 1) * sizeof *narrow);
    for (int i = 0; i < *count; i++) {
        narrow[i] = wide_to_utf8(wide[i]);
        if (narrow[i] == NULL) {
            exit(report_error("argument %d is not valid Unicode", i));
        }
    }
    narrow[*count] = NULL;
    LocalFree(wide);
    *arguments = narrow;

    // Messages hold paths in UTF-8; a console shows them only in that code page.
    console_code_page = GetConsoleOutputCP();
    if (console_code_page != 0 && SetConsoleOutputCP(CP_UTF8)) {
        atexit(restore_console);
    }
}

char *system_environment(const char *name)
{
    wchar_t *wide_name = wide_from_utf8(name);
    const wchar_t *value = wide_name != NULL ? _wgetenv(wide_name) : NULL;
    char *result = value != NULL && *value != L'\0' ? wide_to_utf8(value) : NULL;
    free(wide_name);
    return result;
}

static wchar_t *canonical(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        return NULL;
    }
    wchar_t *result = NULL;
    const DWORD size = GetFinalPathNameByHandleW(file, NULL, 0, FILE_NAME_NORMALIZED);
    if (size > 0) {
        result = text_memory(((size_t)size + 1) * sizeof *result);
        const DWORD length =
            GetFinalPathNameByHandleW(file, result, size + 1, FILE_NAME_NORMALIZED);
        if (length == 0 || length > size) {
            free(result);
            result = NULL;
        }
    }
    CloseHandle(file);
    return result;
}

// "\\?\C:\x" is "C:\x" and "\\?\UNC\host\x" is "\\host\x", as people and programs know them.
static char *without_device_prefix(const char *path)
{
    if (strncmp(path, "\\\\?\\UNC\\", 8) == 0) {
        return text_format("\\\\%s", path + 8);
    }
    return text_format("%s", strncmp(path, "\\\\?\\", 4) == 0 ? path + 4 : path);
}

char *system_own_path(const char *argv0)
{
    (void)argv0; // Windows knows better
    enum { PATH_UNITS = 32768 };
    wchar_t *module = text_memory(PATH_UNITS * sizeof *module);
    const DWORD length = GetModuleFileNameW(NULL, module, PATH_UNITS);
    if (length == 0 || length >= PATH_UNITS) {
        free(module);
        return NULL;
    }
    wchar_t *resolved = canonical(module);
    char *path = wide_to_utf8(resolved != NULL ? resolved : module);
    free(resolved);
    free(module);
    char *own = path != NULL ? without_device_prefix(path) : NULL;
    free(path);
    return own;
}

enum file_state system_file_state(const char *path, int *error)
{
    wchar_t *wide = wide_from_utf8(path);
    const DWORD attributes = wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    const DWORD reason = wide != NULL ? GetLastError() : ERROR_INVALID_NAME;
    free(wide);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        *error = reason == ERROR_ACCESS_DENIED ? EACCES : EINVAL;
        const bool missing = reason == ERROR_FILE_NOT_FOUND || reason == ERROR_PATH_NOT_FOUND;
        return missing ? FILE_MISSING : FILE_UNREACHABLE;
    }
    return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? FILE_DIRECTORY : FILE_EXECUTABLE;
}

FILE *system_open(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    FILE *file = wide != NULL ? _wfopen(wide, L"rb") : NULL;
    free(wide);
    return file;
}

char *system_default_datadir(void)
{
    char *home = system_environment("APPDATA");
    if (home == NULL) {
        return NULL;
    }
    char *datadir = path_join(home, "countermark-suite");
    free(home);
    return datadir;
}

int system_make_directory(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    const bool made = wide != NULL && CreateDirectoryW(wide, NULL) != 0;
    const DWORD reason = wide != NULL ? GetLastError() : ERROR_INVALID_NAME;
    free(wide);
    if (made) {
        return 0;
    }
    if (reason == ERROR_ALREADY_EXISTS) {
        int error = 0;
        return system_file_state(path, &error) == FILE_DIRECTORY ? 0 : ENOTDIR;
    }
    if (reason == ERROR_PATH_NOT_FOUND) {
        return ENOENT;
    }
    return reason == ERROR_ACCESS_DENIED ? EACCES : EINVAL;
}

bool system_same_name(const char *a, const char *b)
{
    return _stricmp(a, b) == 0;
}

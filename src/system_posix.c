// SPDX-License-Identifier: MIT
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

void system_arguments(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
}

char *system_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? strdup(value) : NULL;
}

// What a shell would have run for a bare name: the first program of that name in PATH.
static char *found_in_path(const char *name)
{
    const char *list = getenv("PATH");
    for (char *directory; (directory = path_list_next(&list)) != NULL;) {
        char *candidate = path_join(directory, name);
        free(directory);
        int error = 0;
        if (system_file_state(candidate, &error) == FILE_EXECUTABLE) {
            return candidate;
        }
        free(candidate);
    }
    return NULL;
}

char *system_own_path(const char *argv0)
{
    if (*argv0 == '\0') {
        return NULL;
    }
    if (path_has_separator(argv0)) {
        return realpath(argv0, NULL);
    }
    char *found = found_in_path(argv0);
    char *canonical = found != NULL ? realpath(found, NULL) : NULL;
    free(found);
    return canonical;
}

enum file_state system_file_state(const char *path, int *error)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        *error = errno;
        if (*error != ENOENT) {
            return FILE_UNREACHABLE;
        }
        return lstat(path, &status) == 0 ? FILE_DANGLING : FILE_MISSING;
    }
    if (S_ISDIR(status.st_mode)) {
        return FILE_DIRECTORY;
    }
    if (!S_ISREG(status.st_mode)) {
        return FILE_SPECIAL;
    }
    return access(path, X_OK) == 0 ? FILE_EXECUTABLE : FILE_NOT_EXECUTABLE;
}

FILE *system_open(const char *path)
{
    return fopen(path, "rb");
}

char *system_default_datadir(void)
{
    char *home = system_environment("HOME");
    if (home == NULL) {
        return NULL;
    }
    char *datadir = path_join(home, ".countermark-suite");
    free(home);
    return datadir;
}

int system_make_directory(const char *path)
{
    if (mkdir(path, 0700) == 0) {
        return 0;
    }
    const int error = errno;
    struct stat status;
    if (error == EEXIST && stat(path, &status) == 0 && !S_ISDIR(status.st_mode)) {
        return ENOTDIR;
    }
    return error == EEXIST ? 0 : error;
}

bool system_same_name(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

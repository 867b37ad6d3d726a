// SPDX-License-Identifier: MIT
#include "path.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"
#include "text.h"

bool path_is_separator(char character)
{
    return character == '/' || character == SYSTEM_SEPARATOR;
}

bool path_has_separator(const char *path)
{
    return strchr(path, '/') != NULL || strchr(path, SYSTEM_SEPARATOR) != NULL;
}

bool path_is_absolute(const char *path)
{
#ifdef _WIN32
    if (path[0] != '\0' && path[1] == ':') {
        return path_is_separator(path[2]);
    }
#endif
    return path_is_separator(path[0]);
}

const char *path_name(const char *path)
{
    const char *name = path;
    for (; *path != '\0'; path++) {
        if (path_is_separator(*path)) {
            name = path + 1;
        }
    }
    return name;
}

char *path_parent(const char *path)
{
    size_t length = (size_t)(path_name(path) - path);
    if (length == 0) {
        return text_format(".");
    }
    // Keep the separator of a root: "/" and "C:\".
    if (length > 1 && path[length - 2] != ':') {
        length--;
    }
    return text_format("%.*s", (int)length, path);
}

char *path_join(const char *directory, const char *name)
{
    const size_t length = strlen(directory);
    if (length > 0 && path_is_separator(directory[length - 1])) {
        return text_format("%s%s", directory, name);
    }
    return text_format("%s%c%s", directory, SYSTEM_SEPARATOR, name);
}

char *path_resolve(const char *directory, const char *relative)
{
    char *result = text_format("%s", directory);
    while (strncmp(relative, "..", 2) == 0 && (relative[2] == '/' || relative[2] == '\0')) {
        char *parent = path_parent(result);
        free(result);
        result = parent;
        relative += relative[2] == '/' ? 3 : 2;
    }
    if (*relative == '\0') {
        return result;
    }
    char *joined = path_join(result, relative);
    free(result);
    return joined;
}

char *path_list_next(const char **list)
{
    if (*list == NULL) {
        return NULL;
    }
    const char *end = strchr(*list, SYSTEM_LIST_SEPARATOR);
    const size_t length = end != NULL ? (size_t)(end - *list) : strlen(*list);
    char *directory = length > 0 ? text_format("%.*s", (int)length, *list) : text_format(".");
    *list = end != NULL ? end + 1 : NULL;
    return directory;
}

// SPDX-License-Identifier: MIT
#include "argument.h"

#include <stddef.h>
#include <string.h>

bool argument_is(const char *argument, const char *name, const char **value)
{
    if (argument[0] != '-') {
        return false;
    }
    argument += argument[1] == '-' ? 2 : 1;
    const size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0) {
        return false;
    }
    if (argument[length] != '\0' && argument[length] != '=') {
        return false;
    }
    *value = argument[length] == '=' ? argument + length + 1 : NULL;
    return true;
}

// SPDX-License-Identifier: MIT
#include "quote.h"

#include "text.h"

#include <string.h>

char *quote_arguments(char *const arguments[])
{
    size_t size = 1;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        size += QUOTED_SIZE(strlen(arguments[i])) + 1;
    }
    char *line = text_memory(size);
    char *out = line;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        if (i > 0) {
            *out++ = ' ';
        }
        out = quote_argument(out, arguments[i]);
    }
    *out = '\0';
    return line;
}

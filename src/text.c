// SPDX-License-Identifier: MIT
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *text_grow(void *memory, size_t size)
{
    void *grown = realloc(memory, size);
    if (grown == NULL) {
        fputs("Error: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return grown;
}

void *text_memory(size_t size)
{
    return text_grow(NULL, size);
}

char *text_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        fputs("Error: a message could not be formatted\n", stderr);
        exit(EXIT_FAILURE);
    }
    const size_t size = (size_t)length + 1;
    char *text = text_memory(size);
    va_start(arguments, format);
    (void)vsnprintf(text, size, format, arguments);
    va_end(arguments);
    return text;
}

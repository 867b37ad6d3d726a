// SPDX-License-Identifier: MIT
#ifndef SUITE_TEXT_H
#define SUITE_TEXT_H

#include <stddef.h>

#if defined(__GNUC__)
#define TEXT_FORMAT(string, first) __attribute__((format(printf, string, first)))
#else
#define TEXT_FORMAT(string, first)
#endif

// Memory that is never NULL: these programs need little, so without any left they report and exit.
void *text_memory(size_t size);
void *text_grow(void *memory, size_t size);

// A new string made like printf; the caller owns it.
char *text_format(const char *format, ...) TEXT_FORMAT(1, 2);

#endif

// SPDX-License-Identifier: MIT
// UTF-8, which the suite speaks inside, to and from what Windows speaks.
#ifndef SUITE_WIDE_H
#define SUITE_WIDE_H

#include <wchar.h>

// New strings, or NULL when the text is not valid Unicode.
wchar_t *wide_from_utf8(const char *text);
char *wide_to_utf8(const wchar_t *text);

#endif

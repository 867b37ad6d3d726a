// SPDX-License-Identifier: MIT
// The rules that CommandLineToArgvW and every C library on Windows read by: a backslash is
// itself unless a run of them stands before a double quote, where each is doubled.
#include "quote.h"

#include <stddef.h>
#include <string.h>

char *quote_argument(char *out, const char *text)
{
    if (*text != '\0' && strpbrk(text, " \t\n\v\"") == NULL) {
        const size_t length = strlen(text);
        memcpy(out, text, length);
        return out + length;
    }
    size_t backslashes = 0;
    *out++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            memset(out, '\\', backslashes + 1);
            out += backslashes + 1;
        }
        backslashes = *text == '\\' ? backslashes + 1 : 0;
        *out++ = *text;
    }
    memset(out, '\\', backslashes);
    out += backslashes;
    *out++ = '"';
    return out;
}

// SPDX-License-Identifier: MIT
#include "quote.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "@%+=:,./-_";

static bool is_control(char character)
{
    return ((unsigned char)character < 0x20) || character == 0x7f;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if (is_control(*text)) {
            return true;
        }
    }
    return false;
}

// 'text' with every ' written as '\''
static char *put_quoted(char *out, const char *text)
{
    *out++ = '\'';
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            memcpy(out, "'\\'", 3);
            out += 3;
        }
        *out++ = *text;
    }
    *out++ = '\'';
    return out;
}

// $'text', which keeps a line break from breaking the line
static char *put_escaped(char *out, const char *text)
{
    *out++ = '$';
    *out++ = '\'';
    for (; *text != '\0'; text++) {
        if (is_control(*text)) {
            out += snprintf(out, 5, "\\%03o", (unsigned)(unsigned char)*text);
            continue;
        }
        if (*text == '\'' || *text == '\\') {
            *out++ = '\\';
        }
        *out++ = *text;
    }
    *out++ = '\'';
    return out;
}

char *quote_argument(char *out, const char *text)
{
    if (has_control(text)) {
        return put_escaped(out, text);
    }
    if (*text == '\0' || text[strspn(text, harmless)] != '\0') {
        return put_quoted(out, text);
    }
    const size_t length = strlen(text);
    memcpy(out, text, length);
    return out + length;
}

// SPDX-License-Identifier: MIT
#include "wide.h"

#include <stdlib.h>

#include <windows.h>

#include "text.h"

wchar_t *wide_from_utf8(const char *text)
{
    const int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    if (count <= 0) {
        return NULL;
    }
    wchar_t *wide = text_memory((size_t)count * sizeof *wide);
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, count);
    return wide;
}

char *wide_to_utf8(const wchar_t *text)
{
    const int size =
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, NULL, 0, NULL, NULL);
    if (size <= 0) {
        return NULL;
    }
    char *narrow = text_memory((size_t)size);
    WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, text, -1, narrow, size, NULL, NULL);
    return narrow;
}

// SPDX-License-Identifier: MIT
#include "ipc.h"

#include <string.h>

// Takes the literal EXPECTED from the front of *TEXT.
static bool take(const char **text, const char *expected)
{
    const size_t length = strlen(expected);
    if (strncmp(*text, expected, length) != 0) {
        return false;
    }
    *text += length;
    return true;
}

static bool take_number(const char **text, unsigned int *number)
{
    enum { DIGITS_MAX = 4 };
    *number = 0;
    int digits = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
        if (digits == DIGITS_MAX) {
            return false;
        }
        *number = *number * 10 + (unsigned int)(**text - '0');
    }
    return digits > 0;
}

// A word of printable ASCII, so that it can be shown on any terminal.
static bool take_word(const char **text, char *word)
{
    size_t length = 0;
    for (; **text > ' ' && **text < 0x7f; (*text)++) {
        if (length == IPC_WORD_MAX) {
            return false;
        }
        word[length++] = **text;
    }
    word[length] = '\0';
    return length > 0;
}

bool ipc_parse_version(const char *text, struct ipc_version *version)
{
    return take_number(&text, &version->major) && take(&text, ".") &&
           take_number(&text, &version->minor) && *text == '\0';
}

bool ipc_parse_hello(const char *line, struct ipc_greeting *greeting)
{
    return take(&line, "hello ") && take_word(&line, greeting->name) && take(&line, " ") &&
           ipc_parse_version(line, &greeting->interface);
}

bool ipc_parse_answer(const char *line, struct ipc_greeting *greeting)
{
    return take(&line, "node ") && take_word(&line, greeting->name) &&
           take(&line, " interface ") && ipc_parse_version(line, &greeting->interface);
}

bool ipc_serves(struct ipc_version offers, struct ipc_version needs)
{
    return offers.major == needs.major && offers.minor >= needs.minor;
}

bool ipc_end_line(char *buffer, size_t size)
{
    char *end = memchr(buffer, '\n', size);
    if (end == NULL) {
        return false;
    }
    // A NUL within the line must not look like its end.
    for (char *byte = buffer; byte < end; byte++) {
        if (*byte == '\0') {
            *byte = '\n';
        }
    }
    *end = '\0';
    return true;
}

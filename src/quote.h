// SPDX-License-Identifier: MIT
#ifndef SUITE_QUOTE_H
#define SUITE_QUOTE_H

// What one argument of a length takes at most, in bytes, when it is quoted.
#define QUOTED_SIZE(length) (4 * (length) + 3)

// Writes one argument to out, quoted where needed, and returns where it ends; no NUL is written.
char *quote_argument(char *out, const char *text);

// The arguments on one line (a new string), quoted where needed: for a shell on POSIX, for
// CreateProcess and the C library's parser on Windows.
char *quote_arguments(char *const arguments[]);

#endif

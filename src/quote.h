// SPDX-License-Identifier: MIT
#ifndef SUITE_QUOTE_H
#define SUITE_QUOTE_H

// The arguments on one line (a new string), quoted where needed: for a shell on POSIX, for
// CreateProcess and the C library's parser on Windows.
char *quote_arguments(char *const arguments[]);

#endif

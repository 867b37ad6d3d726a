// SPDX-License-Identifier: MIT
#ifndef SUITE_EXECUTE_H
#define SUITE_EXECUTE_H

// Runs ARGUMENTS[0] with ARGUMENTS. On POSIX this process becomes the program; on Windows it
// waits for it, and *STATUS is the program's exit code.
// Returns NULL, or why the program could not be run (a new string).
char *execute(char *const arguments[], int *status);

#endif

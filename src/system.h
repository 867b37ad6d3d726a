// SPDX-License-Identifier: MIT
// What differs between POSIX and Windows, apart from running a program and sockets.
// Arguments and paths are UTF-8 on Windows and plain bytes elsewhere.
#ifndef SUITE_SYSTEM_H
#define SUITE_SYSTEM_H

#include <stdbool.h>
#include <stdio.h>

#ifdef _WIN32
#define SYSTEM_SEPARATOR '\\'
#define SYSTEM_LIST_SEPARATOR ';'
#define SYSTEM_PROGRAM_SUFFIX ".exe"
#else
#define SYSTEM_SEPARATOR '/'
#define SYSTEM_LIST_SEPARATOR ':'
#define SYSTEM_PROGRAM_SUFFIX ""
#endif

enum file_state {
    FILE_MISSING,
    FILE_DANGLING, // a symbolic link to nothing
    FILE_UNREACHABLE,
    FILE_DIRECTORY,
    FILE_SPECIAL,
    FILE_NOT_EXECUTABLE,
    FILE_EXECUTABLE,
};

// Replaces main's arguments where those of the C library are not UTF-8.
void system_arguments(int *count, char ***arguments);

// An environment variable that is set and not empty (a new string), or NULL.
char *system_environment(const char *name);

// The canonical path of this program (a new string), or NULL when it cannot be known.
char *system_own_path(const char *argv0);

// Follows symbolic links. *ERROR is the errno behind FILE_UNREACHABLE.
enum file_state system_file_state(const char *path, int *error);

FILE *system_open(const char *path);

// The data directory of a user who names none (a new string), or NULL without a home.
char *system_default_datadir(void);

// Makes one directory, private to the user; one that is already there is fine. 0 or errno.
int system_make_directory(const char *path);

bool system_same_name(const char *a, const char *b);

#endif

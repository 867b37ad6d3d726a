// SPDX-License-Identifier: MIT
// Paths as text. Nothing here looks at the file system.
#ifndef SUITE_PATH_H
#define SUITE_PATH_H

#include <stdbool.h>

bool path_is_separator(char character);
bool path_has_separator(const char *path);
bool path_is_absolute(const char *path);

// The last component; for "/" or "C:\" the empty string.
const char *path_name(const char *path);

// New strings; the caller owns them.
char *path_parent(const char *path);
char *path_join(const char *directory, const char *name);

// DIRECTORY/RELATIVE with every leading ".." of RELATIVE resolved as text, which is
// right because DIRECTORY is canonical.
char *path_resolve(const char *directory, const char *relative);

// The next directory of a PATH-like list ("" counts as "."), or NULL at its end.
char *path_list_next(const char **list);

#endif

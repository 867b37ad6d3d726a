// SPDX-License-Identifier: MIT
#ifndef SUITE_IMAGE_H
#define SUITE_IMAGE_H

// Why the file is no program for this machine (a new string), or NULL when it is one.
// Judged by its first bytes, so that nothing foreign is ever handed to a shell.
char *image_problem(const char *path);

#endif

// SPDX-License-Identifier: MIT
#ifndef SUITE_REPORT_H
#define SUITE_REPORT_H

#include "text.h"

// Writes "Error: MESSAGE" to standard error and returns EXIT_FAILURE.
int report_error(const char *format, ...) TEXT_FORMAT(1, 2);

// EXIT_SUCCESS once all of standard output has really been written.
int report_success(void);

#endif

// SPDX-License-Identifier: MIT
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int report_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("Error: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return EXIT_FAILURE;
}

int report_success(void)
{
    // A full disk shows up here at the latest; a result that was lost is a failure.
    if (fflush(stdout) != 0 || ferror(stdout)) {
        return report_error("standard output could not be written");
    }
    return EXIT_SUCCESS;
}

// SPDX-License-Identifier: MIT
#include "execute.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

char *execute(char *const arguments[], int *status)
{
    (void)status;
    // Not execvp: it hands a file that the system cannot run to a shell.
    execv(arguments[0], arguments);
    // The file has just been seen, so what is not there is what loads it.
    const char *reason =
        errno == ENOENT ? "the loader that it asks for is not there" : strerror(errno);
    return text_format("Cannot run '%s': %s", arguments[0], reason);
}

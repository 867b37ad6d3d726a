// SPDX-License-Identifier: MIT
#ifndef SUITE_INVOCATION_H
#define SUITE_INVOCATION_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"

// The wrapper's command line. Only what stands before the command is the wrapper's own.
struct invocation {
    enum mode mode;
    bool help;
    bool version;
    bool print;
    const struct command *command; // NULL when none is given
    char **arguments;              // the command's, ending with NULL
    size_t argument_count;
};

// Returns NULL, or what is wrong (a new string).
char *invocation_parse(int count, char **arguments, struct invocation *invocation);

#endif

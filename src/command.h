// SPDX-License-Identifier: MIT
// The wrapper's commands and the program behind each.
#ifndef SUITE_COMMAND_H
#define SUITE_COMMAND_H

enum mode { MODE_AUTOMATIC, MODE_MULTIPROCESS, MODE_MONOLITHIC };

struct command {
    const char *name;
    const char *monolithic;
    const char *multiprocess;
    const char *first_argument; // put before the user's, or NULL
    const char *summary;
};

// In the order of the help; ends with a command without a name.
extern const struct command commands[];

// NULL when there is none of that name.
const struct command *command_find(const char *name);

// The program that runs COMMAND with the user's ARGUMENTS (ending with NULL).
const char *command_program(const struct command *command, enum mode mode,
                            char *const arguments[]);

#endif

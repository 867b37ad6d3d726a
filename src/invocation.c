// SPDX-License-Identifier: MIT
#include "invocation.h"

#include <string.h>

#include "text.h"

static bool is_option(const char *argument, const char *brief, const char *full)
{
    return strcmp(argument, brief) == 0 || strcmp(argument, full) == 0;
}

static bool take_option(const char *argument, struct invocation *invocation)
{
    if (is_option(argument, "-m", "--multiprocess")) {
        invocation->mode = MODE_MULTIPROCESS;
    } else if (is_option(argument, "-M", "--monolithic")) {
        invocation->mode = MODE_MONOLITHIC;
    } else if (is_option(argument, "-v", "--version")) {
        invocation->version = true;
    } else if (is_option(argument, "-h", "--help")) {
        invocation->help = true;
    } else if (strcmp(argument, "--print-exec") == 0) {
        invocation->print = true;
    } else {
        return false;
    }
    return true;
}

static char *take_command(const char *name, struct invocation *invocation)
{
    invocation->command = command_find(name);
    if (invocation->command == NULL && strcmp(name, "help") == 0) {
        invocation->help = true;
        return NULL;
    }
    return invocation->command != NULL ? NULL : text_format("Unrecognized command: '%s'", name);
}

char *invocation_parse(int count, char **arguments, struct invocation *invocation)
{
    *invocation = (struct invocation){.mode = MODE_AUTOMATIC};
    for (int i = 1; i < count; i++) {
        const char *argument = arguments[i];
        if (argument[0] == '-') {
            if (!take_option(argument, invocation)) {
                return text_format("Unknown option: %s", argument);
            }
        } else if (argument[0] != '\0') {
            invocation->arguments = arguments + i + 1;
            invocation->argument_count = (size_t)(count - i - 1);
            return take_command(argument, invocation);
        }
    }
    return NULL;
}

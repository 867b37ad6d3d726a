// SPDX-License-Identifier: MIT
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "system.h"
#include "text.h"

static char *take(const char *argument, const char *address_option, struct settings *settings)
{
    const char *value = NULL;
    if (argument_is(argument, "help", &value) && value == NULL) {
        settings->help = true;
    } else if (argument_is(argument, "version", &value) && value == NULL) {
        settings->version = true;
    } else if (argument_is(argument, "datadir", &value)) {
        if (value == NULL || *value == '\0') {
            return text_format("-datadir needs a directory: -datadir=DIR");
        }
        free(settings->datadir);
        settings->datadir = text_format("%s", value);
    } else if (argument_is(argument, address_option, &value)) {
        if (value == NULL || *value == '\0') {
            return text_format("-%s needs an address: -%s=unix or -%s=unix:PATH", address_option,
                               address_option, address_option);
        }
        settings->address = value;
    } else {
        return text_format("unknown argument '%s' (-help lists them)", argument);
    }
    return NULL;
}

char *settings_parse(int count, char **arguments, const char *address_option,
                     struct settings *settings)
{
    *settings = (struct settings){.help = false};
    for (int i = 1; i < count; i++) {
        char *problem = take(arguments[i], address_option, settings);
        if (problem != NULL) {
            return problem;
        }
    }
    return NULL;
}

char *settings_complete(struct settings *settings)
{
    if (settings->datadir == NULL) {
        settings->datadir = system_default_datadir();
    }
    return settings->datadir != NULL
               ? NULL
               : text_format("there is no home directory; use -datadir=DIR");
}

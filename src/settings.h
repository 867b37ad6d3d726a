// SPDX-License-Identifier: MIT
#ifndef SUITE_SETTINGS_H
#define SUITE_SETTINGS_H

#include <stdbool.h>

// What node and wallet can be told; both take one or two dashes.
struct settings {
    bool help;
    bool version;
    char *datadir;
    const char *address; // of -ipcbind or -ipcconnect, or NULL
};

// ADDRESS_OPTION is "ipcbind" or "ipcconnect". Returns NULL, or what is wrong (a new string).
char *settings_parse(int count, char **arguments, const char *address_option,
                     struct settings *settings);

// The same, for a data directory that was not given. Returns NULL, or what is wrong.
char *settings_complete(struct settings *settings);

#endif

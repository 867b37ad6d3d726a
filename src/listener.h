// SPDX-License-Identifier: MIT
#ifndef SUITE_LISTENER_H
#define SUITE_LISTENER_H

#include <sys/stat.h>

#include "endpoint.h"

struct listener {
    int descriptor;
    const char *path;
    struct stat identity; // of the socket file that is ours
};

// Listens at ENDPOINT, in place of a socket that nobody answers on any more.
// Returns NULL, or why not (a new string).
char *listener_open(const struct endpoint *endpoint, struct listener *listener);

// Stops listening and removes the socket file, unless it is another's by now.
void listener_close(const struct listener *listener);

#endif

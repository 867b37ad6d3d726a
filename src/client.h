// SPDX-License-Identifier: MIT
#ifndef SUITE_CLIENT_H
#define SUITE_CLIENT_H

#include "endpoint.h"
#include "ipc.h"

// Says hello as NAME to the node at ENDPOINT and learns who it is.
// Returns NULL, or why that did not work (a new string).
char *client_greet(const struct endpoint *endpoint, const char *name, struct ipc_version needs,
                   struct ipc_greeting *node);

#endif

// SPDX-License-Identifier: MIT
// Where node and wallet meet: an address "unix" or "unix:PATH" and the socket behind it.
#ifndef SUITE_ENDPOINT_H
#define SUITE_ENDPOINT_H

#include <sys/un.h>

struct endpoint {
    char *path;
    struct sockaddr_un address;
};

// "unix" is DATADIR/node.sock; a relative PATH is below DATADIR.
// Returns NULL, or what is wrong with the address (a new string).
char *endpoint_parse(const char *address, const char *datadir, struct endpoint *endpoint);

#endif

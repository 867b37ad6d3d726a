// SPDX-License-Identifier: MIT
#include "endpoint.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "path.h"
#include "text.h"

static char *socket_path(const char *address, const char *datadir)
{
    if (strcmp(address, "unix") == 0) {
        return path_join(datadir, "node.sock");
    }
    if (strncmp(address, "unix:", 5) != 0 || address[5] == '\0') {
        return NULL;
    }
    const char *path = address + 5;
    return path_is_absolute(path) ? text_format("%s", path) : path_join(datadir, path);
}

char *endpoint_parse(const char *address, const char *datadir, struct endpoint *endpoint)
{
    *endpoint = (struct endpoint){.address.sun_family = AF_UNIX};
    endpoint->path = socket_path(address, datadir);
    if (endpoint->path == NULL) {
        return text_format("the address '%s' is not one: use unix or unix:PATH", address);
    }
    const size_t length = strlen(endpoint->path);
    const size_t limit = sizeof endpoint->address.sun_path;
    if (length >= limit) {
        return text_format("the socket path is %lu bytes long, and this system wants less than "
                           "%lu: %s\nUse a shorter -datadir=DIR or unix:PATH",
                           (unsigned long)length, (unsigned long)limit, endpoint->path);
    }
    memcpy(endpoint->address.sun_path, endpoint->path, length);
    return NULL;
}

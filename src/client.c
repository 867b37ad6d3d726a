// SPDX-License-Identifier: MIT
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"

static char *no_answer(const struct endpoint *endpoint)
{
    return text_format("the node at %s does not answer (waited %d seconds)", endpoint->path,
                       IPC_TIMEOUT_MS / 1000);
}

static char *connection_problem(const struct endpoint *endpoint, int error)
{
    switch (error) {
    case ENOENT:
        return text_format("no node is running: there is no %s\n"
                           "Start one with 'bitcoin node -ipcbind=unix'",
                           endpoint->path);
    case ECONNREFUSED:
        return text_format("no node is running: nobody listens on %s\n"
                           "Start one with 'bitcoin node -ipcbind=unix'",
                           endpoint->path);
    case EACCES:
    case EPERM:
        return text_format("permission denied: %s belongs to another user's node",
                           endpoint->path);
    case EAGAIN:
        return no_answer(endpoint);
    default:
        return text_format("cannot connect to %s: %s", endpoint->path, strerror(error));
    }
}

// *DESCRIPTOR is open afterwards, whether it is connected or not, unless it is negative.
static char *reach(const struct endpoint *endpoint, int *descriptor)
{
    *descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    // A node that accepts nobody blocks connect() on Linux, and anybody may block a send.
    const struct timeval limit = {.tv_sec = IPC_TIMEOUT_MS / 1000};
    if (*descriptor < 0 ||
        setsockopt(*descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
        return connection_problem(endpoint, errno);
    }
    const struct sockaddr *address = (const struct sockaddr *)&endpoint->address;
    if (connect(*descriptor, address, sizeof endpoint->address) != 0) {
        return connection_problem(endpoint, errno);
    }
    return NULL;
}

static char *not_a_node(const struct endpoint *endpoint)
{
    return text_format("what listens on %s does not answer like a node", endpoint->path);
}

// Reads until LINE (of IPC_LINE_MAX bytes) holds a whole line.
static char *read_line(const struct endpoint *endpoint, int descriptor, char *line)
{
    const int64_t deadline = clock_milliseconds() + IPC_TIMEOUT_MS;
    size_t used = 0;
    do {
        struct pollfd polled = {.fd = descriptor, .events = POLLIN};
        const int ready = poll(&polled, 1, clock_remaining(deadline));
        if (ready == 0) {
            return no_answer(endpoint);
        }
        const ssize_t got = ready > 0 ? recv(descriptor, line + used, IPC_LINE_MAX - used, 0) : -1;
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return text_format("the node at %s closed the connection without an answer",
                               endpoint->path);
        }
        used += (size_t)got;
        if (ipc_end_line(line, used)) {
            return NULL;
        }
    } while (used < IPC_LINE_MAX);
    return not_a_node(endpoint);
}

static char *converse(const struct endpoint *endpoint, int descriptor, const char *hello,
                      struct ipc_greeting *node)
{
    const size_t size = strlen(hello);
    if (send(descriptor, hello, size, 0) != (ssize_t)size) {
        return text_format("the node at %s closed the connection without an answer",
                           endpoint->path);
    }
    char line[IPC_LINE_MAX];
    char *problem = read_line(endpoint, descriptor, line);
    if (problem != NULL) {
        return problem;
    }
    return ipc_parse_answer(line, node) ? NULL : not_a_node(endpoint);
}

char *client_greet(const struct endpoint *endpoint, const char *name, struct ipc_version needs,
                   struct ipc_greeting *node)
{
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return text_format("signals cannot be set up: %s", strerror(errno));
    }
    int descriptor;
    char *problem = reach(endpoint, &descriptor);
    if (problem == NULL) {
        char *hello = text_format("hello %s %u.%u\n", name, needs.major, needs.minor);
        problem = converse(endpoint, descriptor, hello, node);
        free(hello);
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return problem;
}

// SPDX-License-Identifier: MIT
// One thread and no trust: each client has one short line and a deadline, and when too many come
// at once the one that waits longest makes room.
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "ipc.h"
#include "text.h"
#include "version.h"

enum {
    CLIENTS_MAX = 32,
    ACCEPT_PAUSE_MS = 100, // when the system has no descriptor left
};

struct client {
    int descriptor;
    int64_t deadline;
    size_t used;
    char line[IPC_LINE_MAX];
};

// Oldest first.
struct crowd {
    struct client clients[CLIENTS_MAX];
    size_t count;
};

static void dismiss(struct crowd *crowd, size_t index)
{
    close(crowd->clients[index].descriptor);
    crowd->count--;
    memmove(&crowd->clients[index], &crowd->clients[index + 1],
            (crowd->count - index) * sizeof *crowd->clients);
}

static void admit(struct crowd *crowd, int listener)
{
    const int descriptor = accept(listener, NULL, NULL);
    if (descriptor < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR && errno != ECONNABORTED) {
            (void)poll(NULL, 0, ACCEPT_PAUSE_MS);
        }
        return;
    }
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
        close(descriptor);
        return;
    }
    if (crowd->count == CLIENTS_MAX) {
        dismiss(crowd, 0);
    }
    struct client *client = &crowd->clients[crowd->count++];
    client->descriptor = descriptor;
    client->deadline = clock_milliseconds() + IPC_TIMEOUT_MS;
    client->used = 0;
}

static void answer(const struct client *client, const char *problem)
{
    const struct ipc_version interface = IPC_NODE_INTERFACE;
    char *line = problem != NULL ? text_format("error %s\n", problem)
                                 : text_format("node " SUITE_VERSION " interface %u.%u\n",
                                               interface.major, interface.minor);
    // A line this short fits into the socket's buffer or the client is gone.
    (void)send(client->descriptor, line, strlen(line), 0);
    free(line);
}

// Returns whether the client is done, one way or another.
static bool serve(struct client *client)
{
    const size_t room = sizeof client->line - client->used;
    const ssize_t got = recv(client->descriptor, client->line + client->used, room, 0);
    if (got < 0) {
        return errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR;
    }
    if (got == 0) {
        return true;
    }
    client->used += (size_t)got;
    if (ipc_end_line(client->line, client->used)) {
        struct ipc_greeting hello;
        const bool good = ipc_parse_hello(client->line, &hello);
        answer(client, good ? NULL : "this is not a hello of the form: hello NAME MAJOR.MINOR");
        return true;
    }
    if (client->used == sizeof client->line) {
        answer(client, "the line is too long");
        return true;
    }
    return false;
}

static void serve_all(struct crowd *crowd, const struct pollfd *polled)
{
    // From the back, because each dismissal moves those behind it.
    for (size_t i = crowd->count; i-- > 0;) {
        struct client *client = &crowd->clients[i];
        const bool done = polled[i].revents != 0 && serve(client);
        if (done || clock_remaining(client->deadline) == 0) {
            dismiss(crowd, i);
        }
    }
}

char *server_run(int listener, int stop)
{
    struct crowd crowd = {.count = 0};
    for (;;) {
        struct pollfd polled[CLIENTS_MAX + 2];
        const size_t count = crowd.count;
        for (size_t i = 0; i < count; i++) {
            polled[i] = (struct pollfd){.fd = crowd.clients[i].descriptor, .events = POLLIN};
        }
        polled[count] = (struct pollfd){.fd = listener, .events = POLLIN};
        polled[count + 1] = (struct pollfd){.fd = stop, .events = POLLIN};
        const int wait = count > 0 ? clock_remaining(crowd.clients[0].deadline) : -1;
        if (poll(polled, (nfds_t)(count + 2), wait) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return text_format("the node cannot wait for clients: %s", strerror(errno));
        }
        if (polled[count + 1].revents != 0) {
            break;
        }
        serve_all(&crowd, polled);
        if (polled[count].revents != 0) {
            admit(&crowd, listener);
        }
    }
    while (crowd.count > 0) {
        dismiss(&crowd, crowd.count - 1);
    }
    return NULL;
}

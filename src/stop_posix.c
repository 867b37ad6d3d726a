// SPDX-License-Identifier: MIT
#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

// A signal becomes a byte in a pipe, because poll() can wait for that together with sockets.
static int pipe_ends[2];

static void on_signal(int number)
{
    (void)number;
    const int error = errno;
    const ssize_t written = write(pipe_ends[1], "", 1);
    (void)written; // a full pipe says it already
    errno = error;
}

bool stop_prepare(void)
{
    if (pipe(pipe_ends) != 0 || fcntl(pipe_ends[1], F_SETFL, O_NONBLOCK) != 0) {
        return false;
    }
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    sigemptyset(&ignore.sa_mask);
    return sigaction(SIGTERM, &action, NULL) == 0 && sigaction(SIGINT, &action, NULL) == 0 &&
           sigaction(SIGPIPE, &ignore, NULL) == 0;
}

int stop_descriptor(void)
{
    return pipe_ends[0];
}

void stop_wait(void)
{
    struct pollfd polled = {.fd = pipe_ends[0], .events = POLLIN};
    while (poll(&polled, 1, -1) < 0 && errno == EINTR) {
    }
}

// SPDX-License-Identifier: MIT
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "path.h"
#include "text.h"

static char *problem_at(const char *path, const char *what)
{
    return text_format("cannot listen on %s: %s", path, what);
}

static int open_socket(void)
{
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0) {
        return -1;
    }
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

// The errno of connecting there, 0 if it works. A full queue also means that somebody listens.
static int knock(const struct endpoint *endpoint)
{
    const int descriptor = open_socket();
    if (descriptor < 0) {
        return errno;
    }
    const struct sockaddr *address = (const struct sockaddr *)&endpoint->address;
    const bool open = connect(descriptor, address, sizeof endpoint->address) == 0;
    const int error = open ? 0 : errno;
    close(descriptor);
    return error == EAGAIN || error == EWOULDBLOCK || error == EINPROGRESS ? 0 : error;
}

static char *remove_stale(const struct endpoint *endpoint)
{
    struct stat status;
    if (lstat(endpoint->path, &status) != 0) {
        return errno == ENOENT ? NULL : problem_at(endpoint->path, strerror(errno));
    }
    if (!S_ISSOCK(status.st_mode)) {
        return problem_at(endpoint->path, "something that is not a socket is there; move it away");
    }
    const int error = knock(endpoint);
    if (error == 0) {
        return problem_at(endpoint->path, "another node answers there; stop it, or use another "
                                          "-datadir=DIR or unix:PATH");
    }
    if (error != ECONNREFUSED && error != ENOENT) {
        return problem_at(endpoint->path, strerror(error));
    }
    if (unlink(endpoint->path) != 0 && errno != ENOENT) {
        return problem_at(endpoint->path, strerror(errno));
    }
    return NULL;
}

static char *bind_and_listen(const struct endpoint *endpoint, struct listener *listener)
{
    const struct sockaddr *address = (const struct sockaddr *)&endpoint->address;
    // Only the umask makes it 0600 from its first moment on.
    const mode_t previous = umask(0177);
    const bool bound = bind(listener->descriptor, address, sizeof endpoint->address) == 0;
    const int error = errno;
    umask(previous);
    if (!bound) {
        return problem_at(endpoint->path, strerror(error));
    }
    if (lstat(endpoint->path, &listener->identity) != 0 ||
        listen(listener->descriptor, SOMAXCONN) != 0) {
        char *problem = problem_at(endpoint->path, strerror(errno));
        unlink(endpoint->path);
        return problem;
    }
    return NULL;
}

char *listener_open(const struct endpoint *endpoint, struct listener *listener)
{
    *listener = (struct listener){.descriptor = open_socket(), .path = endpoint->path};
    if (listener->descriptor < 0) {
        return problem_at(endpoint->path, strerror(errno));
    }
    // Of two nodes that start at once, both could take the other's socket for a stale one. The
    // lock is on the directory because it leaves no file behind; where there is none, so be it.
    char *parent = path_parent(endpoint->path);
    const int directory = open(parent, O_RDONLY);
    free(parent);
    if (directory >= 0) {
        (void)flock(directory, LOCK_EX);
    }
    char *problem = remove_stale(endpoint);
    if (problem == NULL) {
        problem = bind_and_listen(endpoint, listener);
    }
    if (directory >= 0) {
        close(directory);
    }
    if (problem != NULL) {
        close(listener->descriptor);
    }
    return problem;
}

void listener_close(const struct listener *listener)
{
    struct stat status;
    if (lstat(listener->path, &status) == 0 && status.st_ino == listener->identity.st_ino &&
        status.st_dev == listener->identity.st_dev) {
        unlink(listener->path);
    }
    close(listener->descriptor);
}

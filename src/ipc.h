// SPDX-License-Identifier: MIT
// The handshake, one line each way over a stream socket, then the node closes:
//
//     client   hello NAME MAJOR.MINOR               the interface that it needs
//     node     node VERSION interface MAJOR.MINOR   the interface that it offers
//     node     error TEXT                           when the hello is not one
//
// A higher MINOR only adds to an interface, a higher MAJOR breaks it. A line is ASCII, ends with
// a line feed and is at most IPC_LINE_MAX bytes long. Numbers are decimal, up to four digits.
#ifndef SUITE_IPC_H
#define SUITE_IPC_H

#include <stdbool.h>
#include <stddef.h>

enum {
    IPC_LINE_MAX = 128,
    IPC_WORD_MAX = 32,
    IPC_TIMEOUT_MS = 5000, // for either side to say its line
};

// What the node offers, and what the wallet needs of it.
#define IPC_NODE_INTERFACE ((struct ipc_version){1, 2})
#define IPC_WALLET_INTERFACE ((struct ipc_version){1, 1})

struct ipc_version {
    unsigned int major;
    unsigned int minor;
};

// What either line says: who speaks and which interface it means.
struct ipc_greeting {
    char name[IPC_WORD_MAX + 1]; // the client's name, or the node's version
    struct ipc_version interface;
};

// LINE comes without its line feed. All return whether it is what it should be.
bool ipc_parse_version(const char *text, struct ipc_version *version);
bool ipc_parse_hello(const char *line, struct ipc_greeting *greeting);
bool ipc_parse_answer(const char *line, struct ipc_greeting *greeting);

// Whether who OFFERS this interface can serve who NEEDS that one.
bool ipc_serves(struct ipc_version offers, struct ipc_version needs);

// Whether a whole line stands in the SIZE bytes of BUFFER; if so its line feed becomes a NUL.
bool ipc_end_line(char *buffer, size_t size);

#endif

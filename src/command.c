// SPDX-License-Identifier: MIT
#include "command.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "argument.h"
#include "version.h"

const struct command commands[] = {
    {"node", "bitcoind", "bitcoin-node", NULL, "Start a node."},
    {"gui", "bitcoin-qt", "bitcoin-gui", NULL, "Start a node with a window."},
    {"wallet", "bitcoin-wallet", "bitcoin-wallet", NULL, "Work with a wallet."},
    {"rpc", "bitcoin-cli", "bitcoin-cli", "-named", "Call a running node."},
    {"tx", "bitcoin-tx", "bitcoin-tx", NULL, "Work with a transaction."},
    {"util", "bitcoin-util", "bitcoin-util", NULL, "Use a tool that needs no node."},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct command *command_find(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

static bool ask_for_ipc(char *const arguments[])
{
    static const char *const names[] = {"ipcbind", "ipcconnect", "ipcfd"};
    // Options end at the first argument that is none, for the programs themselves too.
    for (; *arguments != NULL && (*arguments)[0] == '-' && (*arguments)[1] != '\0'; arguments++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            const char *value;
            if (argument_is(*arguments, names[i], &value)) {
                return true;
            }
        }
    }
    return false;
}

const char *command_program(const struct command *command, enum mode mode,
                            char *const arguments[])
{
    if (mode == MODE_AUTOMATIC) {
        mode = ENABLE_IPC || ask_for_ipc(arguments) ? MODE_MULTIPROCESS : MODE_MONOLITHIC;
    }
    return mode == MODE_MULTIPROCESS ? command->multiprocess : command->monolithic;
}

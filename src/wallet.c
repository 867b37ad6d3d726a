// SPDX-License-Identifier: MIT
// bitcoin-wallet: asks a node who it is, and says whether the two can work together.
#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "settings.h"
#include "system.h"
#include "version.h"

#ifndef SUITE_NO_IPC
#include "client.h"
#endif

#define NAME "bitcoin-wallet"

static int help(void)
{
    puts("Usage: " NAME " [OPTIONS]\n\n"
         "Prints the state of the wallet and of its node.\n\n"
#ifdef SUITE_NO_IPC
         "  -ipcconnect=unix Refused: " SUITE_NO_IPC ".\n"
#else
         "  -ipcconnect=unix[:PATH]\n"
         "                   The node's socket; DIR/node.sock by default.\n"
#endif
         "  -datadir=DIR     The data directory of the node.\n"
         "  -version         Print the version.\n"
         "  -help            Print this help.");
    return report_success();
}

#ifdef SUITE_NO_IPC
static int status(struct settings *settings)
{
    if (settings->address != NULL) {
        return report_error("-ipcconnect: " SUITE_NO_IPC);
    }
    puts("wallet: " SUITE_VERSION "\nnode: none, " SUITE_NO_IPC);
    return report_success();
}
#else
static int show(const struct ipc_greeting *node)
{
    const struct ipc_version needs = IPC_WALLET_INTERFACE;
    const struct ipc_version offers = node->interface;
    if (!ipc_serves(offers, needs)) {
        return report_error("the node %s offers interface %u.%u, this wallet (" SUITE_VERSION
                            ") needs %u.%u%s\nUse node and wallet of the same release",
                            node->name, offers.major, offers.minor, needs.major, needs.minor,
                            offers.major == needs.major ? " or a later minor one" : "");
    }
    printf("wallet: " SUITE_VERSION "\nwallet interface: %u.%u\nnode: %s\nnode interface: %u.%u\n",
           needs.major, needs.minor, node->name, offers.major, offers.minor);
    return report_success();
}

static int status(struct settings *settings)
{
    const char *address = settings->address != NULL ? settings->address : "unix";
    struct endpoint endpoint;
    const char *problem = settings_complete(settings);
    if (problem == NULL) {
        problem = endpoint_parse(address, settings->datadir, &endpoint);
    }
    struct ipc_greeting node;
    if (problem == NULL) {
        problem = client_greet(&endpoint, NAME, IPC_WALLET_INTERFACE, &node);
    }
    return problem != NULL ? report_error("%s", problem) : show(&node);
}
#endif

int main(int argc, char **argv)
{
    system_arguments(&argc, &argv);
    struct settings settings;
    const char *problem = settings_parse(argc, argv, "ipcconnect", &settings);
    if (problem != NULL) {
        return report_error("%s", problem);
    }
    if (settings.version) {
        puts("Bitcoin reference wallet version " SUITE_VERSION " " NAME);
        return report_success();
    }
    return settings.help ? help() : status(&settings);
}

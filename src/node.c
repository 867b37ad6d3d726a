// SPDX-License-Identifier: MIT
// bitcoin-node, and bitcoind in a build without IPC: runs until told to stop.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "settings.h"
#include "stop.h"
#include "system.h"
#include "version.h"

#ifndef SUITE_NO_IPC
#include "listener.h"
#include "server.h"
#endif

#if ENABLE_IPC
#define NAME "bitcoin-node"
#else
#define NAME "bitcoind"
#endif

static int help(void)
{
    puts("Usage: " NAME " [OPTIONS]\n\n"
         "Runs until SIGTERM, SIGINT or Ctrl-C.\n\n"
         "  -datadir=DIR     Keep everything there; it is made if need be.\n"
#ifdef SUITE_NO_IPC
         "  -ipcbind=unix    Refused: " SUITE_NO_IPC ".\n"
#else
         "  -ipcbind=unix[:PATH]\n"
         "                   Listen for wallets on that socket; DIR/node.sock by default.\n"
#endif
         "  -version         Print the version.\n"
         "  -help            Print this help.");
    return report_success();
}

// What must be there before the node can run; only then is anything made.
static int begin(const struct settings *settings)
{
    const int error = system_make_directory(settings->datadir);
    if (error != 0) {
        return report_error("the data directory %s cannot be used: %s", settings->datadir,
                            strerror(error));
    }
    if (!stop_prepare()) {
        return report_error("the system does not let this program wait for signals");
    }
    return EXIT_SUCCESS;
}

static int wait_for_stop(const struct settings *settings)
{
    const int status = begin(settings);
    if (status != EXIT_SUCCESS) {
        return status;
    }
    puts(NAME " " SUITE_VERSION " is running");
    if (fflush(stdout) != 0) {
        return report_error("standard output could not be written");
    }
    stop_wait();
    puts(NAME " has stopped");
    return report_success();
}

#ifdef SUITE_NO_IPC
static int serve(const struct settings *settings)
{
    if (settings->address != NULL) {
        return report_error("-ipcbind: " SUITE_NO_IPC);
    }
    return wait_for_stop(settings);
}
#else
static int answer_clients(const struct endpoint *endpoint)
{
    struct listener listener;
    const char *problem = listener_open(endpoint, &listener);
    if (problem != NULL) {
        return report_error("%s", problem);
    }
    printf(NAME " " SUITE_VERSION " listens on %s\n", endpoint->path);
    // Who started the node may read this line as the sign that wallets can come.
    if (fflush(stdout) == 0) {
        problem = server_run(listener.descriptor, stop_descriptor());
    }
    listener_close(&listener);
    if (problem != NULL) {
        return report_error("%s", problem);
    }
    puts(NAME " has stopped");
    return report_success();
}

static int serve(const struct settings *settings)
{
    if (settings->address == NULL) {
        return wait_for_stop(settings);
    }
    struct endpoint endpoint;
    const char *problem = endpoint_parse(settings->address, settings->datadir, &endpoint);
    if (problem != NULL) {
        return report_error("-ipcbind: %s", problem);
    }
    const int status = begin(settings);
    return status != EXIT_SUCCESS ? status : answer_clients(&endpoint);
}
#endif

int main(int argc, char **argv)
{
    system_arguments(&argc, &argv);
    struct settings settings;
    const char *problem = settings_parse(argc, argv, "ipcbind", &settings);
    if (problem != NULL) {
        return report_error("%s", problem);
    }
    if (settings.version) {
        puts("Bitcoin reference node version " SUITE_VERSION " " NAME);
        return report_success();
    }
    if (settings.help) {
        return help();
    }
    problem = settings_complete(&settings);
    return problem != NULL ? report_error("%s", problem) : serve(&settings);
}

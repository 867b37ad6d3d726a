// SPDX-License-Identifier: MIT
// The wrapper: finds the program behind a command and becomes it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "execute.h"
#include "invocation.h"
#include "locate.h"
#include "quote.h"
#include "report.h"
#include "system.h"
#include "version.h"

static int fail(const char *own_name, const char *problem)
{
    return report_error("%s\nTry '%s --help' for more information.", problem, own_name);
}

static void print_usage(const char *own_name)
{
    printf("Usage: %s [OPTIONS] COMMAND...\n\nCommands (run '%s COMMAND -help' for theirs):\n",
           own_name, own_name);
    for (const struct command *command = commands; command->name != NULL; command++) {
        printf("  %-8s%s\n", command->name, command->summary);
    }
    printf("  %-8s%s\n", "help", "Show all options.");
}

static void print_options(void)
{
    printf("\nOptions, before the command:\n"
           "  -m, --multiprocess  Run the multiprocess programs (bitcoin-node, bitcoin-gui)%s.\n"
           "  -M, --monolithic    Run the monolithic programs (bitcoind, bitcoin-qt)%s.\n"
           "  --print-exec        Print the program and its arguments instead of running it.\n"
           "  -v, --version       Print the version.\n"
           "  -h, --help          Print this help.\n"
           "\nWithout -m and -M, -ipcbind, -ipcconnect and -ipcfd choose the multiprocess one.\n",
           ENABLE_IPC ? ", the default" : "", ENABLE_IPC ? "" : ", the default");
}

static int help(const char *own_name, const struct invocation *invocation)
{
    print_usage(own_name);
    if (invocation->help) {
        print_options();
        return report_success();
    }
    printf("\nRun '%s help' to see all options.\n", own_name);
    (void)report_success();
    return EXIT_FAILURE;
}

static int not_found(const char *own_name, const char *program, const struct search *search)
{
    char *problem = text_format("Cannot find a '%s' that can be run. Tried:", program);
    for (size_t i = 0; i < search->count; i++) {
        const struct place *place = &search->places[i];
        char *longer = text_format("%s\n  %s: %s", problem, place->path, place->problem);
        free(problem);
        problem = longer;
    }
    const int status = fail(own_name, problem);
    free(problem);
    return status;
}

static char **program_arguments(const char *program, const struct invocation *invocation)
{
    char **all = text_memory((invocation->argument_count + 3) * sizeof *all);
    size_t count = 0;
    all[count++] = text_format("%s", program);
    if (invocation->command->first_argument != NULL) {
        all[count++] = text_format("%s", invocation->command->first_argument);
    }
    // The closing NULL comes along.
    memcpy(all + count, invocation->arguments, (invocation->argument_count + 1) * sizeof *all);
    return all;
}

static int run(const char *own_name, const struct invocation *invocation)
{
    const char *program =
        command_program(invocation->command, invocation->mode, invocation->arguments);
    const struct search search = locate(program, own_name);
    if (search.program == NULL) {
        return not_found(own_name, program, &search);
    }
    char **arguments = program_arguments(search.program, invocation);
    if (invocation->print) {
        char *line = quote_arguments(arguments);
        puts(line);
        free(line);
        return report_success();
    }
    int status = EXIT_FAILURE;
    const char *problem = execute(arguments, &status);
    return problem != NULL ? fail(own_name, problem) : status;
}

int main(int argc, char **argv)
{
    system_arguments(&argc, &argv);
    const char *own_name = argc > 0 ? argv[0] : "bitcoin";
    struct invocation invocation;
    const char *problem = invocation_parse(argc, argv, &invocation);
    if (problem != NULL) {
        return fail(own_name, problem);
    }
    if (invocation.version) {
        puts("Bitcoin reference suite version " SUITE_VERSION " bitcoin");
        return report_success();
    }
    if (invocation.help || invocation.command == NULL) {
        return help(own_name, &invocation);
    }
    return run(own_name, &invocation);
}

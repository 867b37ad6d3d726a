// SPDX-License-Identifier: MIT
// Formats of programs, the machines that they are for, and which of them is this one.
#ifndef SUITE_MACHINE_H
#define SUITE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum format { FORMAT_ELF, FORMAT_MACHO, FORMAT_PE };

// What a program says it is for; NUMBER is the format's own for a kind of processor.
struct machine {
    enum format format;
    uint32_t number;
    int bits;
    bool big_endian;
};

bool machine_is_own(const struct machine *machine);

// That a program is needed for this machine and not for MACHINE (a new string).
char *machine_mismatch(const struct machine *machine);

#endif

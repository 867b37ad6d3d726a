// SPDX-License-Identifier: MIT
#ifndef SUITE_LOCATE_H
#define SUITE_LOCATE_H

#include <stddef.h>

struct place {
    char *path;
    char *problem; // NULL where the program is
};

// Every place that was looked at, in order; the last one holds the program if any does.
struct search {
    struct place *places;
    size_t count;
    const char *program; // the path to run, or NULL
};

// Looks for the program NAME on behalf of the wrapper that was started as ARGV0.
struct search locate(const char *name, const char *argv0);

#endif

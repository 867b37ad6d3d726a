// SPDX-License-Identifier: MIT
#ifndef SUITE_CLOCK_H
#define SUITE_CLOCK_H

#include <stdint.h>

// Milliseconds on a clock that nobody sets.
int64_t clock_milliseconds(void);

// How long poll() may wait for DEADLINE: 0 when it has passed.
int clock_remaining(int64_t deadline);

#endif

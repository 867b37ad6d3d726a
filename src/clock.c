// SPDX-License-Identifier: MIT
#include "clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_milliseconds(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int clock_remaining(int64_t deadline)
{
    const int64_t remaining = deadline - clock_milliseconds();
    if (remaining <= 0) {
        return 0;
    }
    return remaining < INT_MAX ? (int)remaining : INT_MAX;
}

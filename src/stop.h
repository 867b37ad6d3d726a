// SPDX-License-Identifier: MIT
// How a program that runs until told to stop is told: SIGTERM or SIGINT, or Ctrl-C on Windows.
#ifndef SUITE_STOP_H
#define SUITE_STOP_H

#include <stdbool.h>

bool stop_prepare(void);
void stop_wait(void);

#ifndef _WIN32
// Can be read from once there was a signal.
int stop_descriptor(void);
#endif

#endif

// SPDX-License-Identifier: MIT
#ifndef SUITE_SERVER_H
#define SUITE_SERVER_H

// Answers clients on the non-blocking listening socket until STOP can be read.
// Returns NULL, or what made it impossible to go on (a new string).
char *server_run(int listener, int stop);

#endif

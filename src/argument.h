// SPDX-License-Identifier: MIT
#ifndef SUITE_ARGUMENT_H
#define SUITE_ARGUMENT_H

#include <stdbool.h>

// Whether ARGUMENT is -NAME, --NAME, -NAME=VALUE or --NAME=VALUE.
// *VALUE is what follows the equals sign, or NULL without one.
bool argument_is(const char *argument, const char *name, const char **value);

#endif

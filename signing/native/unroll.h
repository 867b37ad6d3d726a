// Asks for a loop with a constant number of rounds to be written out, so that indices become
// registers.

#pragma once

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 80")
#endif

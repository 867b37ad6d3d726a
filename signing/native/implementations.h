// The implementations that the target of this compilation can have, and the choice among them.

#pragma once

#include "hash.h"

// SHA_TARGET lets a single function use the SHA instructions; the program as a whole must run where
// they are missing. Clang before version 16 declares ARM's only where the whole program has them.
#if defined(__x86_64__)
#define COUNTERSIGN_X86 1
#define SHA_TARGET __attribute__((target("sha,sse4.1")))
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRYPTO)
#define COUNTERSIGN_ARM 1
#define SHA_TARGET
#elif defined(__aarch64__) && defined(__clang__) && __clang_major__ >= 16
#define COUNTERSIGN_ARM 1
#define SHA_TARGET __attribute__((target("sha2")))
#elif defined(__aarch64__) && !defined(__clang__)
#define COUNTERSIGN_ARM 1
#define SHA_TARGET __attribute__((target("+crypto")))
#endif

namespace countersign {

// portable.cpp
extern const Hash sha1_portable, sha256_portable;
#if defined(COUNTERSIGN_X86)
// avx2.cpp
extern const Hash sha1_avx2, sha256_avx2;
// sha1_x86.cpp, sha256_x86.cpp
extern const Hash sha1_x86, sha256_x86;
#elif defined(COUNTERSIGN_ARM)
// sha1_arm.cpp, sha256_arm.cpp
extern const Hash sha1_arm, sha256_arm;
#endif

constexpr unsigned most_implementations = 3;

// The implementations that this processor runs, the fastest first; there is always one.
struct Available {
    const Implementation *each[most_implementations];
    unsigned count;
};

// Asks the processor, which takes long where it is a virtual one: keep the answer.
Available available_implementations();

}  // namespace countersign

#include "implementations.h"
#include "processor.h"

namespace countersign {
namespace {

bool always() { return true; }

// The fastest first.
constexpr Implementation implementations[] = {
#if defined(COUNTERSIGN_X86)
    {"sha-ni", has_sha, &sha1_x86, &sha256_x86},
    {"avx2", has_avx2, &sha1_avx2, &sha256_avx2},
#elif defined(COUNTERSIGN_ARM)
    {"armv8", has_sha, &sha1_arm, &sha256_arm},
#endif
    {"portable", always, &sha1_portable, &sha256_portable},
};

}  // namespace

Available available_implementations() {
    Available available = {};
    for (const Implementation &one : implementations) {
        if (one.runs()) available.each[available.count++] = &one;
    }
    return available;
}

}  // namespace countersign

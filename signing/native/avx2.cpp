// For x86-64 processors without SHA instructions: eight messages in the elements of AVX2's vectors.

#define LANES_TARGET __attribute__((target("avx2")))

#include "implementations.h"

#if defined(COUNTERSIGN_X86)

#include "lanes.h"

namespace countersign {
namespace {

constexpr unsigned lanes = 8;

template <unsigned Count>
LANES_TARGET void sha1(State *states, const std::uint8_t *const *messages, std::size_t blocks) {
    sha1_lanes<Count>(states, messages, blocks);
}

template <unsigned Count>
LANES_TARGET void sha256(State *states, const std::uint8_t *const *messages, std::size_t blocks) {
    sha256_lanes<Count>(states, messages, blocks);
}

}  // namespace

const Hash sha1_avx2 = {lanes, sha1<lanes>, sha1<1>};
const Hash sha256_avx2 = {lanes, sha256<lanes>, sha256<1>};

}  // namespace countersign

#endif

// SHA-256 by the cryptographic extension of ARMv8 (SHA256H, SHA256H2, SHA256SU0, SHA256SU1).
//
// Four messages side by side fill most of the 32 registers and cover the four cycles that SHA256H
// takes on most cores.

#include "implementations.h"

#if defined(COUNTERSIGN_ARM)

#include <arm_neon.h>

#include "constants.h"
#include "unroll.h"

namespace countersign {
namespace {

constexpr unsigned streams = 4;

struct Registers {
    uint32x4_t abcd, efgh;
};

template <unsigned Streams>
SHA_TARGET void compress(State *states, const std::uint8_t *const *messages, std::size_t blocks) {
    Registers now[Streams];
    for (unsigned i = 0; i < Streams; ++i) {
        now[i] = {vld1q_u32(states[i].words), vld1q_u32(states[i].words + 4)};
    }
    for (std::size_t block = 0; block < blocks; ++block) {
        Registers before[Streams];
        uint32x4_t w[4][Streams];
        for (unsigned i = 0; i < Streams; ++i) before[i] = now[i];
        UNROLL
        for (unsigned four = 0; four < 16; ++four) {
            const uint32x4_t constants = vld1q_u32(sha256_constants + 4 * four);
            UNROLL
            for (unsigned i = 0; i < Streams; ++i) {
                uint32x4_t &words = w[four % 4][i];
                if (four < 4) {
                    const std::uint8_t *at = messages[i] + block * block_size + 16 * four;
                    words = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(at)));
                } else {
                    words = vsha256su0q_u32(words, w[(four + 1) % 4][i]);
                    words = vsha256su1q_u32(words, w[(four + 2) % 4][i], w[(four + 3) % 4][i]);
                }
                const uint32x4_t sum = vaddq_u32(words, constants);
                const uint32x4_t abcd = now[i].abcd;
                now[i].abcd = vsha256hq_u32(abcd, now[i].efgh, sum);
                now[i].efgh = vsha256h2q_u32(now[i].efgh, abcd, sum);
            }
        }
        for (unsigned i = 0; i < Streams; ++i) {
            now[i].abcd = vaddq_u32(now[i].abcd, before[i].abcd);
            now[i].efgh = vaddq_u32(now[i].efgh, before[i].efgh);
        }
    }
    for (unsigned i = 0; i < Streams; ++i) {
        vst1q_u32(states[i].words, now[i].abcd);
        vst1q_u32(states[i].words + 4, now[i].efgh);
    }
}

}  // namespace

const Hash sha256_arm = {streams, compress<streams>, compress<1>};

}  // namespace countersign

#endif

// SHA-1 by the cryptographic extension of ARMv8 (SHA1C, SHA1P, SHA1M, SHA1H, SHA1SU0, SHA1SU1).

#include "implementations.h"

#if defined(COUNTERSIGN_ARM)

#include <arm_neon.h>

#include "constants.h"
#include "unroll.h"

namespace countersign {
namespace {

constexpr unsigned streams = 4;

struct Registers {
    uint32x4_t abcd;
    std::uint32_t e;
};

// Four rounds; each twenty have a function, and an instruction, of their own.
SHA_TARGET inline uint32x4_t rounds(unsigned four, const Registers &r, uint32x4_t sum) {
    switch (four / 5) {
        case 0: return vsha1cq_u32(r.abcd, r.e, sum);
        case 2: return vsha1mq_u32(r.abcd, r.e, sum);
        default: return vsha1pq_u32(r.abcd, r.e, sum);
    }
}

template <unsigned Streams>
SHA_TARGET void compress(State *states, const std::uint8_t *const *messages, std::size_t blocks) {
    Registers now[Streams];
    for (unsigned i = 0; i < Streams; ++i) {
        now[i] = {vld1q_u32(states[i].words), states[i].words[4]};
    }
    for (std::size_t block = 0; block < blocks; ++block) {
        Registers before[Streams];
        uint32x4_t w[4][Streams];
        for (unsigned i = 0; i < Streams; ++i) before[i] = now[i];
        UNROLL
        for (unsigned four = 0; four < 20; ++four) {
            const uint32x4_t constant = vdupq_n_u32(sha1_constants[four / 5]);
            UNROLL
            for (unsigned i = 0; i < Streams; ++i) {
                uint32x4_t &words = w[four % 4][i];
                if (four < 4) {
                    const std::uint8_t *at = messages[i] + block * block_size + 16 * four;
                    words = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(at)));
                } else {
                    words = vsha1su0q_u32(words, w[(four + 1) % 4][i], w[(four + 2) % 4][i]);
                    words = vsha1su1q_u32(words, w[(four + 3) % 4][i]);
                }
                Registers &r = now[i];
                const std::uint32_t e = vsha1h_u32(vgetq_lane_u32(r.abcd, 0));
                r.abcd = rounds(four, r, vaddq_u32(words, constant));
                r.e = e;
            }
        }
        for (unsigned i = 0; i < Streams; ++i) {
            now[i].abcd = vaddq_u32(now[i].abcd, before[i].abcd);
            now[i].e += before[i].e;
        }
    }
    for (unsigned i = 0; i < Streams; ++i) {
        vst1q_u32(states[i].words, now[i].abcd);
        states[i].words[4] = now[i].e;
    }
}

}  // namespace

const Hash sha1_arm = {streams, compress<streams>, compress<1>};

}  // namespace countersign

#endif

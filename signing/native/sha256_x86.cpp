// SHA-256 by the SHA instructions of x86-64 (Intel's manual, volume 2, SHA256RNDS2 and after).
//
// SHA256RNDS2 takes four cycles and can start every two, so one message leaves half of the time
// unused. Four side by side were the fastest of one, two, three, four, six and eight.

#include "implementations.h"

#if defined(COUNTERSIGN_X86)

#include <immintrin.h>

#include "constants.h"
#include "unroll.h"

namespace countersign {
namespace {

constexpr unsigned streams = 4;

// The instructions keep a, b, e, f in one register and c, d, g, h in the other, the first on top.
struct Registers {
    __m128i abef, cdgh;
};

SHA_TARGET inline Registers load(const State &state) {
    const __m128i *words = reinterpret_cast<const __m128i *>(state.words);
    const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(words), 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(words + 1), 0x1b);
    return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

SHA_TARGET inline void store(State &state, const Registers &registers) {
    __m128i *words = reinterpret_cast<__m128i *>(state.words);
    const __m128i feba = _mm_shuffle_epi32(registers.abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(registers.cdgh, 0xb1);
    _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}

template <unsigned Streams>
SHA_TARGET void compress(State *states, const std::uint8_t *const *messages, std::size_t blocks) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    Registers now[Streams];
    for (unsigned i = 0; i < Streams; ++i) now[i] = load(states[i]);
    for (std::size_t block = 0; block < blocks; ++block) {
        Registers before[Streams];
        __m128i w[4][Streams];
        for (unsigned i = 0; i < Streams; ++i) before[i] = now[i];
        UNROLL
        for (unsigned four = 0; four < 16; ++four) {
            const __m128i constants =
                _mm_load_si128(reinterpret_cast<const __m128i *>(sha256_constants) + four);
            UNROLL
            for (unsigned i = 0; i < Streams; ++i) {
                __m128i &words = w[four % 4][i];
                if (four < 4) {
                    const std::uint8_t *at = messages[i] + block * block_size + 16 * four;
                    words = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
                    words = _mm_shuffle_epi8(words, big_endian);
                } else {
                    const __m128i last = w[(four + 3) % 4][i];
                    words = _mm_sha256msg1_epu32(words, w[(four + 1) % 4][i]);
                    words = _mm_add_epi32(words, _mm_alignr_epi8(last, w[(four + 2) % 4][i], 4));
                    words = _mm_sha256msg2_epu32(words, last);
                }
                const __m128i sum = _mm_add_epi32(words, constants);
                Registers &r = now[i];
                r.cdgh = _mm_sha256rnds2_epu32(r.cdgh, r.abef, sum);
                r.abef = _mm_sha256rnds2_epu32(r.abef, r.cdgh, _mm_shuffle_epi32(sum, 0x0e));
            }
        }
        for (unsigned i = 0; i < Streams; ++i) {
            now[i].abef = _mm_add_epi32(now[i].abef, before[i].abef);
            now[i].cdgh = _mm_add_epi32(now[i].cdgh, before[i].cdgh);
        }
    }
    for (unsigned i = 0; i < Streams; ++i) store(states[i], now[i]);
}

}  // namespace

const Hash sha256_x86 = {streams, compress<streams>, compress<1>};

}  // namespace countersign

#endif

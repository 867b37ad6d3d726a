// SHA-1 by the SHA instructions of x86-64 (Intel's manual, volume 2, SHA1RNDS4 and after).
//
// Three messages side by side were as fast as six and faster than one, two and four.

#include "implementations.h"

#if defined(COUNTERSIGN_X86)

#include <immintrin.h>

#include "unroll.h"

namespace countersign {
namespace {

constexpr unsigned streams = 3;

// a, b, c, d with the first on top; e on top of the other. Between the rounds `before` is what a
// to d were four rounds ago, for e is always a of that time, rotated.
struct Registers {
    __m128i abcd, before;
};

SHA_TARGET inline Registers load(const State &state) {
    const __m128i words = _mm_loadu_si128(reinterpret_cast<const __m128i *>(state.words));
    return {_mm_shuffle_epi32(words, 0x1b),
            _mm_set_epi32(static_cast<int>(state.words[4]), 0, 0, 0)};
}

SHA_TARGET inline void store(State &state, const Registers &registers) {
    const __m128i words = _mm_shuffle_epi32(registers.abcd, 0x1b);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(state.words), words);
    state.words[4] = static_cast<std::uint32_t>(_mm_extract_epi32(registers.before, 3));
}

// The instruction has the constant and the function of each twenty rounds built in.
SHA_TARGET inline __m128i rounds(unsigned four, __m128i abcd, __m128i words) {
    switch (four / 5) {
        case 0: return _mm_sha1rnds4_epu32(abcd, words, 0);
        case 1: return _mm_sha1rnds4_epu32(abcd, words, 1);
        case 2: return _mm_sha1rnds4_epu32(abcd, words, 2);
        default: return _mm_sha1rnds4_epu32(abcd, words, 3);
    }
}

template <unsigned Streams>
SHA_TARGET void compress(State *states, const std::uint8_t *const *messages, std::size_t blocks) {
    const __m128i big_endian = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
    Registers now[Streams];
    for (unsigned i = 0; i < Streams; ++i) now[i] = load(states[i]);
    for (std::size_t block = 0; block < blocks; ++block) {
        Registers start[Streams];
        __m128i w[4][Streams];
        for (unsigned i = 0; i < Streams; ++i) start[i] = now[i];
        UNROLL
        for (unsigned four = 0; four < 20; ++four) {
            UNROLL
            for (unsigned i = 0; i < Streams; ++i) {
                __m128i &words = w[four % 4][i];
                if (four < 4) {
                    const std::uint8_t *at = messages[i] + block * block_size + 16 * four;
                    words = _mm_loadu_si128(reinterpret_cast<const __m128i *>(at));
                    words = _mm_shuffle_epi8(words, big_endian);
                } else {
                    words = _mm_sha1msg1_epu32(words, w[(four + 1) % 4][i]);
                    words = _mm_xor_si128(words, w[(four + 2) % 4][i]);
                    words = _mm_sha1msg2_epu32(words, w[(four + 3) % 4][i]);
                }
                Registers &r = now[i];
                const __m128i sum = four == 0 ? _mm_add_epi32(r.before, words)
                                              : _mm_sha1nexte_epu32(r.before, words);
                r.before = r.abcd;
                r.abcd = rounds(four, r.abcd, sum);
            }
        }
        for (unsigned i = 0; i < Streams; ++i) {
            now[i].abcd = _mm_add_epi32(now[i].abcd, start[i].abcd);
            now[i].before = _mm_sha1nexte_epu32(now[i].before, start[i].before);
        }
    }
    for (unsigned i = 0; i < Streams; ++i) store(states[i], now[i]);
}

}  // namespace

const Hash sha1_x86 = {streams, compress<streams>, compress<1>};

}  // namespace countersign

#endif

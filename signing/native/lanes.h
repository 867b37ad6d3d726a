// SHA-1 and SHA-256 as FIPS 180-4, sections 6.1 and 6.2, writes them, on words that may be vectors:
// element i of every vector belongs to message i. A file that includes this one may name the
// instructions to use by defining LANES_TARGET first; functions must carry it themselves, for the
// rest of the program runs where those instructions are missing.

#pragma once

#include "constants.h"
#include "hash.h"
#include "unroll.h"

#ifndef LANES_TARGET
#define LANES_TARGET
#endif

// Every function is made part of its caller: vectors are never passed, and the compiler sees
// constant indices.
#define LANES_INLINE LANES_TARGET inline __attribute__((always_inline))

namespace countersign {
namespace {

template <unsigned Count>
struct Lanes {
    typedef std::uint32_t Word __attribute__((vector_size(4 * Count)));
};

template <>
struct Lanes<1> {
    typedef std::uint32_t Word;
};

template <unsigned Count>
union Elements {
    typename Lanes<Count>::Word word;
    std::uint32_t each[Count];
};

template <int Bits, typename Word>
LANES_INLINE Word rotate_left(Word word) {
    return (word << Bits) | (word >> (32 - Bits));
}

LANES_INLINE std::uint32_t big_endian(const std::uint8_t *bytes) {
    std::uint32_t word;
    __builtin_memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

template <unsigned Count, typename Word>
LANES_INLINE void load_block(Word *schedule, const std::uint8_t *const *messages, std::size_t at) {
    for (unsigned i = 0; i < 16; ++i) {
        Elements<Count> elements;
        for (unsigned lane = 0; lane < Count; ++lane) {
            elements.each[lane] = big_endian(messages[lane] + at + 4 * i);
        }
        schedule[i] = elements.word;
    }
}

template <unsigned Count, unsigned Words, typename Word>
LANES_INLINE void load_states(Word *state, const State *states) {
    for (unsigned i = 0; i < Words; ++i) {
        Elements<Count> elements;
        for (unsigned lane = 0; lane < Count; ++lane) {
            elements.each[lane] = states[lane].words[i];
        }
        state[i] = elements.word;
    }
}

template <unsigned Count, unsigned Words, typename Word>
LANES_INLINE void store_states(const Word *state, State *states) {
    for (unsigned i = 0; i < Words; ++i) {
        Elements<Count> elements;
        elements.word = state[i];
        for (unsigned lane = 0; lane < Count; ++lane) {
            states[lane].words[i] = elements.each[lane];
        }
    }
}

template <typename Word>
LANES_INLINE Word sha1_function(unsigned round, Word b, Word c, Word d) {
    switch (round / 20) {
        case 0: return d ^ (b & (c ^ d));
        case 2: return (b & c) | (d & (b | c));
        default: return b ^ c ^ d;
    }
}

template <unsigned Count>
LANES_INLINE void sha1_lanes(State *states, const std::uint8_t *const *messages,
                             std::size_t blocks) {
    typedef typename Lanes<Count>::Word Word;
    Word state[5], w[16];
    load_states<Count, 5>(state, states);
    for (std::size_t block = 0; block < blocks; ++block) {
        load_block<Count>(w, messages, block * block_size);
        Word a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        UNROLL
        for (unsigned t = 0; t < 80; ++t) {
            if (t >= 16) {
                w[t % 16] = rotate_left<1>(w[(t + 13) % 16] ^ w[(t + 8) % 16] ^ w[(t + 2) % 16] ^
                                           w[t % 16]);
            }
            const Word next = rotate_left<5>(a) + sha1_function(t, b, c, d) + e + w[t % 16] +
                              sha1_constants[t / 20];
            e = d;
            d = c;
            c = rotate_left<30>(b);
            b = a;
            a = next;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
    store_states<Count, 5>(state, states);
}

// The four functions of section 4.1.2, with rotations to the left.
template <typename Word>
LANES_INLINE Word big_sigma0(Word x) {
    return rotate_left<30>(x) ^ rotate_left<19>(x) ^ rotate_left<10>(x);
}

template <typename Word>
LANES_INLINE Word big_sigma1(Word x) {
    return rotate_left<26>(x) ^ rotate_left<21>(x) ^ rotate_left<7>(x);
}

template <typename Word>
LANES_INLINE Word small_sigma0(Word x) {
    return rotate_left<25>(x) ^ rotate_left<14>(x) ^ (x >> 3);
}

template <typename Word>
LANES_INLINE Word small_sigma1(Word x) {
    return rotate_left<15>(x) ^ rotate_left<13>(x) ^ (x >> 10);
}

template <unsigned Count>
LANES_INLINE void sha256_lanes(State *states, const std::uint8_t *const *messages,
                               std::size_t blocks) {
    typedef typename Lanes<Count>::Word Word;
    Word state[8], w[16];
    load_states<Count, 8>(state, states);
    for (std::size_t block = 0; block < blocks; ++block) {
        load_block<Count>(w, messages, block * block_size);
        Word a = state[0], b = state[1], c = state[2], d = state[3];
        Word e = state[4], f = state[5], g = state[6], h = state[7];
        UNROLL
        for (unsigned t = 0; t < 64; ++t) {
            if (t >= 16) {
                w[t % 16] += small_sigma1(w[(t + 14) % 16]) + w[(t + 9) % 16] +
                             small_sigma0(w[(t + 1) % 16]);
            }
            const Word t1 =
                h + big_sigma1(e) + (g ^ (e & (f ^ g))) + sha256_constants[t] + w[t % 16];
            const Word t2 = big_sigma0(a) + ((a & b) | (c & (a | b)));
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
    store_states<Count, 8>(state, states);
}

}  // namespace
}  // namespace countersign

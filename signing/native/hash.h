// What the implementations of a hash algorithm give to the code that cuts pages.
//
// SHA-1 and SHA-256 (FIPS 180-4) have the same shape: blocks of 64 bytes, states of 32-bit words,
// the same padding. So one description serves for both.

#pragma once

#include <cstddef>
#include <cstdint>

namespace countersign {

constexpr std::size_t block_size = 64;
constexpr unsigned most_streams = 8;

// The chaining value of one message. SHA-1 leaves the last three words alone.
struct State {
    std::uint32_t words[8];
};

// Feeds `blocks` whole blocks to each of a fixed number of messages. The messages go side by side,
// so that the processor works on one while it waits for the result of another.
using Compress = void (*)(State *states, const std::uint8_t *const *messages, std::size_t blocks);

// One hash algorithm as one implementation has it.
struct Hash {
    unsigned streams;  // how many messages `compress` takes
    Compress compress;
    Compress compress_one;
};

struct Implementation {
    const char *name;
    bool (*runs)();  // whether this processor has the instructions for it
    const Hash *sha1;
    const Hash *sha256;
};

}  // namespace countersign

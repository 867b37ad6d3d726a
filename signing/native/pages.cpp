#include "pages.h"

#include <cstring>

#include "constants.h"

namespace countersign {
namespace {

constexpr Algorithm algorithms[] = {
    {"sha1", 20, sha1_initial, &Implementation::sha1},
    {"sha256", 32, sha256_initial, &Implementation::sha256},
};

template <typename Word>
void store_big_endian(std::uint8_t *bytes, Word word) {
    for (unsigned i = 0; i < sizeof word; ++i) {
        bytes[i] = static_cast<std::uint8_t>(word >> (8 * (sizeof word - 1 - i)));
    }
}

// What is left of a message behind its whole blocks, and the padding: a bit, zeros, and the length
// in bits. It fills one block or two.
struct Tail {
    std::uint8_t bytes[2 * block_size];

    std::size_t fill(const std::uint8_t *message, std::size_t size) {
        const std::size_t rest = size % block_size;
        const std::size_t blocks = rest + 1 + sizeof(std::uint64_t) <= block_size ? 1 : 2;
        std::memset(bytes, 0, sizeof bytes);
        std::memcpy(bytes, message + (size - rest), rest);
        bytes[rest] = 0x80;
        store_big_endian(bytes + blocks * block_size - sizeof(std::uint64_t),
                         static_cast<std::uint64_t>(size) * 8);
        return blocks;
    }
};

void write_digest(const State &state, std::size_t size, std::uint8_t *digest) {
    for (std::size_t i = 0; i < size / 4; ++i) store_big_endian(digest + 4 * i, state.words[i]);
}

class Hasher {
public:
    Hasher(const Pages &pages, const Algorithm &algorithm, const Hash &hash, std::uint8_t *digests)
        : pages_(pages), algorithm_(algorithm), hash_(hash), digests_(digests) {}

    // Hashes the pages from `first` to before `end`.
    void hash(std::size_t first, std::size_t end) const {
        const std::size_t whole = pages_.size / pages_.page_size;
        const std::size_t end_of_whole = end < whole ? end : whole;
        std::size_t page = first;
        while (page < end_of_whole) {
            const std::size_t left = end_of_whole - page;
            const std::size_t count = left < hash_.streams ? left : hash_.streams;
            hash_group(page, count, pages_.page_size);
            page += count;
        }
        if (page < end) hash_group(page, 1, pages_.size % pages_.page_size);
    }

private:
    const std::uint8_t *at(std::size_t page) const { return pages_.data + page * pages_.page_size; }

    // Hashes `count` pages of the same size. A group that is not full is filled up with its last
    // page, for that takes no longer; the digests of the copies are dropped. The processor foresees
    // what follows within a page, not where another page begins: so the beginnings of the next
    // group's pages are asked for early.
    void hash_group(std::size_t first, std::size_t count, std::size_t size) const {
        const std::size_t streams = count == 1 ? 1 : hash_.streams;
        const Compress compress = count == 1 ? hash_.compress_one : hash_.compress;
        State states[most_streams];
        Tail tails[most_streams];
        const std::uint8_t *starts[most_streams], *ends[most_streams];
        const bool more = size >= early && first + 2 * streams <= pages_.size / pages_.page_size;
        const std::size_t tail_blocks = tails[0].fill(at(first), size);
        for (std::size_t i = 0; i < streams; ++i) {
            std::memcpy(states[i].words, algorithm_.initial, sizeof states[i].words);
            starts[i] = at(first + (i < count ? i : count - 1));
            const bool alike = i == 0 || size % block_size == 0;
            if (!alike) tails[i].fill(starts[i], size);
            ends[i] = tails[alike ? 0 : i].bytes;
            if (!more) continue;
            const std::uint8_t *next = starts[i] + streams * size;
            for (std::size_t line = 0; line < early; line += 64) __builtin_prefetch(next + line);
        }
        compress(states, starts, size / block_size);
        compress(states, ends, tail_blocks);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t digest_size = algorithm_.digest_size;
            write_digest(states[i], digest_size, digests_ + (first + i) * digest_size);
        }
    }

    static constexpr std::size_t early = 512;  // bytes of each page

    const Pages &pages_;
    const Algorithm &algorithm_;
    const Hash &hash_;
    std::uint8_t *digests_;
};

}  // namespace

const Algorithm *find_algorithm(const char *name) {
    for (const Algorithm &algorithm : algorithms) {
        if (std::strcmp(algorithm.name, name) == 0) return &algorithm;
    }
    return nullptr;
}

void hash_range(const Pages &pages, const Algorithm &algorithm, const Hash &hash, std::size_t first,
                std::size_t end, std::uint8_t *digests) {
    Hasher(pages, algorithm, hash, digests).hash(first, end);
}

}  // namespace countersign

// Pages of one buffer to digests, one after another.

#pragma once

#include <cstddef>
#include <cstdint>

#include "hash.h"

namespace countersign {

struct Algorithm {
    const char *name;
    std::size_t digest_size;  // bytes
    const std::uint32_t *initial;
    const Hash *Implementation::*hash;
};

// Null for a name that is no algorithm of this kernel.
const Algorithm *find_algorithm(const char *name);

// A buffer cut into pages of `page_size` bytes, which is not 0; the last page may be short.
struct Pages {
    const std::uint8_t *data;
    std::size_t size;
    std::size_t page_size;

    std::size_t count() const { return size / page_size + (size % page_size != 0); }
};

// Writes the digests of the pages from `first` to before `end` to their places in `digests`, which
// has room for those of all pages.
void hash_range(const Pages &pages, const Algorithm &algorithm, const Hash &hash, std::size_t first,
                std::size_t end, std::uint8_t *digests);

}  // namespace countersign

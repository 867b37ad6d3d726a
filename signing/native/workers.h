// The work of hashing shared among threads.

#pragma once

#include "pages.h"

namespace countersign {

// Writes the digests of all pages without gaps. Up to `threads` threads, the calling one among
// them, share the work; where the system has no more to give, fewer do it.
void hash_pages(const Pages &pages, const Algorithm &algorithm,
                const Implementation &implementation, unsigned threads, std::uint8_t *digests);

}  // namespace countersign

#include "workers.h"

#include <pthread.h>

#include <atomic>

namespace countersign {
namespace {

constexpr std::size_t range_bytes = 256 * 1024;
constexpr std::size_t most_threads = 64;

// Whole groups, so that only the last group of all may have free places.
std::size_t pages_of_range(std::size_t page_size, unsigned streams) {
    const std::size_t groups = range_bytes / page_size / streams;
    return (groups == 0 ? 1 : groups) * streams;
}

// Threads take ranges of pages until none is left: the one whose pages are slow to come, or whose
// processor is busy, takes fewer.
struct Work {
    const Pages &pages;
    const Algorithm &algorithm;
    const Hash &hash;
    std::uint8_t *digests;
    std::size_t count;  // pages
    std::size_t range;  // pages
    std::atomic<std::size_t> next;

    void run() {
        for (;;) {
            const std::size_t first = next.fetch_add(range, std::memory_order_relaxed);
            if (first >= count) return;
            const std::size_t end = range < count - first ? first + range : count;
            hash_range(pages, algorithm, hash, first, end, digests);
        }
    }
};

void *run_work(void *work) {
    static_cast<Work *>(work)->run();
    return nullptr;
}

std::size_t smallest(std::size_t a, std::size_t b, std::size_t c) {
    const std::size_t least = a < b ? a : b;
    return least < c ? least : c;
}

}  // namespace

void hash_pages(const Pages &pages, const Algorithm &algorithm,
                const Implementation &implementation, unsigned threads, std::uint8_t *digests) {
    const Hash &hash = *(implementation.*algorithm.hash);
    const std::size_t range = pages_of_range(pages.page_size, hash.streams);
    Work work{pages, algorithm, hash, digests, pages.count(), range, {0}};
    const std::size_t ranges = work.count / range + (work.count % range != 0);
    const std::size_t wanted = smallest(threads, ranges, most_threads);
    pthread_t others[most_threads];
    std::size_t started = 0;
    while (started + 1 < wanted &&
           pthread_create(&others[started], nullptr, run_work, &work) == 0) {
        ++started;
    }
    work.run();
    for (std::size_t i = 0; i < started; ++i) pthread_join(others[i], nullptr);
}

}  // namespace countersign

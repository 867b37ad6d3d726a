// Runs every implementation that this processor has, in a program of its own: without Python, so
// that sanitizers and emulators can watch. Says what differs and fails, or how much was compared.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "implementations.h"
#include "workers.h"

namespace {

using countersign::Algorithm;
using countersign::Implementation;

unsigned compared = 0;

// A copy that ends where its memory ends and begins `offset` bytes after where it begins: reading
// over the end is found, and the alignment is what `offset` makes it.
class Exact {
public:
    Exact(const std::string &content, std::size_t offset)
        : memory_(new std::uint8_t[content.size() + offset]), offset_(offset) {
        std::memcpy(memory_.get() + offset, content.data(), content.size());
    }

    const std::uint8_t *data() const { return memory_.get() + offset_; }

private:
    std::unique_ptr<std::uint8_t[]> memory_;
    std::size_t offset_;
};

std::string hex(const std::vector<std::uint8_t> &bytes) {
    std::string text;
    for (std::uint8_t byte : bytes) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        text += digits;
    }
    return text;
}

struct Case {
    const char *algorithm;
    std::size_t page_size;
    unsigned threads;
    std::size_t offset;
};

std::string digests(const std::string &content, const Case &given, const Implementation &one) {
    const Algorithm &algorithm = *countersign::find_algorithm(given.algorithm);
    const Exact exact(content, given.offset);
    const countersign::Pages pages = {exact.data(), content.size(), given.page_size};
    std::vector<std::uint8_t> bytes(pages.count() * algorithm.digest_size);
    countersign::hash_pages(pages, algorithm, one, given.threads, bytes.data());
    return hex(bytes);
}

void expect(const std::string &found, const std::string &wanted, const Case &given,
            const Implementation &one, std::size_t size) {
    ++compared;
    if (found == wanted) return;
    std::printf("%s %s: %zu bytes at %zu, pages of %zu, %u threads\n  is     %s\n  not    %s\n",
                one.name, given.algorithm, size, given.offset, given.page_size, given.threads,
                found.c_str(), wanted.c_str());
    std::exit(1);
}

// FIPS 180-4's examples, and the message of a million letters that go with them.
void check_examples(const Implementation &one) {
    const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    const std::string million(1000000, 'a');
    const struct {
        const char *algorithm;
        std::string message, digest;
    } examples[] = {
        {"sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"sha1", two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
        {"sha1", million, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
        {"sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"sha256", two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"sha256", million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (const auto &[algorithm, message, digest] : examples) {
        // Once as the only page, and many times over, so that all streams are in use.
        const Case alone = {algorithm, message.size(), 1, 0};
        expect(digests(message, alone, one), digest, alone, one, message.size());
        std::string messages, wanted;
        for (unsigned copies = 0; copies < 11; ++copies) {
            messages += message;
            wanted += digest;
        }
        expect(digests(messages, alone, one), wanted, alone, one, messages.size());
    }
}

std::string noise(std::size_t size) {
    std::string content;
    std::uint32_t state = 1;
    while (content.size() < size) {
        state = state * 1664525 + 1013904223;
        content += static_cast<char>(state >> 24);
    }
    return content;
}

// What the implementation gives for each page as the only one.
std::string one_by_one(const std::string &content, const Case &given, const Implementation &one) {
    std::string all;
    for (std::size_t at = 0; at < content.size(); at += given.page_size) {
        const Case alone = {given.algorithm, given.page_size, 1, 0};
        all += digests(content.substr(at, given.page_size), alone, one);
    }
    return all;
}

void check_cuts(const Implementation &one, const Implementation &reference) {
    const std::size_t page_sizes[] = {1, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 4096, 16384};
    for (const char *algorithm : {"sha1", "sha256"}) {
        for (std::size_t page_size : page_sizes) {
            const std::size_t sizes[] = {0, 1, page_size - 1, page_size, page_size + 1,
                                         11 * page_size + page_size / 3};
            for (std::size_t size : sizes) {
                const std::string content = noise(size);
                const Case given = {algorithm, page_size, 1, size % 64};
                const std::string wanted = one_by_one(content, given, reference);
                expect(digests(content, given, one), wanted, given, one, size);
            }
        }
    }
}

void check_alignments(const Implementation &one, const Implementation &reference) {
    const std::string content = noise(9 * 256 + 100);
    for (const char *algorithm : {"sha1", "sha256"}) {
        const std::string wanted = one_by_one(content, {algorithm, 256, 1, 0}, reference);
        for (std::size_t offset = 0; offset < 64; ++offset) {
            const Case given = {algorithm, 256, 1, offset};
            expect(digests(content, given, one), wanted, given, one, content.size());
        }
    }
}

void check_threads(const Implementation &one, const Implementation &reference) {
    const std::string content = noise(3 * 1024 * 1024 + 7);
    for (const char *algorithm : {"sha1", "sha256"}) {
        const std::string wanted = one_by_one(content, {algorithm, 4096, 1, 0}, reference);
        for (unsigned threads : {1u, 2u, 3u, 16u, 1000u}) {
            const Case given = {algorithm, 4096, threads, 1};
            expect(digests(content, given, one), wanted, given, one, content.size());
        }
    }
}

}  // namespace

int main() {
    const countersign::Available available = countersign::available_implementations();
    const Implementation &reference = *available.each[available.count - 1];
    for (unsigned i = 0; i < available.count; ++i) {
        const Implementation &one = *available.each[i];
        check_examples(one);
        check_cuts(one, reference);
        check_alignments(one, reference);
        check_threads(one, reference);
        std::printf("%s\n", one.name);
    }
    std::printf("%u comparisons\n", compared);
}

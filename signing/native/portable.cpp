// For every processor: four messages in the elements of vectors, which each compiler knows how to
// take apart where the processor has none.

#include "implementations.h"
#include "lanes.h"

namespace countersign {
namespace {

constexpr unsigned lanes = 4;

template <unsigned Count>
void sha1(State *states, const std::uint8_t *const *messages, std::size_t blocks) {
    sha1_lanes<Count>(states, messages, blocks);
}

template <unsigned Count>
void sha256(State *states, const std::uint8_t *const *messages, std::size_t blocks) {
    sha256_lanes<Count>(states, messages, blocks);
}

}  // namespace

const Hash sha1_portable = {lanes, sha1<lanes>, sha1<1>};
const Hash sha256_portable = {lanes, sha256<lanes>, sha256<1>};

}  // namespace countersign

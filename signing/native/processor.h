// What the processor that runs us can do.

#pragma once

namespace countersign {

// AVX2 of x86-64.
bool has_avx2();

// SHA-1 and SHA-256 instructions: SHA-NI of x86-64, the cryptographic extension of ARMv8.
bool has_sha();

}  // namespace countersign

#include "processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace countersign {

#if defined(__x86_64__)

// The system must save the wide registers too; the compiler's own function asks for both.
bool has_avx2() { return __builtin_cpu_supports("avx2"); }

// Not every compiler's function knows "sha". The registers are SSE's, which are always saved.
bool has_sha() {
    constexpr unsigned sse41 = 1u << 19, sha = 1u << 29;
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & sse41)) return false;
    return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & sha);
}

#elif defined(__aarch64__) && defined(__linux__)

bool has_avx2() { return false; }

bool has_sha() {
    constexpr unsigned long both = HWCAP_SHA1 | HWCAP_SHA2;
    return (getauxval(AT_HWCAP) & both) == both;
}

#elif defined(__aarch64__) && defined(__APPLE__)

namespace {

bool has_feature(const char *name) {
    int value = 0;
    size_t size = sizeof value;
    return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
}

}  // namespace

bool has_avx2() { return false; }

bool has_sha() {
    return has_feature("hw.optional.arm.FEAT_SHA1") && has_feature("hw.optional.arm.FEAT_SHA256");
}

#else

bool has_avx2() { return false; }

bool has_sha() { return false; }

#endif

}  // namespace countersign

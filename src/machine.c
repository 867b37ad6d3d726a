// SPDX-License-Identifier: MIT
#include "machine.h"

#include <stddef.h>
#include <string.h>

#include "text.h"

struct processor {
    enum format format;
    uint32_t number;
    const char *name;
};

static const char *const format_names[] = {"ELF", "Mach-O", "PE"};

static const struct processor processors[] = {
    {FORMAT_ELF, 3, "x86"},
    {FORMAT_ELF, 21, "powerpc64"},
    {FORMAT_ELF, 22, "s390x"},
    {FORMAT_ELF, 40, "arm"},
    {FORMAT_ELF, 62, "x86_64"},
    {FORMAT_ELF, 183, "aarch64"},
    {FORMAT_ELF, 243, "riscv"},
    {FORMAT_ELF, 258, "loongarch"},
    {FORMAT_MACHO, 0x01000007, "x86_64"},
    {FORMAT_MACHO, 0x0100000c, "arm64"},
    {FORMAT_PE, 0x014c, "x86"},
    {FORMAT_PE, 0x8664, "x86_64"},
    {FORMAT_PE, 0xaa64, "arm64"},
};

#if defined(_WIN32)
#define OWN_FORMAT FORMAT_PE
#elif defined(__APPLE__)
#define OWN_FORMAT FORMAT_MACHO
#else
#define OWN_FORMAT FORMAT_ELF
#endif

#if defined(__x86_64__) || defined(_M_X64)
#define OWN_NAME "x86_64"
#elif defined(__aarch64__) && (defined(_WIN32) || defined(__APPLE__))
#define OWN_NAME "arm64"
#elif defined(__aarch64__)
#define OWN_NAME "aarch64"
#elif defined(__arm__)
#define OWN_NAME "arm"
#elif defined(__riscv)
#define OWN_NAME "riscv"
#elif defined(__i386__)
#define OWN_NAME "x86"
#elif defined(__powerpc64__)
#define OWN_NAME "powerpc64"
#elif defined(__s390x__)
#define OWN_NAME "s390x"
#elif defined(__loongarch__)
#define OWN_NAME "loongarch"
#else
#error "machine.c needs the name of this machine"
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define OWN_BIG_ENDIAN true
#else
#define OWN_BIG_ENDIAN false
#endif

enum { OWN_BITS = (int)(8 * sizeof(void *)) };

static const char *processor_name(enum format format, uint32_t number)
{
    for (size_t i = 0; i < sizeof processors / sizeof *processors; i++) {
        if (processors[i].format == format && processors[i].number == number) {
            return processors[i].name;
        }
    }
    return "an unknown machine";
}

bool machine_is_own(const struct machine *machine)
{
    return machine->format == OWN_FORMAT && machine->bits == OWN_BITS &&
           machine->big_endian == OWN_BIG_ENDIAN &&
           strcmp(processor_name(machine->format, machine->number), OWN_NAME) == 0;
}

char *machine_mismatch(const struct machine *machine)
{
    return text_format("a %d-bit %s program for %s%s, where a %d-bit %s program for %s is needed",
                       machine->bits, format_names[machine->format],
                       processor_name(machine->format, machine->number),
                       machine->big_endian == OWN_BIG_ENDIAN ? "" : " of the other byte order",
                       OWN_BITS, format_names[OWN_FORMAT], OWN_NAME);
}

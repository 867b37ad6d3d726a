// SPDX-License-Identifier: MIT
// Formats: ELF gABI chapter 4, Apple's <mach-o/loader.h> and <mach-o/fat.h>, Microsoft's PE/COFF.
#include "image.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "system.h"
#include "text.h"

enum {
    HEAD_SIZE = 4096,
    ELF_TYPE_EXEC = 2,
    ELF_TYPE_DYN = 3,
    MACHO_TYPE_EXECUTE = 2,
    FAT_HEADER_SIZE = 8,
    FAT_SLICES_MAX = 30, // Java's class files share the magic; their version is larger
    PE_OFFSET_AT = 0x3c,
    PE_HEADER_SIZE = 26,
    PE_DLL = 0x2000,
};

static const char unknown_format[] = "neither ELF nor Mach-O nor PE";
static const char damaged[] = "its header is damaged";

static uint32_t number_at(const unsigned char *bytes, int size, bool big_endian)
{
    uint32_t value = 0;
    for (int i = 0; i < size; i++) {
        value = value << 8 | bytes[big_endian ? i : size - 1 - i];
    }
    return value;
}

// Each reader fills MACHINE and returns NULL, or says what is wrong with the file.
static const char *read_elf(const unsigned char *head, size_t size, struct machine *machine)
{
    if (size < 20 || head[4] < 1 || head[4] > 2 || head[5] < 1 || head[5] > 2) {
        return damaged;
    }
    const bool big_endian = head[5] == 2;
    const uint32_t type = number_at(head + 16, 2, big_endian);
    const uint32_t number = number_at(head + 18, 2, big_endian);
    *machine = (struct machine){FORMAT_ELF, number, head[4] == 2 ? 64 : 32, big_endian};
    return type == ELF_TYPE_EXEC || type == ELF_TYPE_DYN ? NULL : "an ELF file but not a program";
}

static const char *read_macho(const unsigned char *head, size_t size, struct machine *machine)
{
    if (size < 16) {
        return damaged;
    }
    const bool big_endian = head[0] == 0xfe;
    const unsigned char width = big_endian ? head[3] : head[0];
    const uint32_t number = number_at(head + 4, 4, big_endian);
    *machine = (struct machine){FORMAT_MACHO, number, width == 0xcf ? 64 : 32, big_endian};
    const uint32_t type = number_at(head + 12, 4, big_endian);
    return type == MACHO_TYPE_EXECUTE ? NULL : "a Mach-O file but not a program";
}

// A universal file counts as the slice that this machine would run, else as its first.
static const char *read_fat(const unsigned char *head, size_t size, struct machine *machine)
{
    const uint32_t slices = size >= FAT_HEADER_SIZE ? number_at(head + 4, 4, true) : 0;
    const size_t entry = head[3] == 0xbf ? 32 : 20;
    if (slices == 0 || slices > FAT_SLICES_MAX || size < FAT_HEADER_SIZE + slices * entry) {
        return unknown_format;
    }
    for (uint32_t i = slices; i-- > 0;) {
        const uint32_t number = number_at(head + FAT_HEADER_SIZE + i * entry, 4, true);
        *machine = (struct machine){FORMAT_MACHO, number, number & 0x01000000 ? 64 : 32, false};
        if (machine_is_own(machine)) {
            break;
        }
    }
    return NULL;
}

static const char *read_pe(const unsigned char *head, size_t size, struct machine *machine)
{
    const uint32_t start = size >= PE_OFFSET_AT + 4 ? number_at(head + PE_OFFSET_AT, 4, false) : 0;
    if (start == 0 || size < PE_HEADER_SIZE || start > size - PE_HEADER_SIZE ||
        memcmp(head + start, "PE\0\0", 4) != 0) {
        return "an MS-DOS program or a damaged PE file";
    }
    const uint32_t magic = number_at(head + start + 24, 2, false);
    const uint32_t number = number_at(head + start + 4, 2, false);
    *machine = (struct machine){FORMAT_PE, number, magic == 0x20b ? 64 : 32, false};
    const uint32_t flags = number_at(head + start + 22, 2, false);
    return (flags & PE_DLL) == 0 ? NULL : "a DLL but not a program";
}

static const char *read_image(const unsigned char *head, size_t size, struct machine *machine)
{
    if (size == 0) {
        return "the file is empty";
    }
    if (size >= 2 && memcmp(head, "#!", 2) == 0) {
        return "a script";
    }
    if (size >= 2 && memcmp(head, "MZ", 2) == 0) {
        return read_pe(head, size, machine);
    }
    if (size < 4) {
        return unknown_format;
    }
    if (memcmp(head, "\x7f" "ELF", 4) == 0) {
        return read_elf(head, size, machine);
    }
    switch (number_at(head, 4, true)) {
    case 0xfeedface:
    case 0xfeedfacf:
    case 0xcefaedfe:
    case 0xcffaedfe:
        return read_macho(head, size, machine);
    case 0xcafebabe:
    case 0xcafebabf:
        return read_fat(head, size, machine);
    default:
        return unknown_format;
    }
}

static char *judge(const unsigned char *head, size_t size)
{
    struct machine machine;
    const char *problem = read_image(head, size, &machine);
    if (problem != NULL) {
        return text_format("not a program for this machine: %s", problem);
    }
    if (machine_is_own(&machine)) {
        return NULL;
    }
    char *mismatch = machine_mismatch(&machine);
    char *whole = text_format("not a program for this machine: %s", mismatch);
    free(mismatch);
    return whole;
}

char *image_problem(const char *path)
{
    FILE *file = system_open(path);
    if (file == NULL) {
        // A program may be executable without being readable: the system decides then.
        return errno == EACCES ? NULL : text_format("cannot be read: %s", strerror(errno));
    }
    unsigned char head[HEAD_SIZE];
    const size_t size = fread(head, 1, sizeof head, file);
    const bool failed = ferror(file) != 0;
    fclose(file);
    return failed ? text_format("cannot be read") : judge(head, size);
}

"""Universal files: a table of slices in front of them.

Format: ``fat_header`` and ``fat_arch`` in ``mach-o/fat.h``; always big-endian. The 64-bit table
is no container for programs: neither the kernel (``fatfile_validate_fatarches``, mach_fat.c) nor
codesign reads it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from countersign.errors import FormatError
from countersign.macho.cpu import ARM64, X86_64, architecture_name

__all__ = [
    "MAX_TABLE",
    "FatArch",
    "fat_header",
    "fat_header_size",
    "parse_fat",
    "repack",
    "starts_fat",
    "starts_fat64",
]

MAGIC: Final = b"\xca\xfe\xba\xbe"
MAGIC_64: Final = b"\xca\xfe\xba\xbf"
JAVA_CLASS: Final = 43
"""Java's class files share the magic and have their version, at least 43, where the count is."""
MAC_CPUS: Final = (X86_64, ARM64)
MAX_TABLE: Final = 4096
"""Bytes that the largest table fits into; also more than any header without load commands."""

ALIGN: Final = 14
"""Slices start at multiples of 16 KiB, the larger page size of the two Mac CPUs."""


class FatArch(NamedTuple):
    """One entry of the table, in file order; ``offset`` counts from the start of the file."""

    cputype: int
    cpusubtype: int
    offset: int
    size: int
    align: int
    """The slice starts at a multiple of two to the power of this."""

    @property
    def name(self) -> str:
        """The architecture's name, such as ``arm64``."""
        return architecture_name(self.cputype, self.cpusubtype)

    @property
    def end(self) -> int:
        """Where the slice ends, from the start of the file."""
        return self.offset + self.size


_HEADER = struct.Struct(">4sI")
_ARCH = struct.Struct(">5I")


def starts_fat(data: memoryview) -> bool:
    """Tell whether ``data`` begins like a universal file and not like a Java class.

    The kernel knows no Java: of as many slices it runs the one for its CPU.
    """
    if bytes(data[:4]) != MAGIC or len(data) < _HEADER.size:
        return False
    count = _HEADER.unpack_from(data)[1]
    return count < JAVA_CLASS or any(map(_is_for_macs, _archs(data, count)))


def _archs(data: memoryview, count: int) -> Iterator[FatArch]:
    """Read as many of ``count`` entries as are there."""
    there = min(count, (len(data) - _HEADER.size) // _ARCH.size)
    return map(FatArch._make, _ARCH.iter_unpack(data[_HEADER.size : fat_header_size(there)]))


def _is_for_macs(arch: FatArch) -> bool:
    """Tell a slice that a Mac could map, on the smaller of its pages, from chance."""
    return arch.cputype in MAC_CPUS and arch.offset > 0 and arch.offset % 0x1000 == 0


def starts_fat64(data: memoryview) -> bool:
    """Tell whether ``data`` begins like a universal file with a 64-bit table."""
    return bytes(data[:4]) == MAGIC_64


def fat_header_size(count: int) -> int:
    """Bytes that the table of ``count`` slices takes, its header included."""
    return _HEADER.size + count * _ARCH.size


def parse_fat(data: memoryview) -> tuple[FatArch, ...]:
    """Read the table of a universal file.

    The slices may lie anywhere; that they fit is for the rules to say. Raises
    :class:`FormatError`, and no other error, whatever the bytes are.
    """
    if not starts_fat(data):
        raise FormatError("universal header", 0, "the magic is not that of a universal file")
    count = _HEADER.unpack_from(data)[1]
    if count == 0:
        raise FormatError("universal header", 4, "it names no slices", rule="R2")
    end = fat_header_size(count)
    if end > len(data):
        raise FormatError("universal header", 4, f"{count} slices do not fit in the file")
    return tuple(_archs(data, count))


def fat_header(archs: Sequence[FatArch]) -> bytes:
    """Write the table."""
    return _HEADER.pack(MAGIC, len(archs)) + b"".join(_ARCH.pack(*arch) for arch in archs)


def repack(
    archs: Sequence[FatArch], sizes: Sequence[int], aligns: Sequence[int] = ()
) -> tuple[FatArch, ...]:
    """Place slices of new sizes, in the same order, with gaps as small as the alignments allow.

    Without ``aligns``, the powers of two, every slice is aligned to 16 KiB, as
    ``code_sign_allocate`` in codesign_alloc.cpp does.
    """
    placed: list[FatArch] = []
    end = fat_header_size(len(archs))
    powers = aligns or [ALIGN] * len(archs)
    for arch, size, align in zip(archs, sizes, powers, strict=True):
        offset = -(-end >> align) << align
        placed.append(arch._replace(offset=offset, size=size, align=align))
        end = offset + size
    return tuple(placed)

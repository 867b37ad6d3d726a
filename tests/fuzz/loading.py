"""Whether macOS would load an image, whatever its signature: a second opinion, by other means.

Written from ``parse_machfile`` and ``load_segment`` in xnu's mach_loader.c and from
``UnsafeHeader::valid`` in dyld's UnsafeHeader.cpp and Policy.cpp, without a line of the package. It
knows little-endian 64-bit images for macOS: programs, libraries and bundles.
"""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

from oracle import RefusedError, UndecidedError, demand

__all__ = ["loaders"]

EXECUTE, DYLIB, BUNDLE = 2, 6, 8
DYLD_LINK, PIE = 0x4, 0x200000
ARM64: Final = 0x0100000C
READ, WRITE, RUN = 1, 2, 4
READ_ONLY: Final = 0x10

UNIXTHREAD, ID_DYLIB, DYLINKER, SEGMENT, SEGMENT_64 = 0x5, 0xD, 0xE, 0x1, 0x19
UUID, BUILD_VERSION, RPATH, MAIN = 0x1B, 0x32, 0x8000001C, 0x80000028
SPLIT_INFO: Final = 0x1E
VERSIONS: Final = (0x24, 0x25, 0x2F, 0x30)
LIBRARIES: Final = (0xC, 0x80000018, 0x8000001F, 0x80000023)
STRINGS: Final = (*LIBRARIES, ID_DYLIB, RPATH, 0x12, 0x14, 0x15)
SIZES: Final = {
    0x2: 24, 0xB: 80, 0x1E: 16, 0x36: 16, 0x26: 16, 0x80000033: 16, 0x80000034: 16, 0x21: 20,
    0x2C: 24, 0x22: 48, 0x80000022: 48, 0x24: 16, 0x25: 16, 0x2F: 16, 0x30: 16, 0x1B: 24,
    0x80000028: 24,
}  # fmt: skip
REQUIRED: Final = 0x80000000
SIGNATURE, DATA_IN_CODE = 0x1D, 0x29
ONCE: Final = (0x2, 0xB, 0x1D, 0x1E, 0x26, 0x29, 0x80000033, 0x80000034)


class Segment(NamedTuple):
    name: bytes
    vmaddr: int
    vmsize: int
    fileoff: int
    filesize: int
    maxprot: int
    initprot: int
    sections: int
    flags: int


@dataclass(frozen=True)
class Image:
    data: bytes
    cputype: int
    filetype: int
    flags: int
    size: int
    """Bytes of header and commands."""
    commands: tuple[tuple[int, bytes], ...]

    @property
    def segments(self) -> list[tuple[Segment, bytes]]:
        bodies = self.all(SEGMENT_64)
        demand(all(len(body) >= 72 for body in bodies), "a segment cut short")
        return [(Segment(*struct.unpack_from("<16s4Q4I", body, 8)), body) for body in bodies]

    def all(self, *kinds: int) -> list[bytes]:
        return [body for kind, body in self.commands if kind in kinds]


def loaders(data: bytes) -> dict[str, str]:
    """Tell who does not load an image, the kernel or dyld, and why.

    Raises :class:`UndecidedError` for what is not known here.
    """
    found = {}
    for name, judge in (("kernel", kernel), ("dyld", dyld)):
        try:
            judge(data)
        except RefusedError as error:
            found[name] = str(error)
    return found


def _read(data: bytes, *, strict_end: bool) -> Image:
    magic, cputype, _, filetype, count, size, flags = struct.unpack_from("<7I", data)
    if magic != 0xFEEDFACF or filetype not in (EXECUTE, DYLIB, BUNDLE):
        raise UndecidedError
    demand(32 + size <= len(data), "commands beyond the file")
    commands, at, end = [], 32, 32 + size
    for _ in range(count):
        demand(at + 8 <= end if strict_end else at < end, "command beyond the commands")
        kind, length = struct.unpack_from("<2I", data, at)
        demand(length >= 8 and at + length <= end, "command of a wrong size")
        commands.append((kind, data[at : at + length]))
        at += length
    return Image(data, cputype, filetype, flags, end, tuple(commands))


# -- the kernel


def kernel(data: bytes) -> None:
    """Do as execve does; the load commands of a library are nothing to the kernel."""
    if struct.unpack_from("<I", data, 12) != (EXECUTE,):
        return
    image = _read(data, strict_end=True)
    arm64 = image.cputype == ARM64
    page = 0x4000 if arm64 else 0x1000
    dynamic = bool(image.flags & DYLD_LINK)
    demand(dynamic or not arm64, "static")
    demand(not (dynamic and arm64) or bool(image.flags & PIE), "not PIE")
    demand(-(-image.size // page) * page <= len(data), "the first pages are not there")
    _kernel_commands(image)
    _kernel_segments(image, page, arm64)
    linkers = image.all(DYLINKER)
    demand(len(linkers) < 2, "two dynamic linkers")
    main = bool(image.all(MAIN))
    demand(bool(linkers) or not (dynamic or main), "no dynamic linker")
    for body in linkers:
        demand(len(body) >= 12, "dynamic linker without a name")
        (offset,) = struct.unpack_from("<I", body, 8)
        name, end, _ = body[offset:].partition(b"\0")
        demand(offset < len(body) and bool(end) and name == b"/usr/lib/dyld", "dynamic linker")


def _kernel_commands(image: Image) -> None:
    versions = image.all(BUILD_VERSION, *VERSIONS)
    demand(len(versions) < 2, "two versions")
    demand(all(len(each) >= 24 for each in image.all(BUILD_VERSION)), "version cut short")
    demand(all(len(each) >= 16 for each in image.all(*VERSIONS)), "version cut short")
    demand(all(len(each) >= 24 for each in image.all(UUID, MAIN)), "command cut short")
    demand(not image.all(SEGMENT), "a 32-bit segment")
    entries = image.all(MAIN, UNIXTHREAD)
    demand(len(entries) == 1, "not one entry")
    if image.all(UNIXTHREAD):
        raise UndecidedError  # the state of a thread has its own rules


def _kernel_segments(image: Image, page: int, arm64: bool) -> None:
    headers, read_only, mapped = 0, 0, []
    zero = 0
    for segment, body in image.segments:
        demand(segment.fileoff + segment.filesize <= len(image.data), "segment beyond the file")
        demand(segment.fileoff + segment.filesize < 1 << 64, "segment wraps")
        demand((len(body) - 72) // 80 >= segment.sections, "too many sections")
        demand(segment.fileoff % page == 0, "segment within a page")
        if segment.vmaddr + segment.vmsize >= 1 << 47:
            raise UndecidedError  # beyond what a process can have; where that is depends
        if segment.vmsize:
            nothing = not segment.filesize and not (segment.initprot | segment.maxprot) & 7
            if segment.vmaddr == 0 and nothing:
                zero = max(zero, -(-segment.vmsize // page) * page)
                continue
            mapped.append(segment)
            read_only += bool(segment.flags & READ_ONLY)
        if segment.fileoff == 0 and segment.filesize:
            headers += 1
            demand(segment.initprot & (READ | RUN) == READ | RUN, "the header cannot be run")
    demand(headers == 1, "not one segment with the header")
    demand(read_only < 2, "two segments that are read-only")
    demand(not arm64 or zero >= 1 << 32, "no zero page")
    _kernel_space(mapped, page, zero)


def _kernel_space(mapped: list[Segment], page: int, zero: int) -> None:
    """Map at fixed addresses: where something is, nothing else can be."""
    taken: list[tuple[int, int]] = [(0, zero)]
    for segment in mapped:
        if (segment.initprot & ~segment.maxprot) & 7 or (
            segment.maxprot & WRITE and (segment.maxprot & RUN)
        ):
            raise UndecidedError  # the virtual memory has its own rules
        start = segment.vmaddr // page * page
        size = -(-segment.filesize // page) * page if segment.filesize else 0
        end = -(-(segment.vmaddr + segment.vmsize) // page) * page
        if size > end - start:
            raise UndecidedError
        demand(all(end <= low or high <= start for low, high in taken), "segments overlap")
        taken.append((start, end))


# -- dyld


def dyld(data: bytes) -> None:
    """Do as ``UnsafeHeader::valid`` does, which dyld asks of programs and of libraries."""
    image = _read(data, strict_end=False)
    if image.filetype == EXECUTE and not image.all(DYLINKER):
        raise UndecidedError  # nobody starts dyld
    for kind, body in image.commands:
        _dyld_command(kind, body)
    sdk = _sdk(image)
    managed = image.filetype != EXECUTE or bool(image.flags & DYLD_LINK)
    program = image.filetype == EXECUTE
    uuids = len(image.all(UUID))
    demand(uuids < 2, "two UUIDs")
    demand(uuids == 1 or sdk < (FALL_2025 if program else FALL_2021), "no UUID")
    identities = len(image.all(ID_DYLIB))
    demand(identities == (image.filetype == DYLIB), "install name")
    names = [_text(body) for body in image.all(*LIBRARIES)]
    if sdk >= FALL_2025:
        demand(len(set(names)) == len(names), "the same library twice")
        paths = [_text(body) for body in image.all(RPATH)]
        demand(len(set(paths)) == len(paths), "the same path twice")
    demand(bool(names) or not managed or sdk < SPRING_2025, "no library")
    _dyld_segments(image, sdk, managed)
    if program:
        _dyld_entry(image)
    else:
        _dyld_maps(image)
    _dyld_tables(image)


NEVER: Final = 1 << 32
FALL_2015, FALL_2019, FALL_2020, FALL_2021, SPRING_2025, FALL_2025 = (
    20155, 20195, 20205, 20215, 20250, 20255,
)  # fmt: skip
"""Epochs as Platform.h counts them: macOS 10.11, 10.15, 11, 12, 15.4 and 26."""


def _epoch(version: int) -> int:
    """Do as ``PlatformInfo_macOS`` in Platform.cpp does."""
    major, minor, patch = version >> 16, version >> 8 & 0xFF, version & 0xFF
    if version < 11 << 16:
        spring, year = patch >= 4, 2004 + ((version - (10 << 16)) >> 8)
        year -= spring
    else:
        year = 2000 + major - 1 if major >= 26 else min(2009 + major, 2026)
        spring = minor >= (3 if major <= 13 else 4)
        year += spring
    return year * 10 + (0 if spring else 5)


def _sdk(image: Image) -> int:
    found: list[int] = []
    for kind, body in image.commands:
        if kind == BUILD_VERSION:
            platform, _, sdk = struct.unpack_from("<3I", body, 8)
            if platform != 1:
                raise UndecidedError
            found.append(sdk)
        elif kind in VERSIONS:
            version, sdk = struct.unpack_from("<2I", body, 8)
            if kind != VERSIONS[0]:
                raise UndecidedError
            found.append(sdk or version)
    if len(found) != 1 or not 10 << 16 <= found[0] < 1 << 24 or found[0] >> 8 & 0xFF > 15:
        raise UndecidedError  # there was never such an SDK
    return _epoch(found[0])


def _text(body: bytes) -> bytes:
    (offset,) = struct.unpack_from("<I", body, 8)
    return body[offset:].partition(b"\0")[0]


def _dyld_command(kind: int, body: bytes) -> None:
    if kind in STRINGS:
        (offset,) = struct.unpack_from("<I", body.ljust(12, b"\0"), 8)
        demand(offset < len(body) and b"\0" in body[offset:], "string beyond its command")
    elif kind in SIZES:
        demand(len(body) == SIZES[kind], f"size of {kind:#x}")
    elif kind == BUILD_VERSION:
        (tools,) = struct.unpack_from("<I", body.ljust(24, b"\0"), 20)
        demand(len(body) == 24 + 8 * tools, "size of the version")
    elif kind in (SEGMENT, SEGMENT_64):
        fixed, each, at = (72, 80, 64) if kind == SEGMENT_64 else (56, 68, 48)
        (sections,) = struct.unpack_from("<I", body.ljust(72, b"\0"), at)
        demand(len(body) == fixed + each * sections, "size of a segment")
    elif kind in (0x37, 0x38, 0x35 | REQUIRED):
        raise UndecidedError
    else:
        demand(not kind & REQUIRED, f"unknown command {kind:#x}")


def _dyld_segments(image: Image, sdk: int, managed: bool) -> None:
    segments = [segment for segment, _ in image.segments]
    if image.all(SEGMENT):
        raise UndecidedError
    for segment, body in image.segments:
        _dyld_segment(image, segment, body, sdk, managed)
    if managed:
        text = [each for each in segments if _name(each) == b"__TEXT"]
        demand(bool(text), "no __TEXT")
        demand(text[-1].fileoff == 0, "__TEXT does not begin the file")
        demand(min(text[-1].filesize, text[-1].vmsize) >= image.size, "commands beyond __TEXT")
    for one, other in itertools.combinations(segments, 2):
        for low, size, start, length in (
            (one.vmaddr, one.vmsize, other.vmaddr, other.vmsize),
            (one.fileoff, one.filesize, other.fileoff, other.filesize),
        ):
            demand(not (start < low + size and start + length > low), "segments overlap")
        same = managed and sdk >= FALL_2025 and _name(one) == _name(other)
        demand(not same, "two segments of a name")
    program = image.filetype == EXECUTE
    fixed = program and image.cputype != ARM64 and image.flags & (DYLD_LINK | PIE) == DYLD_LINK
    if sdk >= (FALL_2025 if program else FALL_2019):
        for before, after in itertools.pairwise(segments[:-1]):
            out = after.fileoff < before.fileoff and after.filesize
            demand(not out, "segments out of order in the file")
            demand(after.vmaddr >= before.vmaddr or fixed, "segments out of order in memory")


def _name(segment: Segment) -> bytes:
    return segment.name.partition(b"\0")[0]


def _dyld_segment(image: Image, segment: Segment, body: bytes, sdk: int, managed: bool) -> None:
    name = _name(segment)
    end = segment.fileoff + segment.filesize
    demand(end <= len(image.data), f"{name!r} beyond the file")
    if segment.filesize > segment.vmsize:
        demand(not segment.vmsize and not segment.initprot, f"{name!r} larger than in memory")
        return
    demand(not segment.initprot & ~7, f"protection of {name!r}")
    for each, wanted, since in (
        (b"__TEXT", READ | RUN, FALL_2019 if managed else NEVER),
        (b"__LINKEDIT", READ, FALL_2025 if image.filetype == EXECUTE else FALL_2015),
        (b"__DATA", READ | WRITE, FALL_2025),
        (b"__DATA_CONST", READ | WRITE, FALL_2025),
    ):
        demand(name != each or sdk < since or segment.initprot == wanted, f"{each!r}")
    constant = name == b"__DATA_CONST" and sdk >= FALL_2025
    if constant and not segment.flags & READ_ONLY:
        demand(bool(image.all(SPLIT_INFO)) and image.filetype == DYLIB, "writable constants")
    demand(segment.vmaddr + segment.vmsize < 1 << 64, f"{name!r} wraps")
    for at in range(72, 72 + 80 * segment.sections, 80):
        start, size = struct.unpack_from("<2Q", body, at + 32)
        demand(size < 1 << 63, "section too large")
        demand(start >= segment.vmaddr, "section before its segment")
        if sdk >= FALL_2020:
            last = (start + size) % (1 << 64)
            demand(last <= segment.vmaddr + segment.vmsize, "section beyond its segment")


def _dyld_maps(image: Image) -> None:
    """Map a library as ``Loader::mapSegments`` does; mmap takes whole pages of the file alone."""
    page = 0x4000 if image.cputype == ARM64 else 0x1000
    for segment, _ in image.segments:
        if segment.fileoff % page and not segment.filesize:
            raise UndecidedError
        demand(segment.fileoff % page == 0, "segment within a page")


def _dyld_tables(image: Image) -> None:
    """Do as ``MachOLoaded::getLinkEditLoadCommands`` does, on the way to what is to be bound."""
    demand(all(len(each) == 16 for each in image.all(SIGNATURE, DATA_IN_CODE)), "size of a table")
    for kinds in ((0x22, 0x80000022), *((each,) for each in ONCE)):
        demand(len(image.all(*kinds)) < 2, f"two of {kinds[0]:#x}")


def _dyld_entry(image: Image) -> None:
    mains, threads = image.all(MAIN), image.all(UNIXTHREAD)
    demand(len(mains) < 2 and len(threads) < 2, "two entries")
    demand(len(mains) + len(threads) == 1, "not one entry")
    for body in threads:
        (flavour,) = struct.unpack_from("<I", body.ljust(12, b"\0"), 8)
        demand(flavour == (6 if image.cputype == ARM64 else 4), "thread of another kind")

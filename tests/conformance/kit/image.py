"""Writes Mach-O images that macOS would load, and ones with a single thing wrong.

The layout follows what Apple's linker makes of an empty ``main``, as far as xnu's mach_loader.c
and dyld's UnsafeHeader.cpp and Image.cpp ask for it. Formats: ``mach-o/loader.h`` and
``mach-o/fixup-chains.h``. It shares no code with the package.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from kit.cpu import CPUS, Cpu
from kit.signature import Seal, Sealed

__all__ = [
    "BUNDLE",
    "DSYM",
    "DYLIB",
    "DYLINKER",
    "EXECUTE",
    "KEXT",
    "OBJECT",
    "PRELOAD",
    "Edit",
    "Image",
    "Section",
    "Segment",
    "locate",
]

OBJECT, EXECUTE, PRELOAD, DYLIB, DYLINKER, BUNDLE, DSYM, KEXT = 1, 2, 5, 6, 7, 8, 10, 11

NO_UNDEFINED, DYLD_LINK, TWO_LEVEL, PIE = 0x1, 0x4, 0x80, 0x200000
READ, WRITE, RUN = 1, 2, 4

SEGMENT, SYMTAB, UNIXTHREAD, DYSYMTAB = 0x1, 0x2, 0x5, 0xB
LOAD_DYLIB, ID_DYLIB, LOAD_DYLINKER, SEGMENT_64, UUID = 0xC, 0xD, 0xE, 0x19, 0x1B
CODE_SIGNATURE, BUILD_VERSION = 0x1D, 0x32
MAIN, CHAINED_FIXUPS, RPATH = 0x80000028, 0x80000034, 0x8000001C
VERSION_MIN: Final = {1: 0x24, 2: 0x25, 3: 0x2F, 4: 0x30}
"""LC_VERSION_MIN_* of macOS, iOS, tvOS and watchOS."""


class Section(NamedTuple):
    """A part of a segment's content."""

    name: str
    offset: int
    size: int


class Segment(NamedTuple):
    """A segment between __TEXT and __LINKEDIT."""

    name: str
    content: bytes
    protection: int = READ | WRITE
    flags: int = 0


class Edit(NamedTuple):
    """A number that is written over the finished headers, before they are signed."""

    where: int | str
    """A load command by its number or, for a segment's, its name; ``header`` for the header."""
    offset: int
    """Bytes from the start of the command."""
    layout: str
    value: int


class _Span(NamedTuple):
    """Where a segment lies."""

    name: str
    vmaddr: int
    vmsize: int
    fileoff: int
    filesize: int
    protection: int
    flags: int = 0
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Image:
    """A thin Mach-O. Without arguments: an unsigned arm64 program that does nothing, well."""

    arch: str = "arm64"
    filetype: int = EXECUTE
    flags: int | None = None
    """The header's flags; those that linkers set if None."""
    platform: int | None = 1
    minimum: tuple[int, int] = (11, 0)
    sdk: tuple[int, int] = (26, 0)
    old_version_command: bool = False
    uuid: bool = True
    pagezero: int | None = None
    """Bytes of __PAGEZERO in a program; 4 GiB, or a page on 32 bits, if None."""
    dylinker: str | None = "/usr/lib/dyld"
    entry: Literal["main", "thread"] | None = "main"
    """How a program starts: by LC_MAIN, or by LC_UNIXTHREAD and ended by itself."""
    libraries: tuple[str, ...] = ("/usr/lib/libSystem.B.dylib",)
    install_name: str | None = "@rpath/libkit.dylib"
    """The LC_ID_DYLIB of a library."""
    commands: tuple[bytes, ...] = ()
    """Further load commands, as they are in the file."""
    info_plist: bytes | None = None
    page: int | None = None
    """Bytes that segments are aligned to; the CPU's page if None."""
    text_pages: int = 1
    text_end: int | None = None
    """Where __TEXT ends in the file, if not after its pages."""
    room: int = 32
    """Bytes between the load commands and the code."""
    segments: tuple[Segment, ...] = ()
    linkedit: bool = True
    """Has a __LINKEDIT."""
    linkedit_rounded: bool = True
    """__LINKEDIT takes whole pages in memory."""
    symbols: bytes = b" \0"
    """The string table, which is the last thing before the signature."""
    seal: Seal | None = None
    signatures: int = 1
    """How many LC_CODE_SIGNATURE there are once it is sealed."""
    signature_size: int = 16
    """Bytes of the LC_CODE_SIGNATURE."""
    hole: int = 0
    """Unclaimed bytes between the string table, padded to 16 bytes, and the signature."""
    edits: tuple[Edit, ...] = ()
    rest: bytes = b""
    """What follows the image in the file."""

    def edited(self, where: int | str, offset: int, layout: str, value: int) -> Image:
        """The same image with a number in its headers changed before it is signed."""
        edit = Edit(where, offset, layout, value)
        return replace(self, edits=(*self.edits, edit))

    @property
    def cpu(self) -> Cpu:
        return CPUS[self.arch]

    @property
    def program(self) -> bool:
        return self.filetype == EXECUTE

    @property
    def alignment(self) -> int:
        """Bytes that segments are aligned to."""
        return self.page or self.cpu.page

    @property
    def text_size(self) -> int:
        """Bytes of __TEXT."""
        return self.alignment * self.text_pages

    @property
    def limit(self) -> int:
        """Where the signature starts."""
        return self._signature_offset()

    def build(self) -> bytes:
        """Write the file."""
        if self.seal is None:
            return self._code(0) + self.rest
        room = len(self._sealed(bytes(self.limit)))
        code = self._code(room)
        return code + self._sealed(code) + self.rest

    def _sealed(self, code: bytes) -> bytes:
        assert self.seal is not None
        section = len(self._text_content)
        return self.seal.build(Sealed(code, self.text_size, section, self.program))

    def _code(self, room: int) -> bytes:
        """Write everything before a signature of ``room`` bytes."""
        commands = list(self._commands(room))
        size = sum(map(len, commands))
        out = bytearray(self.limit if self.seal else self._linkedit_end())
        header = self._header(len(commands), size) + b"".join(commands)
        out[: len(header)] = header
        for at, content in self._contents():
            out[at : at + len(content)] = content
        for where, offset, layout, value in self.edits:
            at = locate(bytes(out), where) + offset
            struct.pack_into(self.cpu.order + layout, out, at, value)
        return bytes(out)

    def _header(self, count: int, size: int) -> bytes:
        cpu = self.cpu
        magic = 0xFEEDFACF if cpu.bits == 64 else 0xFEEDFACE
        flags = self.flags
        if flags is None:
            dynamic = self.filetype in (EXECUTE, DYLIB, BUNDLE)
            flags = NO_UNDEFINED | (DYLD_LINK | TWO_LEVEL if dynamic else 0)
            flags |= PIE if self.program else 0
        fields = (magic, cpu.cputype, cpu.cpusubtype, self.filetype, count, size, flags)
        return struct.pack(cpu.order + "7I", *fields).ljust(self._header_size, b"\0")

    @property
    def _header_size(self) -> int:
        return 32 if self.cpu.bits == 64 else 28

    def _contents(self) -> Iterator[tuple[int, bytes]]:
        """Give what the segments hold, by file offset."""
        yield self._text_offset(), self._text_content
        if self.info_plist is not None:
            yield self.text_size - len(self.info_plist), self.info_plist
        for span, segment in zip(self._middle(), self.segments, strict=True):
            yield span.fileoff, segment.content
        yield self._linkedit_start(), self._fixups()
        yield self._strings_offset(), self.symbols

    @property
    def _text_content(self) -> bytes:
        return self.cpu.exit if self.entry == "thread" else self.cpu.success

    # -- where everything lies

    def _text_offset(self) -> int:
        """Give the offset of the code, which leaves room for further load commands."""
        sizes = sum(len(command) for command in self._commands_for_size())
        return -(-(self._header_size + sizes + self.room) // 4) * 4

    def _base(self) -> int:
        """Give the address of the first byte of the file."""
        if not self.program:
            return 0
        return 1 << 32 if self.cpu.bits == 64 else self.cpu.page

    def _middle(self) -> Iterator[_Span]:
        at = self.text_size
        for name, content, protection, flags in self.segments:
            size = -(-len(content) // self.alignment) * self.alignment
            yield _Span(name, self._base() + at, size, at, size, protection, flags)
            at += size

    def _linkedit_start(self) -> int:
        return max(
            (span.fileoff + span.filesize for span in self._middle()), default=self.text_size
        )

    def _strings_offset(self) -> int:
        return self._linkedit_start() + len(self._fixups())

    def _linkedit_end(self) -> int:
        return self._strings_offset() + len(self.symbols)

    def _signature_offset(self) -> int:
        return -(-self._linkedit_end() // 16) * 16 + self.hole

    def _fixups(self) -> bytes:
        """Give the chained fixups of an image in which there is nothing to fix."""
        if not self._chained:
            return b""
        count = len(self.segments) + 2 + self.program
        starts = struct.pack(f"<{1 + count}I", count, *[0] * count)
        end = 32 + len(starts)
        header = struct.pack("<7I", 0, 32, end, end, 0, 1, 0)
        fixups = header.ljust(32, b"\0") + starts + b"\0"
        return fixups.ljust(-(-len(fixups) // 8) * 8, b"\0")

    @property
    def _chained(self) -> bool:
        return self.cpu.bits == 64 and self.cpu.order == "<" and self.filetype != OBJECT

    # -- load commands

    def _commands_for_size(self) -> list[bytes]:
        return list(self._commands(0, text_offset=0))

    def _commands(self, room: int, text_offset: int | None = None) -> Iterator[bytes]:
        at = self._text_offset() if text_offset is None else text_offset
        for span in self._spans(room, at):
            yield self._segment(span)
        if self.filetype == DYLIB and self.install_name is not None:
            yield self._library(ID_DYLIB, self.install_name)
        yield from self._tables()
        yield from self._identity()
        if self.program:
            yield from self._start(at)
        if self.filetype in (EXECUTE, DYLIB, BUNDLE):
            yield from (self._library(LOAD_DYLIB, name) for name in self.libraries)
        yield from self.commands
        yield from self._signature_commands(room)

    def _tables(self) -> Iterator[bytes]:
        """Say where in __LINKEDIT everything is."""
        if self._chained:
            start = self._linkedit_start()
            yield self._pack(CHAINED_FIXUPS, "2I", start, len(self._fixups()))
        strings = self._strings_offset()
        yield self._pack(SYMTAB, "4I", strings, 0, strings, len(self.symbols))
        yield self._pack(DYSYMTAB, "18I", *[0] * 18)

    def _identity(self) -> Iterator[bytes]:
        if self.uuid:
            yield self._pack(UUID, "16s", b"conformance kit.")
        minimum, sdk = (major << 16 | minor << 8 for major, minor in (self.minimum, self.sdk))
        if self.platform is None:
            return
        if self.old_version_command:
            yield self._pack(VERSION_MIN[self.platform], "2I", minimum, sdk)
        else:
            yield self._pack(BUILD_VERSION, "4I", self.platform, minimum, sdk, 0)

    def _start(self, text_offset: int) -> Iterator[bytes]:
        """Say how a program starts."""
        if self.dylinker is not None:
            yield self._text(LOAD_DYLINKER, self.dylinker)
        if self.entry == "main":
            yield self._pack(MAIN, "2Q", text_offset, 0)
        elif self.entry == "thread":
            flavour, words, counter = self.cpu.thread
            state = struct.pack("<Q", self._base() + text_offset)
            state = (bytes(8 * counter) + state).ljust(4 * words, b"\0")
            yield self._pack(UNIXTHREAD, f"2I{len(state)}s", flavour, words, state)

    def _signature_commands(self, room: int) -> Iterator[bytes]:
        if self.seal is None:
            return
        size = self.signature_size
        fixed = struct.pack(self.cpu.order + "4I", CODE_SIGNATURE, size, self.limit, room)
        yield from [fixed.ljust(size, b"\0")] * self.signatures

    def _spans(self, room: int, text_offset: int) -> Iterator[_Span]:
        if self.program and self.pagezero != 0:
            yield _Span("__PAGEZERO", 0, self.pagezero or self._base(), 0, 0, 0)
        sections = [Section("__text", text_offset, len(self._text_content))]
        if self.info_plist is not None:
            size = len(self.info_plist)
            sections.append(Section("__info_plist", self.text_size - size, size))
        base, filesize = self._base(), self.text_end or self.text_size
        vmsize = -(-filesize // self.alignment) * self.alignment
        yield _Span("__TEXT", base, vmsize, 0, filesize, READ | RUN, 0, tuple(sections))
        yield from self._middle()
        if not self.linkedit:
            return
        start = self._linkedit_start()
        end = self.limit + room if self.seal else self._linkedit_end()
        vmsize = end - start
        if self.linkedit_rounded:
            vmsize = -(-vmsize // self.alignment) * self.alignment
        yield _Span("__LINKEDIT", base + start, vmsize, start, end - start, READ)

    def _pack(self, command: int, layout: str, *values: int | bytes) -> bytes:
        body = struct.pack(self.cpu.order + layout, *values)
        return struct.pack(self.cpu.order + "2I", command, 8 + len(body)) + body

    def _text(self, command: int, text: str, *fields: int) -> bytes:
        """Write a command of numbers and one string, which begins behind them."""
        data = text.encode() + b"\0"
        start = 12 + 4 * len(fields)
        align = self.cpu.bits // 8
        padded = -(-(start + len(data)) // align) * align - start
        layout = f"{1 + len(fields)}I{padded}s"
        return self._pack(command, layout, start, *fields, data)

    def _library(self, command: int, name: str) -> bytes:
        return self._text(command, name, 2, 0x10000, 0x10000)

    def _segment(self, span: _Span) -> bytes:
        wide = self.cpu.bits == 64
        layout = "16s4Q4I" if wide else "16s8I"
        sections = b"".join(self._section(span, section) for section in span.sections)
        fixed = struct.pack(
            self.cpu.order + layout,
            span.name.encode(),
            span.vmaddr,
            span.vmsize,
            span.fileoff,
            span.filesize,
            span.protection,
            span.protection,
            len(span.sections),
            span.flags,
        )
        command = SEGMENT_64 if wide else SEGMENT
        size = 8 + len(fixed) + len(sections)
        return struct.pack(self.cpu.order + "2I", command, size) + fixed + sections

    def _section(self, span: _Span, section: Section) -> bytes:
        wide = self.cpu.bits == 64
        instructions = 0x80000400 if section.name == "__text" else 0
        return struct.pack(
            self.cpu.order + ("16s16s2Q8I" if wide else "16s16s9I"),
            section.name.encode(),
            span.name.encode(),
            span.vmaddr + section.offset - span.fileoff,
            section.size,
            section.offset,
            2,
            0,
            0,
            instructions,
            *[0] * (3 if wide else 2),
        )


def locate(data: bytes, where: int | str) -> int:
    """Find a load command of a thin Mach-O by its number or its segment's name."""
    if where == "header":
        return 0
    order = "<" if data[:1] in (b"\xce", b"\xcf") else ">"
    wide = b"\xcf" in data[:4]
    at = 32 if wide else 28
    (count,) = struct.unpack_from(order + "I", data, 16)
    for _ in range(count):
        command, size = struct.unpack_from(order + "2I", data, at)
        name = data[at + 8 : at + 24].rstrip(b"\0").decode("ascii", "replace")
        if command == where or (command in (SEGMENT, SEGMENT_64) and name == where):
            return at
        at += size
    raise LookupError(where)

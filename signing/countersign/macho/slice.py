"""One architecture's image: the header facts that signing and verifying need.

Format: ``mach-o/loader.h``. The values are taken as they stand in the file; whether they make
sense together is for the rules to say. Only what cannot be read at all raises.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from countersign.errors import FormatError
from countersign.macho.cpu import architecture_name, is_arm64
from countersign.macho.header import Header, parse_header
from countersign.macho.segment import Section, Segment, parse_segment

__all__ = [
    "MAX_COMMANDS_SIZE",
    "Command",
    "Platform",
    "SignatureCommand",
    "Slice",
    "Target",
    "Tool",
    "load_commands",
    "parse_slice",
]

LC_SYMTAB: Final = 0x2
LC_ID_DYLIB: Final = 0xD
LC_LOADS: Final = frozenset({0xC, 0x20, 0x80000018, 0x8000001F, 0x80000023})
"""LC_LOAD_DYLIB, and those that load lazily, weakly, with its exports, and upwards."""
LC_UUID: Final = 0x1B
LC_CODE_SIGNATURE: Final = 0x1D
LC_DYLIB_CODE_SIGN_DRS: Final = 0x2B
LC_BUILD_VERSION: Final = 0x32
LC_SEGMENTS: Final = {0x1: 32, 0x19: 64}
"""LC_SEGMENT and LC_SEGMENT_64 with the word size of their fields."""

MAX_COMMANDS: Final = 10_000
MAX_COMMANDS_SIZE: Final = 1 << 20
"""Far more than any linker writes; bounds the work that a hostile header can ask for."""


class Platform(enum.IntEnum):
    """The platform numbers of LC_BUILD_VERSION that a signature's form depends on."""

    MACOS = 1
    IOS = 2
    TVOS = 3
    WATCHOS = 4


LC_TARGETS: Final = {
    0x24: Platform.MACOS,
    0x25: Platform.IOS,
    0x2F: Platform.TVOS,
    0x30: Platform.WATCHOS,
    LC_BUILD_VERSION: None,
}
"""LC_VERSION_MIN_* with their platforms, and LC_BUILD_VERSION, which names its own."""


class Target(NamedTuple):
    """What an image was built for; versions are ``major << 16 | minor << 8 | patch``."""

    platform: int
    minimum: int
    sdk: int


class Tool(NamedTuple):
    """A tool that LC_BUILD_VERSION names; the version is as in :class:`Target`."""

    number: int
    """``TOOL_LD`` is 3, ``TOOL_LLD`` 4."""
    version: int


class SignatureCommand(NamedTuple):
    """An LC_CODE_SIGNATURE; ``offset`` is where the command itself stands in the slice."""

    offset: int
    cmdsize: int
    data_offset: int
    data_size: int

    @property
    def data_end(self) -> int:
        """Where the signature ends, from the start of the slice."""
        return self.data_offset + self.data_size

    @property
    def is_reserved(self) -> bool:
        """True when it points nowhere yet: a linker kept the place for a signature to come."""
        return self.data_offset == 0 and self.data_size == 0


class Slice(NamedTuple):
    """The facts of one slice; all offsets but ``base`` count from the start of the slice."""

    base: int
    """Where the slice starts in the file."""
    size: int
    header: Header
    segments: tuple[Segment, ...] = ()
    signatures: tuple[SignatureCommand, ...] = ()
    targets: tuple[Target, ...] = ()
    """The first one counts: an LC_BUILD_VERSION, if there is any (``MachO::platform``)."""
    tools: tuple[Tool, ...] = ()
    uuid: bytes | None = None
    """The 16 bytes of LC_UUID."""
    install_name: str | None = None
    """The path in LC_ID_DYLIB: the name that a library gave itself."""
    libraries: tuple[str, ...] = ()
    """The paths of the libraries that dyld loads with it, in the order of the commands."""
    library_requirements: tuple[int, int] | None = None
    """Offset from the start of the slice, and size, of what LC_DYLIB_CODE_SIGN_DRS points to."""
    strings: tuple[int, int] | None = None
    """Offset from the start of the slice, and size, of the string table of LC_SYMTAB."""
    symbols: tuple[int, int] | None = None
    """Offset from the start of the slice, and number, of the symbols of LC_SYMTAB."""
    claimed_end: int | None = None
    """Where the file ends according to the first of __LINKEDIT and LC_SYMTAB."""

    @property
    def arch(self) -> str:
        """The architecture's name, such as ``arm64``."""
        return architecture_name(self.header.cputype, self.header.cpusubtype)

    @property
    def is_arm64(self) -> bool:
        """True when the slice runs on Apple silicon without translation."""
        return is_arm64(self.header.cputype)

    @property
    def signature(self) -> SignatureCommand | None:
        """The LC_CODE_SIGNATURE that counts: the first one."""
        return self.signatures[0] if self.signatures else None

    @property
    def signature_start(self) -> int | None:
        """Where the signature starts, from the start of the slice; None when there is none yet."""
        command = self.signature
        return None if command is None or command.is_reserved else command.data_offset

    @property
    def info_plist(self) -> Section | None:
        """The section with the embedded Info.plist."""
        text = self.segment("__TEXT")
        return text.section("__info_plist") if text else None

    @property
    def header_room(self) -> int:
        """Free bytes between the load commands and the first contents; never negative."""
        starts = [segment.fileoff for segment in self.segments if segment.filesize]
        for segment in self.segments:
            starts += [section.offset for section in segment.sections if section.has_contents]
        first = min((start for start in starts if start > 0), default=self.size)
        return max(0, min(first, self.size) - self.header.commands_end)

    @property
    def segment_align(self) -> int:
        """The power of two, at most 2**15, that the addresses of all segments are multiples of.

        cctools take it for the alignment that the linker was given.
        """
        addresses = [segment.vmaddr for segment in self.segments if segment.vmaddr]
        return min([15, *((each & -each).bit_length() - 1 for each in addresses)])

    def segment(self, name: str) -> Segment | None:
        """Find a segment by its name."""
        return next((segment for segment in self.segments if segment.name == name), None)


class Command(NamedTuple):
    """One load command."""

    kind: int
    at: int
    """Where it stands, from the start of the slice."""
    body: memoryview
    """All of it, the first eight bytes included."""
    order: str
    base: int
    """Where the slice starts in the file."""

    def numbers(self, layout: str, *, rule: str = "F1") -> tuple[int, ...]:
        """Read integers; a command that is too short for them breaks ``rule``."""
        fixed = struct.Struct(self.order + layout)
        if len(self.body) < fixed.size:
            problem = f"{len(self.body)} bytes are too few"
            what = f"load command {self.kind:#x}"
            raise FormatError(what, self.base + self.at, problem, rule=rule)
        return fixed.unpack_from(self.body)

    def text(self, field: int) -> str:
        """Read the string whose place in the command stands in it, ``field`` bytes from its start.

        One that has no end inside the command ends with it.
        """
        (start,) = self.numbers(f"{field}xI")
        return bytes(self.body[start:]).partition(b"\0")[0].decode("utf-8", "surrogateescape")


def parse_slice(data: memoryview, base: int = 0, *, size: int | None = None) -> Slice:
    """Read the slice that begins ``base`` bytes into the file.

    ``data`` is the whole slice or, when ``size`` tells how large that is, at least its header and
    load commands. Raises :class:`FormatError`, and no other error, whatever the bytes are.
    """
    header = parse_header(data, base)
    commands = tuple(load_commands(data, header, base))
    segments = tuple(_segment(each) for each in commands if each.kind in LC_SEGMENTS)
    symtab = next((each for each in commands if each.kind == LC_SYMTAB), None)
    libraries = next((each for each in commands if each.kind == LC_DYLIB_CODE_SIGN_DRS), None)
    return Slice(
        base=base,
        size=len(data) if size is None else size,
        header=header,
        segments=segments,
        signatures=tuple(
            SignatureCommand(each.at, *each.numbers("4x3I", rule="R11"))
            for each in commands
            if each.kind == LC_CODE_SIGNATURE
        ),
        targets=tuple(
            _target(each)
            for each in sorted(commands, key=lambda each: each.kind != LC_BUILD_VERSION)
            if each.kind in LC_TARGETS
        ),
        tools=tuple(
            tool for each in commands if each.kind == LC_BUILD_VERSION for tool in _tools(each)
        ),
        uuid=next((bytes(each.body[8:24]) for each in commands if each.kind == LC_UUID), None),
        install_name=next((each.text(8) for each in commands if each.kind == LC_ID_DYLIB), None),
        libraries=tuple(each.text(8) for each in commands if each.kind in LC_LOADS),
        library_requirements=_pair(libraries, "8x2I") if libraries else None,
        strings=_pair(symtab, "16x2I") if symtab else None,
        symbols=_pair(symtab, "8x2I") if symtab else None,
        claimed_end=_claimed_end(segments, symtab),
    )


def load_commands(data: memoryview, header: Header, base: int) -> Iterator[Command]:
    """Walk the load commands as ``parse_machfile`` in xnu's mach_loader.c does.

    Raises :class:`FormatError` when they do not fit.
    """
    at, end = header.size, header.commands_end
    if end > len(data) or header.commands_size > MAX_COMMANDS_SIZE:
        raise FormatError("load commands", base + at, f"{header.commands_size} bytes do not fit")
    if header.command_count > MAX_COMMANDS:
        raise FormatError("load commands", base + at, f"there are {header.command_count}")
    for index in range(header.command_count):
        if end - at < 8:
            problem = f"only {index} of {header.command_count} are there"
            raise FormatError("load commands", base + at, problem)
        kind, size = struct.unpack_from(header.order + "2I", data, at)
        if not 8 <= size <= end - at:
            raise FormatError(f"load command {index}", base + at, f"its size is {size}")
        yield Command(kind, at, data[at : at + size], header.order, base)
        at += size


def _segment(command: Command) -> Segment:
    return parse_segment(
        command.body,
        command.at,
        order=command.order,
        bits=LC_SEGMENTS[command.kind],
        base=command.base,
    )


def _target(command: Command) -> Target:
    platform = LC_TARGETS[command.kind]
    if platform is None:
        return Target(*command.numbers("8x3I"))
    return Target(platform, *command.numbers("8x2I"))


def _tools(command: Command) -> Iterator[Tool]:
    """Read the tools behind the fixed part of LC_BUILD_VERSION, as many as are there."""
    (count,) = command.numbers("20xI")
    pairs = struct.Struct(command.order + "2I")
    end = 24 + min(count, (len(command.body) - 24) // pairs.size) * pairs.size
    return (Tool(*pair) for pair in pairs.iter_unpack(command.body[24:end]))


def _pair(command: Command, layout: str) -> tuple[int, int]:
    """Read an offset and a size."""
    offset, size = command.numbers(layout)
    return offset, size


def _claimed_end(segments: Iterable[Segment], symtab: Command | None) -> int | None:
    """Say where the file ends by the first command that knows it: __LINKEDIT's or LC_SYMTAB."""
    linkedit = next((each for each in segments if each.name == "__LINKEDIT"), None)
    if symtab is None or (linkedit is not None and linkedit.command_offset < symtab.at):
        return None if linkedit is None else linkedit.end
    return sum(symtab.numbers("16x2I"))

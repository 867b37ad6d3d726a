"""What the load commands tell those who run an image: the kernel and dyld.

Format: ``mach-o/loader.h``. Signing does not need these facts, so :mod:`countersign.macho.slice`
leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from countersign.macho.slice import LC_SEGMENTS, Command, Slice, load_commands

__all__ = ["Loading", "Stretch", "parse_loading"]

LC_SYMTAB: Final = 0x2
LC_DYSYMTAB: Final = 0xB
LC_ENTRIES: Final = {0x5: "LC_UNIXTHREAD", 0x80000028: "LC_MAIN"}
LC_ID_DYLIB: Final = 0xD
LC_UUID: Final = 0x1B
LC_LOAD_DYLINKER: Final = 0xE
LC_RPATH: Final = 0x8000001C
LC_SEGMENT_SPLIT_INFO: Final = 0x1E
LC_BUILD_VERSION: Final = 0x32
LC_WITH_STRING: Final = (
    0xC,
    LC_ID_DYLIB,
    0x12,
    0x14,
    0x15,
    LC_RPATH,
    0x80000018,
    0x8000001F,
    0x80000023,
)
"""Commands of which dyld wants the string to end inside them: names of libraries, and paths."""
LC_REQ_DYLD: Final = 0x80000000
LC_ONCE: Final = (0x2, 0xB, 0x1E, 0x22, 0x26, 0x29, 0x80000033, 0x80000034)
"""Commands of which dyld takes one (``MachOLoaded::getLinkEditLoadCommands``)."""
LC_DYLD_INFO: Final = (0x22, 0x80000022)
LC_LINKEDIT_DATA: Final = {
    0x1E: "LC_SEGMENT_SPLIT_INFO",
    0x26: "LC_FUNCTION_STARTS",
    0x29: "LC_DATA_IN_CODE",
    0x2B: "LC_DYLIB_CODE_SIGN_DRS",
    0x2E: "LC_LINKER_OPTIMIZATION_HINT",
    0x36: "LC_ATOM_INFO",
    0x80000033: "LC_DYLD_EXPORTS_TRIE",
    0x80000034: "LC_DYLD_CHAINED_FIXUPS",
}

LC_REQUIRED: Final = frozenset(
    (
        0x80000018,
        LC_RPATH,
        0x8000001F,
        0x80000022,
        0x80000023,
        0x80000028,
        0x80000033,
        0x80000034,
        0x80000035,
    )
)
"""The commands that dyld knows among those that it may not pass over."""

COMMAND_SIZES: Final = {
    LC_SYMTAB: 24,
    LC_DYSYMTAB: 80,
    0x1B: 24,
    0x1E: 16,
    0x21: 20,
    0x22: 48,
    0x24: 16,
    0x25: 16,
    0x26: 16,
    0x29: 16,
    0x2C: 24,
    0x2F: 16,
    0x30: 16,
    0x36: 16,
    0x80000022: 48,
    0x80000028: 24,
    0x80000033: 16,
    0x80000034: 16,
}
"""Bytes of the commands whose size dyld checks (``UnsafeHeader::validStructureLoadCommands``)."""


class Stretch(NamedTuple):
    """A part of __LINKEDIT, from the start of the slice."""

    name: str
    offset: int
    size: int


class Loading(NamedTuple):
    """Facts of one slice beside those of :class:`Slice`."""

    linkers: tuple[str, ...] = ()
    """The paths in LC_LOAD_DYLINKER."""
    entries: tuple[str, ...] = ()
    """LC_MAIN or LC_UNIXTHREAD, one for each that is there."""
    uuids: int = 0
    """How many LC_UUID there are."""
    identities: int = 0
    """How many LC_ID_DYLIB there are."""
    rpaths: tuple[str, ...] = ()
    splits: bool = False
    """True when there is an LC_SEGMENT_SPLIT_INFO: a library for dyld's shared cache."""
    linkedit: tuple[Stretch, ...] = ()
    """What the load commands point to in __LINKEDIT, without the signature."""
    misfits: tuple[tuple[int, int], ...] = ()
    """Place and kind of each command whose size is not that of its kind."""
    open_strings: tuple[tuple[int, int], ...] = ()
    """Place and kind of each command whose string does not end inside it."""
    unknown: tuple[tuple[int, int], ...] = ()
    """Place and kind of each command that dyld may not pass over and does not know."""
    doubles: tuple[tuple[int, int], ...] = ()
    """Place and kind of each command that is there once already and may be so once."""


def parse_loading(data: memoryview, thin: Slice) -> Loading:
    """Read the facts of the slice ``data``, whose commands were read once already.

    Raises :class:`FormatError` when a command is too short for its fields.
    """
    commands = tuple(load_commands(data, thin.header, thin.base))
    return Loading(
        linkers=_texts(commands, (LC_LOAD_DYLINKER,)),
        entries=tuple(LC_ENTRIES[each.kind] for each in commands if each.kind in LC_ENTRIES),
        uuids=sum(each.kind == LC_UUID for each in commands),
        identities=sum(each.kind == LC_ID_DYLIB for each in commands),
        rpaths=_texts(commands, (LC_RPATH,)),
        splits=any(each.kind == LC_SEGMENT_SPLIT_INFO for each in commands),
        linkedit=tuple(
            stretch
            for each in commands
            for stretch in _stretches(each, wide=thin.header.bits == 64)
            if stretch.size
        ),
        misfits=_places(each for each in commands if len(each.body) != _size(each)),
        open_strings=_places(
            each for each in commands if each.kind in LC_WITH_STRING and not _ends(each)
        ),
        unknown=_places(
            each for each in commands if each.kind & LC_REQ_DYLD and each.kind not in LC_REQUIRED
        ),
        doubles=_places(_doubles(commands)),
    )


def _places(commands: Iterable[Command]) -> tuple[tuple[int, int], ...]:
    return tuple((each.at, each.kind) for each in commands)


def _size(command: Command) -> int:
    """Give the size that a command should have."""
    if command.kind == LC_BUILD_VERSION:
        return 24 + 8 * int(command.numbers("20xI")[0])
    if command.kind in LC_SEGMENTS:
        fixed, each, count = (
            (72, 80, "64xI") if LC_SEGMENTS[command.kind] == 64 else (56, 68, "48xI")
        )
        return fixed + each * int(command.numbers(count)[0])
    return COMMAND_SIZES.get(command.kind, len(command.body))


def _ends(command: Command) -> bool:
    (start,) = command.numbers("8xI")
    return b"\0" in bytes(command.body[start:])


def _doubles(commands: Sequence[Command]) -> Iterator[Command]:
    seen: set[int] = set()
    for command in commands:
        kind = 0x22 if command.kind in LC_DYLD_INFO else command.kind
        if kind in LC_ONCE and kind in seen:
            yield command
        seen.add(kind)


def _texts(commands: Sequence[Command], kinds: Sequence[int]) -> tuple[str, ...]:
    return tuple(each.text(8) for each in commands if each.kind in kinds)


def _stretches(command: Command, *, wide: bool) -> Iterator[Stretch]:
    """Give the parts of __LINKEDIT that a command points to."""
    if command.kind == LC_SYMTAB:
        symbols, count, strings, size = command.numbers("8x4I")
        yield Stretch("the symbol table", symbols, count * (16 if wide else 12))
        yield Stretch("the string table", strings, size)
    elif command.kind == LC_DYSYMTAB:
        indirect, count, external, more, local, last = command.numbers("56x6I")
        yield Stretch("the indirect symbols", indirect, count * 4)
        yield Stretch("the external relocations", external, more * 8)
        yield Stretch("the local relocations", local, last * 8)
    elif command.kind in LC_DYLD_INFO:
        numbers = command.numbers("8x10I")
        names = ("rebasing", "binding", "weak binding", "lazy binding", "exports")
        for name, offset, size in zip(names, numbers[::2], numbers[1::2], strict=True):
            yield Stretch(f"the {name}", offset, size)
    elif command.kind in LC_LINKEDIT_DATA:
        offset, size = command.numbers("8x2I")
        yield Stretch(LC_LINKEDIT_DATA[command.kind], offset, size)

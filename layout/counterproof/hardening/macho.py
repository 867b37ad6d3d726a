"""Facts of Mach-O images, by countersign's own reader: LIEF reads every symbol, which is slow.

Format: ``mach-o/loader.h``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from counterproof.hardening.buildpaths import build_paths
from counterproof.hardening.facts import (
    Leftovers,
    MachOFacts,
    MachOSlice,
    Undecided,
    Unreadable,
)
from counterproof.hardening.startcode import PROLOGUE
from countersign.errors import FormatError
from countersign.macho.fat import parse_fat, starts_fat
from countersign.macho.header import MH_EXECUTE, MH_PIE
from countersign.macho.slice import Command, Slice, load_commands, parse_slice

__all__ = ["read_macho"]

MH_NOUNDEFS: Final = 0x1
MH_ALLOW_STACK_EXECUTION: Final = 0x20000
MH_NO_HEAP_EXECUTION: Final = 0x1000000

LC_RPATH: Final = 0x8000001C
LC_MAIN: Final = 0x80000028
LC_DYLD_CHAINED_FIXUPS: Final = 0x80000034

_PAGE: Final = 0x4000
"""Bytes of a page of Apple silicon."""
_CANARY: Final = b"___stack_chk_fail\0"
_NO_STABS: Final = bytes(range(0x20))
"""The types of symbols that are not for debuggers: N_STAB is 0xe0."""


def read_macho(data: bytes) -> MachOFacts | Unreadable:
    """Take the facts of every slice of the Mach-O ``data``."""
    view = memoryview(data)
    spans = [(0, len(data))]
    try:
        if starts_fat(view):
            spans = [(arch.offset, arch.end) for arch in parse_fat(view)]
        slices = tuple(_slice(data, view[start:end], start) for start, end in spans)
    except FormatError as error:
        return Unreadable(str(error))
    return MachOFacts(slices=slices, paths=build_paths(data))


def _slice(data: bytes, part: memoryview, base: int) -> MachOSlice:
    thin = parse_slice(part, base)
    commands = tuple(load_commands(part, thin.header, base))
    flags = thin.header.flags
    target = thin.targets[0] if thin.targets else None
    return MachOSlice(
        architecture=thin.arch,
        program=thin.header.filetype == MH_EXECUTE,
        pie=bool(flags & MH_PIE),
        nx_stack=not flags & MH_ALLOW_STACK_EXECUTION,
        nx_heap=thin.header.bits == 64 or bool(flags & MH_NO_HEAP_EXECUTION),
        no_undefined=bool(flags & MH_NOUNDEFS),
        chained_fixups=any(each.kind == LC_DYLD_CHAINED_FIXUPS for each in commands),
        canary=_calls_canary(data, thin),
        entry=_entry(part, commands),
        libraries=thin.libraries,
        rpaths=tuple(each.text(8) for each in commands if each.kind == LC_RPATH),
        minimum=_version(target.minimum) if target else None,
        sdk=_version(target.sdk) if target else None,
        linker=_version(thin.tools[0].version) if thin.tools else None,
        uuid=thin.uuid is not None,
        misaligned=tuple(_misaligned(thin)) if thin.is_arm64 else (),
        leftovers=_leftovers(part, thin),
    )


def _calls_canary(data: bytes, thin: Slice) -> bool:
    """Look for the function's name: it is imported, so __LINKEDIT names it, stripped or not."""
    linkedit = thin.segment("__LINKEDIT")
    if linkedit is None:
        return False
    start, end = thin.base + linkedit.fileoff, thin.base + min(linkedit.end, thin.size)
    return data.find(_CANARY, start, end) >= 0


def _entry(part: memoryview, commands: Sequence[Command]) -> bytes | Undecided:
    main = next((each for each in commands if each.kind == LC_MAIN), None)
    if main is None:
        return Undecided("it has no LC_MAIN")
    (offset,) = main.numbers("8xQ")
    code = bytes(part[offset : offset + PROLOGUE])
    return code or Undecided("its entry point has no place in the file")


def _misaligned(thin: Slice) -> list[str]:
    return [
        f"{segment.name} at {segment.vmaddr:#x} from offset {segment.fileoff:#x}"
        for segment in thin.segments
        if segment.vmaddr % _PAGE or (segment.filesize and segment.fileoff % _PAGE)
    ]


def _leftovers(part: memoryview, thin: Slice) -> Leftovers:
    """Count the symbols of the debug map; linkers keep the names of some functions even with -s."""
    start, count = thin.symbols or (0, 0)
    size = 16 if thin.header.bits == 64 else 12
    types = bytes(part[start + 4 : start + size * count : size])
    debug = tuple(segment.name for segment in thin.segments if segment.name == "__DWARF")
    return Leftovers(debug, len(types.translate(None, delete=_NO_STABS)))


def _version(number: int) -> str:
    return f"{number >> 16}.{number >> 8 & 0xFF}.{number & 0xFF}"

"""Load commands in words: their names, and what those that people ask about say.

Format: ``LC_*`` and the structures in ``mach-o/loader.h``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from countersign.errors import FormatError
from countersign.macho.platforms import platform_name
from countersign.macho.segment import parse_segment
from countersign.macho.slice import Command
from countersign.version import version_text

__all__ = ["command_name", "command_subject", "command_text"]

_REQUIRED: Final = 0x80000000
"""LC_REQ_DYLD: dyld must not pass over the command when it does not know it."""

_NAMES: Final = {
    0x1: "LC_SEGMENT",
    0x2: "LC_SYMTAB",
    0x4: "LC_THREAD",
    0x5: "LC_UNIXTHREAD",
    0xB: "LC_DYSYMTAB",
    0xC: "LC_LOAD_DYLIB",
    0xD: "LC_ID_DYLIB",
    0xE: "LC_LOAD_DYLINKER",
    0xF: "LC_ID_DYLINKER",
    0x11: "LC_ROUTINES",
    0x12: "LC_SUB_FRAMEWORK",
    0x13: "LC_SUB_UMBRELLA",
    0x14: "LC_SUB_CLIENT",
    0x15: "LC_SUB_LIBRARY",
    0x16: "LC_TWOLEVEL_HINTS",
    0x17: "LC_PREBIND_CKSUM",
    0x18: "LC_LOAD_WEAK_DYLIB",
    0x19: "LC_SEGMENT_64",
    0x1A: "LC_ROUTINES_64",
    0x1B: "LC_UUID",
    0x1C: "LC_RPATH",
    0x1D: "LC_CODE_SIGNATURE",
    0x1E: "LC_SEGMENT_SPLIT_INFO",
    0x1F: "LC_REEXPORT_DYLIB",
    0x20: "LC_LAZY_LOAD_DYLIB",
    0x21: "LC_ENCRYPTION_INFO",
    0x22: "LC_DYLD_INFO",
    0x23: "LC_LOAD_UPWARD_DYLIB",
    0x24: "LC_VERSION_MIN_MACOSX",
    0x25: "LC_VERSION_MIN_IPHONEOS",
    0x26: "LC_FUNCTION_STARTS",
    0x27: "LC_DYLD_ENVIRONMENT",
    0x28: "LC_MAIN",
    0x29: "LC_DATA_IN_CODE",
    0x2A: "LC_SOURCE_VERSION",
    0x2B: "LC_DYLIB_CODE_SIGN_DRS",
    0x2C: "LC_ENCRYPTION_INFO_64",
    0x2D: "LC_LINKER_OPTION",
    0x2E: "LC_LINKER_OPTIMIZATION_HINT",
    0x2F: "LC_VERSION_MIN_TVOS",
    0x30: "LC_VERSION_MIN_WATCHOS",
    0x31: "LC_NOTE",
    0x32: "LC_BUILD_VERSION",
    0x33: "LC_DYLD_EXPORTS_TRIE",
    0x34: "LC_DYLD_CHAINED_FIXUPS",
    0x35: "LC_FILESET_ENTRY",
    0x36: "LC_ATOM_INFO",
}
_DYLD_INFO_ONLY: Final = 0x22 | _REQUIRED

_SEGMENTS: Final = (0x1, 0x19)
_LIBRARIES: Final = (0xC, 0x18, 0x1F, 0x20, 0x23)

_TOOLS: Final = {1: "clang", 2: "swift", 3: "ld", 4: "lld", 5: "zig"}


def command_name(kind: int) -> str:
    """Name a kind of load command; an unknown one by its number."""
    if kind == _DYLD_INFO_ONLY:
        return "LC_DYLD_INFO_ONLY"
    return _NAMES.get(kind & ~_REQUIRED, f"load command {kind:#x}")


def command_text(command: Command) -> str:
    """Say what a command says, in as many words as people ask for.

    What has no words, and what is too short to be what it says, is given in hexadecimal.
    """
    describe = _TEXTS.get(command.kind & ~_REQUIRED)
    if describe is not None:
        try:
            return describe(command)
        except FormatError:
            pass
    return bytes(command.body[8:]).hex()


def command_subject(command: Command) -> str | None:
    """Name the segment or the library that a command is about; None for what there is one of."""
    kind = command.kind & ~_REQUIRED
    if kind in _SEGMENTS:
        return bytes(command.body[8:24]).partition(b"\0")[0].decode("utf-8", "backslashreplace")
    try:
        return command.text(8) if kind in _LIBRARIES else None
    except FormatError:
        return None


def _segment(command: Command) -> str:
    bits = 64 if command.kind == 0x19 else 32
    segment = parse_segment(
        command.body, command.at, order=command.order, bits=bits, base=command.base
    )
    rights = "".join(
        letter if segment.initprot & bit else "-" for letter, bit in (("r", 1), ("w", 2), ("x", 4))
    )
    size = f"{segment.filesize:,} bytes at {segment.fileoff:#x}"
    memory = f"{segment.vmsize:,} in memory at {segment.vmaddr:#x}"
    return f"{segment.name} {rights}, {size}, {memory}, {len(segment.sections)} sections"


def _uuid(command: Command) -> str:
    return bytes(command.body[8:24]).hex()


def _path(command: Command) -> str:
    return command.text(8)


def _library(command: Command) -> str:
    current, compatible = command.numbers("16x2I")
    versions = f"compatibility {version_text(compatible)}, current {version_text(current)}"
    return f"{command.text(8)} ({versions})"


def _build_version(command: Command) -> str:
    platform, minimum, sdk, count = command.numbers("8x4I")
    text = f"{platform_name(platform)} {version_text(minimum)}, SDK {version_text(sdk)}"
    numbers = command.numbers(f"24x{2 * min(count, len(command.body) // 8)}I")
    for tool, version in zip(numbers[::2], numbers[1::2], strict=True):
        text += f", {_TOOLS.get(tool, f'tool {tool}')} {version_text(version)}"
    return text


def _version_min(command: Command) -> str:
    minimum, sdk = command.numbers("8x2I")
    return f"{version_text(minimum)}, SDK {version_text(sdk)}"


def _source_version(command: Command) -> str:
    (version,) = command.numbers("8xQ")
    minor = (version >> shift & 0x3FF for shift in (30, 20, 10, 0))
    return ".".join(map(str, (version >> 40, *minor)))


def _main(command: Command) -> str:
    entry, stack = command.numbers("8x2Q")
    return f"entry {entry:#x}, stack {stack:,} bytes"


def _symtab(command: Command) -> str:
    at, count, strings_at, strings = command.numbers("8x4I")
    return f"{count:,} symbols at {at:#x}, {strings:,} bytes of strings at {strings_at:#x}"


def _dysymtab(command: Command) -> str:
    local, external, undefined, indirect = (
        command.numbers(f"{at}xI")[0] for at in (12, 20, 28, 60)
    )
    return f"{local:,} local, {external:,} external, {undefined:,} undefined, {indirect:,} indirect"


def _dyld_info(command: Command) -> str:
    sizes = command.numbers("8x10I")[1::2]
    names = ("rebase", "bind", "weak bind", "lazy bind", "export")
    parts = (f"{name} {size:,}" for name, size in zip(names, sizes, strict=True))
    return f"{', '.join(parts)} bytes"


def _data(command: Command) -> str:
    at, size = command.numbers("8x2I")
    return f"{size:,} bytes at {at:#x}"


_TEXTS: Final[dict[int, Callable[[Command], str]]] = {
    **dict.fromkeys(_SEGMENTS, _segment),
    **dict.fromkeys((0xD, *_LIBRARIES), _library),
    **dict.fromkeys((0xE, 0xF, 0x12, 0x13, 0x14, 0x15, 0x1C, 0x27), _path),
    **dict.fromkeys((0x24, 0x25, 0x2F, 0x30), _version_min),
    **dict.fromkeys((0x1D, 0x1E, 0x26, 0x29, 0x2B, 0x2E, 0x33, 0x34, 0x36), _data),
    0x2: _symtab,
    0xB: _dysymtab,
    0x1B: _uuid,
    0x22: _dyld_info,
    0x28: _main,
    0x2A: _source_version,
    0x32: _build_version,
}

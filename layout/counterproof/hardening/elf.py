"""Facts of ELF images: LIEF reads the tables, we ask them.

Formats: System V ABI, "Object Files"; Linux Standard Base, "Sections" and "Symbol Versioning".
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from counterproof.hardening.buildpaths import build_paths
from counterproof.hardening.facts import (
    ElfFacts,
    Leftovers,
    Names,
    SymbolVersion,
    Undecided,
    Unreadable,
)
from counterproof.hardening.memory import Memory, Region
from counterproof.hardening.startcode import PROLOGUE, elf_main
from counterproof.hardening.version import parse_version

if TYPE_CHECKING:
    import lief

__all__ = ["read_elf"]

_MAX_NAMES: Final = 20
"""Names that are kept of many: a finding names some."""
_MAX_EXPORTS: Final = 1000
"""The same for exports: all that any table allows fit in."""

_CHECKING: Final = re.compile(r"__[a-z]\w*_chk\b")
_CANARY: Final = "__stack_chk_fail"
_CANARY_TEXT: Final = b"stack smashing detected"
"""What the function of that name prints; a program that was linked statically has both or none."""
_WRAPPER: Final = re.compile(rb"\0--monolithic\0")

_MAIN: Final = b"main\0"
"""Its name may be the end of another one: linkers keep both in one place."""
_SYMBOL: Final = struct.Struct("<4xB3xQ8x")
"""Kind and address in an ``Elf64_Sym`` of a little-endian image."""
_FUNCTION: Final = 2

_CODE: Final = (".init", ".plt", ".plt.got", ".plt.sec", ".text", ".fini")
_CONSTANTS: Final = (
    *(".interp", ".note.gnu.property", ".note.gnu.build-id", ".note.ABI-tag", ".gnu.hash"),
    *(".dynsym", ".dynstr", ".gnu.version", ".gnu.version_r", ".rela.dyn", ".rela.plt"),
    *(".rodata", ".eh_frame_hdr", ".eh_frame", ".qtmetadata", ".gcc_except_table"),
    ".stapsdt.base",
)
_VARIABLES: Final = (".init_array", ".fini_array", ".dynamic", ".got", ".data", ".bss")
_RIGHTS: Final = {
    **dict.fromkeys(_CODE, "r-x"),
    **dict.fromkeys(_CONSTANTS, "r--"),
    **dict.fromkeys(_VARIABLES, "rw-"),
}
"""The rights that sections of these names have in memory."""


def read_elf(data: bytes, architecture: str) -> ElfFacts | Unreadable:
    """Take the facts of the ELF image ``data``."""
    import lief

    binary = lief.ELF.parse(data, _configuration())
    if binary is None:
        return Unreadable("LIEF cannot read it")
    imports = _imports(binary)
    sections = tuple(binary.sections)
    debug = tuple(each for each in sections if _is_debug(str(each.name)))
    needed = tuple(str(library) for library in binary.libraries)
    return ElfFacts(
        architecture=architecture,
        program=binary.has_interpreter or _is_fixed(binary) or bool(binary.is_pie),
        static=not needed,
        pie=bool(binary.is_pie),
        nx=bool(binary.has_nx),
        relro=any(each.type == lief.ELF.Segment.TYPE.GNU_RELRO for each in binary.segments),
        bind_now=_binds_now(binary),
        canary=_canary(data, binary, static=not needed),
        fortified=_fortified(imports, static=not needed),
        wrapper=_is_wrapper(data, sections),
        misplaced=_misplaced(binary, architecture),
        main=_main(data, binary, architecture),
        versions=_versions(imports),
        exports=_exports(binary),
        needed=needed,
        interpreter=str(binary.interpreter) if binary.has_interpreter else None,
        abi=_abi(binary),
        runpaths=tuple(_runpaths(binary)),
        leftovers=Leftovers(
            tuple(str(each.name) for each in debug[:_MAX_NAMES]), _local_symbols(sections)
        ),
        paths=build_paths(data, [(each.offset, each.offset + each.size) for each in debug]),
    )


def _configuration() -> lief.ELF.ParserConfig:
    """Leave out what no fact needs: relocations, and symbols for debuggers."""
    import lief

    config = lief.ELF.ParserConfig()
    config.parse_relocations = False
    config.parse_symtab_symbols = False
    config.parse_overlay = False
    return config


def _imports(binary: lief.ELF.Binary) -> tuple[lief.ELF.Symbol, ...]:
    return tuple(symbol for symbol in binary.dynamic_symbols if symbol.imported)


def _is_fixed(binary: lief.ELF.Binary) -> bool:
    import lief

    return bool(binary.header.file_type == lief.ELF.Header.FILE_TYPE.EXEC)


def _binds_now(binary: lief.ELF.Binary) -> bool:
    """Look for any of the three ways to say it: all loaders know them all."""
    import lief

    tag = lief.ELF.DynamicEntry.TAG
    flags, flags_1 = binary.get(tag.FLAGS), binary.get(tag.FLAGS_1)
    now, now_1 = 0x8, 0x1
    return bool(
        (flags is not None and flags.value & now)
        or (flags_1 is not None and flags_1.value & now_1)
        or binary.get(tag.BIND_NOW) is not None
    )


def _canary(data: bytes, binary: lief.ELF.Binary, *, static: bool) -> bool | Undecided:
    if binary.has_dynamic_symbol(_CANARY):
        return True
    needle = b"\0" + _CANARY.encode() + b"\0"
    if tables := [each for each in binary.sections if str(each.name) == ".strtab"]:
        return any(data.find(needle, each.offset, each.offset + each.size) >= 0 for each in tables)
    if _CANARY_TEXT in data:
        return True
    if not static and _built_by_gcc(data, binary):
        return False
    return Undecided("it does not import __stack_chk_fail, and was stripped of what is linked in")


def _built_by_gcc(data: bytes, binary: lief.ELF.Binary) -> bool:
    """Tell GCC's programs, whose canary is that of the C library, from those that bring their own.

    zig links one in where its description of a C library has none.
    """
    comments = [each for each in binary.sections if str(each.name) == ".comment"]
    return any(data.find(b"GCC: ", each.offset, each.offset + each.size) >= 0 for each in comments)


def _fortified(
    imports: tuple[lief.ELF.Symbol, ...], *, static: bool
) -> tuple[str, ...] | Undecided:
    names = {str(symbol.name) for symbol in imports}
    found = sorted(name for name in names if _CHECKING.match(name))
    if not found and static:
        return Undecided("it was linked statically, so it imports nothing")
    return tuple(found[:_MAX_NAMES])


def _is_wrapper(data: bytes, sections: tuple[lief.ELF.Section, ...]) -> bool:
    constants = [each for each in sections if str(each.name) == ".rodata"]
    ranges = [(each.offset, each.offset + each.size) for each in constants] or [(0, len(data))]
    return any(_WRAPPER.search(data, start, end) for start, end in ranges)


def _misplaced(binary: lief.ELF.Binary, architecture: str) -> tuple[str, ...] | Undecided:
    """Name the sections that lie in a loaded segment of other rights than theirs."""
    import lief

    if not len(binary.sections):
        return Undecided("it has no table of sections")
    rights = _RIGHTS | ({".plt": "rw-"} if architecture.startswith("powerpc64") else {})
    found = {
        str(section.name): _text_of(int(segment.flags))
        for segment in binary.segments
        if segment.type == lief.ELF.Segment.TYPE.LOAD
        for section in segment.sections
    }
    return tuple(
        f"{name} is {found[name]}, not {rights[name]}"
        for name in sorted(found)
        if name in rights and found[name] != rights[name]
    )


def _text_of(flags: int) -> str:
    """Write rights as ``ls`` does; PF_X is 1, PF_W 2, PF_R 4."""
    pairs = ((4, "r"), (2, "w"), (1, "x"))
    return "".join(letter if flags & bit else "-" for bit, letter in pairs)


def _main(data: bytes, binary: lief.ELF.Binary, architecture: str) -> bytes | Undecided:
    import lief

    if architecture != "x86_64":
        return Undecided("it is not for x86-64")
    loaded = (
        Region(segment.virtual_address, segment.physical_size, segment.file_offset)
        for segment in binary.segments
        if segment.type == lief.ELF.Segment.TYPE.LOAD
    )
    memory = Memory(data, loaded)
    named = _named_main(data, binary)
    if named is not None:
        return memory.read(named, PROLOGUE) or Undecided("`main` has no place in the file")
    return elf_main(memory, binary.header.entrypoint)


def _named_main(data: bytes, binary: lief.ELF.Binary) -> int | None:
    """Find `main` in the table of symbols, which LIEF would take seconds to read."""
    tables = {str(each.name): (each.offset, each.size) for each in binary.sections}
    (names, length), (start, size) = (tables.get(name, (0, 0)) for name in (".strtab", ".symtab"))
    symbols = data[start : start + size]
    at = names - 1
    for _ in range(_MAX_NAMES):
        at = data.find(_MAIN, at + 1, names + length)
        if at < 0:
            break
        name = struct.pack("<I", at - names)
        found = symbols.find(name)
        while found >= 0 and found % _SYMBOL.size:
            found = symbols.find(name, found + 1)
        if 0 <= found <= len(symbols) - _SYMBOL.size:
            kind, address = _SYMBOL.unpack_from(symbols, found)
            if kind & 0xF == _FUNCTION:
                return int(address)
    return None


def _versions(imports: tuple[lief.ELF.Symbol, ...]) -> tuple[SymbolVersion, ...]:
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for symbol in imports:
        version = symbol.symbol_version
        if version is None or not version.has_auxiliary_version:
            continue
        auxiliary = version.symbol_version_auxiliary
        if auxiliary is not None:
            name = str(auxiliary.name)
            counts[name] += 1
            examples.setdefault(name, str(symbol.name))
    names = sorted(counts, key=lambda name: (name.rpartition("_")[0], _number(name), name))
    return tuple(SymbolVersion(name, examples[name], counts[name]) for name in names)


def _number(name: str) -> tuple[int, ...]:
    return parse_version(name.rpartition("_")[2]) or ()


def _exports(binary: lief.ELF.Binary) -> Names:
    names = [str(symbol.name) for symbol in binary.dynamic_symbols if symbol.exported]
    return Names(tuple(names[:_MAX_EXPORTS]), len(names))


def _abi(binary: lief.ELF.Binary) -> str | None:
    import lief

    note = binary.get(lief.ELF.Note.TYPE.GNU_ABI_TAG)
    if not isinstance(note, lief.ELF.NoteAbi) or note.version is None or note.abi is None:
        return None
    system = note.abi.name.lower() if isinstance(note.abi, lief.ELF.NoteAbi.ABI) else "unknown"
    return f"{system} {'.'.join(map(str, note.version))}"


def _runpaths(binary: lief.ELF.Binary) -> Iterator[str]:
    import lief

    for tag in (lief.ELF.DynamicEntry.TAG.RPATH, lief.ELF.DynamicEntry.TAG.RUNPATH):
        entry = binary.get(tag)
        if isinstance(entry, lief.ELF.DynamicEntryRpath):
            yield str(entry.rpath)
        elif isinstance(entry, lief.ELF.DynamicEntryRunPath):
            yield str(entry.runpath)


def _is_debug(name: str) -> bool:
    return name.startswith((".debug_", ".zdebug_"))


def _local_symbols(sections: tuple[lief.ELF.Section, ...]) -> int:
    import lief

    return sum(
        each.size // (each.entry_size or 1)
        for each in sections
        if each.type == lief.ELF.Section.TYPE.SYMTAB
    )

"""Segments and their sections: where the contents of an image lie.

Format: ``segment_command``, ``segment_command_64``, ``section`` and ``section_64`` in
``mach-o/loader.h``. All offsets count from the start of the slice.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from countersign.errors import FormatError
from countersign.escaping import printable

__all__ = [
    "SG_READ_ONLY",
    "VM_PROT_ALL",
    "VM_PROT_EXECUTE",
    "VM_PROT_READ",
    "VM_PROT_WRITE",
    "Section",
    "Segment",
    "parse_segment",
]

VM_PROT_READ: Final = 1
VM_PROT_WRITE: Final = 2
VM_PROT_EXECUTE: Final = 4
VM_PROT_ALL: Final = 7
SG_READ_ONLY: Final = 0x10
"""The flag of a segment that nobody writes to once dyld has bound it."""
MAX_SECTIONS: Final = 1000
"""A symbol names its section by one byte, so that a whole image has 255 at most."""

_ZERO_FILL: Final = frozenset({0x1, 0xC, 0x12})
"""S_ZEROFILL, S_GB_ZEROFILL and S_THREAD_LOCAL_ZEROFILL take no room in the file."""


class _SegmentFields(NamedTuple):
    """A segment command, in file order."""

    cmd: int
    cmdsize: int
    name: bytes
    vmaddr: int
    vmsize: int
    fileoff: int
    filesize: int
    maxprot: int
    initprot: int
    section_count: int
    flags: int


_SEGMENT = {32: "2I16s8I", 64: "2I16s4Q4I"}


class _SectionFields(NamedTuple):
    """A section up to its flags, in file order."""

    name: bytes
    segment: bytes
    addr: int
    size: int
    offset: int
    align: int
    reloff: int
    nreloc: int
    flags: int


_SECTION = {32: "16s16s7I8x", 64: "16s16s2Q5I12x"}


class Section(NamedTuple):
    """One section."""

    name: str
    offset: int
    size: int
    zero_fill: bool
    vmaddr: int = 0

    @property
    def has_contents(self) -> bool:
        """True when the section takes room in the file."""
        return self.size > 0 and self.offset > 0 and not self.zero_fill


class Segment(NamedTuple):
    """One segment with its sections."""

    name: str
    command_offset: int
    """Where its load command stands, from the start of the slice."""
    bits: int
    vmaddr: int
    vmsize: int
    fileoff: int
    filesize: int
    maxprot: int
    initprot: int
    flags: int
    sections: tuple[Section, ...]

    @property
    def end(self) -> int:
        """Where its contents end, from the start of the slice."""
        return self.fileoff + self.filesize

    @property
    def rights(self) -> str:
        """What may be done with its memory at first, as ``ls`` would write it, or a number."""
        if self.initprot & ~VM_PROT_ALL:
            return f"protected by {self.initprot:#x}"
        return "".join(
            word if self.initprot & bit else "-"
            for bit, word in ((VM_PROT_READ, "r"), (VM_PROT_WRITE, "w"), (VM_PROT_EXECUTE, "x"))
        )

    def section(self, name: str) -> Section | None:
        """Find a section by its name."""
        return next((section for section in self.sections if section.name == name), None)


def parse_segment(command: memoryview, at: int, *, order: str, bits: int, base: int) -> Segment:
    """Read one segment from its load command, which stands ``at`` bytes into the slice.

    ``base`` is where the slice starts in the file.
    """
    fixed = struct.Struct(order + _SEGMENT[bits])
    if len(command) < fixed.size:
        raise FormatError("segment command", base + at, f"{len(command)} bytes are too few")
    fields = _SegmentFields._make(fixed.unpack_from(command))
    layout = struct.Struct(order + _SECTION[bits])
    fits = fields.section_count * layout.size <= len(command) - fixed.size
    if not fits or fields.section_count > MAX_SECTIONS:
        problem = f"{fields.section_count} sections do not fit in it"
        raise FormatError("segment command", base + at, problem)
    end = fixed.size + fields.section_count * layout.size
    return Segment(
        name=_name(fields.name),
        command_offset=at,
        bits=bits,
        vmaddr=fields.vmaddr,
        vmsize=fields.vmsize,
        fileoff=fields.fileoff,
        filesize=fields.filesize,
        maxprot=fields.maxprot,
        initprot=fields.initprot,
        flags=fields.flags,
        sections=tuple(map(_section, layout.iter_unpack(command[fixed.size : end]))),
    )


def _section(values: tuple[bytes | int, ...]) -> Section:
    fields = _SectionFields(*values)  # type: ignore[arg-type]  # struct yields untyped tuples
    zero_fill = (fields.flags & 0xFF) in _ZERO_FILL
    return Section(_name(fields.name), fields.offset, fields.size, zero_fill, fields.addr)


def _name(raw: bytes) -> str:
    return printable(raw.partition(b"\0")[0].decode("ascii", "surrogateescape"))

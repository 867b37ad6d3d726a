"""Changes to a header: a few bytes that replace others in place.

Format: ``mach-o/loader.h``. Offsets count from the start of the slice.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from countersign.macho.segment import Segment
from countersign.macho.slice import LC_CODE_SIGNATURE, SignatureCommand, Slice

__all__ = [
    "COMMAND_SIZE",
    "Patch",
    "append_signature",
    "blank_vmsize",
    "move_signature",
    "resize_segment",
    "set_counts",
]

COMMAND_SIZE: Final = 16
"""Bytes of an LC_CODE_SIGNATURE."""

_COUNT_AT: Final = 16
"""Where ``ncmds`` and ``sizeofcmds`` stand in the header."""
_VMSIZE_AT: Final = {32: 28, 64: 32}
"""Where ``vmsize``, ``fileoff`` and ``filesize`` stand in a segment command."""


class Patch(NamedTuple):
    """Bytes that go over what is there."""

    offset: int
    data: bytes

    @property
    def end(self) -> int:
        """The first offset behind the patch."""
        return self.offset + len(self.data)


def append_signature(thin: Slice, *, data_offset: int, data_size: int) -> tuple[Patch, ...]:
    """Add an LC_CODE_SIGNATURE behind the last load command, which must have room."""
    command = (LC_CODE_SIGNATURE, COMMAND_SIZE, data_offset, data_size)
    packed = struct.pack(thin.header.order + "4I", *command)
    return (set_counts(thin, commands=1), Patch(thin.header.commands_end, packed))


def set_counts(thin: Slice, *, commands: int) -> Patch:
    """Count ``commands`` more, or less, LC_CODE_SIGNATUREs."""
    header = thin.header
    size = header.commands_size + commands * COMMAND_SIZE
    counts = (header.command_count + commands, size)
    return Patch(_COUNT_AT, struct.pack(header.order + "2I", *counts))


def move_signature(
    thin: Slice, command: SignatureCommand, *, data_offset: int, data_size: int
) -> Patch:
    """Let an existing LC_CODE_SIGNATURE point to a new place."""
    place = struct.pack(thin.header.order + "2I", data_offset, data_size)
    return Patch(command.offset + 8, place)


def blank_vmsize(segment: Segment) -> Patch:
    """Write zeros over the size in memory of a segment."""
    at = segment.command_offset + _VMSIZE_AT[segment.bits]
    return Patch(at, bytes(segment.bits // 8))


def resize_segment(thin: Slice, segment: Segment, *, filesize: int, vmsize: int) -> Patch:
    """Give a segment new sizes in the file and in memory."""
    word = "I" if segment.bits == 32 else "Q"
    sizes = struct.pack(f"{thin.header.order}3{word}", vmsize, segment.fileoff, filesize)
    return Patch(segment.command_offset + _VMSIZE_AT[segment.bits], sizes)

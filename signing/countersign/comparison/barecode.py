"""The code below a signature: a slice as it is when its signature is taken off again, in thought.

The size of __LINKEDIT in memory is blanked, for signing changes it and nothing but the linker knows
what it was.
"""

from __future__ import annotations

from typing import NamedTuple

from countersign.macho.patch import COMMAND_SIZE, blank_vmsize
from countersign.reading import MachOFile, Part
from countersign.removal import UnsignedSlice, plan_removal
from countersign.source import Source

__all__ = ["BareCode", "bare_codes"]


class BareCode(NamedTuple):
    """One slice without its signature; offsets count from its start."""

    source: Source
    part: Part
    """The slice with its signature."""
    head: bytes
    """The header and the load commands, as they are without one."""
    size: int

    @property
    def tail(self) -> bytes:
        """What follows the signature, up to the last byte that is not zero.

        It is short: :func:`bare_codes` refuses a slice in which it is not.
        """
        thin = self.part.thin
        end = thin.signature.data_end if thin.signature_start is not None and thin.signature else 0
        tail = self.source.read(thin.base + end, thin.size - end) if end else b""
        return tail.rstrip(b"\0")

    def read(self, offset: int, size: int) -> bytes:
        """Read a range as far as it is there; raises what the source raises."""
        size = min(size, self.size - offset)
        start = self.head[offset : offset + size] if size > 0 else b""
        rest = size - len(start)
        if rest <= 0:
            return start
        return start + self.source.read(self.part.thin.base + offset + len(start), rest)


def bare_codes(source: Source, image: MachOFile) -> tuple[BareCode, ...]:
    """Take the signatures of all slices off; raises :class:`SigningError` where that cannot be."""
    removal = plan_removal(source, image)
    return tuple(
        BareCode(source, part, _bare_head(part, bare), bare.limit)
        for part, bare in zip(image.parts, removal.slices, strict=True)
    )


def _bare_head(part: Part, bare: UnsignedSlice) -> bytes:
    head = bytearray(part.head)
    for patch in bare.patches:
        head[patch.offset : patch.end] = patch.data
    linkedit = part.thin.segment("__LINKEDIT")
    if linkedit is not None:
        if bare.removed_at is not None and linkedit.command_offset > bare.removed_at:
            at = linkedit.command_offset - COMMAND_SIZE
            linkedit = linkedit._replace(command_offset=at)
        blank = blank_vmsize(linkedit)
        head[blank.offset : blank.end] = blank.data
    return bytes(head)

"""The slices of a file, as far as they can be read."""

from __future__ import annotations

from dataclasses import dataclass

from countersign.checks.container import slice_fits
from countersign.errors import FormatError
from countersign.macho.fat import MAX_TABLE, FatArch, parse_fat, starts_fat
from countersign.macho.slice import Slice, parse_slice
from countersign.reading import read_head
from countersign.signature import MAX_SIGNATURE, Signature, parse_signature
from countersign.window import Window

__all__ = ["Part", "read_parts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One slice, as far as it can be read."""

    data: Window
    thin: Slice | None
    signature: Signature | None


def read_parts(data: Window) -> tuple[Part, ...]:
    """Read those slices of the file ``data`` that the verifier judges, in the order of the table.

    Raises what the source raises, and nothing else.
    """
    archs = _archs(data)
    if not archs:
        return (_read(data),)
    return tuple(_read(data.part(arch.offset, arch.end)) for arch in archs)


def _archs(data: Window) -> tuple[FatArch, ...]:
    head = data[:MAX_TABLE]
    try:
        archs = parse_fat(head) if starts_fat(head) else ()
    except FormatError:
        return ()
    return tuple(arch for arch in archs if slice_fits(arch, len(archs), len(data)))


def _read(data: Window) -> Part:
    try:
        thin = parse_slice(read_head(data), data.start, size=len(data))
    except FormatError:
        return Part(data=data, thin=None, signature=None)
    command = thin.signature
    if command is None:
        return Part(data=data, thin=thin, signature=None)
    size = min(command.data_size, MAX_SIGNATURE)
    room = data.part(command.data_offset, command.data_offset + size)
    try:
        signature = parse_signature(room[:], thin.base + command.data_offset)
    except FormatError:
        return Part(data=data, thin=thin, signature=None)
    return Part(data=data, thin=thin, signature=signature)

"""Writes universal files: a table, and slices behind it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from kit.cpu import CPUS

__all__ = ["Part", "universal"]


class Part(NamedTuple):
    """A slice, and what the table says of it."""

    arch: str
    data: bytes
    align: int = 14
    """It starts at a multiple of two to the power of this."""
    declared: int | None = None
    """The alignment that the table claims, if another one."""
    cpusubtype: int | None = None
    """The subtype that the table claims, if another one."""


def universal(parts: Sequence[Part], *, wide: bool = False, rest: bytes = b"") -> bytes:
    """Join ``parts`` in their order, with a 64-bit table when ``wide``, and append ``rest``."""
    entry = struct.Struct(">2I2Q2I" if wide else ">5I")
    magic = 0xCAFEBABF if wide else 0xCAFEBABE
    table = struct.pack(">2I", magic, len(parts))
    end = len(table) + entry.size * len(parts)
    body = bytearray()
    for part in parts:
        offset = -(-end >> part.align) << part.align
        cpu = CPUS[part.arch]
        align = part.align if part.declared is None else part.declared
        subtype = cpu.cpusubtype if part.cpusubtype is None else part.cpusubtype
        fields = (cpu.cputype, subtype, offset, len(part.data), align)
        table += entry.pack(*fields, *[0] * wide)
        body += bytes(offset - end) + part.data
        end = offset + len(part.data)
    return table + bytes(body) + rest

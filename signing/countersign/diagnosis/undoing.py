"""Beginnings that an image may have had: its header and load commands with one change undone.

Whoever knows the hash of the first page can tell which of them was signed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from countersign.escaping import printable
from countersign.macho.patch import COMMAND_SIZE, Patch, move_signature, resize_segment, set_counts
from countersign.macho.slice import Slice
from countersign.rounding import round_up
from countersign.window import Window

__all__ = ["Beginning", "beginnings"]

MAX_UNDONE: Final = 3
"""Load commands at the end that may have been added."""
_FLAGS_AT: Final = 24
_KINDS: Final = {
    0xC: "LC_LOAD_DYLIB",
    0xD: "LC_ID_DYLIB",
    0x1B: "LC_UUID",
    0x1D: "LC_CODE_SIGNATURE",
    0x2A: "LC_SOURCE_VERSION",
    0x31: "LC_NOTE",
    0x32: "LC_BUILD_VERSION",
    0x80000018: "LC_LOAD_WEAK_DYLIB",
    0x8000001C: "LC_RPATH",
    0x8000001F: "LC_REEXPORT_DYLIB",
}
_NAMED: Final = frozenset({0xC, 0xD, 0x80000018, 0x8000001C, 0x8000001F})
"""Commands that name a file; the offset of the name stands behind their size."""


class Beginning(NamedTuple):
    """The first bytes of a slice as they may have been, and what was done to them since."""

    head: bytes
    since: str


class _Command(NamedTuple):
    kind: int
    at: int
    size: int


def beginnings(data: Window, thin: Slice, superblob_length: int) -> Iterator[Beginning]:
    """Give everything that the first bytes of the slice ``data`` may have been.

    ``superblob_length`` is that of the present signature. Each beginning is the header and all
    load commands, and as much more as there was of it.
    """
    head = bytes(data[: thin.header.commands_end])
    yield from _without_last_commands(head, thin)
    yield from _before_signing(head, thin, superblob_length)
    yield from _with_other_flags(head, thin)
    if thin.uuid is not None:
        at = head.find(thin.uuid, thin.header.size)
        zeroed = _patched(head, (Patch(at, bytes(len(thin.uuid))),))
        yield Beginning(zeroed, "LC_UUID was filled in")


def _without_last_commands(head: bytes, thin: Slice) -> Iterator[Beginning]:
    """Take the last commands off, which is where tools add new ones."""
    commands = _commands(head, thin)
    added: list[str] = []
    for command in reversed(commands[-MAX_UNDONE:]):
        added.insert(0, _describe(head, thin, command))
        count, size = len(commands) - len(added), command.at - thin.header.size
        counts = Patch(16, struct.pack(thin.header.order + "2I", count, size))
        bare = _patched(head, (counts,))[: command.at]
        yield Beginning(bare.ljust(len(head), b"\0"), f"{' and '.join(added)} was added")


def _before_signing(head: bytes, thin: Slice, superblob_length: int) -> Iterator[Beginning]:
    """Undo what a signer does to the header, as far as one may forget that it is signed too."""
    linkedit, command = thin.segment("__LINKEDIT"), thin.signature
    if linkedit is None or command is None or command.data_offset < linkedit.fileoff:
        return
    sizes = {0, superblob_length, round_up(superblob_length, 16), command.data_size}
    for size in sorted(sizes):
        filesize = command.data_offset + size - linkedit.fileoff
        place = move_signature(thin, command, data_offset=command.data_offset, data_size=size)
        nowhere = move_signature(thin, command, data_offset=0, data_size=0)
        memory = {linkedit.vmsize, filesize, round_up(filesize, 0x1000), round_up(filesize, 0x4000)}
        if max(memory) >= 1 << linkedit.bits:
            return
        for vmsize in sorted(memory):
            resize = resize_segment(thin, linkedit, filesize=filesize, vmsize=vmsize)
            for patches in ((resize, place), (resize, nowhere), (resize,), (place,)):
                yield Beginning(_patched(head, patches), "the header was pointed to the signature")
            if size == 0:
                bare = _patched(head, (resize, set_counts(thin, commands=-1)))
                bare = bare[: command.offset] + bare[command.offset + COMMAND_SIZE :]
                yield Beginning(bare.ljust(len(head), b"\0"), "LC_CODE_SIGNATURE was added")


def _with_other_flags(head: bytes, thin: Slice) -> Iterator[Beginning]:
    for bit in range(32):
        flags = thin.header.flags ^ 1 << bit
        patch = Patch(_FLAGS_AT, struct.pack(thin.header.order + "I", flags))
        yield Beginning(_patched(head, (patch,)), f"the flag {1 << bit:#x} of the header changed")


def _patched(head: bytes, patches: tuple[Patch, ...]) -> bytes:
    out = bytearray(head)
    for patch in patches:
        out[patch.offset : patch.end] = patch.data
    return bytes(out)


def _commands(head: bytes, thin: Slice) -> list[_Command]:
    """List the load commands, whose bounds ``parse_slice`` has checked."""
    found, at = [], thin.header.size
    for _ in range(thin.header.command_count):
        kind, size = struct.unpack_from(thin.header.order + "2I", head, at)
        found.append(_Command(kind, at, size))
        at += size
    return found


def _describe(head: bytes, thin: Slice, command: _Command) -> str:
    name = _KINDS.get(command.kind, f"the load command {command.kind:#x}")
    if command.kind not in _NAMED or command.size < 12:
        return name
    (start,) = struct.unpack_from(thin.header.order + "I", head, command.at + 8)
    raw = head[command.at + min(start, command.size) : command.at + command.size]
    text = raw.partition(b"\0")[0].decode("utf-8", "replace")
    return f"{name} {printable(text)!r}"

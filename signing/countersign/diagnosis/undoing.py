"""Beginnings that an image may have had: its header and load commands with one change undone.

Whoever knows the hash of the first page can tell which of them was signed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from countersign.escaping import printable
from countersign.macho.commandtext import command_name, command_text
from countersign.macho.patch import COMMAND_SIZE, Patch, move_signature, resize_segment, set_counts
from countersign.macho.slice import Command, Slice, load_commands
from countersign.rounding import round_up
from countersign.window import Window

__all__ = ["Beginning", "beginnings"]

MAX_UNDONE: Final = 3
"""Load commands at the end that may have been added."""
MAX_TEXT: Final = 200
_FLAGS_AT: Final = 24


class Beginning(NamedTuple):
    """The first bytes of a slice as they may have been, and what was done to them since."""

    head: bytes
    since: str


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
    commands = list(load_commands(memoryview(head), thin.header, thin.base))
    added: list[str] = []
    for command in reversed(commands[-MAX_UNDONE:]):
        added.insert(0, _describe(command))
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


def _describe(command: Command) -> str:
    """Name a command with what it says: a file, a version, a segment."""
    return printable(f"{command_name(command.kind)} {command_text(command)[:MAX_TEXT]}").strip()

"""What stands where in a slice: load commands, sections, the rest of segments, the signature."""

from __future__ import annotations

from collections.abc import Iterator

from countersign.macho.slice import Slice

__all__ = ["COMMANDS", "SIGNATURE", "standing_in"]

COMMANDS = "header and load commands"
SIGNATURE = "signature"


def standing_in(thin: Slice, place: range) -> tuple[str, ...]:
    """Name everything that has bytes in ``place``, which counts from the start of the slice.

    Sections are named ``__TEXT,__text``; a segment is, where no section of it is met.
    """
    return tuple(dict.fromkeys(_names(thin, place)))


def _names(thin: Slice, place: range) -> Iterator[str]:
    if place.start < thin.header.commands_end:
        yield COMMANDS
    command = thin.signature
    for segment in thin.segments:
        if not _meets(place, segment.fileoff, segment.filesize):
            continue
        sections = [
            f"{segment.name},{section.name}"
            for section in segment.sections
            if section.has_contents and _meets(place, section.offset, section.size)
        ]
        signed = command is not None and place.start >= command.data_offset
        if sections or (segment.fileoff > 0 and not signed):
            yield from sections or [segment.name]
    if command is not None and _meets(place, command.data_offset, command.data_size):
        yield SIGNATURE


def _meets(place: range, start: int, size: int) -> bool:
    return size > 0 and start < place.stop and place.start < start + size

"""The K rules: what the kernel and dyld demand of any image before they run it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from countersign.findings import Finding
from countersign.macho.header import MH_DYLDLINK, MH_EXECUTE, MH_PIE
from countersign.macho.slice import Platform, Slice
from countersign.rules import broken

__all__ = ["check_loading"]

MACOS_12: Final = 12 << 16
MACOS_26: Final = 26 << 16


def check_loading(thin: Slice) -> Iterator[Finding]:
    """Check one slice of code apart from its signature."""
    yield from _check_program(thin)
    yield from _check_uuid(thin)
    yield from _check_overlaps(thin)


def _sdk(thin: Slice) -> int:
    """Give the macOS SDK that dyld's policy goes by; 0 where the image names none."""
    target = thin.targets[0] if thin.targets else None
    return target.sdk if target is not None and target.platform == Platform.MACOS else 0


def _check_program(thin: Slice) -> Iterator[Finding]:
    header = thin.header
    if header.filetype != MH_EXECUTE:
        return
    if thin.is_arm64 and header.flags & MH_DYLDLINK and not header.flags & MH_PIE:
        yield broken("K2", thin.base + 24, "the program is not position-independent")


def _check_uuid(thin: Slice) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSemanticsUUID`` in dyld's UnsafeHeader.cpp checks."""
    since = MACOS_26 if thin.header.filetype == MH_EXECUTE else MACOS_12
    if thin.uuid is None and _sdk(thin) >= since:
        yield broken("K7", thin.base, "there is no LC_UUID")


def _check_overlaps(thin: Slice) -> Iterator[Finding]:
    """Check what ``UnsafeHeader::validSemanticsSegments`` in dyld's UnsafeHeader.cpp checks."""
    for space in ("file", "memory"):
        spans = sorted(
            (start, start + size, segment.name, segment.command_offset)
            for segment in thin.segments
            for start, size in [
                (segment.fileoff, segment.filesize)
                if space == "file"
                else (segment.vmaddr, segment.vmsize)
            ]
            if size
        )
        for (_, end, before, _), (start, _, name, at) in pairwise(spans):
            if start < end:
                yield broken("K12", thin.base + at, f"{name} overlaps {before} in the {space}")

"""Look at the place that a report names, in the file that it may be about."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from countersign.codedirectory import CodeDirectory
from countersign.diagnosis.landmarks import standing_in
from countersign.diagnosis.parts import Part, read_parts
from countersign.macho.slice import Slice
from countersign.macho.symbols import read_symbols
from countersign.pagehash import page_count
from countersign.sightings.sighting import Sighting
from countersign.window import Window

__all__ = ["PageState", "Spot", "find_spot"]

MAX_NAMES: Final = 4
PAGE_SIZES: Final = (0x1000, 0x4000)


class PageState(enum.StrEnum):
    """Whether a page is what was signed."""

    GOOD = "good"
    CHANGED = "changed"
    UNSIGNED = "unsigned"
    """There is no hash for it."""
    OUTSIDE = "outside"
    """The place does not lie in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """What is at the place that a report names."""

    offset: int
    """From the start of the file."""
    arch: str | None = None
    page: int | None = None
    page_size: int | None = None
    state: PageState
    holds: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    other_build: bool = False
    """True when the report names another LC_UUID than the file has: it is about another build."""


def find_spot(data: Window, sighting: Sighting) -> Spot | None:
    """Find what is at the place of a sighting in the file ``data``; None when it names none.

    A place in memory is that of the slice for the architecture that the report names, or of the
    first. Raises what the source raises.
    """
    parts = [part for part in read_parts(data) if part.thin is not None]
    if sighting.offset is not None:
        offset = sighting.offset
    elif sighting.memory_offset is not None and parts:
        wanted = _of_memory(parts, sighting)
        if wanted is None:
            return None
        offset = wanted
    else:
        return None
    for part in parts:
        if part.thin is not None and offset - part.data.start in range(len(part.data)):
            return _spot(part, part.thin, offset, sighting)
    return Spot(offset=offset, state=PageState.OUTSIDE)


def _of_memory(parts: list[Part], sighting: Sighting) -> int | None:
    """Turn a place in memory into one in the file; None where nothing of the file is mapped."""
    arch = next((each for each in parts if _arch(each) == sighting.arch), parts[0])
    thin = arch.thin
    if thin is None:
        return None
    first = next((each.vmaddr for each in thin.segments if not each.fileoff and each.filesize), 0)
    address = first + (sighting.memory_offset or 0)
    for segment in thin.segments:
        if segment.vmaddr <= address < segment.vmaddr + segment.filesize:
            return arch.data.start + segment.fileoff + address - segment.vmaddr
    return None


def _arch(part: Part) -> str | None:
    return part.thin.arch if part.thin else None


def _spot(part: Part, thin: Slice, offset: int, sighting: Sighting) -> Spot:
    at = offset - part.data.start
    code = part.signature.best.code if part.signature else None
    sized = code is not None and code.page_size in PAGE_SIZES
    size = code.page_size if code is not None and sized else 0x1000
    page = at // size
    place = range(page * size, min((page + 1) * size, thin.size))
    uuid = thin.uuid.hex() if thin.uuid else None
    return Spot(
        offset=offset,
        arch=thin.arch,
        page=page if sized else None,
        page_size=size if sized else None,
        state=_state(part.data, code, page) if code is not None and sized else PageState.UNSIGNED,
        holds=standing_in(thin, range(at, at + 1)),
        symbols=read_symbols(part.data, thin).names(place, MAX_NAMES),
        other_build=None not in (uuid, sighting.uuid) and uuid != sighting.uuid,
    )


def _state(data: Window, code: CodeDirectory, page: int) -> PageState:
    if page >= min(code.code_count, page_count(code.code_limit, code.page_size)):
        return PageState.UNSIGNED
    start, size = page * code.page_size, code.hash_type.size
    content = bytes(data[start : min(start + code.page_size, code.code_limit)])
    signed = code.hashes[page * size : (page + 1) * size]
    return PageState.GOOD if code.hash_type.digest(content) == signed else PageState.CHANGED

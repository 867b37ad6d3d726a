"""What the signature of a Mach-O says about things that lie outside of it, and who it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from countersign.digest import HashType
from countersign.errors import FormatError
from countersign.macho.fat import MAX_TABLE, parse_fat, starts_fat
from countersign.macho.header import MH_EXECUTE, starts_thin
from countersign.macho.slice import parse_slice
from countersign.reading import read_head
from countersign.requirements.requirement import RequirementType, parse_requirements
from countersign.signature import MAX_SIGNATURE, Kind, Signature, parse_signature
from countersign.superblob import Slot
from countersign.window import Window

__all__ = ["ProgramSlice", "read_program"]


class ProgramSlice(NamedTuple):
    """One signed slice, as the best of its code directories describes it."""

    arch: str
    is_program: bool
    """False for a library, such as a framework has."""
    kind: Kind
    hash_type: HashType
    info_plist: bytes | None
    """The digest of an Info.plist, in slot 1."""
    resources: bytes | None
    """The digest of a CodeResources file, in slot 3."""
    cdhash: str
    hash_types: frozenset[HashType]
    """Those of all code directories."""
    requirement: str | None
    """The designated requirement as text; None when there is none that can be read."""


def read_program(window: Window) -> tuple[ProgramSlice, ...] | None:
    """Read the signed slices of a file; None for what is no Mach-O.

    A slice whose signature cannot be read counts as not signed. Raises what the window raises
    when it is read, and nothing else.
    """
    view = window[:MAX_TABLE]
    if not starts_thin(view) and not starts_fat(view):
        return None
    found: list[ProgramSlice] = []
    for part in _slices(window):
        try:
            found += _signed(part)
        except FormatError:  # which the verdict about the file itself says
            continue
    return tuple(found)


def _slices(window: Window) -> Iterator[Window]:
    view = window[:MAX_TABLE]
    if starts_thin(view):
        yield window
        return
    try:
        archs = parse_fat(view)
    except FormatError:
        return
    yield from (window.part(arch.offset, arch.end) for arch in archs)


def _signed(part: Window) -> Iterator[ProgramSlice]:
    thin = parse_slice(read_head(part), part.start, size=len(part))
    command = thin.signature
    if command is None or command.data_end > len(part):
        return
    room = min(command.data_size, MAX_SIGNATURE)
    blob = part[command.data_offset : command.data_offset + room]
    signature = parse_signature(blob)
    code = signature.best.code
    yield ProgramSlice(
        arch=thin.arch,
        is_program=thin.header.filetype == MH_EXECUTE,
        kind=signature.kind,
        hash_type=code.hash_type,
        info_plist=code.special_slot(Slot.INFO_PLIST),
        resources=code.special_slot(Slot.RESOURCES),
        cdhash=signature.best.cdhash,
        hash_types=frozenset(each.code.hash_type for each in signature.directories),
        requirement=_requirement(signature),
    )


def _requirement(signature: Signature) -> str | None:
    blob = signature.superblob.find(Slot.REQUIREMENTS)
    if blob is None:
        return None
    try:
        entry = parse_requirements(blob.data).find(RequirementType.DESIGNATED)
        return entry.parse().text if entry else None
    except FormatError:
        return None

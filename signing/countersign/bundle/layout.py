"""Telling bundles by what is in them, and where their parts are.

Core Foundation decides, for codesign too: ``BundleDiskRep::setup`` in Security's bundlediskrep.cpp
asks it for the Info.plist, the program and the directory that everything sealed is relative to.
The name of a directory does not matter.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from countersign.bundle.listing import ItemKind, Listing, joined
from countersign.bundle.program import ProgramSlice
from countersign.errors import PropertyListError
from countersign.plists.corefoundation import read_dictionary

__all__ = ["MAX_INFO_PLIST", "SIGNATURE", "Bundle", "Layout", "find_bundles"]

MAX_INFO_PLIST: Final = 1 << 20
"""Bytes of an Info.plist that are read."""

SIGNATURE: Final = "_CodeSignature"
"""The directory of what is signed with a bundle and does not lie in its program."""


class Layout(enum.Enum):
    """The ways in which a bundle's parts are arranged."""

    CONTENTS = "contents"
    """Everything in Contents: applications and plug-ins."""
    VERSIONED = "versioned"
    """A framework, with everything in Versions/A, and Versions/Current leading there."""
    SHALLOW = "shallow"
    """Everything in the top, as a version of a framework, and bundles of iOS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Where the parts of a bundle are; all paths are relative to the top of the listing."""

    root: str
    layout: Layout
    base: str
    """The directory that ``_CodeSignature`` lies in, and that sealed paths are relative to."""
    info_plist: str
    """Where the Info.plist is, or should be."""
    program: str
    """The main program, which is a file or a link."""
    slices: tuple[ProgramSlice, ...]
    """The signed slices of the program; never empty."""

    def below_base(self, path: str) -> str | None:
        """Give a path relative to the base; None for one that is not below it."""
        if not self.base:
            return path
        return path.removeprefix(self.base + "/") if path.startswith(self.base + "/") else None


def find_bundles(listing: Listing) -> Iterator[Bundle]:
    """Find all bundles whose main program is a signed Mach-O, outer ones first.

    Raises what reading a file on disk raises.
    """
    roots = {root for path in listing for root in _roots(path)}
    seen: set[str] = set()
    for root in sorted(roots, key=lambda each: each.split("/")):
        bundle = _recognize(listing, root)
        if bundle is not None and bundle.base not in seen:
            seen.add(bundle.base)
            yield bundle


def _roots(path: str) -> Iterator[str]:
    """Give the directories that a file betrays as bundles, if they are."""
    *folders, name = path.split("/")
    if (folders[-1:], name) == ([SIGNATURE], "CodeResources"):
        base = folders[:-1]
    elif name == "Info.plist":
        base = folders[:-1] if folders[-1:] == ["Resources"] else folders
    else:
        return
    yield "/".join(base)
    if base[-1:] == ["Contents"]:
        yield "/".join(base[:-1])
    if base[-2:-1] == ["Versions"]:
        yield "/".join(base[:-2])


def _recognize(listing: Listing, root: str) -> Bundle | None:
    current = listing.resolve(joined(root, "Versions/Current"))
    if listing.is_directory(joined(root, "Contents")):
        layout, base = Layout.CONTENTS, joined(root, "Contents")
        info_plist, programs = joined(base, "Info.plist"), joined(base, "MacOS")
    else:
        versioned = current is not None and listing.is_directory(current)
        layout = Layout.VERSIONED if versioned else Layout.SHALLOW
        base = current if versioned and current is not None else root
        folder = "Resources" if listing.is_directory(joined(base, "Resources")) else ""
        info_plist, programs = joined(base, folder, "Info.plist"), base
    program = joined(programs, _program_name(listing, info_plist, root))
    slices = _slices(listing, program)
    if not slices:
        return None
    return Bundle(
        root=root,
        layout=layout,
        base=base,
        info_plist=info_plist,
        program=program,
        slices=slices,
    )


def _program_name(listing: Listing, info_plist: str, root: str) -> str:
    """Take the name out of the Info.plist; without one it is that of the bundle."""
    place = listing.resolve(info_plist)
    item = listing.get(place) if place is not None else None
    data = item.content.read(MAX_INFO_PLIST + 1) if item and item.content else None
    name: object = None
    if data is not None:
        try:
            name = read_dictionary(data, limit=MAX_INFO_PLIST).get("CFBundleExecutable")
        except PropertyListError:  # which is said of it where it is judged
            name = None
    stem = root.rpartition("/")[2].rpartition(".")[0]
    return name if isinstance(name, str) and "/" not in name and name else stem


def _slices(listing: Listing, program: str) -> tuple[ProgramSlice, ...]:
    place = listing.resolve(program)
    item = listing.get(place) if place is not None else None
    if item is None or item.kind is not ItemKind.FILE or item.content is None:
        return ()
    return item.content.program() or ()

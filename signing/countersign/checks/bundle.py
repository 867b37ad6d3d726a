"""R62 and B1 to B15: a bundle around its main program, apart from the resources one by one.

Sources: ``BundleDiskRep`` in Security's bundlediskrep.cpp and ``SecStaticCode::loadResources`` in
StaticCode.cpp. What ``codesign`` finds out about one slice, the one that the Mac would run, is
looked at for all of them. Neither the kernel nor dyld looks beyond the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from countersign.bundle.layout import MAX_INFO_PLIST, SIGNATURE, Bundle, Layout
from countersign.bundle.listing import Item, ItemKind, Listing, joined
from countersign.bundle.resources import MAX_SIZE, Resources, parse_resources
from countersign.checks.infoplist import check_info_plist_form
from countersign.checks.resources import check_resources
from countersign.digest import HashType
from countersign.errors import FormatError
from countersign.escaping import listed, printable
from countersign.findings import Finding
from countersign.rules import broken

__all__ = ["check_bundle"]

IN_APP_ROOT: Final = frozenset({".DS_Store", ".LSOverride", ".SoftwareDepot.tracking", "Icon\r"})
"""What may lie beside Contents, if it is a file that nobody can execute."""

VERSION_TARGET: Final = re.compile(r"(\./)?(\.\.[^/]+|\.?[^./][^/]*)", re.DOTALL)
"""Where Versions/Current may lead: to a name beside it."""


def check_bundle(
    listing: Listing, bundle: Bundle, bundles: Mapping[str, Bundle]
) -> Iterator[Finding]:
    """Check one bundle; ``bundles`` has all of the listing by their roots.

    Raises :class:`SigningError` when a file on disk cannot be read, and nothing else.
    """
    yield from _check_info_plist(listing, bundle)
    yield from _check_root(listing, bundle)
    yield from _check_signature_directory(listing, bundle)
    yield from _check_regular_files(listing, bundle)
    sealing = [each for each in bundle.slices if each.resources is not None]
    if len(sealing) < len(bundle.slices):
        yield broken("B1", None, "the signature seals no resources")
    if not sealing:
        return
    path = joined(bundle.base, SIGNATURE, "CodeResources")
    wrong = _wrong_seal(listing, path, [(each.hash_type, each.resources) for each in sealing])
    if wrong:
        yield broken("B2", None, f"{printable(path)} {wrong}")
        return
    try:
        resources = _read_resources(listing, path)
        yield from check_resources(listing, bundle, resources, bundles)
    except FormatError as error:
        yield broken(error.rule, None, printable(error.problem))


def _read_resources(listing: Listing, path: str) -> Resources:
    item = _file(listing, path)
    data = item.content.read(MAX_SIZE + 1) if item and item.content else None
    if data is None:
        raise FormatError("CodeResources", 0, "it was not kept", rule="N6")
    return parse_resources(data)


def _file(listing: Listing, path: str) -> Item | None:
    """Give the file at a path, or at the end of the links there."""
    place = listing.resolve(path)
    item = listing.get(place) if place is not None else None
    return item if item is not None and item.kind is ItemKind.FILE else None


def _wrong_seal(
    listing: Listing, path: str, digests: Iterable[tuple[HashType, bytes | None]]
) -> str | None:
    """Say what is wrong with a file that has these digests; None when it is good."""
    item = _file(listing, path)
    if item is None or item.content is None:
        return "is sealed, and is not there"
    for hash_type, digest in digests:
        if item.content.digest(hash_type) != digest:
            return "is not what was sealed"
    return None


def _check_info_plist(listing: Listing, bundle: Bundle) -> Iterator[Finding]:
    """Check the Info.plist of a bundle, which counts whatever is in the program."""
    digests = [
        (each.hash_type, each.info_plist) for each in bundle.slices if each.info_plist is not None
    ]
    if not digests:
        return
    wrong = _wrong_seal(listing, bundle.info_plist, digests)
    if wrong:
        yield broken("R62", None, f"{printable(bundle.info_plist)} {wrong}")
        return
    item = _file(listing, bundle.info_plist)
    data = item.content.read(MAX_INFO_PLIST + 1) if item and item.content else None
    if data is not None:
        yield from check_info_plist_form(data, None)


def _check_root(listing: Listing, bundle: Bundle) -> Iterator[Finding]:
    if bundle.layout is Layout.CONTENTS:
        stray = [
            name
            for name in listing.children(bundle.root)
            if name != "Contents" and not _is_harmless(listing[joined(bundle.root, name)], name)
        ]
        if stray:
            yield broken("B10", None, f"beside Contents there is {listed(stray)}")
    elif bundle.layout is Layout.VERSIONED:
        yield from _check_framework_root(listing, bundle)


def _is_harmless(item: Item, name: str) -> bool:
    return name in IN_APP_ROOT and item.kind is ItemKind.FILE and not item.executable


def _check_framework_root(listing: Listing, bundle: Bundle) -> Iterator[Finding]:
    """Check what ``BundleDiskRep::validateFrameworkRoot`` and ``checkMoved`` check."""
    root, versions = bundle.root, joined(bundle.root, "Versions")
    current = listing.get(joined(versions, "Current"))
    if current is None or not VERSION_TARGET.fullmatch(current.target):
        yield broken("B11", None, "Versions/Current is no link to a version beside it")
        return
    stray = [
        name
        for name in listing.children(root)
        if name != "Versions" and not _leads_into_version(listing, root, name, current.target)
    ]
    stray += [
        f"Versions/{name}"
        for name in listing.children(versions)
        if name != "Current" and not _is_version(listing[joined(versions, name)], name)
    ]
    if stray:
        yield broken("B11", None, f"the top holds {listed(stray)}")
    for path in (bundle.program, bundle.info_plist):
        name = bundle.below_base(path) or ""
        outer = joined(root, name)
        if outer in listing and listing.resolve(outer) != listing.resolve(path):
            yield broken("B12", None, f"{printable(name)} is not the one in Versions/Current")


def _leads_into_version(listing: Listing, root: str, name: str, current: str) -> bool:
    item = listing[joined(root, name)]
    if item.kind is ItemKind.FILE:
        return name in (".DS_Store", "module.map") and not item.executable
    if item.kind is not ItemKind.LINK:
        return False
    target = item.target.removeprefix("./")
    return target in (f"Versions/Current/{name}", f"Versions/{current}/{name}")


def _is_version(item: Item, name: str) -> bool:
    if item.kind is ItemKind.FILE:
        return name == ".DS_Store" and not item.executable
    return item.kind is ItemKind.DIRECTORY


def _check_signature_directory(listing: Listing, bundle: Bundle) -> Iterator[Finding]:
    """Check what ``BundleDiskRep::validateMetaDirectory`` checks."""
    directory = joined(bundle.base, SIGNATURE)
    stray = [
        name
        for name in listing.children(directory)
        if not _belongs_to_signature(listing[joined(directory, name)], name)
    ]
    if stray:
        yield broken("B10", None, f"{printable(directory)} holds {listed(stray)}")


def _belongs_to_signature(item: Item, name: str) -> bool:
    if item.kind is not ItemKind.FILE:
        return False
    empty = item.content is not None and item.content.size == 0
    return name == "CodeResources" or (name == "CodeSignature" and empty)


def _check_regular_files(listing: Listing, bundle: Bundle) -> Iterator[Finding]:
    for path in (bundle.program, bundle.info_plist):
        item = listing.get(path)
        if item is not None and item.kind is ItemKind.LINK:
            yield broken("B15", None, f"{printable(path)} is a symbolic link")

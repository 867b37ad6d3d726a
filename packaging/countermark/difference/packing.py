"""Causes that show without any content: which members there are, and how they are stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple, TypeAlias

from countermark.difference.listing import DIRECTORY, Item, Listing
from countermark.difference.outcome import Place
from countermark.difference.tarframe import FIELDS, TarFrame
from countermark.difference.zipframe import ZipFrame
from countermark.rulebook.differences import (
    COMPRESSION,
    LINK_TARGET,
    MEMBER_KIND,
    MEMBER_MISSING,
    MEMBER_MODE,
    MEMBER_ORDER,
    MEMBER_OWNER,
    MEMBER_TIME,
    PREFIX_NAME,
    SIGNATURE,
    TAR_END,
    TAR_FORMAT,
    UNUSED_BYTES,
    ZIP_FORMAT,
)
from counterproof.trees.entry import Entry, Kind
from countersign.bundle.candidates import may_lie_in_bundle
from countersign.bundle.layout import SIGNATURE as SEAL_DIRECTORY
from countersign.rule import Rule
from countersign.times import time_text

__all__ = ["Pair", "Reason", "differing_files", "packing_reasons"]


class Reason(NamedTuple):
    """One place of a cause."""

    rule: Rule
    place: Place


class Pair(NamedTuple):
    """A member that both sides have."""

    path: PurePosixPath
    first: Item
    second: Item
    renamed: bool = False
    """True when it stands in directories of other names."""


_Reasons: TypeAlias = Iterator[Reason]

_OTHERWISE_TOLD: Final = ("path", "linkpath", "size")
"""Pax records whose meaning is compared."""
_SEALS: Final = frozenset(
    ("CodeDirectory", "CodeEntitlements", "CodeRequirements", "CodeResources", "CodeSignature")
)
"""What codesign writes into a bundle's ``_CodeSignature``: one file of each name at most."""


def packing_reasons(first: Listing, second: Listing) -> _Reasons:
    """Give every reason why two listings differ that is not in the content of files."""
    left, right = _by_path(first), _by_path(second)
    same_family = first.family == second.family
    renamed = first.prefix != second.prefix
    pairs = [Pair(path, left[path], right[path], renamed) for path in left if path in right]
    yield from _missing(left, right, same_family)
    for pair in pairs:
        yield from _kind(pair, left, right)
        yield from _mode(pair)
    yield from _prefix(first, second)
    if not same_family or first.form == DIRECTORY:
        return
    yield from _order(left, right)
    for pair in pairs:
        yield from _owner(pair)
        yield from _time(pair)
        yield from _frame(pair)
    yield from _leftovers(first, second)


def differing_files(first: Listing, second: Listing) -> Iterator[Pair]:
    """Give the files of both whose contents differ, in the order of the first."""
    left, right = _by_path(first), _by_path(second)
    for path, item in left.items():
        other = right.get(path)
        if other is None:
            continue
        one, two = _followed(item, left), _followed(other, right)
        files = one.entry.kind is Kind.FILE and two.entry.kind is Kind.FILE
        if files and one.digest != two.digest:
            yield Pair(path, one, two)


def is_seal(path: PurePosixPath, kind: Kind) -> bool:
    """Tell whether a path is what signing a bundle adds to it: ``_CodeSignature`` and its files."""
    *folders, name = path.parts
    if not may_lie_in_bundle(path):
        return False
    if kind is Kind.DIRECTORY:
        return name == SEAL_DIRECTORY
    return kind is Kind.FILE and folders[-1] == SEAL_DIRECTORY and name in _SEALS


def _by_path(listing: Listing) -> dict[PurePosixPath, Item]:
    return {item.entry.path: item for item in listing.items}


def _followed(item: Item, items: dict[PurePosixPath, Item]) -> Item:
    """Give the file that a hard link is another name of."""
    if item.entry.kind is not Kind.HARD_LINK:
        return item
    target = PurePosixPath(item.entry.link_target or "")
    return next((items[path] for path in (target, _below(target)) if path in items), item)


def _below(path: PurePosixPath) -> PurePosixPath:
    return PurePosixPath(*path.parts[1:])


def _missing(
    left: dict[PurePosixPath, Item], right: dict[PurePosixPath, Item], same_family: bool
) -> _Reasons:
    """Name what only one of them has; an archive need not list the directories of its files."""
    for path, item in left.items():
        if path not in right and (same_family or item.entry.kind is not Kind.DIRECTORY):
            rule = SIGNATURE if is_seal(path, item.entry.kind) else MEMBER_MISSING
            yield Reason(rule, Place(str(path), "", _described(item.entry), None))
    for path, item in right.items():
        if path not in left and (same_family or item.entry.kind is not Kind.DIRECTORY):
            rule = SIGNATURE if is_seal(path, item.entry.kind) else MEMBER_MISSING
            yield Reason(rule, Place(str(path), "", None, _described(item.entry)))


def _described(entry: Entry) -> str:
    return f"{entry.kind}, {entry.size:,} bytes" if entry.kind is Kind.FILE else str(entry.kind)


def _kind(
    pair: Pair, left: dict[PurePosixPath, Item], right: dict[PurePosixPath, Item]
) -> _Reasons:
    """Compare kinds and targets; between forms, a hard link is the file that it names."""
    one, two = pair.first, pair.second
    if (one.frame is None) != (two.frame is None):
        one, two = _followed(one, left), _followed(two, right)
    if one.entry.kind is not two.entry.kind:
        yield _differs(MEMBER_KIND, pair, "", _described(one.entry), _described(two.entry))
    elif one.entry.kind in (Kind.SYMLINK, Kind.HARD_LINK):
        targets = one.entry.link_target, two.entry.link_target
        if targets[0] != targets[1]:
            yield _differs(LINK_TARGET, pair, "", *targets)


def _differs(rule: Rule, pair: Pair, what: str, first: str | None, second: str | None) -> Reason:
    return Reason(rule, Place(str(pair.path), what, first, second))


def _mode(pair: Pair) -> _Reasons:
    """Compare permission bits; those of links mean nothing, and not every zip has any."""
    one, two = pair.first.entry, pair.second.entry
    link = Kind.SYMLINK in (one.kind, two.kind)
    if link or one.mode is None or two.mode is None or one.mode == two.mode:
        return
    yield _differs(MEMBER_MODE, pair, "", f"{one.mode:04o}", f"{two.mode:04o}")


def _prefix(first: Listing, second: Listing) -> _Reasons:
    """Compare the directories that all stand in, where both have one."""
    one, two = first.prefix, second.prefix
    if one is not None and two is not None and one != two:
        yield Reason(PREFIX_NAME, Place(None, "", one, two))


def _order(left: dict[PurePosixPath, Item], right: dict[PurePosixPath, Item]) -> _Reasons:
    """Name the first member of those that both have which stands elsewhere."""
    ones = [path for path in left if path in right]
    others = [path for path in right if path in left]
    for number, (one, other) in enumerate(zip(ones, others, strict=True), 1):
        if one != other:
            yield Reason(MEMBER_ORDER, Place(None, f"member {number}", str(one), str(other)))
            return


def _owner(pair: Pair) -> _Reasons:
    one, two = pair.first.entry, pair.second.entry
    if (one.owner, one.owner_names) != (two.owner, two.owner_names):
        yield _differs(MEMBER_OWNER, pair, "", _owner_words(one), _owner_words(two))


def _owner_words(entry: Entry) -> str | None:
    if entry.owner is None:
        return None
    names = f" ({', '.join(entry.owner_names)})" if entry.owner_names else ""
    return "{}:{}".format(*entry.owner) + names


def _time(pair: Pair) -> _Reasons:
    one, two = pair.first.entry.mtime, pair.second.entry.mtime
    if one != two:
        yield _differs(MEMBER_TIME, pair, "", _time_words(one), _time_words(two))


def _time_words(seconds: int | None) -> str | None:
    """Show a time; the headers of a tar have room for times that no calendar has."""
    if seconds is None:
        return None
    from datetime import UTC, datetime

    try:
        return f"{time_text(datetime.fromtimestamp(seconds, UTC))} ({seconds})"
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _frame(pair: Pair) -> _Reasons:
    one, two = pair.first.frame, pair.second.frame
    if isinstance(one, TarFrame) and isinstance(two, TarFrame):
        yield from _tar_frames(pair, one, two)
    elif isinstance(one, ZipFrame) and isinstance(two, ZipFrame):
        yield from _zip_frames(pair, one, two)


def _tar_frames(pair: Pair, one: TarFrame, two: TarFrame) -> _Reasons:
    """Compare headers beyond what they mean, and what fills the last block."""
    if one.padding != two.padding:
        shown = (each[:16].hex(" ") or "zeros" for each in (one.padding, two.padding))
        yield _differs(UNUSED_BYTES, pair, "what fills its last block", *shown)
    if one.before != two.before:
        words = (", ".join(each) or "nothing" for each in (one.before, two.before))
        yield _differs(TAR_FORMAT, pair, "in front of its header", *words)
    elif one.front != two.front and not _front_is_told(pair, one, two):
        words = (f"SHA-256 {each[:16]}" for each in (one.front, two.front))
        yield _differs(TAR_FORMAT, pair, f"{', '.join(one.before)} in front of its header", *words)
    for name in {**one.records, **two.records}:
        old, new = one.records.get(name), two.records.get(name)
        if old != new and name not in _OTHERWISE_TOLD:
            yield _differs(TAR_FORMAT, pair, f"pax record {name}", old, new)
    yield from _header_fields(pair, one.header, two.header)


def _front_is_told(pair: Pair, one: TarFrame, two: TarFrame) -> bool:
    """Tell whether headers in front say something else for a cause of its own."""
    targets = pair.first.entry.link_target, pair.second.entry.link_target
    return pair.renamed or targets[0] != targets[1] or one.records != two.records


def _header_fields(pair: Pair, one: bytes, two: bytes) -> _Reasons:
    """Name fields that are written otherwise although they mean the same."""
    wrong = [name for name, place in FIELDS.items() if one[place] != two[place]]
    meant = {"checksum", *_meant(pair)} if wrong != ["checksum"] else set[str]()
    for name in wrong:
        if name not in meant:
            place = FIELDS[name]
            shown = (ascii(each[place].rstrip(b"\0"))[1:] for each in (one, two))
            yield _differs(TAR_FORMAT, pair, f"header field {name}", *shown)


def _meant(pair: Pair) -> Iterator[str]:
    """Give the fields that differ because something differs that is a cause of its own."""
    one, two = pair.first.entry, pair.second.entry
    told: tuple[tuple[bool, tuple[str, ...]], ...] = (
        (one.mode != two.mode, ("mode",)),
        (one.owner != two.owner, ("uid", "gid")),
        (one.owner_names != two.owner_names, ("user", "group")),
        (one.mtime != two.mtime, ("mtime",)),
        (one.size != two.size, ("size",)),
        (one.kind is not two.kind, ("type", "link name", "size")),
        (one.link_target != two.link_target, ("link name",)),
        (pair.renamed, ("name", "prefix", "link name")),
    )
    for differs, names in told:
        yield from names if differs else ()


def _zip_frames(pair: Pair, one: ZipFrame, two: ZipFrame) -> _Reasons:
    """Compare headers beyond what they mean, and how the content is compressed."""
    entries = pair.first.entry, pair.second.entry
    meant = set[str]()
    if entries[0].mtime != entries[1].mtime:
        meant |= {"DOS time", "local DOS time"}
    if entries[0].mode != entries[1].mode:
        meant.add("external attributes")
    for old, new in zip(one.fields, two.fields, strict=True):
        if old != new and old.name not in meant:
            yield _differs(ZIP_FORMAT, pair, old.name, old.value, new.value)
    if one.hidden != two.hidden:
        yield _differs(UNUSED_BYTES, pair, "behind its data", one.hidden, two.hidden)
    if one.stored != two.stored and pair.first.digest == pair.second.digest:
        yield _differs(COMPRESSION, pair, "", one.stored, two.stored)


def _leftovers(first: Listing, second: Listing) -> _Reasons:
    for old, new in zip(first.leftovers, second.leftovers, strict=True):
        if old != new:
            yield Reason(UNUSED_BYTES, Place(None, old.name, old.value, new.value))
    if first.end != second.end:
        yield Reason(TAR_END, Place(None, "zeros at the end", first.end, second.end))

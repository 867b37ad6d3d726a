"""Comparing two archives or trees: equal, equal but for something harmless, or why not.

The bytes of two archives are compared first. Only when they differ is each of them read, once and
both at the same time, and only files whose digests differ are looked at again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

from countermark.difference.compressors import told_by_manifest
from countermark.difference.listing import DIRECTORY, Listing, list_tree
from countermark.difference.outcome import (
    MAX_PLACES,
    Cause,
    Outcome,
    Place,
    Side,
    TreeComparison,
)
from countermark.difference.packing import Reason, differing_files, packing_reasons
from countermark.difference.places import first_byte
from countermark.errors import missing
from countermark.files import sha256_of
from countermark.rulebook.differences import (
    COMPRESSION,
    RULES,
    SIGNATURE,
    TAR_END,
    UNREADABLE,
    UNUSED_BYTES,
)
from counterproof.errors import TreeError, UnsupportedTreeError
from counterproof.trees.format import ArchiveFormat, identify_start, is_archive, read_start
from counterproof.trees.nested import open_plain, starts_tar
from countersign.errors import SigningError
from countersign.rule import Rule

__all__ = ["compare_trees", "is_tree"]

_UNKNOWN: Final = "unknown"


class _Read(NamedTuple):
    """One side, as far as it could be read."""

    path: Path
    sha256: str | None
    form: str
    listing: Listing | None = None
    problem: TreeError | None = None

    @property
    def compressor(self) -> str | None:
        """What the archive and the manifest beside it tell of its compressor."""
        header = self.listing.compressor if self.listing is not None else None
        told = (header, told_by_manifest(self.path, self.sha256))
        return ", that is ".join(each for each in told if each) or None

    @property
    def side(self) -> Side:
        known = self.listing or Listing(form=self.form)
        return Side(
            path=self.path,
            form=known.form,
            sha256=self.sha256,
            content_sha256=known.content_sha256,
            compressor=self.compressor,
            prefix=known.prefix,
            members=len(known.items) if self.listing is not None else None,
        )


def compare_trees(first: Path, second: Path) -> TreeComparison:
    """Compare two archives or directories, or one with the other.

    Raises :class:`CountermarkError` for a path at which there is nothing, and :class:`TreeError`
    for what cannot be read, is neither, or is changed meanwhile. An archive that is damaged, or
    should not be unpacked, differs from a good one, and that is the cause.
    """
    for path in (first, second):
        if not path.exists():
            raise missing(path)
        if not (path.is_dir() or path.is_file()):  # a pipe may have no end
            raise _no_tree(path)
    with ThreadPoolExecutor(2, thread_name_prefix="compare") as threads:
        digests = tuple(threads.map(_digest, (first, second)))
        forms = tuple(map(_form, (first, second)))
        if _UNKNOWN in forms and (DIRECTORY in forms or forms[0] == forms[1]):
            raise _no_tree((first, second)[forms.index(_UNKNOWN)])
        begun = [_Read(*each) for each in zip((first, second), digests, forms, strict=True)]
        if digests[0] is not None and digests[0] == digests[1]:
            return TreeComparison(
                first=begun[0].side, second=begun[1].side, outcome=Outcome.IDENTICAL
            )
        one, other = threads.map(_read, begun)
    causes = tuple(_causes(_reasons(one, other)))
    outcome = _outcome(one, other, {cause.rule.id for cause in causes})
    return TreeComparison(first=one.side, second=other.side, outcome=outcome, causes=causes)


def is_tree(path: Path) -> bool:
    """Tell whether a path is a directory, or an archive that is read here.

    What is compressed without being a tar is a file. Raises :class:`TreeError` when it cannot be
    read.
    """
    form = _form(path)
    if form not in (ArchiveFormat.TAR_GZ, ArchiveFormat.TAR_ZST):
        return form != _UNKNOWN
    try:
        with open_plain(path, ArchiveFormat(form)) as stream:
            return starts_tar(stream.head())
    except TreeError:  # its data is damaged
        return False


def _form(path: Path) -> str:
    if path.is_dir():
        return DIRECTORY
    try:
        return identify_start(read_start(path), str(path)) or _UNKNOWN
    except UnsupportedTreeError:  # another archive, which is named when it is read
        return _UNKNOWN


def _no_tree(path: Path) -> UnsupportedTreeError:
    return UnsupportedTreeError(str(path), "neither a directory nor an archive")


def _digest(path: Path) -> str | None:
    if path.is_dir():
        return None
    try:
        return sha256_of(path)
    except OSError as error:
        raise TreeError(str(path), error.strerror or str(error)) from error


def _read(begun: _Read) -> _Read:
    """List a side; an archive that is no good is a result, the system's trouble is none."""
    try:
        return begun._replace(listing=list_tree(begun.path))
    except TreeError as error:
        unknown = begun.form == _UNKNOWN and is_archive(begun.path)
        if unknown or begun.form == DIRECTORY or isinstance(error.__cause__, OSError):
            raise
        return begun._replace(problem=error)


def _reasons(one: _Read, other: _Read) -> Iterator[Reason]:
    if one.listing is None or other.listing is None:
        yield from _unreadable(one, other)
        return
    left, right = one.listing, other.listing
    if left.content_sha256 is not None and left.content_sha256 == right.content_sha256:
        yield _compression(one, other)
        return
    reasons = [*_contents(one.path, left, other.path, right), *packing_reasons(left, right)]
    yield from reasons
    if not reasons and left.family == right.family != DIRECTORY:
        yield _compression(one, other) if left.family == "zip" else _unexplained(left, right)


def _contents(first: Path, left: Listing, second: Path, right: Listing) -> Iterator[Reason]:
    pairs = list(differing_files(left, right))
    if not pairs:
        return
    from countermark.difference.contents import content_reason
    from countermark.difference.pairing import pair_contents

    try:
        for path, one, other in pair_contents(first, second, pairs, (left.prefix, right.prefix)):
            yield content_reason(path, one, other)
    except SigningError as error:
        raise TreeError(str(first), str(error)) from error


def _unreadable(one: _Read, other: _Read) -> Iterator[Reason]:
    """Say what is wrong with which, and where the two archives begin to differ."""
    problems = [each.problem.problem if each.problem else None for each in (one, other)]
    yield Reason(UNREADABLE, Place(None, "", *(each or "can be read" for each in problems)))
    if one.form != DIRECTORY and other.form != DIRECTORY:
        yield from _first_byte(UNREADABLE, one, other)


def _compression(one: _Read, other: _Read) -> Reason:
    words = [each.compressor or "not compressed" for each in (one, other)]
    if words[0] != words[1]:
        return Reason(COMPRESSION, Place(None, "", *words))
    return next(_first_byte(COMPRESSION, one, other))


def _unexplained(left: Listing, right: Listing) -> Reason:
    digests = (f"SHA-256 {each.content_sha256}" for each in (left, right))
    return Reason(UNUSED_BYTES, Place(None, "the tar inside", *digests))


def _first_byte(rule: Rule, one: _Read, other: _Read) -> Iterator[Reason]:
    try:
        found = first_byte(one.path, other.path)
    except OSError as error:
        raise TreeError(str(one.path), error.strerror or str(error)) from error
    if found is not None:
        what = f"from byte {found.offset:#x} on, {found.where}"
        yield Reason(rule, Place(None, what, found.first, found.second))


def _causes(reasons: Iterable[Reason]) -> Iterator[Cause]:
    """Gather the places of each cause; the gravest comes first."""
    places: dict[str, list[Place]] = {}
    totals: Counter[str] = Counter()
    for rule, place in reasons:
        totals[rule.id] += 1
        kept = places.setdefault(rule.id, [])
        if len(kept) < MAX_PLACES:
            kept.append(place)
    for rule in RULES:
        if rule.id in places:
            yield Cause(rule=rule, total=totals[rule.id], places=tuple(places[rule.id]))


def _outcome(one: _Read, other: _Read, rules: set[str]) -> Outcome:
    if not rules:
        forms = [each.listing.family for each in (one, other) if each.listing]
        return Outcome.IDENTICAL if forms[0] == forms[1] else Outcome.CONTENT
    if rules <= {COMPRESSION.id, TAR_END.id}:
        return Outcome.COMPRESSION
    harmless = {COMPRESSION.id, TAR_END.id, SIGNATURE.id}
    return Outcome.SIGNATURES if rules <= harmless else Outcome.DIFFERENT

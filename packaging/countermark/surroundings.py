"""What lies around images and counts for them: the rest of bundles, and AppleDouble files.

Rules R60, P9 and N9 stand here; those of bundles are :mod:`countersign.bundle`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from countersign.appledouble import AppleDouble, owner_of, parse_apple_double
from countersign.bundle.reader import BundleReader, with_bundle
from countersign.findings import FileVerdict
from countersign.rules import broken

if TYPE_CHECKING:
    from counterproof.entry import Entry
    from countersign.source import Source

__all__ = ["Surroundings", "member_name"]

Names: TypeAlias = tuple[str, ...]
"""The paths of a member in each of the archives that it stands in, the outermost one's first."""


_Key: TypeAlias = tuple[str, str | None]
"""The path and the member of a verdict."""


def member_name(names: Iterable[str]) -> str:
    """Name a member of an archive through the archives that it stands in."""
    return ": ".join(names)


class Companion(NamedTuple):
    """An AppleDouble file, by which macOS knows more about another file."""

    path: Path
    """The archive that it stands in, or itself."""
    names: Names
    """Empty for a file in a directory."""
    content: AppleDouble


class Unread(NamedTuple):
    """An archive that is not looked into, because it is of a kind that is not read."""

    path: Path
    names: Names
    reason: str


class Surroundings:
    """Takes note of all that is passed on the way, and judges what it means for the images."""

    def __init__(self) -> None:
        self._companions: list[Companion] = []
        self._unread: list[Unread] = []
        self._bundles: dict[tuple[Path, Names], BundleReader] = {}
        """By the directory or the archive, and the archives in that one."""

    def pass_directory(self, root: Path) -> None:
        """Take note of a directory that a user named. Raises :class:`ReadError`."""
        self._reader(root, ()).read_directory(root)

    def pass_file(self, path: Path, head: bytes) -> None:
        """Take note of a file in a directory that is neither an image nor an archive."""
        content = parse_apple_double(head) if owner_of(PurePosixPath(path)) else None
        if content is not None:
            self._companions.append(Companion(path, (), content))

    def pass_entry(self, path: Path, names: Names, entry: Entry) -> None:
        """Take note of a directory or a link in the archive ``path``."""
        reader = self._reader(path, names[:-1])
        if entry.kind == "symlink":
            reader.add_link(entry.path, entry.link_target or "")
        elif entry.kind == "hard link":
            reader.add_hard_link(entry.path, PurePosixPath(entry.link_target or ""))
        else:
            reader.add_directory(entry.path)

    def wants(self, path: Path, names: Names) -> bool:
        """Tell whether :meth:`pass_member` would look at the whole content of a member."""
        return self._reader(path, names[:-1]).wants(PurePosixPath(names[-1]))

    def pass_member(self, path: Path, names: Names, entry: Entry, source: Source) -> None:
        """Take note of a file in the archive ``path``. Raises what the source raises."""
        executable = bool((entry.mode or 0) & 0o111)
        self._reader(path, names[:-1]).add_file(entry.path, source, executable=executable)

    def pass_head(self, path: Path, names: Names, head: bytes) -> None:
        """Take note of how a file in the archive ``path`` begins."""
        content = parse_apple_double(head) if owner_of(PurePosixPath(names[-1])) else None
        if content is not None:
            self._companions.append(Companion(path, names, content))

    def pass_unread(self, path: Path, names: Names, reason: str) -> None:
        """Take note of an archive that is not looked into."""
        self._unread.append(Unread(path, names, reason))

    def judge(self, files: Sequence[FileVerdict]) -> tuple[FileVerdict, ...]:
        """Add what speaks against images to their verdicts, and verdicts about what is no image.

        Raises :class:`SigningError` when a file of a bundle on disk cannot be read.
        """
        verdicts: dict[_Key, FileVerdict] = {(file.path, file.member): file for file in files}
        self._judge_bundles(verdicts)
        litter = [each for each in self._companions if not _charge(each, verdicts)]
        return (*verdicts.values(), *_litter(litter), *map(_not_looked_into, self._unread))

    def _judge_bundles(self, verdicts: dict[_Key, FileVerdict]) -> None:
        for (top, names), reader in self._bundles.items():
            for path, findings in reader.findings().items():
                key = _key(top, names, path)
                verdict = verdicts.get(key, FileVerdict(path=key[0], member=key[1]))
                verdicts[key] = with_bundle(verdict, findings)

    def _reader(self, top: Path, names: Names) -> BundleReader:
        reader = self._bundles.get((top, names))
        if reader is None:
            reader = BundleReader(top.resolve().name if top.is_dir() else "")
            self._bundles[top, names] = reader
        return reader


def _key(top: Path, names: Names, path: PurePosixPath) -> _Key:
    """Say how the verdict about a file below a directory or in an archive is found."""
    if top.is_dir():
        return str(top / path), None
    return str(top), member_name((*names, str(path)))


def _charge(companion: Companion, verdicts: dict[_Key, FileVerdict]) -> bool:
    """Reject the image that gets of a companion what codesign refuses; tell whether there is one.

    In a directory, macOS does not join the two.
    """
    path, names, content = companion
    owner = owner_of(PurePosixPath(names[-1])) if names else None
    if owner is None or not any(content):
        return False
    key = _key(path, names[:-1], owner)
    verdict = verdicts.get(key)
    if verdict is None:
        return False
    message = f"{member_name(names)} gives it {_describe(content)}"
    verdicts[key] = replace(verdict, findings=(*verdict.findings, broken("R60", None, message)))
    return True


def _describe(content: AppleDouble) -> str:
    parts = []
    if content.resource_fork:
        parts.append("a resource fork")
    if content.finder_info:
        parts.append("Finder information")
    return " and ".join(parts)


def _litter(companions: Iterable[Companion]) -> Iterator[FileVerdict]:
    """Say once for every directory and every archive what lies about in it."""
    places: dict[Path, list[str]] = defaultdict(list)
    for path, names, _ in companions:
        places[path if names else path.parent].append(member_name(names) or path.name)
    for place, found in places.items():
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        finding = broken("P9", None, f"AppleDouble files lie in it: {found[0]}{more}")
        yield FileVerdict(path=str(place), findings=(finding,))


def _not_looked_into(unread: Unread) -> FileVerdict:
    finding = broken("N9", 0, f"it was not looked into: {unread.reason}")
    member = member_name(unread.names) or None
    return FileVerdict(path=str(unread.path), member=member, findings=(finding,))

"""What lies around images and counts for them: the rest of bundles, and AppleDouble files.

Rules R60, P9 and N9 stand here; those of bundles are :mod:`countersign.bundle`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from countersign.appledouble import AppleDouble, owner_of, parse_apple_double
from countersign.bundle.candidates import BETRAYERS, may_lie_in_bundle
from countersign.bundle.verdict import with_bundle
from countersign.findings import FileVerdict
from countersign.rules import broken

if TYPE_CHECKING:
    from counterproof.trees.entry import Entry
    from countersign.bundle.reader import BundleReader
    from countersign.source import Source

__all__ = ["Names", "Surroundings", "Watch", "member_name"]

Names: TypeAlias = tuple[str, ...]
"""The paths of a member in each of the archives that it stands in, the outermost one's first."""


See: TypeAlias = Callable[[bytes], object]
"""What the pieces of a file are shown to."""
Watch: TypeAlias = Callable[[See], None]
"""Shows the pieces of a file, while somebody else reads it."""

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
        self._betrayed: set[Path] = set()

    def pass_names(self, root: Path, names: Iterable[Path]) -> None:
        """Take note of the names of a file in a directory that a user named."""
        if not BETRAYERS.isdisjoint(each.name for each in names):
            self._betrayed.add(root)

    def pass_directory(self, root: Path) -> None:
        """Take note of a directory that a user named, if anything betrayed a bundle in it.

        Raises :class:`ReadError`.
        """
        if root in self._betrayed:
            self._reader(root, ()).read_directory(root)

    def pass_file(self, path: Path, head: bytes) -> None:
        """Take note of a file in a directory that is neither an image nor an archive."""
        content = parse_apple_double(head) if owner_of(PurePosixPath(path)) else None
        if content is not None:
            self._companions.append(Companion(path, (), content))

    def pass_entry(self, path: Path, names: Names, entry: Entry) -> None:
        """Take note of a directory or a link in the archive ``path``."""
        if not may_lie_in_bundle(entry.path):
            return
        reader = self._reader(path, names[:-1])
        if entry.kind == "symlink":
            reader.add_link(entry.path, entry.link_target or "")
        elif entry.kind == "hard link":
            reader.add_hard_link(entry.path, PurePosixPath(entry.link_target or ""))
        else:
            reader.add_directory(entry.path)

    def pass_image(self, path: Path, names: Names, entry: Entry, source: Source) -> None:
        """Take note of an image in the archive ``path``. Raises what the source raises."""
        if may_lie_in_bundle(entry.path):
            reader = self._reader(path, names[:-1])
            reader.add_program(entry.path, source, executable=_is_executable(entry))

    def pass_member(self, path: Path, names: Names, entry: Entry, pieces: Iterable[bytes]) -> None:
        """Take note of any other file in the archive ``path``, which is read if it has to be.

        Raises what reading it raises.
        """
        see = self._noting(path, names, entry)
        if see is not None:
            for piece in pieces:
                see(piece)

    def pass_archive(
        self,
        path: Path,
        names: Names,
        entry: Entry,
        watch: Watch,
    ) -> None:
        """Take note of an archive in the archive ``path``, while it is read by others."""
        see = self._noting(path, names, entry)
        if see is not None:
            watch(see)

    def forget(self, path: Path, names: Names) -> None:
        """Judge no bundle in an archive that could not be read to its end."""
        self._bundles.pop((path, names), None)

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

    def _noting(self, path: Path, names: Names, entry: Entry) -> See | None:
        """Give what the pieces of a file are shown to; None for one that lies in no bundle."""
        if not may_lie_in_bundle(entry.path):
            return None
        reader = self._reader(path, names[:-1])
        return reader.add_file(entry.path, executable=_is_executable(entry)).update

    def _reader(self, top: Path, names: Names) -> BundleReader:
        from countersign.bundle.reader import BundleReader

        return self._bundles.setdefault((top, names), BundleReader())


def _is_executable(entry: Entry) -> bool:
    return bool((entry.mode or 0) & 0o111)


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
    verdicts[key] = verdict._replace(findings=(*verdict.findings, broken("R60", None, message)))
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

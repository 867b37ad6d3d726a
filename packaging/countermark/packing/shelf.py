"""Archives of an earlier run, put aside until it is known whether they are still right.

Packing takes most of a run in which nothing has changed. An archive is kept when everything that
its bytes and its acceptance follow from is the same, told by content and never by a time, and
when it is itself, byte for byte, what was packed and accepted then.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from countermark.edition import edition
from countermark.files import publish, read_ordinary, sha256_of, write_whole
from countermark.packing.archive import Accept, Artifact, pack_members
from countermark.packing.members import Member
from countermark.packing.press import Press
from countermark.packing.tarball import tar_digest

__all__ = ["Shelf"]

_LARGEST: Final = 1 << 16
"""Bytes of a record that are read."""


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of an archive that was packed and accepted."""

    made_from: str
    """64 digits over all that it follows from."""
    sha256: str
    content_sha256: str | None
    compressor: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A directory with archives that are not published, and the records of those that were."""

    directory: Path

    def take_down(self, archives: Iterable[Path]) -> None:
        """Take archives away from where they are published.

        Those that have a record are put aside; nothing but these stays on the shelf.
        """
        if self.directory.is_symlink():
            self.directory.unlink()
        taken = tuple(archives)
        for archive in taken:
            if archive.is_file() and not archive.is_symlink() and self._record(archive).is_file():
                archive.replace(self._place(archive))
            else:
                archive.unlink(missing_ok=True)
        self._forget_others({path for each in taken for path in self._belongings(each)})

    def pack(
        self,
        members: Iterable[Member],
        archive: Path,
        *,
        epoch: int,
        press: Press,
        accept: Accept,
        demands: str,
    ) -> Artifact:
        """Bring back the archive that was put aside, or pack it as :func:`pack_members` does.

        ``demands`` stands for all that ``accept`` decides by, besides the members.
        """
        ordered = tuple(sorted(members, key=lambda member: member.key))

        def follows_from() -> tuple[str, ...]:
            return (tar_digest(ordered, epoch), press.identify(archive.suffix), demands)

        return self.keep(
            archive,
            follows_from,
            lambda: pack_members(ordered, archive, epoch=epoch, press=press, accept=accept),
            temporary=press.temporary,
        )

    def keep(
        self,
        archive: Path,
        follows_from: Callable[[], object],
        make: Callable[[], Artifact],
        *,
        temporary: Path,
    ) -> Artifact:
        """Bring back the archive that was put aside, or make it.

        ``follows_from`` tells, by a value with a true ``repr``, all that the archive follows from;
        it is asked once more when the archive is made, for what changes meanwhile may be in it.
        """
        made_from = _made_from(archive, follows_from())
        kept = self._bring_back(archive, made_from)
        if kept is not None:
            return kept
        made = make()
        if _made_from(archive, follows_from()) == made_from:
            self._note(made, made_from, temporary)
        return made

    def _bring_back(self, archive: Path, made_from: str) -> Artifact | None:
        """Publish an archive of the shelf again; one that is not right is thrown away."""
        place, record = self._place(archive), self._read(archive)
        if record is None or record.made_from != made_from or not _is(place, record.sha256):
            for path in self._belongings(archive):
                path.unlink(missing_ok=True)
            return None
        publish(place, archive)
        return Artifact(
            path=archive,
            size=archive.stat().st_size,
            sha256=record.sha256,
            content_sha256=record.content_sha256,
            compressor=record.compressor,
            kept=True,
        )

    def _note(self, packed: Artifact, made_from: str, temporary: Path) -> None:
        record = _Record(
            made_from=made_from,
            sha256=packed.sha256,
            content_sha256=packed.content_sha256,
            compressor=packed.compressor,
        )
        self.directory.mkdir(exist_ok=True)
        write_whole(self._record(packed.path), msgspec.json.encode(record), temporary=temporary)

    def _read(self, archive: Path) -> _Record | None:
        try:
            return msgspec.json.decode(read_ordinary(self._record(archive), _LARGEST), type=_Record)
        except (OSError, UnicodeDecodeError, msgspec.DecodeError):
            return None

    def _forget_others(self, belongings: set[Path]) -> None:
        """Remove what an earlier run packed under names that this one does not use."""
        with contextlib.suppress(FileNotFoundError):
            for path in tuple(self.directory.iterdir()):
                if path not in belongings:
                    path.unlink()

    def _belongings(self, archive: Path) -> tuple[Path, Path]:
        return self._place(archive), self._record(archive)

    def _place(self, archive: Path) -> Path:
        return self.directory / archive.name

    def _record(self, archive: Path) -> Path:
        return self.directory / f"{archive.name}.json"


def _made_from(archive: Path, follows_from: object) -> str:
    parts = (edition(), archive.name, follows_from)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _is(path: Path, sha256: str) -> bool:
    """Tell whether a file is the very one; a link might be another one tomorrow."""
    try:
        return path.is_file() and not path.is_symlink() and sha256_of(path) == sha256
    except OSError:
        return False

"""Where the list of a release and its signatures stand.

Either ``SHA256SUMS`` with ``SHA256SUMS.asc`` beside it, as a release is published, or a directory
of guix.sigs, ``VERSION/SIGNER/all.SHA256SUMS`` with its ``.asc``: every signer has a list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError, missing
from countermark.sums.reading import LARGEST_LIST, Sums, parse_sums
from countersign.escaping import listed

__all__ = ["SIGNATURES", "SUMS", "SignedList", "Sources", "find_sources"]

SUMS: Final = "SHA256SUMS"
"""The name of a list in a directory."""

SIGNATURES: Final = f"{SUMS}.asc"
"""The name of the file that holds the signatures of all who signed it."""

ATTESTED: Final = ("all.SHA256SUMS", "noncodesigned.SHA256SUMS")
"""Those of a signer in guix.sigs; the first that anybody has is taken."""

_SUFFIXES: Final = (".asc", ".sig", ".gpg")
"""Of files of signatures, in the order in which they are looked for."""

LARGEST_SIGNATURES: Final = 1 << 22
"""Octets of a file of signatures that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedList:
    """A list and the files of signatures of exactly these bytes."""

    path: Path
    content: bytes
    signatures: tuple[tuple[Path, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The list that is checked, and whoever signed for it."""

    sums: Sums
    path: Path
    lists: tuple[SignedList, ...]
    """Those that say the same, each with its signatures."""
    others: tuple[Path, ...] = ()
    """Lists of signers that say something else."""
    beside: bool = True
    """True when the files are to be expected beside the list."""

    @property
    def directory(self) -> Path:
        """Where the listed files are when nobody says otherwise.

        Raises :class:`ConfigurationError` for lists of signers, beside which there are none.
        """
        if not self.beside:
            raise ConfigurationError(
                f"where are the files that {self.path} lists?",
                hint="Name the directory of the downloaded files with --directory.",
            )
        return self.path.parent

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that were read."""
        signatures = (path for each in self.lists for path, _ in each.signatures)
        return (*(each.path for each in self.lists), *signatures, *self.others)


def find_sources(path: Path, signatures: Sequence[Path] = ()) -> Sources:
    """Find the list at ``path``, a file or a directory, and its signatures.

    Without ``signatures`` they are looked for beside the list. In a directory of guix.sigs the list
    is the one that most signers have. Raises :class:`ConfigurationError` for what is not there, is
    too large, or cannot be decided.
    """
    if not path.is_dir():
        return _single(path, signatures)
    if (path / SUMS).exists():
        return _single(path / SUMS, signatures)
    for name in ATTESTED:
        found = sorted(path.glob(f"*/{name}"))
        if found and not signatures:
            return _attested(path, found)
    raise ConfigurationError(
        f"{path} holds neither {SUMS} nor folders of signers with {ATTESTED[0]}",
        hint="Name the list itself.",
    )


def _single(path: Path, signatures: Sequence[Path]) -> Sources:
    content = _read(path, LARGEST_LIST)
    named = tuple(signatures) or _beside(path)
    if not named:
        raise ConfigurationError(
            f"there is no {path.name}.asc beside {path}",
            hint="Get the file of signatures too, and name it with --signatures.",
        )
    read = tuple((each, _read(each, LARGEST_SIGNATURES)) for each in named)
    one = SignedList(path=path, content=content, signatures=read)
    return Sources(sums=parse_sums(content), path=path, lists=(one,))


def _beside(path: Path) -> tuple[Path, ...]:
    beside = (path.with_name(path.name + suffix) for suffix in _SUFFIXES)
    return tuple(each for each in beside if each.exists())[:1]


def _attested(folder: Path, paths: Sequence[Path]) -> Sources:
    """Take the list that most signers have, and their signatures of it."""
    contents = {path: _read(path, LARGEST_LIST) for path in paths}
    parsed = {path: parse_sums(content) for path, content in contents.items()}
    said = {path: frozenset(sums.digests.items()) for path, sums in parsed.items()}
    (first, most), *others = Counter(said.values()).most_common()
    if others and others[0][1] == most:
        rivals = [path.parent.name for path in paths if said[path] in (first, others[0][0])]
        raise ConfigurationError(
            f"{folder}: no list has more signers than every other: {listed(rivals)}",
            hint="Name the list of one of them.",
        )
    same = [path for path in paths if said[path] == first]
    return Sources(
        sums=parsed[same[0]],
        path=same[0],
        beside=False,
        lists=tuple(
            SignedList(
                path=path,
                content=contents[path],
                signatures=tuple((each, _read(each, LARGEST_SIGNATURES)) for each in _beside(path)),
            )
            for path in same
        ),
        others=tuple(path for path in paths if said[path] != first),
    )


def _read(path: Path, most: int) -> bytes:
    if not path.exists():
        raise missing(path)
    if not path.is_file():
        raise ConfigurationError(f"{path} is no file", hint="Name a file.")
    with path.open("rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise ConfigurationError(
            f"{path} has more than {most >> 20} MiB",
            hint="It is neither a list nor a file of signatures; check its name.",
        )
    return content

"""A folder of keys that are trusted for one purpose, such as ``builder-keys/`` of guix.sigs.

The folder itself is what is trusted: whoever keeps it decides whose signatures count. No key server
and no web of trust is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from countermark.errors import ConfigurationError, MissingToolError, missing
from countermark.openpgp.certificate import Certificate, NotAKeyError, read_certificate
from countermark.openpgp.keyfile import read_keys
from countermark.rulebook.signatures import (
    NOT_A_KEY,
    ONE_PERSON,
    SECRET_KEY,
    UNSUPPORTED_KEY,
)
from counterproof.rules import breach
from countersign.escaping import listed, printable
from countersign.findings import Finding, Severity

if TYPE_CHECKING:
    from pysequoia import Cert

__all__ = ["SUFFIXES", "Keyring", "Problem", "read_keyring"]

SUFFIXES: Final = (".gpg", ".asc", ".pgp")
"""Names of the files of a folder that are read."""


class Problem(NamedTuple):
    """What is wrong with one file of a keyring."""

    file: str
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The keys of a folder, each primary key once."""

    path: Path
    certificates: tuple[Certificate, ...]
    persons: Mapping[str, str]
    """By the fingerprint of every certificate that of the first one of its owner: certificates
    with an address in common belong to one person, who counts once."""
    files: Mapping[str, frozenset[str]]
    """By the fingerprint of every certificate the names of all files that hold it."""
    problems: tuple[Problem, ...] = ()

    def place(self, file: str) -> Path:
        """Return the path of one of its files."""
        return self.path / file if self.path.is_dir() else self.path

    def holding(self, issuer: str) -> tuple[Certificate, ...]:
        """Return the certificates that have a key of this fingerprint or key id."""
        return tuple(each for each in self.certificates if each.key(issuer) is not None)


def read_keyring(path: Path) -> Keyring:
    """Read the certificates in a file, or in all files of a folder named :data:`SUFFIXES`.

    A file that is no key is a problem of the keyring, and so is all that makes it doubtful. Raises
    :class:`ConfigurationError` when nothing is there, and :class:`MissingToolError` without
    pysequoia.
    """
    _require_pysequoia()
    gathering = _Gathering()
    for file in _files(path):
        gathering.add(file)
    certificates = gathering.understood()
    persons = _persons(certificates)
    return Keyring(
        path=path,
        certificates=certificates,
        persons=persons,
        files={primary: frozenset(each.files) for primary, each in gathering.found.items()},
        problems=(*gathering.problems, *_several_keys(certificates, persons)),
    )


class _Found(NamedTuple):
    """A certificate, put together from all its copies, and where they stand."""

    certificate: Cert
    files: tuple[str, ...]


class _Gathering:
    """What was found in the files so far."""

    def __init__(self) -> None:
        self.found: dict[str, _Found] = {}
        self.problems: list[Problem] = []

    def add(self, file: Path) -> None:
        """Add the certificates of a file; one that is known already gains what the copy says."""
        try:
            read = read_keys(file)
        except NotAKeyError as error:
            self.problems.append(Problem(file.name, breach(NOT_A_KEY, str(error))))
            return
        for what in read.unsupported:
            found = breach(UNSUPPORTED_KEY, what, severity=Severity.WARNING)
            self.problems.append(Problem(file.name, found))
        if read.secret:
            self.problems.append(Problem(file.name, breach(SECRET_KEY, "a secret key is in it")))
        for certificate in read.certificates:
            primary = certificate.fingerprint.upper()
            known = self.found.get(primary)
            merged = known.certificate.merge(certificate) if known else certificate
            files = known.files if known else ()
            self.found[primary] = _Found(merged, (*files, file.name))

    def understood(self) -> tuple[Certificate, ...]:
        """Return the certificates, and note which of them cannot be understood."""
        certificates = []
        for certificate, files in self.found.values():
            try:
                certificates.append(read_certificate(certificate, files[0]))
            except NotAKeyError as error:
                self.problems.append(Problem(files[0], breach(NOT_A_KEY, str(error))))
        return tuple(certificates)


def _require_pysequoia() -> None:
    try:
        import pysequoia  # noqa: F401
    except ImportError as error:
        raise MissingToolError(
            "OpenPGP signatures cannot be checked: pysequoia is not installed",
            hint="Install it with: python -m pip install 'countermark[attest]'.",
        ) from error


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        named = (each for each in path.iterdir() if each.suffix.lower() in SUFFIXES)
        files = sorted(each for each in named if not each.is_dir())
        if not files:
            raise ConfigurationError(
                f"{path} holds no file named {', '.join(f'*{suffix}' for suffix in SUFFIXES)}",
                hint="Name the folder of the keys that count, such as builder-keys of guix.sigs.",
            )
        return files
    if not path.exists():
        raise missing(path)
    return [path]


def _persons(certificates: Iterable[Certificate]) -> dict[str, str]:
    """Return the fingerprint of each person's first certificate by that of every certificate."""
    persons: dict[str, str] = {}
    owners: dict[str, str] = {}
    for certificate in certificates:
        known = sorted({owners[email] for email in certificate.emails if email in owners})
        person = known[0] if known else certificate.fingerprint
        for other in known[1:]:  # an address joins two that seemed to be different
            persons = {key: person if old == other else old for key, old in persons.items()}
            owners = {email: person if old == other else old for email, old in owners.items()}
        owners.update(dict.fromkeys(certificate.emails, person))
        persons[certificate.fingerprint] = person
    return persons


def _several_keys(
    certificates: tuple[Certificate, ...], persons: Mapping[str, str]
) -> Iterator[Problem]:
    """Say of whom there are several keys."""
    for person in dict.fromkeys(persons.values()):
        theirs = [each for each in certificates if persons[each.fingerprint] == person]
        if len(theirs) > 1:
            keys = listed([f"{each.fingerprint} ({each.file})" for each in theirs])
            message = f"{printable(theirs[0].name)} has {len(theirs)} keys: {keys}"
            yield Problem(theirs[-1].file, breach(ONE_PERSON, message))

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
from countermark.openpgp.armor import blocks, packets
from countermark.openpgp.certificate import Certificate, read_certificate
from countermark.openpgp.wording import first_line
from countermark.rulebook.signatures import NOT_A_KEY, ONE_PERSON, SECRET_KEY
from counterproof.rules import breach
from countersign.escaping import listed, printable

if TYPE_CHECKING:
    from pysequoia import Cert

    from countersign.findings import Finding

__all__ = ["LARGEST_KEY", "SUFFIXES", "Keyring", "Problem", "read_keyring"]

SUFFIXES: Final = (".gpg", ".asc", ".pgp")
"""Names of the files of a folder that are read."""

LARGEST_KEY: Final = 1 << 24
"""Octets of a file that is read as a key; the largest builder's key has 82,000."""

MOST_KEYS: Final = 1000
"""Certificates that are read from one file or folder."""

_PARTS: Final = frozenset({2, 5, 6, 7, 10, 12, 13, 14, 17, 21, *range(60, 64)})
"""Packets that a certificate may have: keys, user ids, signatures, and what is passed over.
Compressed and encrypted ones, which could grow when they are read, are not among them."""


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
    certificates: dict[str, tuple[Cert, str]] = {}
    files: dict[str, frozenset[str]] = {}
    problems: list[Problem] = []
    for file in _files(path):
        try:
            found = _certificates(file)
        except _UnreadableError as error:
            problems.append(Problem(file.name, breach(NOT_A_KEY, f"{error}")))
            continue
        for certificate in found:
            known, first = certificates.get(certificate.fingerprint, (certificate, file.name))
            merged = known if known is certificate else known.merge(certificate)
            certificates[certificate.fingerprint] = (merged, first)
            primary = certificate.fingerprint.upper()
            files[primary] = files.get(primary, frozenset()) | {file.name}
    read = tuple(read_certificate(each, name) for each, name in certificates.values())
    persons = _persons(read)
    return Keyring(
        path=path,
        certificates=read,
        persons=persons,
        files=files,
        problems=(*problems, *_doubts(read, persons)),
    )


class _UnreadableError(Exception):
    """A file is not what it should be; the text says why."""


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
        files = sorted(each for each in named if each.is_file())
        if not files:
            raise ConfigurationError(
                f"{path} holds no file named {', '.join(f'*{suffix}' for suffix in SUFFIXES)}",
                hint="Name the folder of the keys that count, such as builder-keys of guix.sigs.",
            )
        return files
    if not path.exists():
        raise missing(path)
    return [path]


def _certificates(file: Path) -> list[Cert]:
    with file.open("rb") as stream:
        content = stream.read(LARGEST_KEY + 1)
    if len(content) > LARGEST_KEY:
        raise _UnreadableError(f"more than {LARGEST_KEY >> 20} MiB are no key")
    return [certificate for binary in _key_blocks(content) for certificate in _parse(binary)]


def _key_blocks(content: bytes) -> Iterator[bytes]:
    """Yield the content of every block of keys, or raise for a block of anything else."""
    found = list(blocks(content))
    if not found:
        raise _UnreadableError("there is no OpenPGP block in it")
    for block in found:
        if block.kind not in ("", "PUBLIC KEY BLOCK", "PRIVATE KEY BLOCK"):
            raise _UnreadableError(f"a {block.kind.lower()} is no key")
        if block.problem:
            raise _UnreadableError(block.problem)
        for packet in packets(block.content):
            if packet.problem or packet.tag not in _PARTS:
                what = packet.problem or f"a packet with tag {packet.tag} is no part of a key"
                raise _UnreadableError(what)
        yield block.content


def _parse(binary: bytes) -> list[Cert]:
    from pysequoia import Cert

    try:
        return Cert.split_bytes(binary)
    except RuntimeError as error:
        raise _UnreadableError(printable(first_line(error))) from error


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


def _doubts(certificates: tuple[Certificate, ...], persons: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what makes a keyring doubtful as a whole."""
    for certificate in certificates:
        if certificate.secret:
            message = f"the secret key of {printable(certificate.name)} is in it"
            yield Problem(certificate.file, breach(SECRET_KEY, message))
    for person in dict.fromkeys(persons.values()):
        theirs = [each for each in certificates if persons[each.fingerprint] == person]
        if len(theirs) > 1:
            keys = listed([f"{each.fingerprint} ({each.file})" for each in theirs])
            message = f"{printable(theirs[0].name)} has {len(theirs)} keys: {keys}"
            yield Problem(theirs[-1].file, breach(ONE_PERSON, message))

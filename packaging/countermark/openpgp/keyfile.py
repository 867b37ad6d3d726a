"""Reading one file of keys, which may be anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from countermark.openpgp.armor import Packet, blocks, packets
from countermark.openpgp.certificate import NotAKeyError
from countermark.openpgp.wording import first_line
from countersign.escaping import printable

if TYPE_CHECKING:
    from pysequoia import Cert

__all__ = ["LARGEST_KEY", "KeyFile", "read_keys"]

LARGEST_KEY: Final = 1 << 24
"""Octets of a file that is read as keys; the largest builder's key has 82,000."""

_PRIMARY: Final = frozenset({5, 6})
"""Tags of packets with which a certificate begins."""

_VERSIONS: Final = (b"\4", b"\6")
"""Of keys that Sequoia PGP reads; version 5 is GnuPG's alone."""

_SECRET: Final = frozenset({5, 7})
"""Tags of secret keys and subkeys: RFC 9580, section 5."""

_PASSED_OVER: Final = frozenset({10, 12, 21})
"""Markers, what GnuPG notes of trust, and padding."""

_PARTS: Final = _SECRET | _PASSED_OVER | {2, 6, 13, 14, 17}
"""Packets that a certificate may have: keys, user ids, signatures, and what is passed over.
Compressed and encrypted ones, which could grow when they are read, are not among them."""


class KeyFile(NamedTuple):
    """What stands in a file of keys."""

    certificates: tuple[Cert, ...]
    secret: bool
    """True when a secret key is among them."""
    unsupported: tuple[str, ...]
    """Why others in it cannot be used here."""


def read_keys(file: Path) -> KeyFile:
    """Read the certificates of a file, armored or binary.

    Raises :class:`NotAKeyError`, and :class:`OSError` when it cannot be read.
    """
    if not file.is_file():
        raise NotAKeyError("it is no ordinary file")
    with file.open("rb") as stream:
        content = stream.read(LARGEST_KEY + 1)
    if len(content) > LARGEST_KEY:
        raise NotAKeyError(f"more than {LARGEST_KEY >> 20} MiB are no key")
    found = [key for binary in _key_blocks(content) for key in _apart(binary)]
    if not found:
        raise NotAKeyError("there is no key in it")
    versions = [key[0].body[:1] for key in found]
    known = [key for key, version in zip(found, versions, strict=True) if version in _VERSIONS]
    return KeyFile(
        certificates=tuple(map(_parse, known)),
        secret=any(part.tag in _SECRET for key in found for part in key),
        unsupported=tuple(
            f"a key of version {int.from_bytes(version)} in it cannot be read"
            for version in versions
            if version not in _VERSIONS
        ),
    )


def _apart(binary: bytes) -> Iterator[list[Packet]]:
    """Yield the packets of each key: all up to the next primary key."""
    key: list[Packet] = []
    for packet in packets(binary):
        if packet.tag in _PASSED_OVER:
            continue
        if packet.tag in _PRIMARY and key:
            yield key
            key = []
        if packet.tag not in _PRIMARY and not key:
            raise NotAKeyError("it does not begin with a key")
        key.append(packet)
    if key:
        yield key


def _key_blocks(content: bytes) -> Iterator[bytes]:
    """Yield the content of every block of keys, or raise for a block of anything else."""
    found = list(blocks(content))
    if not found:
        raise NotAKeyError("there is no OpenPGP block in it")
    for block in found:
        if block.kind not in ("", "PUBLIC KEY BLOCK", "PRIVATE KEY BLOCK"):
            raise NotAKeyError(f"a {block.kind.lower()} is no key")
        if block.problem:
            raise NotAKeyError(block.problem)
        for packet in packets(block.content):
            if packet.problem or packet.tag not in _PARTS:
                what = packet.problem or f"a packet with tag {packet.tag} is no part of a key"
                raise NotAKeyError(what)
        yield block.content


def _parse(key: Iterable[Packet]) -> Cert:
    from pysequoia import Cert

    try:
        return Cert.from_bytes(b"".join(part.encoded for part in key))
    except RuntimeError as error:
        raise NotAKeyError(printable(first_line(error))) from error

"""Reading one file of keys, which may be anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from countermark.openpgp.armor import blocks, packets
from countermark.openpgp.certificate import NotAKeyError
from countermark.openpgp.wording import first_line
from countersign.escaping import printable

if TYPE_CHECKING:
    from pysequoia import Cert

__all__ = ["LARGEST_KEY", "KeyFile", "read_keys"]

LARGEST_KEY: Final = 1 << 24
"""Octets of a file that is read as keys; the largest builder's key has 82,000."""

_SECRET: Final = frozenset({5, 7})
"""Tags of secret keys and subkeys: RFC 9580, section 5."""

_PARTS: Final = _SECRET | {2, 6, 10, 12, 13, 14, 17, 21}
"""Packets that a certificate may have: keys, user ids, signatures, and what is passed over.
Compressed and encrypted ones, which could grow when they are read, are not among them."""


class KeyFile(NamedTuple):
    """What stands in a file of keys."""

    certificates: tuple[Cert, ...]
    secret: bool
    """True when a secret key is among them."""


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
    binaries = list(_key_blocks(content))
    return KeyFile(
        certificates=tuple(each for binary in binaries for each in _parse(binary)),
        secret=any(part.tag in _SECRET for binary in binaries for part in packets(binary)),
    )


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


def _parse(binary: bytes) -> list[Cert]:
    from pysequoia import Cert

    try:
        found = Cert.split_bytes(binary)
    except RuntimeError as error:
        raise NotAKeyError(printable(first_line(error))) from error
    if not found:
        raise NotAKeyError("there is no key in it")
    return found

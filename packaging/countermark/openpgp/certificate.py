"""A certificate: a primary key with its subkeys and user ids, and what is wrong with it.

What it says of itself counts only where its own primary key signed it, so that a revocation that
somebody made up revokes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from countermark.openpgp.component import Component, components_of, newest
from countermark.openpgp.wording import (
    WEAK_HASHES,
    algorithm_name,
    first_line,
    hash_name,
)
from countersign.escaping import listed, printable

if TYPE_CHECKING:
    from pysequoia import Cert
    from pysequoia.packet import Packet

__all__ = ["SMALLEST_MODULUS", "Certificate", "Key", "NotAKeyError", "read_certificate"]

SMALLEST_MODULUS: Final = 2048
"""Bits of an RSA or DSA key below which it is weak; NIST SP 800-131A refuses less since 2014."""


class Key(NamedTuple):
    """One key of a certificate."""

    fingerprint: str
    key_id: str
    created: datetime
    expires: datetime | None
    revoked: bool
    signs: bool
    """True when it is meant to sign files."""
    weakness: str
    """Such as ``RSA of 1024 bits``; empty when there is none."""
    body: bytes
    """The packet of the key, without its header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One person's public key, or what stands in a key folder as such."""

    fingerprint: str
    """Of the primary key: 40 or 64 hexadecimal digits in capitals."""
    file: str
    """The name of the file that it was read from; of the first, when there are several."""
    user_ids: tuple[str, ...]
    """Those that hold first, then the revoked ones; anything may stand in them."""
    keys: tuple[Key, ...]
    """The primary key first."""
    weakness: str
    """Why its signatures prove little whatever they are; empty when there is no such reason."""
    unsupported: str
    """Why nothing that it signed can be checked here; empty when it can."""
    unrevoked: Cert = field(repr=False, compare=False)
    """The certificate without its revocations: so that of a revoked key, too, can be told which
    signature is false."""

    @property
    def revoked(self) -> bool:
        """True when the primary key revoked itself, for whatever reason."""
        return self.keys[0].revoked

    @property
    def expires(self) -> datetime | None:
        """When the primary key expires; None when it never does."""
        return self.keys[0].expires

    def expired(self, now: datetime) -> bool:
        """Tell whether the primary key has expired."""
        return self.expires is not None and self.expires <= now

    @property
    def emails(self) -> frozenset[str]:
        """The addresses in its user ids, in small letters; a user id without one as it is."""
        return frozenset(each for user_id in self.user_ids for each in _emails(user_id))

    @property
    def name(self) -> str:
        """The first user id, or the fingerprint when there is none."""
        return self.user_ids[0] if self.user_ids else self.fingerprint

    def key(self, issuer: str) -> Key | None:
        """Return the key that a fingerprint or a key id names."""
        return next((key for key in self.keys if issuer in (key.fingerprint, key.key_id)), None)


class NotAKeyError(Exception):
    """Something is not a certificate that can be understood; the text says why."""


def read_certificate(certificate: Cert, file: str) -> Certificate:
    """Return what is to be known of a certificate that pysequoia has parsed.

    Raises :class:`NotAKeyError` when it holds what pysequoia cannot write or read again.
    """
    try:
        return _read(certificate, file)
    except RuntimeError as error:
        raise NotAKeyError(printable(first_line(error))) from error


def _read(certificate: Cert, file: str) -> Certificate:
    from pysequoia import Cert
    from pysequoia.packet import PacketPile

    components = components_of(PacketPile.from_bytes(bytes(certificate)))
    user_ids = [part for part in components if part.packet.user_id is not None]
    subkeys = [part for part in components[1:] if part.packet.fingerprint is not None]
    selves = [one for part in (components[0], *user_ids) for one in part.sayings]
    weakness = _weakness(selves)
    expires, unsupported = _expiry(certificate)
    return Certificate(
        fingerprint=certificate.fingerprint.upper(),
        file=file,
        user_ids=_names(certificate, user_ids),
        keys=(_key(components[0], selves, expires), *map(_subkey, subkeys)),
        weakness=weakness,
        unsupported="" if weakness else unsupported,
        unrevoked=Cert.from_packets([each for part in components for each in part.unrevoked]),
    )


def _names(certificate: Cert, user_ids: Iterable[Component]) -> tuple[str, ...]:
    try:
        holding = [str(each) for each in certificate.user_ids]
    except RuntimeError:  # as for the date of expiry
        holding = []
    return tuple(dict.fromkeys((*holding, *(part.packet.user_id or "" for part in user_ids))))


def _weakness(sayings: Iterable[Packet]) -> str:
    """Say so when nothing but a weak hash ties a key to what is said of it."""
    hashes = {hash_name(packet) for packet in sayings}
    if hashes and hashes <= WEAK_HASHES:
        return f"what it says of itself is signed with {listed(sorted(hashes))}"
    return ""


def _expiry(certificate: Cert) -> tuple[datetime | None, str]:
    """Return when the primary key expires, and why that cannot be told."""
    try:
        return certificate.expiration, ""
    except RuntimeError as error:
        return None, first_line(error)


def _subkey(component: Component) -> Key:
    packet, sayings = component.packet, component.sayings
    last = newest(sayings)
    period = last.key_validity_period if last else None
    expires = packet.key_created + period if packet.key_created and period else None
    return _key(component, sayings, expires)


def _key(component: Component, sayings: Iterable[Packet], expires: datetime | None) -> Key:
    packet = component.packet
    return Key(
        fingerprint=(packet.fingerprint or "").upper(),
        key_id=(packet.key_id or "").upper(),
        created=packet.key_created or datetime.fromtimestamp(0, UTC),
        expires=expires,
        revoked=component.revoked,
        signs=component.signs(sayings),
        weakness=_small_modulus(packet) or _weakness(sayings),
        body=packet.body,
    )


def _small_modulus(packet: Packet) -> str:
    """Say so when the numbers of an RSA or DSA key are small; its first one follows 6 octets."""
    algorithm = algorithm_name(packet)
    if packet.body[:1] != b"\4" or not algorithm.startswith(("RSA", "DSA")):
        return ""
    bits = int.from_bytes(packet.body[6:8])
    return f"{algorithm[:3]} of {bits:,} bits" if bits < SMALLEST_MODULUS else ""


_ADDRESS: Final = re.compile(r"<([^<>]+@[^<>]+)>")


def _emails(user_id: str) -> list[str]:
    """Return the addresses in angle brackets, wherever they stand, or else the whole user id."""
    found = _ADDRESS.findall(user_id) or [user_id]
    return [each.strip().casefold() for each in found]

"""A certificate: a primary key with its subkeys and user ids, and what is wrong with it.

What it says of itself counts only where its own primary key signed it: pysequoia leaves out of
``bytes(Cert)`` whatever is not, so that a revocation that somebody made up revokes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from countermark.openpgp.wording import WEAK_HASHES, algorithm_name, first_line
from countersign.escaping import listed

if TYPE_CHECKING:
    from pysequoia import Cert
    from pysequoia.packet import Packet, SignatureType

__all__ = ["SMALLEST_MODULUS", "Certificate", "Key", "read_certificate"]

SMALLEST_MODULUS: Final = 2048
"""Bits of an RSA or DSA key below which it is weak; NIST SP 800-131A refuses less since 2014."""


class Key(NamedTuple):
    """One key of a certificate."""

    fingerprint: str
    key_id: str
    created: datetime
    expires: datetime | None
    revoked: bool
    weakness: str
    """Such as ``RSA of 1024 bits``; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One person's public key, or what stands in a key folder as such."""

    fingerprint: str
    """Of the primary key: 40 or 64 hexadecimal digits in capitals."""
    file: str
    """The name of the file that it was read from; of the first, when there are several."""
    user_ids: tuple[str, ...]
    """As they are in the file: anything may stand in them."""
    keys: tuple[Key, ...]
    """The primary key first."""
    weakness: str
    """Why its signatures prove little whatever they are; empty when there is no such reason."""
    unsupported: str
    """Why nothing that it signed can be checked here; empty when it can."""
    secret: bool
    """True when the secret key stands in the same file."""
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
        return frozenset(map(_email, self.user_ids))

    @property
    def name(self) -> str:
        """The first user id, or the fingerprint when there is none."""
        return self.user_ids[0] if self.user_ids else self.fingerprint

    def key(self, issuer: str) -> Key | None:
        """Return the key that a fingerprint or a key id names."""
        return next((key for key in self.keys if issuer in (key.fingerprint, key.key_id)), None)


def read_certificate(certificate: Cert, file: str) -> Certificate:
    """Return what is to be known of a certificate that pysequoia has parsed."""
    from pysequoia.packet import PacketPile

    components = list(_components(PacketPile.from_bytes(bytes(certificate))))
    primary = components[0][0]
    user_ids = [part for part in components if part[0].user_id is not None]
    subkeys = [part for part in components[1:] if part[0].fingerprint is not None]
    weakness = _weakness([components[0], *user_ids], primary)
    expires, unsupported = _expiry(certificate)
    return Certificate(
        fingerprint=certificate.fingerprint.upper(),
        file=file,
        user_ids=tuple(part[0].user_id or "" for part in user_ids),
        keys=(
            _key(primary, expires, revoked=_is_revoked(components[0])),
            *(_subkey(part, primary) for part in subkeys),
        ),
        weakness=weakness,
        unsupported="" if weakness else unsupported,
        secret=certificate.has_secret_keys,
        unrevoked=_unrevoked(components),
    )


_Component = list["Packet"]
"""A key or a user id, and the signatures about it that follow."""


def _components(packets: Iterable[Packet]) -> Iterator[_Component]:
    from pysequoia.packet import Tag

    component: _Component = []
    for packet in packets:
        if component and packet.tag != Tag.Signature:
            yield component
            component = []
        component.append(packet)
    yield component


def _by(primary: Packet, component: _Component, *kinds: SignatureType) -> list[Packet]:
    """Return the signatures of these kinds that the primary key made, or of all but revocations."""
    return [
        packet
        for packet in component[1:]
        if packet.issuer_key_id in (primary.key_id, None)
        and packet.issuer_fingerprint in (primary.fingerprint, None)
        and (packet.signature_type in kinds if kinds else not _is_revocation(packet))
    ]


def _is_revocation(packet: Packet) -> bool:
    from pysequoia.packet import SignatureType

    return packet.signature_type in (SignatureType.KeyRevocation, SignatureType.SubkeyRevocation)


def _weakness(components: Iterable[_Component], primary: Packet) -> str:
    """Say so when nothing but a weak hash ties a key to what is said of it."""
    made = [packet for component in components for packet in _by(primary, component)]
    hashes = {algorithm_name(packet.hash_algorithm) for packet in made}
    if hashes and hashes <= WEAK_HASHES:
        return f"its own signature of itself is made with {listed(sorted(hashes))}"
    return ""


def _expiry(certificate: Cert) -> tuple[datetime | None, str]:
    """Return when the primary key expires, and why that cannot be told."""
    try:
        return certificate.expiration, ""
    except RuntimeError as error:
        return None, first_line(error)


def _is_revoked(component: _Component) -> bool:
    """Tell whether the primary key revoked itself.

    A later signature of itself takes back a revocation without compromise for some programs; here
    a key stays revoked. So it is asked without any.
    """
    from pysequoia import Cert

    revocations = [packet for packet in component[1:] if _is_revocation(packet)]
    return bool(revocations) and Cert.from_packets([component[0], *revocations]).is_revoked


def _subkey(component: _Component, primary: Packet) -> Key:
    from pysequoia.packet import SignatureType

    packet = component[0]
    bindings = _by(primary, component, SignatureType.SubkeyBinding)
    last = max(bindings, key=lambda each: _seconds(each.signature_created), default=None)
    period = last.key_validity_period if last else None
    return _key(
        packet,
        packet.key_created + period if packet.key_created and period else None,
        revoked=bool(_by(primary, component, SignatureType.SubkeyRevocation)),
        weakness=_weakness([component], primary),
    )


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def _key(packet: Packet, expires: datetime | None, *, revoked: bool, weakness: str = "") -> Key:
    return Key(
        fingerprint=(packet.fingerprint or "").upper(),
        key_id=(packet.key_id or "").upper(),
        created=packet.key_created or datetime.fromtimestamp(0, UTC),
        expires=expires,
        revoked=revoked,
        weakness=_small_modulus(packet) or weakness,
    )


def _small_modulus(packet: Packet) -> str:
    """Say so when the numbers of an RSA or DSA key are small; its first one follows 6 octets."""
    algorithm = algorithm_name(packet.key_algorithm)
    if packet.body[:1] != b"\4" or not algorithm.startswith(("RSA", "DSA")):
        return ""
    bits = int.from_bytes(packet.body[6:8])
    return f"{algorithm[:3]} of {bits:,} bits" if bits < SMALLEST_MODULUS else ""


def _unrevoked(components: Iterable[_Component]) -> Cert:
    from pysequoia import Cert

    packets = (packet for component in components for packet in component)
    return Cert.from_packets([packet for packet in packets if not _is_revocation(packet)])


_ADDRESS: Final = re.compile(r"<([^<>]+@[^<>]+)>\s*\Z")


def _email(user_id: str) -> str:
    found = _ADDRESS.search(user_id)
    return (found[1] if found else user_id).strip().casefold()

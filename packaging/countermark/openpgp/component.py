"""The parts of a certificate, each with what the primary key signed of it.

Packets that follow a part may come from anybody: whatever the primary key did not sign, about this
very part, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from countermark.openpgp.armor import packets
from countermark.openpgp.mathematics import (
    UnsupportedError,
    about,
    embedded_signatures,
    is_signed,
)
from countermark.openpgp.wording import kind_name

if TYPE_CHECKING:
    from pysequoia.packet import Packet

__all__ = ["Component", "components_of", "newest"]


class Component(NamedTuple):
    """A key or a user id, and the signatures about it that follow."""

    packet: Packet
    signatures: tuple[Packet, ...]
    primary: Packet

    @property
    def is_primary(self) -> bool:
        """True for the primary key itself."""
        return self.packet is self.primary

    @property
    def sayings(self) -> tuple[Packet, ...]:
        """The primary key's own signatures of it but revocations."""
        return tuple(each for each in self._own if not kind_name(each).endswith("Revocation"))

    @property
    def revoked(self) -> bool:
        """True when the primary key revoked this key.

        A later signature takes one back without compromise for some programs; here it stays.
        """
        return any(map(_revokes_a_key, self._own))

    @property
    def unrevoked(self) -> tuple[Packet, ...]:
        """The part and all signatures but those that revoke a key."""
        return (self.packet, *(each for each in self.signatures if not _revokes_a_key(each)))

    def signs(self, sayings: Iterable[Packet]) -> bool:
        """Tell whether it is a key that is meant to sign files; ``sayings`` tell what it is for.

        A subkey has to say itself that it belongs there, lest its signatures pass for those of
        whoever claims it. A key of whose use nothing is said may sign, as it may for GnuPG.
        """
        last = newest(sayings)
        if last is None or (last.key_flags is not None and not last.key_flags.signing):
            return False
        return self.is_primary or self._agrees(last)

    @property
    def _own(self) -> Iterator[Packet]:
        return (each for each in self.signatures if self._made(each))

    def _made(self, signature: Packet) -> bool:
        """Tell whether the primary key made a signature; what cannot be computed is believed.

        pysequoia judges it, too, before any signature of such a key is good.
        """
        issuers = (signature.issuer_key_id, signature.issuer_fingerprint)
        if not {self.primary.key_id, self.primary.fingerprint}.intersection(issuers):
            return False
        try:
            return is_signed(self._said, signature.body, self.primary.body, strict=False)
        except UnsupportedError:
            return True

    def _agrees(self, binding: Packet) -> bool:
        """Tell whether the subkey signed, in what binds it, that it belongs there."""
        try:
            return any(
                is_signed(self._said, each, self.packet.body, strict=False)
                for each in embedded_signatures(binding.body)
            )
        except UnsupportedError:
            return False

    @property
    def _said(self) -> bytes:
        """What is signed to say something of it."""
        if self.is_primary:
            return about(self.primary.body)
        return about(self.primary.body, _tag(self.packet), self.packet.body)


def components_of(content: Iterable[Packet]) -> list[Component]:
    """Take the packets of a certificate apart; the primary key comes first."""
    from pysequoia.packet import Tag

    parts: list[list[Packet]] = []
    for packet in content:
        if packet.tag == Tag.Signature:
            parts[-1].append(packet)
        else:
            parts.append([packet])
    primary = parts[0][0]
    return [Component(part[0], tuple(part[1:]), primary) for part in parts]


def newest(sayings: Iterable[Packet]) -> Packet | None:
    """Return what was signed last."""
    return max(sayings, key=_seconds, default=None)


def _seconds(signature: Packet) -> float:
    moment = signature.signature_created
    return moment.timestamp() if moment else 0.0


def _revokes_a_key(signature: Packet) -> bool:
    return kind_name(signature) in ("KeyRevocation", "SubkeyRevocation")


def _tag(packet: Packet) -> int:
    """Return the number of a packet's tag, which pysequoia knows by name only."""
    return next(packets(bytes(packet))).tag

"""Which signatures of a file are good, each judged by itself.

gpg and pysequoia answer for a whole file; here every signature packet is checked against each key
that may have made it, so that a bad one hides no good one, and a good one no bad one.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from countermark.openpgp.armor import Packet, blocks, packets
from countermark.openpgp.certificate import Certificate, Key
from countermark.openpgp.keyring import Keyring
from countermark.openpgp.mathematics import UnsupportedError, is_signed, tells_its_digest
from countermark.openpgp.wording import WEAK_HASHES, first_line, hash_name, kind_name
from countersign.escaping import printable

if TYPE_CHECKING:
    from pysequoia import Sig

__all__ = [
    "MOST_SIGNATURES",
    "SKEW",
    "CheckedSignature",
    "State",
    "check_signatures",
    "count_people_once",
]

SKEW: Final = timedelta(minutes=5)
"""How far a signature may be in the future: clocks differ."""

MOST_SIGNATURES: Final = 1000
"""Signatures of one file that are checked."""

_SIGNATURE: Final = 2
"""The tag of a signature packet: RFC 9580, section 5.2."""


class State(enum.StrEnum):
    """What became of one signature; only a good one counts."""

    GOOD = "good"
    BAD = "bad"
    """The key did not sign these bytes."""
    UNKNOWN_KEY = "unknown-key"
    REVOKED = "revoked"
    EXPIRED_KEY = "expired-key"
    EXPIRED_SIGNATURE = "expired-signature"
    WEAK = "weak"
    NOT_YET_VALID = "not-yet-valid"
    DUPLICATE = "duplicate"
    """Good, but its owner counts already."""
    UNSUPPORTED = "unsupported"
    """Made by a kind of key that cannot be checked here."""
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSignature:
    """One signature packet, and what was found."""

    state: State
    fingerprint: str | None = None
    """Of the primary key; None when no key is known."""
    certificate: Certificate | None = None
    issuer: str | None = None
    """The fingerprint or key id of the key, often a subkey, that the signature names."""
    created: datetime | None = None
    hash: str | None = None
    """Such as ``SHA256``."""
    detail: str = ""
    """Why it does not count; empty for a good one."""
    remark: str = ""
    """What is odd about a good one, where it does not cover itself."""

    @property
    def counts(self) -> bool:
        """True when it is good, and the first by its owner."""
        return self.state is State.GOOD


def check_signatures(
    data: bytes, armored: bytes, keyring: Keyring, *, now: datetime
) -> tuple[CheckedSignature, ...]:
    """Check every signature packet of ``armored`` as one of ``data``, in the order of the file.

    Several armored blocks may follow each other, as in ``SHA256SUMS.asc``; a binary file will do
    too. What is no signature is said to be malformed, and so is a file without any: the result is
    never empty. ``now`` is the moment at which keys must not have expired.
    """
    checked = (
        _check(data, read, keyring, now) if isinstance(read, _Read) else read
        for read in _signatures(armored)
    )
    return count_people_once(checked, keyring)


def count_people_once(
    signatures: Iterable[CheckedSignature], keyring: Keyring
) -> tuple[CheckedSignature, ...]:
    """Say of every good signature whose owner has another one before that it is a duplicate."""
    counted: dict[str, CheckedSignature] = {}
    once = []
    for one in signatures:
        first = one
        if one.counts and one.certificate is not None:
            person = keyring.persons[one.certificate.fingerprint]
            first = counted.setdefault(person, one)
        once.append(one if first is one else _duplicate(one, first))
    return tuple(once)


def _malformed(detail: str) -> CheckedSignature:
    return CheckedSignature(state=State.MALFORMED, detail=detail)


class _Read(NamedTuple):
    """A signature, and what it says of itself."""

    signature: Sig
    body: bytes
    """The packet, without its header."""
    issuer: str
    """A fingerprint or a key id in capitals; empty when it names no key."""
    created: datetime | None
    expires: datetime | None


def _signatures(armored: bytes) -> Iterator[_Read | CheckedSignature]:
    """Yield the signatures, and for what is none the reason."""
    count = 0
    for found in _packets(armored):
        if count == MOST_SIGNATURES:
            yield _malformed(f"more than {MOST_SIGNATURES:,} signatures; the rest was not checked")
            return
        count += 1
        yield _parse(found) if isinstance(found, Packet) else found
    if not count:
        yield _malformed("there is no OpenPGP signature in it")


def _packets(armored: bytes) -> Iterator[Packet | CheckedSignature]:
    for block in blocks(armored):
        if block.kind not in ("", "SIGNATURE"):
            yield _malformed(f"a {block.kind.lower()} is no detached signature")
        elif block.problem:
            yield _malformed(block.problem)
        else:
            yield from _signature_packets(block.content)


def _signature_packets(content: bytes) -> Iterator[Packet | CheckedSignature]:
    for packet in packets(content):
        if packet.problem:
            yield _malformed(packet.problem)
        elif packet.tag != _SIGNATURE:
            yield _malformed(f"a packet with tag {packet.tag} is no signature")
        else:
            yield packet


def _parse(packet: Packet) -> _Read | CheckedSignature:
    from pysequoia import Sig

    try:
        signature = Sig.from_bytes(packet.encoded)
        return _Read(
            signature=signature,
            body=packet.body,
            issuer=(signature.issuer_fingerprint or signature.issuer_key_id or "").upper(),
            created=signature.created,
            expires=signature.expiration,
        )
    except RuntimeError as error:
        return _malformed(printable(first_line(error)))


def _check(data: bytes, read: _Read, keyring: Keyring, now: datetime) -> CheckedSignature:
    """Check one signature against every certificate that may have made it."""
    issuer = read.issuer
    unknown = f"no key in {printable(keyring.path.name)} made it"
    plain = CheckedSignature(
        state=State.UNKNOWN_KEY,
        issuer=issuer or None,
        created=read.created,
        hash=hash_name(read.signature),
        detail=unknown if issuer else "it names no key",
    )
    kind = kind_name(read.signature)
    if kind not in ("Binary", "Text"):
        return replace(plain, state=State.MALFORMED, detail=f"it signs no file ({kind})")
    cases = [
        _Case(data, read, certificate, key, now)
        for certificate in keyring.holding(issuer)
        if (key := certificate.key(issuer)) is not None
    ]
    candidates = [_judge(case, plain) for case in cases]
    good = (each for each in candidates if each.counts)
    return next(good, candidates[0] if candidates else plain)


class _Case(NamedTuple):
    """A signature, and a key that may have made it."""

    data: bytes
    read: _Read
    certificate: Certificate
    key: Key
    now: datetime

    @property
    def lifetimes(self) -> tuple[datetime, ...]:
        """When the key and its primary key expire, if they do."""
        ends = (self.certificate.expires, self.key.expires)
        return tuple(end for end in ends if end is not None)


_Reason = tuple[State, str]

_REVOKED: Final = (State.REVOKED, "its owner revoked the key")


def _judge(case: _Case, plain: CheckedSignature) -> CheckedSignature:
    """Ask what rules it out, then the mathematics, then whether the key is still to be believed."""
    state, detail = (
        _unfit(case, plain.hash)
        or _untimely(case)
        or _unmatched(case)
        or _lapsed(case)
        or (State.GOOD, "")
    )
    odd = state is State.GOOD and not tells_its_digest(case.data, case.read.body)
    return replace(
        plain,
        state=state,
        detail=detail,
        remark="it tells another digest than that of what it signs" if odd else "",
        certificate=case.certificate,
        fingerprint=case.certificate.fingerprint,
    )


def _unfit(case: _Case, hash_name: str | None) -> _Reason | None:
    """Return why nothing that is signed so is to be believed."""
    if hash_name in WEAK_HASHES:
        return State.WEAK, f"it is made with {hash_name}"
    certificate = case.certificate
    weakness = certificate.weakness or certificate.keys[0].weakness or case.key.weakness
    if weakness:
        return State.WEAK, f"the key is weak: {weakness}"
    if certificate.unsupported:
        if certificate.revoked:  # a revocation alone says nothing else of its key
            return _REVOKED
        return State.UNSUPPORTED, f"the key cannot be used here: {certificate.unsupported}"
    return None


def _untimely(case: _Case) -> _Reason | None:
    """Return why the signature was not valid when it was made, or is no longer."""
    created, expires, now = case.read.created, case.read.expires, case.now
    if created is None:
        return State.MALFORMED, "it does not say when it was made"
    if created > now + SKEW:
        clock = f"this machine's clock says {_moment(now)}; is that right?"
        return State.NOT_YET_VALID, f"it is made {_moment(created)}, and {clock}"
    if created < case.key.created:
        return State.NOT_YET_VALID, f"it is older than its key, of {_moment(case.key.created)}"
    for end in case.lifetimes:
        if end <= created:
            return State.EXPIRED_KEY, f"the key had expired before, {_moment(end)}"
    if expires is not None and expires <= now:
        return State.EXPIRED_SIGNATURE, f"it expired {_moment(expires)}"
    return None


def _unmatched(case: _Case) -> _Reason | None:
    """Return why the key did not make the signature, of these bytes.

    Sequoia PGP takes a key for what it said of itself when the signature was made. Who prolongs a
    key and publishes nothing older has said nothing then, so where it refuses, the mathematics
    decides together with what the key says now.
    """
    if _is_good_for_sequoia(case):
        return None
    try:
        made = is_signed(case.data, case.read.body, case.key.body)
    except UnsupportedError as error:
        return State.UNSUPPORTED, f"it is refused, and whether it is false cannot be told: {error}"
    if not made:
        return State.BAD, "the key did not sign these bytes"
    if not case.key.signs:
        return State.BAD, "the key is not meant to sign files"
    return None


def _is_good_for_sequoia(case: _Case) -> bool:
    import pysequoia

    certificate = case.certificate
    try:
        verified = pysequoia.verify(
            case.data, lambda _: [certificate.unrevoked], signature=case.read.signature
        )
    except RuntimeError:
        return False
    wanted = (certificate.fingerprint, case.key.fingerprint)
    made_by = ((each.certificate, each.signing_key) for each in verified.valid_sigs)
    return any((one.upper(), key.upper()) == wanted for one, key in made_by)


def _lapsed(case: _Case) -> _Reason | None:
    """Return why the key is not to be believed any more."""
    if case.certificate.revoked:
        return _REVOKED
    if case.key.revoked:
        return State.REVOKED, "its owner revoked the subkey that made it"
    for end in case.lifetimes:
        if end <= case.now:
            return State.EXPIRED_KEY, f"the key expired {_moment(end)}"
    return None


def _duplicate(one: CheckedSignature, first: CheckedSignature) -> CheckedSignature:
    same = one.fingerprint == first.fingerprint
    who = "the same key" if same else f"its owner, with {first.fingerprint},"
    return replace(one, state=State.DUPLICATE, detail=f"{who} signed above")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"

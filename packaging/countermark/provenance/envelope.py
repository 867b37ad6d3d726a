"""DSSE envelopes: a payload, what kind it is, and who signed both.

https://github.com/secure-systems-lab/dsse (protocol 1.0). What is signed is not JSON but the
pre-authentication encoding of type and payload, so nothing has to be made canonical. DSSE leaves
open what a signature is: here ``sig`` is the base64 of a binary detached OpenPGP signature over
that encoding, and ``keyid`` the fingerprint of the signer's primary key, which is only a hint.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, replace
from typing import Annotated, Final, Protocol

import msgspec

from countermark.provenance.strictjson import parse_strict

__all__ = [
    "PAYLOAD_TYPE",
    "Envelope",
    "EnvelopeError",
    "EnvelopeSignature",
    "add_signature",
    "format_envelope",
    "open_envelope",
    "pre_authentication_encoding",
    "seal",
]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
"""The media type of an in-toto statement in an envelope."""
MOST_SIGNATURES: Final = 1000

_ARMOR_LINE: Final = 64
_Text = Annotated[str, msgspec.Meta(max_length=1024)]


class EnvelopeError(ValueError):
    """What should be an envelope is none; the message says why."""


class Signs(Protocol):
    """A key that signs: :class:`countermark.openpgp.signing.Signer`."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the primary key."""
        ...

    def sign_detached(self, data: bytes) -> bytes:
        """Return an armored detached signature of ``data``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeSignature:
    """One signature; whose it is, only checking it can tell."""

    keyid: str
    """A hint: the fingerprint of a primary key in upper hexadecimal digits; may be empty."""
    packet: bytes
    """A binary detached OpenPGP signature."""

    @property
    def armored(self) -> bytes:
        """The signature in ASCII armor (RFC 9580, section 6), without the optional check sum."""
        text = base64.b64encode(self.packet)
        lines = (text[at : at + _ARMOR_LINE] for at in range(0, len(text), _ARMOR_LINE))
        start, end = b"-----BEGIN PGP SIGNATURE-----", b"-----END PGP SIGNATURE-----"
        return b"\n".join((start, b"", *lines, end, b""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A payload with its signatures."""

    payload: bytes
    payload_type: str
    signatures: tuple[EnvelopeSignature, ...] = ()

    @property
    def signed_bytes(self) -> bytes:
        """What every signature is made of."""
        return pre_authentication_encoding(self.payload_type, self.payload)


class _SignatureForm(msgspec.Struct, frozen=True):
    sig: str
    keyid: _Text = ""


class _EnvelopeForm(msgspec.Struct, frozen=True, rename={"payload_type": "payloadType"}):
    payload: str
    payload_type: _Text
    signatures: Annotated[list[_SignatureForm], msgspec.Meta(max_length=MOST_SIGNATURES)] = []


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Return PAE(type, body) of the protocol: lengths in bytes, in decimal digits."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, signer: Signs, *, payload_type: str = PAYLOAD_TYPE) -> Envelope:
    """Put a payload into an envelope and sign it; raises what the signer does."""
    return add_signature(Envelope(payload=payload, payload_type=payload_type), signer)


def add_signature(envelope: Envelope, signer: Signs) -> Envelope:
    """Sign an envelope once more, in the place of an earlier signature by the same key.

    Raises what the signer does.
    """
    signature = EnvelopeSignature(
        keyid=signer.fingerprint,
        packet=_without_armor(signer.sign_detached(envelope.signed_bytes)),
    )
    others = (each for each in envelope.signatures if each.keyid != signature.keyid)
    ordered = sorted((*others, signature), key=lambda each: (each.keyid, each.packet))
    return replace(envelope, signatures=tuple(ordered))


def format_envelope(envelope: Envelope) -> bytes:
    """Return an envelope as JSON, the same for the same signatures."""
    form = _EnvelopeForm(
        payload=base64.b64encode(envelope.payload).decode(),
        payload_type=envelope.payload_type,
        signatures=[
            _SignatureForm(sig=base64.b64encode(each.packet).decode(), keyid=each.keyid)
            for each in envelope.signatures
        ],
    )
    return msgspec.json.format(msgspec.json.encode(form), indent=2) + b"\n"


def open_envelope(content: bytes) -> Envelope:
    """Read an envelope and check no signature.

    Standard and URL-safe base64 are both taken, as the protocol demands. Raises
    :class:`EnvelopeError`, and :class:`~countermark.provenance.strictjson.StrictJsonError`.
    """
    try:
        form = msgspec.convert(parse_strict(content), _EnvelopeForm)
    except msgspec.ValidationError as error:
        raise EnvelopeError(f"it is no DSSE envelope: {error}") from error
    return Envelope(
        payload=_decoded("payload", form.payload),
        payload_type=form.payload_type,
        signatures=tuple(
            EnvelopeSignature(keyid=each.keyid, packet=_decoded("sig", each.sig))
            for each in form.signatures
        ),
    )


def _decoded(field: str, text: str) -> bytes:
    """Decode base64, of which only one spelling stands for the same bytes in either alphabet."""
    standard = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        decoded = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError(f"'{field}' is not base64") from error
    if base64.b64encode(decoded).decode().rstrip("=") != standard:
        raise EnvelopeError(
            f"'{field}' is not base64 as it should be spelled: its last bits are set"
        )
    return decoded


def _without_armor(armored: bytes) -> bytes:
    """Take the armor off the one signature that a signer has made."""
    block = re.fullmatch(
        rb"-----BEGIN PGP SIGNATURE-----\n(?:[^\n]+\n)*\n([A-Za-z0-9+/=\n]+?)"
        rb"(?:\n=[A-Za-z0-9+/]{4})?\n-----END PGP SIGNATURE-----\s*",
        armored.replace(b"\r\n", b"\n"),
    )
    if block is None:
        raise EnvelopeError("the signer has made something else than one armored signature")
    return base64.b64decode(block[1].replace(b"\n", b""), validate=True)

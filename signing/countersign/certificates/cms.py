"""The CMS signature of a certificate over a code directory, and the timestamp inside it.

Form: RFC 5652 in a blob of Apple's, RFC 3161 for the timestamp. What counts is what Security's
``libsecurity_smime`` makes of it: only the first signer, and of an attribute that is there twice,
nothing. Apple's own attributes name the code directories beside that of slot 0
(``SecCmsSignerInfoGetAppleCodesigningHashAgility`` in cmssiginfo.c).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar, Final, NamedTuple, TypeVar

from asn1crypto import algos, cms, core, tsp, x509

from countersign.certificates.ber import definite, element
from countersign.certificates.certificate import (
    Certificate,
    Parsed,
    is_plain,
    read_certificate,
    read_name,
)
from countersign.certificates.chain import Chain, build_chain
from countersign.errors import FormatError, PropertyListError
from countersign.plists.corefoundation import read_dictionary

__all__ = ["MAX_SIZE", "Attribute", "SignedMessage", "Stamp", "parse_cms"]

MAX_SIZE: Final = 1 << 18
"""Bytes that are read; real ones have some ten thousand."""
MAX_CERTIFICATES: Final = 32
MAX_ATTRIBUTES: Final = 64

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
TIMESTAMP: Final = "1.2.840.113549.1.9.16.2.14"
CODE_HASHES: Final = "1.2.840.113635.100.9.1"
CODE_DIGESTS: Final = "1.2.840.113635.100.9.2"
SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"

_SET, _SEQUENCE = 0x31, 0x30

UNREADABLE: Final = (
    ArithmeticError,
    PropertyListError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What asn1crypto and the readers below raise for damaged input, most of it undocumented."""

T = TypeVar("T")


class Attribute(NamedTuple):
    """One attribute of a signature."""

    kind: str
    """The number of its type, with dots."""
    values: tuple[bytes, ...]
    """Each value as its DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a timestamp says: these bytes were there at that time."""

    time: datetime
    digest: str
    """The hash algorithm, as :mod:`hashlib` names it, or its number with dots."""
    hashed: bytes
    """The hash of what was stamped."""

    def covers(self, data: bytes) -> bool:
        """Tell whether it was made for ``data``; Security knows SHA-1 and SHA-256 here."""
        return self.digest in ("sha1", "sha256") and self.hashed == _hash(self.digest, data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedMessage:
    """A CMS message with its first signer, as far as code signing looks at it."""

    certificates: tuple[Certificate, ...]
    """All that came with it, in no order."""
    signer: Certificate | None
    """The one that the signer names; None when it is not among them."""
    digest: str
    """The hash algorithm, as :mod:`hashlib` names it, or its number with dots."""
    digest_declared: bool
    """True when the message announces that hash algorithm, as it must."""
    is_plain: bool
    """True for RSA (PKCS #1 v1.5) and ECDSA, the kinds of signature that can be checked here."""
    content_type: str
    content: bytes | None
    """What is signed, when it is inside; a code directory is not."""
    signed_attributes: tuple[Attribute, ...]
    unsigned_attributes: tuple[Attribute, ...]
    signature: bytes

    @property
    def chain(self) -> Chain | None:
        """The signer's certificate and those above it; None when it is missing."""
        return build_chain(self.signer, self.certificates) if self.signer else None

    @property
    def signing_time(self) -> datetime | None:
        """When the signer says that it signed, which nobody vouches for; None if it does not."""
        value = self._only(SIGNING_TIME)
        try:
            return None if value is None else _time(cms.Time.load(value))
        except UNREADABLE:
            return None

    @property
    def signed(self) -> bytes | None:
        """What the signature covers: the signed attributes as a set, in the order they came in.

        None when there are none, and the signature covers the content itself.
        """
        if not self.signed_attributes:
            return None
        return element(_SET, b"".join(map(_encoded, self.signed_attributes)))

    @property
    def message_digest(self) -> bytes | None:
        """The signed hash of the content; None when it is missing.

        Raises :class:`FormatError` when it cannot be read.
        """
        value = self._only(MESSAGE_DIGEST)
        return None if value is None else _read(lambda: _octets(value), 0)

    @property
    def signed_content_type(self) -> str | None:
        """The signed type of the content; None when it is missing.

        Raises :class:`FormatError` when it cannot be read.
        """
        value = self._only(CONTENT_TYPE)
        return None if value is None else _read(lambda: _object_id(value), 0)

    @property
    def code_hashes(self) -> tuple[bytes, ...] | None:
        """The cdhashes of all code directories; None when they are not listed.

        Raises :class:`FormatError` when the list cannot be read.
        """
        value = self._only(CODE_HASHES)
        if value is None:
            return None
        return _read(lambda: _cdhashes(_octets(value)), 0)

    @property
    def code_digests(self) -> dict[str, bytes] | None:
        """The whole digest of every code directory, by algorithm; None when they are not listed.

        Raises :class:`FormatError` when one of them cannot be read.
        """
        attribute = self._attribute(self.signed_attributes, CODE_DIGESTS)
        if attribute is None:
            return None
        pairs = _read(lambda: [_digest_pair(value) for value in attribute.values], 0)
        if len(dict(pairs)) != len(pairs):
            raise FormatError("CMS", 0, "a hash algorithm is listed twice", rule="R56")
        return dict(pairs)

    @property
    def stamp_token(self) -> bytes | None:
        """The timestamp over the signature, which is a message itself; None when it is missing."""
        attribute = self._attribute(self.unsigned_attributes, TIMESTAMP)
        return attribute.values[0] if attribute and attribute.values else None

    def stamp(self) -> Stamp:
        """Read what this message says when it is a timestamp.

        Raises :class:`FormatError` of rule R58 when it is none.
        """
        if self.content_type != TST_INFO or self.content is None:
            raise FormatError("timestamp", 0, f"it is of type {self.content_type}", rule="R58")
        content = self.content
        return _read(lambda: _stamp(tsp.TSTInfo.load(content)), 0, "R58")

    def digest_of(self, content: bytes) -> bytes | None:
        """Hash the content as the signer did; None for an algorithm that is not known."""
        return _hash(self.digest, content)

    def is_signed(self, content: bytes) -> bool | None:
        """Tell whether the signer's key made the signature, over the attributes or ``content``.

        None when the signer, or the algorithm, is not known.
        """
        if self.signer is None or not self.is_plain:
            return None
        covered = content if self.signed is None else self.signed
        return self.signer.verifies(self.signature, covered, self.digest)

    def _only(self, kind: str) -> bytes | None:
        """Give the value of a signed attribute that has exactly one."""
        attribute = self._attribute(self.signed_attributes, kind)
        return attribute.values[0] if attribute and len(attribute.values) == 1 else None

    @staticmethod
    def _attribute(attributes: Iterable[Attribute], kind: str) -> Attribute | None:
        found = [attribute for attribute in attributes if attribute.kind == kind]
        return found[0] if len(found) == 1 else None


def parse_cms(data: bytes | memoryview, base: int = 0, *, rule: str = "R56") -> SignedMessage:
    """Read a signed message, which starts ``base`` bytes into the file.

    Raises :class:`FormatError` of the given rule, or of T5 for what is too large to be looked at,
    and no other error, whatever the bytes are.
    """
    if len(data) > MAX_SIZE:
        raise FormatError("CMS", base, f"{len(data)} bytes are more than {MAX_SIZE}", rule="T5")
    clean = definite(bytes(data), base, rule=rule)
    return _read(lambda: _message(clean, base, rule), base, rule)


def _read(read: Callable[[], T], base: int, rule: str = "R56") -> T:
    """Turn whatever the parsers raise into the one error that there is for it."""
    try:
        return read()
    except UNREADABLE as error:
        raise FormatError("CMS", base, "it cannot be read", rule=rule) from error


def _message(data: bytes, base: int, rule: str) -> SignedMessage:
    info = _exact(cms.ContentInfo.load(data))
    if info["content_type"].dotted != SIGNED_DATA:
        raise FormatError("CMS", base, "it is no signed message", rule=rule)
    message = _exact(info["content"])
    if not len(message["signer_infos"]):
        raise FormatError("CMS", base, "nobody signed it", rule=rule)
    signer = _exact(message["signer_infos"][0])
    certificates = _certificates(message)
    encapsulated = message["encap_content_info"]
    digest = signer["digest_algorithm"]["algorithm"]
    declared = {each["algorithm"].dotted for each in message["digest_algorithms"]}
    content = encapsulated["content"]
    return SignedMessage(
        certificates=certificates,
        signer=_signer(signer["sid"].chosen, certificates),
        digest=_name(digest),
        digest_declared=digest.dotted in declared,
        is_plain=is_plain(signer["signature_algorithm"]),
        content_type=encapsulated["content_type"].dotted,
        content=None if isinstance(content, core.Void) else _content(content),
        signed_attributes=_attributes(signer["signed_attrs"]),
        unsigned_attributes=_attributes(signer["unsigned_attrs"]),
        signature=signer["signature"].native,
    )


def _exact(sequence: Parsed) -> Parsed:
    """Refuse a sequence with more in it than belongs there, as Security's decoder does."""
    _ = sequence[0]
    if len(sequence.children) > len(sequence._fields):
        raise ValueError("there is more in it than belongs there")
    return sequence


def _certificates(message: Parsed) -> tuple[Certificate, ...]:
    choices = message["certificates"] or ()
    if len(choices) > MAX_CERTIFICATES:
        raise ValueError(f"{len(choices)} certificates are too many")
    return tuple(_certificate(each.chosen.dump()) for each in choices if each.name == "certificate")


@lru_cache(maxsize=MAX_CERTIFICATES)
def _certificate(der: bytes) -> Certificate:
    """Read a certificate; the files of a release have the same ones."""
    return read_certificate(x509.Certificate.load(der))


def _signer(named: Parsed, certificates: tuple[Certificate, ...]) -> Certificate | None:
    """Find the certificate that a signer names, by its issuer and number or by its key."""
    if isinstance(named, cms.IssuerAndSerialNumber):
        issuer, serial = read_name(named["issuer"]), named["serial_number"].native
        return next(
            (each for each in certificates if (each.issuer, each.serial) == (issuer, serial)), None
        )
    key = element(0x04, named.native)
    return next((each for each in certificates if each.extensions.get("2.5.29.14") == key), None)


def _attributes(attributes: Parsed) -> tuple[Attribute, ...]:
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"{len(attributes)} attributes are too many")
    return tuple(
        Attribute(each["type"].dotted, tuple(value.dump() for value in each["values"]))
        for each in attributes
    )


def _encoded(attribute: Attribute) -> bytes:
    kind = core.ObjectIdentifier(attribute.kind).dump()
    return element(_SEQUENCE, kind + element(_SET, b"".join(attribute.values)))


def _content(content: Parsed) -> bytes:
    """Give the bytes of what is inside; the oldest form has no byte string around it."""
    octets = isinstance(content, core.OctetString | core.ParsableOctetString)
    return bytes(content) if octets else content.contents


def _name(algorithm: Parsed) -> str:
    native = str(algorithm.native)
    return native if native in hashlib.algorithms_guaranteed else algorithm.dotted


def _hash(algorithm: str, data: bytes) -> bytes | None:
    if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake"):
        return None
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def _octets(value: bytes) -> bytes:
    return bytes(core.OctetString.load(value).native)


def _object_id(value: bytes) -> str:
    return str(core.ObjectIdentifier.load(value).dotted)


def _time(value: Parsed) -> datetime:
    native = value.native
    if not isinstance(native, datetime):
        raise ValueError("it is no time")
    return native.replace(tzinfo=native.tzinfo or UTC)


def _cdhashes(data: bytes) -> tuple[bytes, ...]:
    hashes = read_dictionary(data, limit=MAX_SIZE)["cdhashes"]
    if not isinstance(hashes, list) or not all(isinstance(each, bytes) for each in hashes):
        raise TypeError("it is no list of hashes")
    return tuple(hashes)


class _CodeDigest(core.Sequence):  # type: ignore[misc]  # the library has no types
    """The whole digest of a code directory, as Apple's second attribute lists it."""

    _fields: ClassVar = [("algorithm", algos.DigestAlgorithmId), ("digest", core.OctetString)]


def _digest_pair(value: bytes) -> tuple[str, bytes]:
    pair = _CodeDigest.load(value)
    return _name(pair["algorithm"]), bytes(pair["digest"].native)


def _stamp(info: Parsed) -> Stamp:
    imprint, time = info["message_imprint"], info["gen_time"]
    if len(time.contents) != len("20260304050607Z"):
        raise ValueError("Security takes whole seconds alone")
    return Stamp(
        time=_time(time),
        digest=_name(imprint["hash_algorithm"]["algorithm"]),
        hashed=bytes(imprint["hashed_message"].native),
    )

"""Certificates like Apple's and the CMS messages that they sign, made on the spot.

The messages are written byte by byte here, and are the same every time; no code is shared with the
package that reads them.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import plistlib
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = [
    "CODE_DIGESTS",
    "DEVELOPER_ID",
    "Identity",
    "Message",
    "attribute",
    "authority",
    "certified",
    "der",
    "developer",
    "directories",
    "fingerprint",
    "indefinite",
    "issue",
    "key_of",
    "object_id",
    "self_signed",
    "stamp_authority",
    "wrapped",
]

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

DEVELOPER_ID: Final = ("1.2.840.113635.100.6.2.6", "1.2.840.113635.100.6.1.13")
"""The markers of the intermediate and of the leaf certificate."""
BIRTH, DEATH = dt.datetime(2020, 1, 1), dt.datetime(2040, 1, 1)
SIGNED_AT: Final = dt.datetime(2026, 3, 4, 5, 6, 7)

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
CONTENT_TYPE, DIGEST, TIME = (f"1.2.840.113549.1.9.{each}" for each in (3, 4, 5))
TOKEN: Final = "1.2.840.113549.1.9.16.2.14"
CDHASHES, CODE_DIGESTS = "1.2.840.113635.100.9.1", "1.2.840.113635.100.9.2"
ALGORITHMS: Final = {
    "sha1": "1.3.14.3.2.26",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha3_256": "2.16.840.1.101.3.4.2.8",
}


def der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes(-(-size.bit_length() // 8))
    return bytes((tag, 0x80 | len(digits))) + digits + content


def indefinite(tag: int, *parts: bytes) -> bytes:
    """The same with an end mark instead of a length."""
    return bytes((tag, 0x80)) + b"".join(parts) + b"\0\0"


def object_id(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    out = bytes([first * 40 + second])
    for number in rest:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | 0x80)
        out += bytes(reversed(digits))
    return der(6, out)


def _algorithm(dotted: str) -> bytes:
    return der(0x30, object_id(dotted))


def key_of(number: int) -> ec.EllipticCurvePrivateKey:
    """Make a key that is always the same; nothing is to be kept secret."""
    return ec.derive_private_key(number, ec.SECP256R1())


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A key, its certificate, and those above it."""

    key: Key
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        return (self.certificate, *self.above)


def _name(common_name: str, organization: str, team: str | None) -> x509.Name:
    parts = [(NameOID.COMMON_NAME, common_name), (NameOID.ORGANIZATION_NAME, organization)]
    parts += [(NameOID.ORGANIZATIONAL_UNIT_NAME, team)] if team else []
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def issue(
    common_name: str,
    *,
    by: Identity | None = None,
    key: Key | None = None,
    organization: str = "Apple Inc.",
    team: str | None = None,
    is_authority: bool = False,
    markers: Sequence[str] = (),
    purposes: Sequence[x509.ObjectIdentifier] = (),
    may_sign: bool = True,
    life: tuple[dt.datetime, dt.datetime] = (BIRTH, DEATH),
    others: Iterable[x509.ExtensionType] = (),
) -> Identity:
    """Make a certificate, by itself or by another one."""
    key = key or key_of(1)
    name = _name(common_name, organization, team)
    issuer, issuer_key = (by.certificate.subject, by.key) if by else (name, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(common_name.encode()).digest()[:8]))
        .not_valid_before(life[0])
        .not_valid_after(life[1])
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(_usage(is_authority, may_sign), critical=True)
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    for marker in markers:
        kind = x509.ObjectIdentifier(marker)
        builder = builder.add_extension(x509.UnrecognizedExtension(kind, b"\5\0"), critical=False)
    for extension in others:
        builder = builder.add_extension(extension, critical=False)
    algorithm = None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    elliptic = True if isinstance(issuer_key, ec.EllipticCurvePrivateKey) else None
    certificate = builder.sign(issuer_key, algorithm, ecdsa_deterministic=elliptic)
    return Identity(key=key, certificate=certificate, above=by.chain if by else ())


def _usage(is_authority: bool, may_sign: bool) -> x509.KeyUsage:
    no = dict.fromkeys(
        ("content_commitment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only", "crl_sign"), False,
    )  # fmt: skip
    return x509.KeyUsage(
        digital_signature=may_sign and not is_authority,
        key_cert_sign=is_authority,
        key_encipherment=not may_sign,
        **no,
    )


@functools.cache
def authority() -> Identity:
    """A root that looks like Apple's; its fingerprint tells them apart."""
    return issue("Apple Root CA", is_authority=True, key=key_of(2))


@functools.cache
def intermediate() -> Identity:
    name = "Developer ID Certification Authority"
    return issue(name, by=authority(), is_authority=True, key=key_of(3), markers=DEVELOPER_ID[:1])


@functools.cache
def developer(team: str = "TEAM123456", *, key: Key | None = None) -> Identity:
    """A Developer ID, three certificates long as Apple's are."""
    return issue(
        f"Developer ID Application: Example ({team})",
        by=intermediate(),
        organization="Example",
        team=team,
        markers=DEVELOPER_ID[1:],
        purposes=(ExtendedKeyUsageOID.CODE_SIGNING,),
        key=key,
    )


@functools.cache
def stamp_authority() -> Identity:
    above = issue("Timestamp CA", by=authority(), is_authority=True, key=key_of(4))
    purposes = (ExtendedKeyUsageOID.TIME_STAMPING,)
    return issue("Timestamp Signer", by=above, key=key_of(5), purposes=purposes)


@functools.cache
def self_signed() -> Identity:
    purposes = (ExtendedKeyUsageOID.CODE_SIGNING,)
    return issue("Somebody", organization="Nobody", team="TEAM123456", purposes=purposes)


def fingerprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def attribute(kind: str, *values: bytes) -> bytes:
    return der(0x30, object_id(kind), der(0x31, *values))


@dataclass(frozen=True, kw_only=True)
class Message:
    """A CMS message over code directories, by default as ``codesign`` writes it."""

    identity: Identity
    directories: tuple[bytes, ...] = ()
    """The first one is what is signed; the lists have all of them."""
    digest: str = "sha256"
    content: bytes | None = None
    """What is signed, when it is inside the message."""
    content_type: str = DATA
    signed_type: str | None = None
    digest_value: bytes | None = None
    """What stands for the hash of the content, where it is not that."""
    declared: str | None = None
    cdhashes: tuple[bytes, ...] | None = None
    digests: tuple[tuple[str, bytes], ...] | None = None
    listed: bool = True
    """Whether the code directories are listed."""
    attributes: bool = True
    more: tuple[bytes, ...] = ()
    """Further signed attributes."""
    certificates: tuple[x509.Certificate, ...] | None = None
    stamp: bytes | None = None
    """The timestamp; its kind is a message too."""
    unsigned: tuple[bytes, ...] = ()
    is_definite: bool = False
    names_key: bool = False
    """Whether the signer is named by its key, not by its issuer and number."""
    signature: bytes | None = None

    def build(self) -> bytes:
        sequence, explicit = (der, der) if self.is_definite else (indefinite, indefinite)
        message = sequence(
            0x30,
            der(2, b"\1"),
            der(0x31, _algorithm(ALGORITHMS[self.declared or self.digest])),
            self._encapsulated(),
            der(0xA0, *(each.public_bytes(DER) for each in self._certificates)),
            der(0x31, self._signer_info()),
        )
        return sequence(0x30, object_id(SIGNED_DATA), explicit(0xA0, message))

    @property
    def _certificates(self) -> tuple[x509.Certificate, ...]:
        return self.identity.chain if self.certificates is None else self.certificates

    def _encapsulated(self) -> bytes:
        if self.content is None:
            return der(0x30, object_id(self.content_type))
        half = len(self.content) // 2
        pieces = (der(4, self.content[:half]), der(4, self.content[half:]))
        octets = der(4, self.content) if self.is_definite else indefinite(0x24, *pieces)
        return der(0x30, object_id(self.content_type), der(0xA0, octets))

    def _signer_info(self) -> bytes:
        attributes = self._attributes()
        signature = self.sign() if self.signature is None else self.signature
        unsigned = list(self.unsigned)
        unsigned += [attribute(TOKEN, self.stamp)] if self.stamp else []
        return der(
            0x30,
            der(2, b"\1"),
            self._signer(),
            _algorithm(ALGORITHMS[self.digest]),
            der(0xA0, *attributes) if attributes else b"",
            _signature_algorithm(self.identity.key),
            der(4, signature),
            der(0xA1, *unsigned) if unsigned else b"",
        )

    def _signer(self) -> bytes:
        """Name the certificate: by its issuer and number, or by its key."""
        certificate = self.identity.certificate
        if self.names_key:
            extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            return der(0x80, extension.value.digest)
        serial = certificate.serial_number
        number = serial.to_bytes(serial.bit_length() // 8 + 1)
        return der(0x30, certificate.issuer.public_bytes(), der(2, number))

    @property
    def signed_content(self) -> bytes:
        return self.directories[0] if self.content is None else self.content

    def _attributes(self) -> list[bytes]:
        if not self.attributes:
            return []
        digest = hashlib.new(self.digest, self.signed_content).digest()
        listed = self._lists() if self.listed and self.directories else []
        return [
            attribute(CONTENT_TYPE, object_id(self.signed_type or self.content_type)),
            attribute(TIME, der(0x17, f"{SIGNED_AT:%y%m%d%H%M%SZ}".encode())),
            attribute(DIGEST, self.digest_value or der(4, digest)),
            *listed,
            *self.more,
        ]

    def digests_listed(self) -> tuple[tuple[str, bytes], ...]:
        """The whole digest of each code directory, with its algorithm."""
        if self.digests is not None:
            return self.digests
        return tuple((_hash_of(each), _digest_of(each)) for each in self.directories)

    def _lists(self) -> list[bytes]:
        cdhashes, digests = self.cdhashes, self.digests_listed()
        if cdhashes is None:
            cdhashes = tuple(_digest_of(each)[:20] for each in self.directories)
        pairs = (der(0x30, object_id(ALGORITHMS[kind]), der(4, each)) for kind, each in digests)
        plist = plistlib.dumps({"cdhashes": list(cdhashes)})
        return [attribute(CODE_DIGESTS, *pairs), attribute(CDHASHES, der(4, plist))]

    def sign(self) -> bytes:
        """Sign the attributes; the same attributes always get the same signature."""
        attributes = self._attributes()
        data = der(0x31, *attributes) if attributes else self.signed_content
        key = self.identity.key
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(data)
        algorithm = _ALGORITHM_OF[self.digest]()
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), algorithm)
        return key.sign(data, ec.ECDSA(algorithm, deterministic_signing=True))

    def stamped(self, by: Identity | None = None, **changes: object) -> Message:
        """The same message with a timestamp over its signature."""
        signature = self.sign()
        stamp = Stamp(covered=signature, identity=by or stamp_authority())
        token = replace(stamp, **changes)  # type: ignore[arg-type]
        return replace(self, signature=signature, stamp=token.build())


DER: Final = serialization.Encoding.DER
_ALGORITHM_OF: Final[Mapping[str, Callable[[], hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha3_256": hashes.SHA3_256,
}


def _signature_algorithm(key: Key) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return _algorithm("1.2.840.113549.1.1.1")
    elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
    return _algorithm("1.2.840.10045.4.3.2" if elliptic else "1.3.101.112")


_HASHES: Final = {1: "sha1", 2: "sha256", 4: "sha384"}


def _hash_of(directory: bytes) -> str:
    return _HASHES[directory[37]]


def _digest_of(directory: bytes) -> bytes:
    return hashlib.new(_hash_of(directory), directory).digest()


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A timestamp."""

    covered: bytes
    identity: Identity
    digest: str = "sha256"
    time: dt.datetime = SIGNED_AT
    message: Message | None = field(default=None)
    content_type: str = TST_INFO
    certificates: tuple[x509.Certificate, ...] | None = None

    def build(self) -> bytes:
        info = der(
            0x30,
            der(2, b"\1"),
            object_id("1.2.3.4"),
            der(
                0x30,
                _algorithm(ALGORITHMS[self.digest]),
                der(4, hashlib.new(self.digest, self.covered).digest()),
            ),
            der(2, b"\x2a"),
            der(0x18, f"{self.time:%Y%m%d%H%M%SZ}".encode()),
        )
        message = Message(
            identity=self.identity,
            content=info,
            content_type=self.content_type,
            certificates=self.certificates,
        )
        return message.build()


def wrapped(message: bytes) -> bytes:
    """The blob that a message stands in."""
    return struct.pack(">2I", 0xFADE0B01, 8 + len(message)) + message


def directories(image: bytes) -> tuple[bytes, ...]:
    """Take the code directories out of a signed image."""
    start = image.index(struct.pack(">I", 0xFADE0CC0))
    (count,) = struct.unpack_from(">I", image, start + 8)
    entries = [struct.unpack_from(">2I", image, start + 12 + 8 * each) for each in range(count)]
    found = []
    for slot, offset in entries:
        if slot == 0 or slot in range(0x1000, 0x1005):
            (length,) = struct.unpack_from(">I", image, start + offset + 4)
            found.append(image[start + offset : start + offset + length])
    return tuple(found)


def certified(
    build: Callable[[bytes], bytes], message: Callable[[tuple[bytes, ...]], Message]
) -> bytes:
    """Sign an image with a certificate, by what ``message`` makes of its code directories.

    ``build`` makes the image around the blob of the message. The code directories hold the hash of
    the page that says how large the signature is, so its size is found out by trying.
    """
    image = build(wrapped(bytes(64)))
    for _ in range(4):
        again = build(wrapped(message(directories(image)).build()))
        if directories(again) == directories(image):
            return again
        image = again
    raise AssertionError("the size of the signature does not settle")

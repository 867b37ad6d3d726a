"""Certificates, as far as code signing looks into them.

Form: RFC 5280. What is read off them is what Security's csutilities.cpp, SecCertificate.c and the
code signing policy in SecPolicy.c read. The libraries for it are imported only with this module.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

__all__ = [
    "Certificate",
    "Name",
    "Parsed",
    "Purpose",
    "is_plain",
    "read_certificate",
    "read_name",
]

Parsed: TypeAlias = Any
"""A value of :mod:`asn1crypto`, which has no types."""

Name: TypeAlias = tuple[tuple[str, str], ...]
"""Each part of a name: the number of its type, with dots, and its text."""

COMMON_NAME: Final = "2.5.4.3"
ORGANIZATION: Final = "2.5.4.10"
UNIT: Final = "2.5.4.11"

_HASHES: Final[Mapping[str, type[hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}


class Purpose(enum.StrEnum):
    """What a key may be used for: the numbers of the extended key usage."""

    ANY = "2.5.29.37.0"
    CODE_SIGNING = "1.3.6.1.5.5.7.3.3"
    TIME_STAMPING = "1.3.6.1.5.5.7.3.8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What one certificate says."""

    der: bytes
    subject: Name
    issuer: Name
    serial: int
    valid_from: datetime
    valid_until: datetime
    extensions: Mapping[str, bytes]
    """The value of each extension, by the number of its type."""
    is_authority: bool
    """True when it may issue others, or is so old a form that it does not say."""
    usage: frozenset[str] | None
    """What its key is for (``digital_signature``, ...); None when it does not say."""
    purposes: frozenset[str]
    """The numbers of its extended key usage."""
    policies: frozenset[str]
    emails: tuple[str, ...]
    key: bytes
    """The public key, as its DER."""
    signed: bytes
    """What the issuer's signature covers."""
    signature: bytes
    signature_hash: str | None
    """The hash algorithm of the issuer's signature; None for an algorithm that is not known."""

    @property
    def sha256(self) -> str:
        """The fingerprint, in hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def common_name(self) -> str:
        """What people call it; empty when it has no name."""
        return self.attribute(COMMON_NAME) or ""

    @property
    def organization(self) -> str:
        """Whose it is; empty when it does not say."""
        return self.attribute(ORGANIZATION) or ""

    @property
    def team(self) -> str | None:
        """The team identifier: the first organizational unit."""
        return next((text for kind, text in self.subject if kind == UNIT), None)

    @property
    def issued_itself(self) -> bool:
        """True for a root, and for a certificate that somebody made alone."""
        return self.is_named(self.issuer)

    def is_named(self, name: Name) -> bool:
        """Tell whether a name is its own, whatever the case and the spaces."""
        return _normal(self.subject) == _normal(name)

    def attribute(self, kind: str) -> str | None:
        """Give a part of the subject; of several of the same type the last, as Security does."""
        return next((text for each, text in reversed(self.subject) if each == kind), None)

    @property
    def is_of_apple_intermediate(self) -> bool:
        """True when Apple issued it with a certificate that is no root, by the names in it.

        A Mac knows Apple's roots, but none of the certificates between.
        """
        names = dict(self.issuer)
        apple = names.get(ORGANIZATION) == "Apple Inc."
        return apple and "Root CA" not in names.get(COMMON_NAME, "")

    def serves(self, purpose: Purpose) -> bool:
        """Tell whether it may be used so; one that names no purposes serves all of them."""
        return not self.purposes or not self.purposes.isdisjoint((purpose, Purpose.ANY))

    def valid_at(self, time: datetime) -> bool:
        """Tell whether a time lies in its life."""
        return self.valid_from <= time <= self.valid_until

    def issued(self, other: Certificate) -> bool | None:
        """Tell whether it signed another one; None when the algorithm is not known."""
        if other.signature_hash is None:
            return None
        return self.verifies(other.signature, other.signed, other.signature_hash)

    def verifies(self, signature: bytes, data: bytes, digest: str) -> bool | None:
        """Tell whether its key made a signature over ``data``.

        ``digest`` names the hash algorithm. None when the algorithm, or the kind of key, is none
        that can be checked here.
        """
        if digest not in _HASHES:
            return None
        algorithm = _HASHES[digest]()
        try:
            key = load_der_public_key(self.key)
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, data, padding.PKCS1v15(), algorithm)
            elif isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, data, ec.ECDSA(algorithm))
            else:
                return None
        except UnsupportedAlgorithm:
            return None
        except (InvalidSignature, ValueError):
            return False
        return True


def read_certificate(parsed: Parsed) -> Certificate:
    """Take what is asked of a certificate out of an ``asn1crypto.x509.Certificate``.

    Raises whatever the parser does for damaged ones: it reads only what is asked for.
    """
    facts = parsed["tbs_certificate"]
    extensions = {
        each["extn_id"].dotted: each["extn_value"].contents for each in facts["extensions"] or ()
    }
    constraints = parsed.basic_constraints_value
    of_old = facts["version"].native != "v3"
    return Certificate(
        der=parsed.dump(),
        subject=read_name(parsed.subject),
        issuer=read_name(parsed.issuer),
        serial=parsed.serial_number,
        valid_from=parsed.not_valid_before,
        valid_until=parsed.not_valid_after,
        extensions=extensions,
        is_authority=of_old or bool(constraints and constraints["ca"].native),
        usage=_flags(parsed.key_usage_value),
        purposes=_dotted(parsed.extended_key_usage_value),
        policies=_dotted(
            each["policy_identifier"] for each in parsed.certificate_policies_value or ()
        ),
        emails=_emails(parsed),
        key=parsed.public_key.dump(),
        signed=facts.dump(),
        signature=parsed.signature,
        signature_hash=_signature_hash(parsed["signature_algorithm"]),
    )


def read_name(name: Parsed) -> Name:
    """Take a name out of an ``asn1crypto.x509.Name``."""
    return tuple(
        (part["type"].dotted, str(part["value"].native)) for each in name.chosen for part in each
    )


def _normal(name: Name) -> list[tuple[str, str]]:
    return [(kind, " ".join(text.split()).casefold()) for kind, text in name]


def _flags(value: Parsed) -> frozenset[str] | None:
    return None if value is None else frozenset(value.native)


def _dotted(values: Iterable[Parsed] | None) -> frozenset[str]:
    return frozenset(each.dotted for each in values or ())


def _emails(parsed: Parsed) -> tuple[str, ...]:
    """Collect the addresses in the subject and beside it."""
    named = [text for kind, text in read_name(parsed.subject) if kind == "1.2.840.113549.1.9.1"]
    others = [
        each.native for each in parsed.subject_alt_name_value or () if each.name == "rfc822_name"
    ]
    return tuple(others + named)


def _signature_hash(algorithm: Parsed) -> str | None:
    """Name the hash algorithm of a plain signature."""
    return str(algorithm.hash_algo) if is_plain(algorithm) else None


def is_plain(algorithm: Parsed) -> bool:
    """Tell whether a parsed signature algorithm is RSA of PKCS #1 v1.5, or ECDSA."""
    try:
        return algorithm.signature_algo in ("rsassa_pkcs1v15", "ecdsa")
    except ValueError:  # it is none that the parser knows
        return False

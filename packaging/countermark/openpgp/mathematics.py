"""Whether a key made a signature, apart from whether either is to be believed.

pysequoia does not say this by itself: it refuses a signature that is older than what the key says
of itself now, although a key that was prolonged since is the same key. RFC 9580, sections 5.2.4
(what is hashed), 5.2.3 and 5.5.2 (versions 4 and 6), 3.2 (numbers).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

__all__ = [
    "UnsupportedError",
    "about",
    "embedded_signatures",
    "is_signed",
    "subpackets",
    "tells_its_digest",
]


class UnsupportedError(Exception):
    """The signature, or the key, is of a kind that is not computed here; the text says which."""


_HASHES: Final = {
    2: "sha1",
    8: "sha256",
    9: "sha384",
    10: "sha512",
    11: "sha224",
    12: "sha3_256",
    14: "sha3_512",
}
"""By their numbers: RFC 9580, section 9.5."""

_TEXT: Final = 0x01
"""The type of a signature of text, whose lines are taken to end with CR LF."""

_EMBEDDED: Final = 32
_CREATED, _EXPIRES, _ISSUER, _SIGNER, _ISSUER_FINGERPRINT = 2, 3, 16, 28, 33
_UNDERSTOOD: Final = frozenset({_CREATED, _EXPIRES, _ISSUER, _SIGNER, _ISSUER_FINGERPRINT})
"""Subpackets that may be critical in a signature of a file; pysequoia reads all of them."""


class _Signature(NamedTuple):
    """The fields of a signature packet."""

    version: int
    kind: int
    hash: str
    hashed: bytes
    """From the version to the end of the hashed subpackets."""
    subpackets: bytes
    """The hashed ones."""
    unhashed: bytes
    prefix: bytes
    """The first two octets of the digest, as the packet tells them."""
    salt: bytes
    numbers: bytes


class _Key(NamedTuple):
    """The fields of a public key packet."""

    algorithm: int
    material: bytes


def is_signed(document: bytes, signature: bytes, key: bytes, *, strict: bool = True) -> bool:
    """Tell whether the key made the signature of the document; all but the first are bodies.

    With ``strict`` a signature that holds a critical subpacket other than the ordinary ones is
    not computed. Raises :class:`UnsupportedError`, and nothing else, for what cannot be told.
    """
    try:
        made = _read_signature(signature)
        by = _read_key(key)
        if strict:
            _require_understood(made.subpackets)
        return _verify(by, made, _digest(document, made))
    except (IndexError, OverflowError, ValueError) as error:
        raise UnsupportedError(f"it cannot be computed: {error}") from error


def tells_its_digest(document: bytes, signature: bytes) -> bool:
    """Tell whether the two octets of the digest in a signature packet are those of the document.

    They are a hint that no signature covers: RFC 9580, section 5.2.3. True where it cannot be told.
    """
    try:
        made = _read_signature(signature)
        return made.prefix == _digest(document, made)[:2]
    except (UnsupportedError, IndexError, OverflowError, ValueError):
        return True


def subpackets(signature: bytes) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """Return the hashed and the unhashed subpackets of a signature packet by their types.

    Raises :class:`UnsupportedError`, and nothing else, for what cannot be read.
    """
    try:
        made = _read_signature(signature)
        return _by_type(made.subpackets), _by_type(made.unhashed)
    except IndexError as error:
        raise UnsupportedError("a packet is cut off") from error


def embedded_signatures(signature: bytes) -> tuple[bytes, ...]:
    """Return the signatures that stand in a signature, all as bodies of packets.

    In what binds a subkey that signs, the subkey says that it belongs there. Raises
    :class:`UnsupportedError`, and nothing else, for what cannot be read.
    """
    try:
        made = _read_signature(signature)
        found = (*_subpackets(made.subpackets), *_subpackets(made.unhashed))
    except IndexError as error:
        raise UnsupportedError("a packet is cut off") from error
    return tuple(content for kind, content in found if kind & 0x7F == _EMBEDDED)


def about(primary: bytes, tag: int = 0, body: bytes = b"") -> bytes:
    """Return what is signed to say something of a primary key, or of a part of its certificate.

    The part is a packet: a user id (tag 13), user attributes (17) or a subkey.
    """
    if not tag:
        return _framed(primary)
    if tag in _NAMING:
        return _framed(primary) + _NAMING[tag] + len(body).to_bytes(4) + body
    return _framed(primary) + _framed(body)


_NAMING: Final = {13: b"\xb4", 17: b"\xd1"}


def _framed(key: bytes) -> bytes:
    if key[:1] == b"\6":
        return b"\x9b" + len(key).to_bytes(4) + key
    return b"\x99" + (len(key) & 0xFFFF).to_bytes(2) + key


def _read_signature(body: bytes) -> _Signature:
    version = body[0]
    if version not in (4, 6):
        raise UnsupportedError(f"signatures of version {version} are not computed")
    size = 4 if version == 6 else 2
    hash_name = _HASHES.get(body[3])
    if hash_name is None:
        raise UnsupportedError(f"hash {body[3]} is not computed")
    subpackets, end = _counted(body, 4, size)
    unhashed, rest = _counted(body, end, size)
    prefix, rest = body[rest : rest + 2], rest + 2
    salt = b""
    if version == 6:
        salt, rest = _counted(body, rest, 1)
    return _Signature(
        version, body[1], hash_name, body[:end], subpackets, unhashed, prefix, salt, body[rest:]
    )


def _counted(body: bytes, at: int, size: int) -> tuple[bytes, int]:
    """Return what stands behind its own length of ``size`` octets, and where that ends."""
    start = at + size
    end = start + int.from_bytes(body[at:start])
    if end > len(body):
        raise UnsupportedError("a packet is cut off")
    return body[start:end], end


def _digest(document: bytes, made: _Signature) -> bytes:
    if made.kind == _TEXT:
        document = re.sub(rb"\r?\n", b"\r\n", document)
    state = hashlib.new(made.hash, made.salt, usedforsecurity=False)
    state.update(document)
    state.update(made.hashed)
    state.update(bytes((made.version, 0xFF)) + len(made.hashed).to_bytes(4))
    return state.digest()


def _require_understood(subpackets: bytes) -> None:
    for kind, _ in _subpackets(subpackets):
        if kind & 0x80 and kind & 0x7F not in _UNDERSTOOD:
            raise UnsupportedError(f"its critical subpacket {kind & 0x7F} is not understood")


def _by_type(area: bytes) -> dict[int, bytes]:
    return {kind & 0x7F: value for kind, value in _subpackets(area)}


def _subpackets(area: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield types and contents of subpackets: RFC 9580, section 5.2.3.7."""
    at = 0
    while at < len(area):
        first = area[at]
        if first < 192:
            size, at = first, at + 1
        elif first < 255:
            size, at = (first - 192 << 8) + area[at + 1] + 192, at + 2
        else:
            size, at = int.from_bytes(area[at + 1 : at + 5]), at + 5
        if not 0 < size <= len(area) - at:
            raise UnsupportedError("a subpacket is cut off")
        yield area[at], area[at + 1 : at + size]
        at += size


def _read_key(body: bytes) -> _Key:
    if body[0] not in (4, 6):
        raise UnsupportedError(f"keys of version {body[0]} are not computed")
    return _Key(algorithm=body[5], material=body[6 if body[0] == 4 else 10 :])


def _verify(key: _Key, made: _Signature, digest: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    computation = _COMPUTATIONS.get(key.algorithm)
    if computation is None:
        raise UnsupportedError(f"public key algorithm {key.algorithm} is not computed")
    try:
        computation(key.material, made, digest)
    except InvalidSignature:
        return False
    except UnsupportedAlgorithm as error:
        raise UnsupportedError(str(error)) from error
    return True


def _rsa(material: bytes, made: _Signature, digest: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    modulus, exponent = _numbers(material, 2)
    (signature,) = _numbers(made.numbers, 1)
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    filled = signature.to_bytes((modulus.bit_length() + 7) // 8)
    key.verify(filled, digest, padding.PKCS1v15(), Prehashed(_hash_of(made)))


def _dsa(material: bytes, made: _Signature, digest: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import dsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

    p, q, g, y = _numbers(material, 4)
    r, s = _numbers(made.numbers, 2)
    key = dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    key.verify(encode_dss_signature(r, s), digest, Prehashed(_hash_of(made)))


def _ecdsa(material: bytes, made: _Signature, digest: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

    curve, point = _curve(material)
    r, s = _numbers(made.numbers, 2)
    key = ec.EllipticCurvePublicKey.from_encoded_point(_known_curve(curve), point)
    key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(_hash_of(made))))


def _eddsa(material: bytes, made: _Signature, digest: bytes) -> None:
    """Verify with the older form of Ed25519, whose point follows an octet 0x40."""
    curve, point = _curve(material)
    if curve != _ED25519 or point[:1] != b"\x40":
        raise UnsupportedError(f"the curve {curve} is not computed")
    r, s = _numbers(made.numbers, 2)
    _edwards(point[1:], r.to_bytes(32) + s.to_bytes(32), digest)


def _ed25519(material: bytes, made: _Signature, digest: bytes) -> None:
    _edwards(material, made.numbers, digest)


def _ed448(material: bytes, made: _Signature, digest: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey

    Ed448PublicKey.from_public_bytes(material).verify(made.numbers, digest)


def _edwards(point: bytes, signature: bytes, digest: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Ed25519PublicKey.from_public_bytes(point).verify(signature, digest)


_ED25519: Final = "1.3.6.1.4.1.11591.15.1"

_COMPUTATIONS: Final[dict[int, Callable[[bytes, _Signature, bytes], None]]] = {
    1: _rsa,
    3: _rsa,
    17: _dsa,
    19: _ecdsa,
    22: _eddsa,
    27: _ed25519,
    28: _ed448,
}
"""By the numbers of algorithms: RFC 9580, section 9.1."""


def _numbers(content: bytes, count: int) -> tuple[int, ...]:
    """Return the first ``count`` numbers, each of which follows its length in bits."""
    found = []
    at = 0
    for _ in range(count):
        end = at + 2 + (int.from_bytes(content[at : at + 2]) + 7) // 8
        if at + 2 > len(content) or end > len(content):
            raise UnsupportedError("a packet is cut off")
        found.append(int.from_bytes(content[at + 2 : end]))
        at = end
    return tuple(found)


def _curve(material: bytes) -> tuple[str, bytes]:
    """Return the name of a curve in dots, and the point on it."""
    from asn1crypto.core import ObjectIdentifier

    name, end = _counted(material, 0, 1)
    (point,) = _numbers(material[end:], 1)
    dotted: str = ObjectIdentifier.load(bytes((6, len(name))) + name).dotted
    return dotted, point.to_bytes((point.bit_length() + 7) // 8)


def _known_curve(dotted: str) -> EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric.ec import get_curve_for_oid
    from cryptography.x509 import ObjectIdentifier

    try:
        return get_curve_for_oid(ObjectIdentifier(dotted))()
    except LookupError as error:
        raise UnsupportedError(f"the curve {dotted} is not computed") from error


def _hash_of(made: _Signature) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes

    known: dict[str, HashAlgorithm] = {
        "sha1": hashes.SHA1(),
        "sha224": hashes.SHA224(),
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
        "sha3_256": hashes.SHA3_256(),
        "sha3_512": hashes.SHA3_512(),
    }
    return known[made.hash]

"""The DER form of entitlements, as macOS 12 and later read them.

Form: Apple's CoreEntitlements, whose source is closed; ``TLE.mm`` and ``LWCRHelper.mm`` in
Security's libsecurity_codesigning show the order of keys and the types. An envelope with the
version 1 holds a dictionary; a dictionary is a sequence of pairs, sorted by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from countersign.propertylist import Value

__all__ = ["encode_entitlements"]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
UTF8_STRING: Final = 0x0C
SEQUENCE: Final = 0x30
ENTITLEMENTS: Final = 0x70
"""[APPLICATION 16], constructed: the envelope."""
DICTIONARY: Final = 0xB0
"""[CONTEXT 16], constructed."""
VERSION: Final = 1


def encode_entitlements(values: Mapping[str, Value]) -> bytes:
    """Encode a dictionary of entitlements with its envelope."""
    return _element(ENTITLEMENTS, _integer(VERSION) + _dictionary(values))


def _value(value: Value) -> bytes:
    match value:
        case bool():
            return _element(BOOLEAN, b"\xff" if value else b"\0")
        case int():
            return _integer(value)
        case str():
            return _string(value)
        case tuple():
            return _element(SEQUENCE, b"".join(_value(each) for each in value))
        case _:
            return _dictionary(value)


def _dictionary(values: Mapping[str, Value]) -> bytes:
    pairs = sorted((key.encode(), value) for key, value in values.items())
    return _element(
        DICTIONARY,
        b"".join(_element(SEQUENCE, _element(UTF8_STRING, key) + _value(v)) for key, v in pairs),
    )


def _integer(number: int) -> bytes:
    """Encode in two's complement with the fewest bytes."""
    magnitude = number if number >= 0 else ~number
    return _element(INTEGER, number.to_bytes(magnitude.bit_length() // 8 + 1, signed=True))


def _string(text: str) -> bytes:
    return _element(UTF8_STRING, text.encode())


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(digits))) + digits + content

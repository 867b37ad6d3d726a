"""The DER form of entitlements, as macOS 12 and later read them.

Form: Apple's CoreEntitlements, whose source is closed; its headers in xnu name the types and the
two versions, and ``TLE.mm`` and ``LWCRHelper.mm`` in Security's libsecurity_codesigning show the
order of keys. An envelope with the version 1 holds a dictionary; a dictionary is a sequence of
pairs, sorted by key. Before macOS 12 there was no envelope, and a dictionary was a set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, NoReturn

from countersign.errors import FormatError
from countersign.plists.propertylist import MAX_DEPTH, MAX_SIZE, Value

__all__ = ["decode_entitlements", "encode_entitlements"]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
UTF8_STRING: Final = 0x0C
SEQUENCE: Final = 0x30
SET: Final = 0x31
ENTITLEMENTS: Final = 0x70
"""[APPLICATION 16], constructed: the envelope."""
DICTIONARY: Final = 0xB0
"""[CONTEXT 16], constructed."""
VERSION: Final = 1

RULE: Final = "E2"
"""What bytes break that cannot be decoded."""


def encode_entitlements(values: Mapping[str, Value]) -> bytes:
    """Encode a dictionary of entitlements with its envelope."""
    return _element(ENTITLEMENTS, _integer(VERSION) + _dictionary(values))


def decode_entitlements(data: bytes | memoryview, base: int = 0) -> dict[str, Value]:
    """Decode entitlements, in the form with an envelope or in the one before it.

    ``data`` holds them and nothing else; it starts ``base`` bytes into the file. The order of the
    keys is not looked at: what is encoded again differs where it is wrong. Raises
    :class:`FormatError`, and no other error, whatever the bytes are.
    """
    return _Decoder(bytes(data), base).read()


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
    return bytes((tag,)) + _length(len(content)) + content


def _length(size: int) -> bytes:
    """Encode the length of contents with the fewest bytes."""
    if size < 0x80:
        return bytes((size,))
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((0x80 | len(digits),)) + digits


class _Element(NamedTuple):
    """One element; its contents are the bytes from ``start`` to ``end``."""

    tag: int
    start: int
    end: int


class _Decoder:
    """The bytes that are decoded, and what a dictionary looks like in them."""

    def __init__(self, data: bytes, base: int) -> None:
        self._data = data
        self._base = base
        self._dictionary_tag = DICTIONARY

    def read(self) -> dict[str, Value]:
        if len(self._data) > MAX_SIZE:
            self._fail(0, f"{len(self._data)} bytes are more than {MAX_SIZE}")
        (outer,) = self._children(_Element(0, 0, len(self._data)), 1, "form")
        if outer.tag == SET:
            self._dictionary_tag = SET
            return self._read_dictionary(outer, 1)
        if outer.tag != ENTITLEMENTS:
            self._fail(0, f"tag {outer.tag:#x} begins no entitlements")
        version, content = self._children(outer, 2, "envelope")
        if version.tag != INTEGER or self._read_integer(version) != VERSION:
            self._fail(version.start, f"their version is not {VERSION}")
        if content.tag != DICTIONARY:
            self._fail(content.start, "they are no dictionary")
        return self._read_dictionary(content, 1)

    def _read_value(self, element: _Element, depth: int) -> Value:
        if element.tag == self._dictionary_tag:
            return self._read_dictionary(element, depth)
        if element.tag == SEQUENCE:
            return self._read_array(element, depth)
        if element.tag == BOOLEAN:
            return self._read_boolean(element)
        if element.tag == INTEGER:
            return self._read_integer(element)
        if element.tag == UTF8_STRING:
            return self._read_string(element)
        self._fail(element.start, f"tag {element.tag:#x} is no kind of value")

    def _read_dictionary(self, element: _Element, depth: int) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for pair in self._elements(element, depth):
            key, value = self._children(pair, 2, "pair")
            if (pair.tag, key.tag) != (SEQUENCE, UTF8_STRING):
                self._fail(pair.start, "a dictionary holds something else than keys and values")
            name = self._read_string(key)
            if name in values:
                self._fail(key.start, f"the key {name!r} is there twice")
            values[name] = self._read_value(value, depth + 1)
        return values

    def _read_array(self, element: _Element, depth: int) -> tuple[Value, ...]:
        return tuple(self._read_value(each, depth + 1) for each in self._elements(element, depth))

    def _read_boolean(self, element: _Element) -> bool:
        content = self._data[element.start : element.end]
        if len(content) != 1:
            self._fail(element.start, f"a boolean of {len(content)} bytes")
        return content != b"\0"

    def _read_integer(self, element: _Element) -> int:
        content = self._data[element.start : element.end]
        if not 1 <= len(content) <= 8:
            self._fail(element.start, f"an integer of {len(content)} bytes")
        return int.from_bytes(content, signed=True)

    def _read_string(self, element: _Element) -> str:
        try:
            return self._data[element.start : element.end].decode()
        except UnicodeDecodeError:
            self._fail(element.start, "a string is not UTF-8")

    def _children(self, parent: _Element, count: int, what: str) -> list[_Element]:
        """Give the elements of a ``parent`` that must have ``count`` of them."""
        found = list(self._elements(parent, 0))
        if len(found) != count:
            self._fail(parent.start, f"the {what} has {len(found)} elements, not {count}")
        return found

    def _elements(self, parent: _Element, depth: int) -> Iterator[_Element]:
        if depth > MAX_DEPTH:
            self._fail(parent.start, f"more than {MAX_DEPTH} elements within each other")
        at = parent.start
        while at < parent.end:
            element = self._header(at, parent.end)
            yield element
            at = element.end

    def _header(self, at: int, limit: int) -> _Element:
        """Read a tag of one byte and the shortest form of a length, as DER demands."""
        start = at + 2
        if start > limit:
            self._fail(at, "an element is cut short")
        tag, size = self._data[at], self._data[at + 1]
        if size >= 0x80:
            start += size - 0x80
            size = int.from_bytes(self._data[at + 2 : min(start, limit)])
            if _length(size) != self._data[at + 1 : start]:
                self._fail(at, "a length is not in its shortest form")
        if start + size > limit:
            self._fail(at, f"an element of {size} bytes goes beyond what it is part of")
        return _Element(tag, start, start + size)

    def _fail(self, at: int, problem: str) -> NoReturn:
        raise FormatError("DER entitlements", self._base + at, problem, rule=RULE)

"""XML property lists, as strictly as ``codesign`` reads entitlements.

Form: what ``OSUnserializeXML`` in xnu's libkern takes of Apple's ``PropertyList-1.0.dtd``:
dictionaries, arrays, strings, integers and booleans, and no key twice. :mod:`plistlib` would
take the last of two equal keys, ignore unknown elements and expand what it does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NoReturn, TypeAlias
from xml.parsers import expat

from countersign.errors import EntitlementsError

__all__ = ["MAX_DEPTH", "MAX_SIZE", "Value", "parse_property_list"]

Value: TypeAlias = "bool | int | str | tuple[Value, ...] | dict[str, Value]"
"""What a property list holds; arrays are tuples."""

MAX_SIZE: Final = 1 << 20
"""Bytes of a file; real ones have some hundred."""
MAX_DEPTH: Final = 32
"""Elements within each other; real files have three to six."""
INT64: Final = range(-(2**63), 2**63)

_VALUES: Final = frozenset({"array", "dict", "false", "integer", "string", "true"})
_CHILDREN: Final = {
    "": frozenset({"plist"}),
    "plist": _VALUES,
    "array": _VALUES,
    "dict": _VALUES | {"key"},
}
"""What may stand directly in which element; the nameless one is the document."""
_WITH_TEXT: Final = frozenset({"integer", "key", "string"})
_INTEGER: Final = re.compile("-?[0-9]{1,19}|0x[0-9A-Fa-f]{1,16}")


def parse_property_list(data: bytes) -> dict[str, Value]:
    """Read the property list ``data``, whose outermost value must be a dictionary.

    Raises :class:`EntitlementsError`, and no other error, whatever the bytes are.
    """
    if len(data) > MAX_SIZE:
        raise EntitlementsError(f"{len(data)} bytes are more than {MAX_SIZE}")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise EntitlementsError("it is not UTF-8") from error
    if not text.lstrip().startswith("<") or "\0" in text:
        raise EntitlementsError("it is not XML")
    return _Reader().read(text)


@dataclass(slots=True)
class _Element:
    """An element that has begun and not ended."""

    name: str
    text: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    """What an array, or the whole list, holds so far."""
    pairs: dict[str, Value] = field(default_factory=dict)
    """What a dictionary holds so far."""
    key: str | None = None
    """The key whose value is to come."""


class _Reader:
    """The state of one reading: the elements that are open, outermost first."""

    def __init__(self) -> None:
        self._open = [_Element("")]
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.SkippedEntityHandler = self._entity

    def read(self, text: str) -> dict[str, Value]:
        try:
            self._parser.Parse(text, True)
        except expat.ExpatError as error:
            raise EntitlementsError(expat.ErrorString(error.code), error.lineno) from error
        values = self._open[0].values
        if len(values) != 1 or not isinstance(values[0], dict):
            raise EntitlementsError("the property list is not one dictionary")
        return values[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1]
        if name not in _CHILDREN.get(parent.name, ()):
            self._fail(f"<{name}> cannot stand {f'in <{parent.name}>' if parent.name else 'here'}")
        if attributes and name != "plist":
            self._fail(f"<{name}> has attributes")
        if len(self._open) > MAX_DEPTH:
            self._fail(f"more than {MAX_DEPTH} elements within each other")
        if parent.name == "dict" and (name == "key") != (parent.key is None):
            self._fail("keys and values do not take turns")
        self._open.append(_Element(name))

    def _end(self, name: str) -> None:
        element = self._open.pop()
        parent = self._open[-1]
        if name == "plist":
            parent.values = element.values
        elif name == "key":
            parent.key = "".join(element.text)
            if parent.key in parent.pairs:
                self._fail(f"the key {parent.key!r} is there twice")
        elif parent.key is not None:
            parent.pairs[parent.key] = self._value(element)
            parent.key = None
        else:
            parent.values.append(self._value(element))

    def _value(self, element: _Element) -> Value:
        match element.name:
            case "dict":
                if element.key is not None:
                    self._fail(f"the key {element.key!r} has no value")
                return element.pairs
            case "array":
                return tuple(element.values)
            case "string":
                return "".join(element.text)
            case "integer":
                return self._integer("".join(element.text))
            case _:
                return element.name == "true"

    def _integer(self, text: str) -> int:
        if not _INTEGER.fullmatch(text):
            self._fail(f"{text[:30]!r} is no integer")
        number = int(text, 16 if text.startswith("0x") else 10)
        if number not in INT64:
            self._fail(f"{text} does not fit into 64 bits with a sign")
        return number

    def _text(self, text: str) -> None:
        element = self._open[-1]
        if element.name in _WITH_TEXT:
            element.text.append(text)
        elif not text.isspace():
            self._fail(f"<{element.name}> contains text")

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if internal:
            self._fail("the DOCTYPE declares things of its own")

    def _entity(self, name: str, parameter: bool) -> None:
        self._fail(f"the entity &{name}; is unknown")

    def _fail(self, problem: str) -> NoReturn:
        raise EntitlementsError(problem, self._parser.CurrentLineNumber)

"""Cap'n Proto schemas, as far as programs that talk by them must agree.

Names, units and meanings: ``schema.capnp`` of Cap'n Proto. Annotations and constants are left out,
for no byte of a message depends on them; a default that is a constant is its value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

__all__ = [
    "UNREAD_DEFAULT",
    "Choice",
    "Enum",
    "Field",
    "Interface",
    "Method",
    "Node",
    "Schema",
    "Struct",
    "Type",
]

UNREAD_DEFAULT: Final = "explicit"
"""Stands for a default that is a list or a struct."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """The type of a field."""

    kind: str
    """``bool``, ``uint32``, ``text``, ``list``, ``struct``, ``anyPointer``, ``parameter``, ..."""
    node: int | None = None
    """The id of the enum, struct or interface."""
    element: Type | None = None
    """Of a list."""
    arguments: tuple[Type, ...] = ()
    """What a generic type is given."""


class Choice(NamedTuple):
    """Being a member of a union."""

    offset: int
    """Where the union says which member is set, in units of 16 bits."""
    value: int
    """What it says when it is this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field that takes room in a message, wherever groups put its name."""

    name: str
    """With the names of the groups around it: ``group.name``."""
    ordinal: int
    type: Type
    default: str
    choices: tuple[Choice, ...] = ()
    """The unions that it is in, the outermost first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Struct:
    """A struct, or the parameters or results of a method."""

    id: int
    name: str
    file: int
    implicit: bool
    """True for a method's own list, which has no name in the schema."""
    fields: tuple[Field, ...]
    """Sorted by ordinal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enum:
    """An enumeration."""

    id: int
    name: str
    file: int
    enumerants: tuple[str, ...]
    """By their numbers."""


class Method(NamedTuple):
    """One method."""

    name: str
    parameters: int
    """The id of a struct."""
    results: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """An interface."""

    id: int
    name: str
    file: int
    methods: tuple[Method, ...]
    """By their numbers."""
    superclasses: tuple[int, ...]


Node: TypeAlias = Struct | Enum | Interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """All schemas of one tree."""

    files: Mapping[int, str]
    """The paths of the files that are compared, by id."""
    nodes: Mapping[int, Node]
    """Everything that is declared in them and in what they import, by id."""

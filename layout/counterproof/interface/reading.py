"""Reading what the ``capnp`` compiler makes of schemas: a ``CodeGeneratorRequest``.

Source: ``schema.capnp`` of Cap'n Proto; pycapnp reads the message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from counterproof.errors import SchemaError
from counterproof.interface.schema import (
    UNREAD_DEFAULT,
    Choice,
    Enum,
    Field,
    Interface,
    Method,
    Node,
    Struct,
    Type,
)

__all__ = ["read_request"]

_NO_UNION: Final = 0xFFFF
"""``Field.noDiscriminant``."""
_ANY_SIZE: Final = 1 << 61
"""Words that may be read: the message is the compiler's own, and bounded before."""
_ANY: Final = {
    "anyKind": "anyPointer",
    "struct": "anyStruct",
    "list": "anyList",
    "capability": "capability",
}
"""``Type.anyPointer.unconstrained``, and how schemas write it."""

Values = Mapping[str, Any]


def read_request(message: bytes) -> tuple[dict[int, str], dict[int, Node]]:
    """Give the files in the order in which the compiler was given them, and all nodes, by id.

    Raises :class:`ImportError` without pycapnp, and :class:`SchemaError` for a type that is nested
    too deeply.
    """
    capnp: Any = import_module("capnp")  # which has no types
    top = Path(capnp.__file__).parent
    schema = capnp.load(str(top / "schema.capnp"), imports=[str(top.parent)])
    with schema.CodeGeneratorRequest.from_bytes(message, _ANY_SIZE) as reader:
        request = reader.to_dict()
    raw = {node["id"]: node for node in request["nodes"]}
    files = {file["id"]: file["filename"] for file in request["requestedFiles"]}
    found = (_node(node, raw) for node in raw.values())
    return files, {node.id: node for node in found if node is not None}


def _node(node: Values, raw: Mapping[int, Values]) -> Node | None:
    """Read a node; files, groups, constants and annotations are none of their own."""
    name = node["displayName"][node["displayName"].find(":") + 1 :]
    common = {"id": node["id"], "name": name, "file": _file_of(node, raw)}
    if "enum" in node:
        enumerants = node["enum"].get("enumerants", ())
        return Enum(**common, enumerants=tuple(each["name"] for each in enumerants))
    if "interface" in node:
        methods = node["interface"].get("methods", ())
        superclasses = node["interface"].get("superclasses", ())
        return Interface(
            **common,
            methods=tuple(
                Method(each["name"], each["paramStructType"], each["resultStructType"])
                for each in methods
            ),
            superclasses=tuple(each["id"] for each in superclasses),
        )
    if "struct" in node and not node["struct"]["isGroup"]:
        fields = sorted(_fields(node, raw, "", ()), key=lambda field: field.ordinal)
        return Struct(**common, implicit=node["scopeId"] == 0, fields=tuple(fields))
    return None


def _file_of(node: Values, raw: Mapping[int, Values]) -> int:
    """Give the file that a node is declared in; 0 for a method's own parameters."""
    seen = node
    while seen["scopeId"] in raw:
        seen = raw[seen["scopeId"]]
    found: int = seen["id"] if "file" in seen else 0
    return found


def _fields(
    node: Values, raw: Mapping[int, Values], prefix: str, choices: tuple[Choice, ...]
) -> Iterator[Field]:
    """Give the fields of a struct and of the groups in it."""
    struct = node["struct"]
    for field in struct.get("fields", ()):
        name, inside = prefix + field["name"], choices
        if field["discriminantValue"] != _NO_UNION:
            inside = (*choices, Choice(struct["discriminantOffset"], field["discriminantValue"]))
        if "group" in field:
            yield from _fields(raw[field["group"]["typeId"]], raw, f"{name}.", inside)
            continue
        slot = field["slot"]
        yield Field(
            name=name,
            ordinal=field["ordinal"].get("explicit", field["codeOrder"]),
            type=_type(slot["type"]),
            default=_default(slot),
            choices=inside,
        )


def _type(values: Values) -> Type:
    if not values:  # Cap'n Proto's bound on nesting was met
        raise SchemaError("a type is nested too deeply to be compared")
    ((kind, about),) = values.items()
    if kind == "list":
        return Type(kind=kind, element=_type(about["elementType"]))
    if kind == "anyPointer":
        return Type(kind=_pointer_kind(about))
    if isinstance(about, Mapping) and "typeId" in about:
        arguments = tuple(_arguments(about.get("brand", {}).get("scopes", ())))
        return Type(kind=kind, node=about["typeId"], arguments=arguments)
    return Type(kind=kind)


def _pointer_kind(about: Values) -> str:
    """Tell pointers to anything from those to any struct, list or capability, and parameters."""
    if "unconstrained" not in about:
        return "parameter"
    (kind,) = about["unconstrained"]
    return _ANY[kind]


def _arguments(scopes: Sequence[Values]) -> Iterator[Type]:
    for scope in scopes:
        for binding in scope.get("bind", ()):
            yield _type(binding["type"]) if "type" in binding else Type(kind="anyPointer")


def _default(slot: Values) -> str:
    """Spell a default such that equal ones are equal; of lists and structs only tell of one."""
    ((kind, value),) = slot["defaultValue"].items()
    if kind in ("list", "struct", "anyPointer", "interface"):
        return UNREAD_DEFAULT if slot["hadExplicitDefault"] else "none"
    return value.hex() if isinstance(value, bytes) else repr(value)

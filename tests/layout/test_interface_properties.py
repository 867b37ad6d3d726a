"""What holds for every schema: it breaks nobody by staying as it is, nor by growing."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from counterproof.interface.comparing import compare_schemas
from counterproof.interface.schema import (
    Choice,
    Enum,
    Field,
    Interface,
    Method,
    Node,
    Schema,
    Struct,
    Type,
)
from countersign.findings import Severity

FILE = 1
STRUCTS = range(10, 13)
ENUM, INTERFACE = 20, 30
PARAMETERS = range(40, 44)

TYPES = st.recursive(
    st.sampled_from(
        (
            *(Type(kind=kind) for kind in ("bool", "int32", "float64", "text", "data")),
            *(Type(kind="struct", node=each) for each in STRUCTS),
            Type(kind="enum", node=ENUM),
            Type(kind="interface", node=INTERFACE),
        )
    ),
    lambda element: st.builds(lambda one: Type(kind="list", element=one), element),
    max_leaves=3,
)


def fields_from(types: list[Type]) -> tuple[Field, ...]:
    """Give fields of these types; the last two of several are a union."""
    found = tuple(
        Field(name=f"f{number}", ordinal=number, type=kind, default="0")
        for number, kind in enumerate(types)
    )
    if len(found) < 3:
        return found
    union = (replace(each, choices=(Choice(9, at),)) for at, each in enumerate(found[-2:]))
    return (*found[:-2], *union)


FIELDS = st.lists(TYPES, max_size=6).map(fields_from)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    nodes: list[Node] = [
        *(
            Struct(id=each, name=f"S{each}", file=FILE, implicit=False, fields=draw(FIELDS))
            for each in STRUCTS
        ),
        *(
            Struct(id=each, name=f"I.m${each}", file=0, implicit=True, fields=draw(FIELDS))
            for each in PARAMETERS
        ),
        Enum(id=ENUM, name="E", file=FILE, enumerants=("red", "green")),
        Interface(
            id=INTERFACE,
            name="I",
            file=FILE,
            methods=(Method("first", 40, 41), Method("second", 42, 43)),
            superclasses=(),
        ),
    ]
    return Schema(files={FILE: "a.capnp"}, nodes={node.id: node for node in nodes})


def grown(schema: Schema, kind: Type) -> Schema:
    """Add a field to every struct, a value to every enum, and a method to every interface."""

    def grow(node: Node) -> Node:
        match node:
            case Struct():
                new = Field(name="new", ordinal=len(node.fields), type=kind, default="1")
                return replace(node, fields=(*node.fields, new))
            case Enum():
                return replace(node, enumerants=(*node.enumerants, "blue"))
            case Interface():
                return replace(node, methods=(*node.methods, Method("third", 40, 41)))

    return replace(schema, nodes={id: grow(node) for id, node in schema.nodes.items()})


@given(schemas())
def test_a_schema_has_not_changed_from_itself(schema: Schema) -> None:
    assert compare_schemas(schema, schema) == ()


@given(schemas(), TYPES)
def test_growth_is_noted_and_breaks_nobody(schema: Schema, kind: Type) -> None:
    changes = compare_schemas(schema, grown(schema, kind))
    assert {change.finding.severity for change in changes} == {Severity.NOTE}
    assert len(changes) == len(STRUCTS) + len(PARAMETERS) + 2


@given(schemas(), TYPES)
def test_the_way_back_breaks_old_clients(schema: Schema, kind: Type) -> None:
    changes = compare_schemas(grown(schema, kind), schema)
    assert {change.finding.rule for change in changes} == {"I04"}
    assert len(changes) == len(STRUCTS) + len(PARAMETERS) + 2

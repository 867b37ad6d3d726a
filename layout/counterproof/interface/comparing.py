"""What has changed between two schemas, and whether old clients can bear it.

Types are told apart by what they hold, not by their names: a type that was renamed or moved is
compared with what took its place. Everything here is pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from counterproof.interface.schema import (
    UNREAD_DEFAULT,
    Enum,
    Field,
    Interface,
    Method,
    Node,
    Schema,
    Struct,
    Type,
)
from counterproof.rulebook.interface import (
    CHANGED_DEFAULT,
    CHANGED_TYPE,
    FILE_ID,
    GROWTH,
    MOVED,
    NOT_COMPARED,
    REMOVED,
    REMOVED_TYPE,
    RENAMED,
    RENUMBERED,
    TYPE_ID,
)
from counterproof.rules import breach
from countersign.findings import Finding, Severity
from countersign.rule import Rule

__all__ = ["Change", "compare_schemas"]


class Change(NamedTuple):
    """A finding and the file that it is about."""

    file: str
    """Its path in the new tree, or in the old one when it is no longer there."""
    finding: Finding


class _Name(NamedTuple):
    """A member whose number has another name now."""

    name: str
    number: int
    other: int | None
    """The number that its name has now."""
    moved: bool
    """True when what has the name now is of the same type."""


def compare_schemas(old: Schema, new: Schema) -> tuple[Change, ...]:
    """Compare everything that the files of ``old`` declare, and list what ``new`` adds."""
    return tuple(_Comparison(old, new).run())


class _Comparison:
    """Two schemas and which types of one are which of the other."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old, self._new = old, new
        self._pairs: dict[int, int] = {}
        self._taken: set[int] = set()
        self._pending: list[int] = []

    def run(self) -> Iterator[Change]:
        declared = [
            node
            for node in self._old.nodes.values()
            if node.file in self._old.files and not _is_implicit(node)
        ]
        self._pair(declared)
        compared = set()
        while self._pending:
            old = self._old.nodes[self._pending.pop(0)]
            if old.id in compared:
                continue
            compared.add(old.id)
            yield from self._nodes(old, self._new.nodes[self._pairs[old.id]])
        yield from self._files(declared)
        for node in declared:
            if node.id not in self._pairs:
                severity = Severity.ERROR if isinstance(node, Interface) else Severity.WARNING
                message = f"{_kind(node)} {node.name} is no longer there"
                yield self._change(node, REMOVED_TYPE, message, severity)
        yield from self._growth()

    # Which is which

    def _pair(self, declared: Sequence[Node]) -> None:
        """Pair types by their ids, then by their names in files that are the same."""
        for node in declared:
            if node.id in self._new.nodes and node.id not in self._taken:
                self._join(node.id, node.id)
        named = {
            (self._new.files.get(node.file), node.name): node
            for node in self._new.nodes.values()
            if not _is_implicit(node)
        }
        for node in declared:
            twin = named.get((self._path_in_new(node.file), node.name))
            if node.id not in self._pairs and twin and twin.id not in self._taken:
                self._join(node.id, twin.id)

    def _path_in_new(self, file: int) -> str | None:
        return self._new.files.get(file) or self._old.files.get(file)

    def _join(self, old: int, new: int) -> None:
        self._pairs[old] = new
        self._taken.add(new)
        self._pending.append(old)

    def _same_type(self, old: Type, new: Type) -> bool:
        """Tell whether both stand for the same bytes; types that nobody has paired yet may be."""
        if old.kind != new.kind:
            return {old.kind, new.kind} == {"anyPointer", "parameter"}
        if old.element is not None and new.element is not None:
            return self._same_type(old.element, new.element) or self._becomes_struct(
                old.element, new.element
            )
        if old.node is None or new.node is None:
            return True
        arguments = zip(old.arguments, new.arguments, strict=False)
        return self._same_node(old.node, new.node) and all(
            self._same_type(before, after) for before, after in arguments
        )

    def _same_node(self, old: int, new: int) -> bool:
        if old not in self._pairs and new not in self._taken:
            if old not in self._old.nodes or new not in self._new.nodes:
                return old == new
            if type(self._old.nodes[old]) is not type(self._new.nodes[new]):
                return False
            self._join(old, new)
        return self._pairs.get(old) == new

    def _becomes_struct(self, old: Type, new: Type) -> bool:
        """A list may become one of structs that begin with what it was a list of, but for bits."""
        struct = self._new.nodes.get(new.node or 0)
        if not isinstance(struct, Struct) or not struct.fields or old.kind in ("bool", "struct"):
            return False
        first = struct.fields[0]
        return not first.choices and self._same_type(old, first.type)

    # What has changed

    def _files(self, declared: Sequence[Node]) -> Iterator[Change]:
        """Compare the ids of files, and of types where the file is not what changed them."""
        by_path = {path: file for file, path in self._new.files.items()}
        for file, path in self._old.files.items():
            types = [node for node in declared if node.file == file]
            changed = [node for node in types if self._pairs.get(node.id, node.id) != node.id]
            if file not in self._new.files and path in by_path:
                names = ", ".join(node.name for node in changed) or "no type"
                message = (
                    f"the id was {file:#x}, and is {by_path[path]:#x}; with it changed: {names}"
                )
                calls = any(isinstance(node, Interface) for node in changed)
                severity = Severity.ERROR if calls else Severity.WARNING
                yield Change(path, breach(FILE_ID, message, severity=severity))
                continue
            for node in changed:
                twin = self._new.nodes[self._pairs[node.id]]
                message = f"the id of {_kind(node)} {node.name} was {node.id:#x}"
                message += f", and is {twin.id:#x}, of {twin.name}"
                severity = Severity.ERROR if isinstance(node, Interface) else Severity.WARNING
                yield self._change(node, TYPE_ID, message, severity)

    def _nodes(self, old: Node, new: Node) -> Iterator[Change]:
        if isinstance(old, Struct) and isinstance(new, Struct):
            yield from self._structs(old, new, old, f"{old.name}.")
        elif isinstance(old, Enum) and isinstance(new, Enum):
            yield from self._enums(old, new)
        elif isinstance(old, Interface) and isinstance(new, Interface):
            yield from self._interfaces(old, new)
        else:
            message = f"{old.name} was {_kind(old)}, and is {_kind(new)}"
            yield self._change(old, CHANGED_TYPE, message)

    def _interfaces(self, old: Interface, new: Interface) -> Iterator[Change]:
        kept = {self._pairs.get(each, each) for each in old.superclasses}
        if not kept <= set(new.superclasses):
            yield self._change(old, CHANGED_TYPE, f"{old.name} no longer extends what it did")
        numbers = {method.name: number for number, method in enumerate(new.methods)}
        known = {method.name for method in old.methods}
        for number, method in enumerate(old.methods):
            name = f"{old.name}.{method.name}"
            if number >= len(new.methods):
                yield self._gone(old, f"method {name} @{number}", numbers.get(method.name))
                continue
            after = new.methods[number]
            if method.name != after.name:
                other = numbers.get(method.name)
                moved = other is not None and self._is_same_method(method, new.methods[other])
                told = _Name(name, number, other, moved)
                change = self._renamed(old, told, after.name, known)
                yield change
                if change.finding.severity is Severity.ERROR:
                    continue
            yield from self._method(old, name, method, after)
        yield from self._new_methods(old, new, known)

    def _new_methods(
        self, old: Interface, new: Interface, known: Collection[str]
    ) -> Iterator[Change]:
        for number, method in enumerate(new.methods[len(old.methods) :], len(old.methods)):
            if method.name not in known:
                message = f"new method {new.name}.{method.name} @{number}"
                yield self._change(old, GROWTH, message)

    def _method(self, owner: Interface, name: str, old: Method, new: Method) -> Iterator[Change]:
        for what, before, after in (
            ("parameter", old.parameters, new.parameters),
            ("result", old.results, new.results),
        ):
            one, other = self._old.nodes.get(before), self._new.nodes.get(after)
            if isinstance(one, Struct) and isinstance(other, Struct):
                if one.implicit or other.implicit or not self._same_node(before, after):
                    yield from self._structs(one, other, owner, f"{what} {name}:")
            elif before != after:
                yield self._change(owner, CHANGED_TYPE, f"{what}s of {name} are of another type")

    def _structs(self, old: Struct, new: Struct, owner: Node, prefix: str) -> Iterator[Change]:
        named = {field.name: field.ordinal for field in new.fields}
        kept: list[tuple[Field, Field]] = []
        for field, after in _by_ordinal(old, new):
            place = f"{prefix}{field.name} @{field.ordinal}"
            if after is None:
                yield self._gone(owner, place, named.get(field.name))
                continue
            if field.name != after.name:
                change = self._renamed_field(owner, prefix, field, after, old, new)
                yield change
                if change.finding.severity is Severity.ERROR:
                    continue
            kept.append((field, after))
            yield from self._field(owner, place, field, after)
        yield from self._moved(owner, prefix, new, kept)
        ordinals = {field.ordinal for field in old.fields}
        known = {field.name for field in old.fields}
        for field in new.fields:
            if field.ordinal not in ordinals and field.name not in known:
                place = f"{prefix}{field.name} @{field.ordinal}"
                yield self._change(owner, GROWTH, f"new {place}")

    def _renamed_field(
        self, owner: Node, prefix: str, old: Field, after: Field, before: Struct, new: Struct
    ) -> Change:
        other = next((field for field in new.fields if field.name == old.name), None)
        moved = other is not None and self._same_type(old.type, other.type)
        number = other.ordinal if other else None
        told = _Name(f"{prefix}{old.name}", old.ordinal, number, moved)
        return self._renamed(owner, told, after.name, {field.name for field in before.fields})

    def _field(self, owner: Node, place: str, old: Field, new: Field) -> Iterator[Change]:
        if not self._same_type(old.type, new.type):
            before, after = self._told(old.type, self._old), self._told(new.type, self._new)
            yield self._change(owner, CHANGED_TYPE, f"{place} was {before}, and is {after}")
        elif old.default != new.default:
            message = f"the default of {place} was {old.default}, and is {new.default}"
            yield self._change(owner, CHANGED_DEFAULT, message)
        elif old.default == UNREAD_DEFAULT:
            message = f"the default of {place} is a list or a struct"
            yield self._change(owner, NOT_COMPARED, message)

    def _moved(
        self, owner: Node, prefix: str, new: Struct, kept: Sequence[tuple[Field, Field]]
    ) -> Iterator[Change]:
        """Compare the unions of fields; a changed type shifts all that comes behind it anyhow."""
        if not all(self._same_type(before.type, after.type) for before, after in kept):
            return
        joined = _joined(new, {before.ordinal for before, _ in kept})
        for before, after in kept:
            if not _may_move(before, after, joined):
                place = f"{prefix}{before.name} @{before.ordinal}"
                yield self._change(owner, MOVED, f"{place} moved into or out of a union")

    def _enums(self, old: Enum, new: Enum) -> Iterator[Change]:
        numbers = {name: number for number, name in enumerate(new.enumerants)}
        for number, name in enumerate(old.enumerants):
            place, other = f"{old.name}.{name}", numbers.get(name)
            if number < len(new.enumerants) and name != new.enumerants[number]:
                told = _Name(place, number, other, other is not None)
                yield self._renamed(old, told, new.enumerants[number], old.enumerants)
            elif number >= len(new.enumerants):
                yield self._gone(old, f"enumerant {place} @{number}", other)
        for number, name in enumerate(new.enumerants[len(old.enumerants) :], len(old.enumerants)):
            if name not in old.enumerants:
                yield self._change(old, GROWTH, f"new enumerant {new.name}.{name} @{number}")

    def _gone(self, owner: Node, what: str, other: int | None) -> Change:
        """Tell of a number that nothing has any more."""
        if other is not None:
            return self._change(owner, RENUMBERED, f"{what} is now @{other}")
        return self._change(owner, REMOVED, f"{what} is no longer there")

    def _renamed(self, owner: Node, old: _Name, new: str, known: Collection[str]) -> Change:
        """Tell what became of a number that has another name: an error unless it means the same.

        ``known`` are all the old names. A name that went elsewhere with its type took its meaning
        along; one that came from elsewhere brought another.
        """
        place = f"{old.name} @{old.number}"
        if old.moved:
            message = f"{place} is now @{old.other}, and @{old.number} is {new}"
            return self._change(owner, RENUMBERED, message)
        if new in known:
            message = f"{place} is no longer there, and @{old.number} is {new}"
            return self._change(owner, REMOVED, message)
        message = f"{place} is now called {new}"
        if old.other is not None:
            message += f"; {old.name} is now something new, @{old.other}"
            message += f" (see whether @{old.number} still does what it did: no schema tells that)"
        return self._change(owner, RENAMED, message)

    def _is_same_method(self, old: Method, new: Method) -> bool:
        """Tell whether two methods take and give the same, nothing more and nothing less."""
        return all(
            self._is_same_list(before, after)
            for before, after in ((old.parameters, new.parameters), (old.results, new.results))
        )

    def _is_same_list(self, old: int, new: int) -> bool:
        one, other = self._old.nodes.get(old), self._new.nodes.get(new)
        if not isinstance(one, Struct) or not isinstance(other, Struct):
            return old == new
        return len(one.fields) == len(other.fields) and all(
            before.name == after.name and self._same_type(before.type, after.type)
            for before, after in zip(one.fields, other.fields, strict=True)
        )

    def _growth(self) -> Iterator[Change]:
        for file, path in self._new.files.items():
            if file not in self._old.files and path not in self._old.files.values():
                yield Change(path, breach(GROWTH, "the file is new"))
        for node in self._new.nodes.values():
            new = node.file in self._new.files and node.id not in self._taken
            if new and not _is_implicit(node):
                yield Change(
                    self._new.files[node.file], breach(GROWTH, f"new {_kind(node)} {node.name}")
                )

    def _change(
        self, owner: Node, rule: Rule, message: str, severity: Severity | None = None
    ) -> Change:
        path = self._path_in_new(owner.file) or owner.name
        return Change(path, breach(rule, message, severity=severity))

    def _told(self, type_: Type, schema: Schema) -> str:
        if type_.element is not None:
            return f"List({self._told(type_.element, schema)})"
        node = schema.nodes.get(type_.node or 0)
        name = node.name if node else type_.kind
        arguments = ", ".join(self._told(each, schema) for each in type_.arguments)
        return f"{name}({arguments})" if arguments else name


def _by_ordinal(old: Struct, new: Struct) -> Iterator[tuple[Field, Field | None]]:
    """Give each old field with the new one of the same number."""
    fields = {field.ordinal: field for field in new.fields}
    return ((field, fields.get(field.ordinal)) for field in old.fields)


def _joined(new: Struct, old_ordinals: Collection[int]) -> set[int]:
    """Give the offsets of unions that hold more than one of the old fields."""
    members: dict[int, set[int]] = {}
    for field in new.fields:
        for choice in field.choices:
            if field.ordinal in old_ordinals:
                members.setdefault(choice.offset, set()).add(choice.value)
    return {offset for offset, values in members.items() if len(values) > 1}


def _may_move(old: Field, new: Field, joined: Collection[int]) -> bool:
    """A field may stay where it is, or become the first member of a union that is otherwise new."""
    kept = [choice for choice in new.choices if choice in old.choices]
    added = [choice for choice in new.choices if choice not in old.choices]
    return kept == list(old.choices) and all(
        choice.value == 0 and choice.offset not in joined for choice in added
    )


def _is_implicit(node: Node) -> bool:
    return isinstance(node, Struct) and node.implicit


def _kind(node: Node) -> str:
    return type(node).__name__.lower()

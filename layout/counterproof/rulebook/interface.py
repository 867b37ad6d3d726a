"""The rules of interfaces: what may change in a Cap'n Proto schema, and what may not.

Source of all: Cap'n Proto, "The Schema Language", section "Evolving Your Protocol".
"""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY, WARNING

__all__ = [
    "CHANGED_DEFAULT",
    "CHANGED_TYPE",
    "FILE_ID",
    "GROWTH",
    "MOVED",
    "NOT_COMPARED",
    "REMOVED",
    "REMOVED_TYPE",
    "RENAMED",
    "RENUMBERED",
    "RULES",
    "TYPE_ID",
]

_SOURCE: Final = "Cap'n Proto, The Schema Language, Evolving Your Protocol"
_KEEP: Final = "Give it back what it had; declare what is new under a new number, at the end."

FILE_ID: Final = Rule(
    id="I01",
    name="file-id",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A schema file keeps its id.",
    why="The ids of types are derived from it, and a call names its interface by that id.",
    cause="The file was copied, or its id was generated anew.",
    fix="Put the old id back into the first line of the file.",
    source=_SOURCE,
)
TYPE_ID: Final = Rule(
    id="I02",
    name="type-id",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A type keeps its id.",
    why=(
        "A call names its interface by its id: the server does not know the old one. Ids of structs"
        " and enums are in no message, so that these are warnings."
    ),
    cause="The type was renamed or moved, and had no id of its own.",
    fix="Write the old id behind the type's name: interface NAME @0x...",
    source=_SOURCE,
)
REMOVED_TYPE: Final = Rule(
    id="I03",
    name="removed-type",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No interface is removed.",
    why=(
        "Old clients call what is not there. A struct or an enum is missed only where something has"
        " that type, which is told there, so that these are warnings."
    ),
    cause="It was thought that nobody uses it any more.",
    fix="Keep the interface, and let its methods fail.",
    source=_SOURCE,
)
REMOVED: Final = Rule(
    id="I04",
    name="removed-member",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No field, method or enumerant is removed.",
    why="Old clients send or call it, and its number could be given to something else.",
    cause="It was thought that nobody uses it any more.",
    fix="Keep it, under a name that says that it is obsolete.",
    source=_SOURCE,
)
RENUMBERED: Final = Rule(
    id="I05",
    name="renumbered",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Fields, parameters, methods and enumerants keep their numbers.",
    why="Messages hold numbers, not names: old clients mean something else by them.",
    cause="Something was declared in between; parameters are numbered by their order.",
    fix="Declare what is new behind everything that was there.",
    source=_SOURCE,
)
CHANGED_TYPE: Final = Rule(
    id="I06",
    name="changed-type",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Nothing changes its type.",
    why="Old clients read and write other bytes than new ones.",
    cause="A number was too small, or a value was replaced by a struct.",
    fix=_KEEP,
    source=_SOURCE,
)
CHANGED_DEFAULT: Final = Rule(
    id="I07",
    name="changed-default",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No field or parameter changes its default.",
    why="Messages hold the difference from the default: the same bytes mean another value.",
    cause="The default of the program was changed in the schema too, or a constant in it.",
    fix="Put the old default back; let the program choose another value.",
    source=f"{_SOURCE}; Cap'n Proto, Encoding Spec, Default Values",
)
MOVED: Final = Rule(
    id="I08",
    name="moved",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No field moves out of a union, or into one that holds another old field.",
    why="Old clients do not say which member of the union is set, or read the wrong place.",
    cause="Fields were joined into a union afterwards.",
    fix="Declare the union with new fields beside the old ones.",
    source=_SOURCE,
)
RENAMED: Final = Rule(
    id="I09",
    name="renamed",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Names stay.",
    why="Programs that are built with the new schema, or read it as they run, miss the old name.",
    cause="A name was improved, or made room for something new.",
    fix="Nothing, if what has the number still does what it did: no name is in a message.",
    source=_SOURCE,
)
GROWTH: Final = Rule(
    id="I10",
    name="growth",
    severity=NOTE,
    enforced_by=POLICY,
    demands="What is new is additional.",
    why="Old clients do not know of it and work as before.",
    cause="The interface has grown.",
    fix="Nothing needs to be done.",
    source=_SOURCE,
)
NOT_COMPARED: Final = Rule(
    id="I11",
    name="not-compared",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Every default can be compared.",
    why="Those that are lists or structs are not looked into: they may have changed.",
    cause="A field has such a default in both schemas.",
    fix="Compare both lines by eye.",
    source="countermark layout interface",
)

RULES: Final = (
    FILE_ID,
    TYPE_ID,
    REMOVED_TYPE,
    REMOVED,
    RENUMBERED,
    CHANGED_TYPE,
    CHANGED_DEFAULT,
    MOVED,
    RENAMED,
    GROWTH,
    NOT_COMPARED,
)

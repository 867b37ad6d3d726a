"""The options that a suite declares for its users."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal, TypeAlias

from countermark.initial.trace import Call, Place

__all__ = ["DeclaredOption", "OptionKind", "declared_options"]

OptionKind: TypeAlias = Literal["BOOL", "STRING", "PATH", "FILEPATH"]

_TYPES: Final[dict[str, OptionKind]] = {
    "BOOL": "BOOL",
    "STRING": "STRING",
    "PATH": "PATH",
    "FILEPATH": "FILEPATH",
}
_SHAPING: Final = re.compile(
    r"(?:^|_)(?:BUILD|INSTALL|TESTS?|TESTING|BENCH\w*|EXAMPLES?|SAMPLES?|DOCS?|MAN|FUZZ\w*|TOOLS?"
    r"|PROGRAMS?|SHARED|STATIC|GUI|CLI)(?:_|$)"
)
"""In the name of an option that adds or drops what is built and installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredOption:
    """A cache entry that a suite offers, with what it says of it."""

    name: str
    kind: OptionKind
    default: str
    help: str
    place: Place
    subproject: str
    """The directory of the project within the suite that declares it; empty for the suite's own."""

    @property
    def shapes(self) -> bool:
        """True when it says, by its name, that it adds or drops what is built or installed."""
        return bool(_SHAPING.search(self.name))


def declared_options(calls: tuple[Call, ...]) -> tuple[DeclaredOption, ...]:
    """Return the options, those of the suite itself first, in the order of their declaration."""
    projects = [
        PurePosixPath(call.place.file).parent for call in calls if call.command == "project"
    ]
    found: dict[str, DeclaredOption] = {}
    for call in calls:
        for name, kind, default, text in _declared(call):
            subproject = _subproject(call.place, projects[1:])
            found.setdefault(
                name,
                DeclaredOption(
                    name=name,
                    kind=kind,
                    default=default,
                    help=" ".join(text.split()),
                    place=call.place,
                    subproject=subproject,
                ),
            )
    return tuple(sorted(found.values(), key=lambda each: each.subproject))


def _declared(call: Call) -> Iterator[tuple[str, OptionKind, str, str]]:
    """Yield name, kind, default and help of what a call declares; nothing without a plain name."""
    words = call.arguments
    if not words or not re.fullmatch(r"[A-Za-z_]\w*", words[0]):
        return
    name = words[0]
    if call.command == "option" and len(words) > 1:
        yield name, "BOOL", _switch(words[2] if len(words) > 2 else "OFF"), words[1]
    elif call.command == "cmake_dependent_option" and len(words) > 2:
        yield name, "BOOL", _switch(words[2]), words[1]
    elif call.command == "set" and "CACHE" in words:
        at = words.index("CACHE")
        kind, text = (*words[at + 1 : at + 3], "", "")[:2]
        if kind in _TYPES and "FORCE" not in words:
            yield name, _TYPES[kind], ";".join(words[1:at]), text


def _switch(word: str) -> str:
    off = word.upper() in ("", "0", "OFF", "NO", "FALSE", "N", "IGNORE", "NOTFOUND")
    return "OFF" if off or word.upper().endswith("-NOTFOUND") else "ON"


def _subproject(place: Place, projects: Iterable[PurePosixPath]) -> str:
    """Return the innermost project below the top that a place lies in."""
    folder = PurePosixPath(place.file).parent
    inside = [each for each in projects if each.parts and folder.is_relative_to(each)]
    return str(max(inside, key=lambda each: len(each.parts), default=""))

"""Extended regular expressions of POSIX, matched in a time that the text and the pattern bound.

The rules of a bundle's resources are such expressions, and come out of the bundle. Form: POSIX.1,
"Extended Regular Expressions", of which one that occurs in a text is searched for. :mod:`re` goes
back over the text and may take hours for a short pattern; here all ways through the pattern are
followed at once, so that a text costs at most its length times the size of the pattern (Thompson,
CACM 11:6, 1968).
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from countersign.errors import PatternError, PatternLimitError

__all__ = ["Pattern", "compile_pattern"]

MAX_PATTERN: Final = 500
"""Characters; real patterns have some dozens."""
MAX_STEPS: Final = 1000
"""Steps that a pattern becomes; repetition by a number multiplies them."""
MAX_NESTING: Final = 20
MAX_REPEAT: Final = 255
"""RE_DUP_MAX."""
MAX_KNOWN: Final = 10_000
"""Answers that are kept of one pattern."""
MAX_RANGE: Final = 0x300
"""Characters of one range in brackets."""

_CLASSES: Final = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "digit": string.digits,
    "lower": string.ascii_lowercase,
    "punct": string.punctuation,
    "space": string.whitespace,
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}
"""The classes of the C locale."""


class _Set(NamedTuple):
    """Characters of which one must stand here, or of which none may."""

    characters: frozenset[str]
    negated: bool = False

    def holds(self, character: str) -> bool:
        return (character in self.characters) is not self.negated


class _Anchor(NamedTuple):
    """The start of the text, or its end."""

    is_end: bool


class _Sequence(NamedTuple):
    """Parts that follow each other."""

    parts: tuple[_Node, ...]


class _Choice(NamedTuple):
    """Parts of which one stands here."""

    parts: tuple[_Node, ...]


class _Repeat(NamedTuple):
    """A part that stands here several times."""

    part: _Node
    least: int
    most: int | None
    """None for as often as one likes."""


_Node: TypeAlias = _Set | _Anchor | _Sequence | _Choice | _Repeat


@dataclass(slots=True)
class _Step:
    """One step, and the numbers of those that may follow it."""

    then: list[int] = field(default_factory=list)
    takes: _Set | None = None
    """The character that it takes; None for a step that takes none."""
    anchor: _Anchor | None = None
    """Where alone the step is possible."""


SUCCESS: Final = 0
"""The number of the step that ends every way through a pattern."""


class Pattern:
    """A pattern that texts can be searched for."""

    def __init__(self, steps: Sequence[_Step], start: int) -> None:
        self._steps = steps
        self._start = start
        self._known: dict[tuple[frozenset[int], str, bool], frozenset[int]] = {}
        self.work = 0
        """What was done so far: characters that were taken, and steps that were looked at."""

    def occurs_in(self, text: str) -> bool:
        """Tell whether the pattern occurs anywhere in ``text``."""
        current = self._reach([self._start], at_start=True, at_end=not text)
        for at, character in enumerate(text, 1):
            if SUCCESS in current:
                return True
            current = self._next(current, character, at == len(text))
        return SUCCESS in current

    def _next(self, current: frozenset[int], character: str, at_end: bool) -> frozenset[int]:
        """Take one character; what follows the same steps is found out once."""
        self.work += 1
        key = (current, character, at_end)
        known = self._known.get(key)
        if known is not None:
            return known
        following = self._reach(
            [*self._take(current, character), self._start], at_start=False, at_end=at_end
        )
        if len(self._known) < MAX_KNOWN:
            self._known[key] = following
        return following

    def _take(self, current: Iterable[int], character: str) -> Iterator[int]:
        """Give what follows the steps that can take a character."""
        for number in current:
            step = self._steps[number]
            if step.takes is not None and step.takes.holds(character):
                yield from step.then

    def _reach(self, pending: list[int], *, at_start: bool, at_end: bool) -> frozenset[int]:
        """Follow the steps that take no character."""
        reached: set[int] = set()
        while pending:
            self.work += 1
            number = pending.pop()
            step = self._steps[number]
            anchor = step.anchor
            if anchor is not None and not (at_end if anchor.is_end else at_start):
                continue
            if number not in reached:
                reached.add(number)
                if step.takes is None:
                    pending += step.then
        return frozenset(reached)


def compile_pattern(text: str) -> Pattern:
    """Compile a pattern.

    Raises :class:`PatternError` for what is none, and its subclass :class:`PatternLimitError` for
    what POSIX leaves open, or what is larger than any real one.
    """
    if len(text) > MAX_PATTERN:
        raise PatternLimitError(f"it has more than {MAX_PATTERN} characters")
    steps = [_Step()]
    start = _add(steps, _Parser(text).parse(), SUCCESS)
    return Pattern(steps, start)


def _add(steps: list[_Step], node: _Node, then: int) -> int:
    """Add the steps of a part, which go on at ``then``; give the number of the first one."""
    match node:
        case _Set():
            return _append(steps, _Step([then], takes=node))
        case _Anchor():
            return _append(steps, _Step([then], anchor=node))
        case _Sequence():
            for part in reversed(node.parts):
                then = _add(steps, part, then)
            return then
        case _Choice():
            return _append(steps, _Step([_add(steps, part, then) for part in node.parts]))
        case _Repeat():
            return _add_repeat(steps, node, then)


def _add_repeat(steps: list[_Step], node: _Repeat, then: int) -> int:
    if node.most is None:
        again = _append(steps, _Step([then]))
        steps[again].then.append(_add(steps, node.part, again))
        first = again
    else:
        first = then
        for _ in range(node.most - node.least):
            first = _append(steps, _Step([_add(steps, node.part, first), then]))
    for _ in range(node.least):
        first = _add(steps, node.part, first)
    return first


def _append(steps: list[_Step], step: _Step) -> int:
    if len(steps) >= MAX_STEPS:
        raise PatternLimitError(f"it takes more than {MAX_STEPS} steps")
    steps.append(step)
    return len(steps) - 1


class _Parser:
    """The state of one reading: the pattern, and how much of it was read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nesting = 0

    def parse(self) -> _Node:
        whole = self._choice()
        if self._at < len(self._text):
            raise PatternLimitError("a parenthesis is closed that was not opened")
        return whole

    def _choice(self) -> _Node:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        return _Choice(tuple(parts)) if len(parts) > 1 else parts[0]

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated())
        return _Sequence(tuple(parts))

    def _repeated(self) -> _Node:
        node = self._atom()
        for _ in range(MAX_NESTING):
            if self._take("*"):
                node = _Repeat(node, 0, None)
            elif self._take("+"):
                node = _Repeat(node, 1, None)
            elif self._take("?"):
                node = _Repeat(node, 0, 1)
            elif self._take("{"):
                node = _Repeat(node, *self._interval())
            else:
                return node
        raise PatternLimitError("it repeats repetitions")

    def _interval(self) -> tuple[int, int | None]:
        inside, closed, _ = self._text[self._at :].partition("}")
        least, comma, most = inside.partition(",")
        if not (closed and least.isdecimal() and (most.isdecimal() or not most)):
            raise PatternLimitError("braces hold something else than numbers")
        self._at += len(inside) + 1
        low = int(least)
        high = int(most) if most else (None if comma else low)
        if high is not None and not low <= high <= MAX_REPEAT:
            raise PatternError(f"{{{inside}}} is no number of times")
        if low > MAX_REPEAT:
            raise PatternError(f"{{{inside}}} is no number of times")
        return low, high

    def _atom(self) -> _Node:
        character = self._next()
        match character:
            case "(":
                return self._group()
            case "[":
                return self._bracket()
            case ".":
                return _Set(frozenset(), negated=True)
            case "^" | "$":
                return _Anchor(character == "$")
            case "*" | "+" | "?" | "{":
                raise PatternLimitError(f"nothing stands before {character}")
            case "\\":
                return self._escaped()
            case _:
                return _Set(frozenset(character))

    def _group(self) -> _Node:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise PatternLimitError(f"more than {MAX_NESTING} parentheses within each other")
        inner = self._choice()
        if not self._take(")"):
            raise PatternError("a parenthesis is not closed")
        self._nesting -= 1
        return inner

    def _escaped(self) -> _Node:
        character = self._next()
        if not character:
            raise PatternError("it ends in a backslash")
        if character.isalnum():
            raise PatternLimitError(f"\\{character} means nothing in POSIX")
        return _Set(frozenset(character))

    def _bracket(self) -> _Node:
        negated = self._take("^")
        characters: set[str] = set()
        while (character := self._next()) != "]" or not characters:
            if not character:
                raise PatternError("a bracket is not closed")
            if character == "[" and self._peek() in (".", "=", ":"):
                characters |= self._named()
            else:
                characters |= self._range(character)
        return _Set(frozenset(characters), negated)

    def _named(self) -> set[str]:
        inside, closed, _ = self._text[self._at :].partition(":]")
        name = inside[1:]
        if not inside.startswith(":") or not closed or name not in _CLASSES:
            raise PatternLimitError("it names characters that are not known here")
        self._at += len(inside) + 2
        return set(_CLASSES[name])

    def _range(self, first: str) -> set[str]:
        if self._peek() != "-" or self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return {first}
        self._next()
        last = self._next()
        if last == "[":
            raise PatternLimitError("a range ends in a bracket")
        if ord(last) < ord(first):
            raise PatternError(f"{first}-{last} goes backwards")
        if ord(last) - ord(first) > MAX_RANGE:
            raise PatternLimitError(f"{first}-{last} has too many characters")
        return {chr(each) for each in range(ord(first), ord(last) + 1)}

    def _peek(self) -> str:
        """Give the next character; empty at the end."""
        return self._text[self._at : self._at + 1]

    def _next(self) -> str:
        character = self._peek()
        self._at += len(character)
        return character

    def _take(self, wanted: str) -> bool:
        if self._peek() != wanted:
            return False
        self._at += 1
        return True

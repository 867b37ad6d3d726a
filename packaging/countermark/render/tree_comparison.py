"""Why two archives or trees differ, as text: the first cause in three lines, then all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, Self

from countermark.difference.diffoscope import Shown
from countermark.difference.outcome import Cause, Outcome, Place, Side, TreeComparison
from countermark.rulebook.differences import TAR_END
from countersign.escaping import listed, printable

__all__ = ["describe_shown", "describe_trees"]

MAX_GROUPS: Final = 5
"""Lines of a cause that are printed; JSON has more of them."""
_ROOM: Final = 80
"""Columns in which what was found on both sides stands on one line."""


def describe_trees(comparison: TreeComparison, *, modulo_signature: bool) -> str:
    """Return the whole story, which is one line for what is the same."""
    lines = [_headline(comparison, modulo_signature=modulo_signature)]
    if causes := comparison.causes:
        gravest = causes[0]
        lines += _first(gravest)
        lines += _sides(comparison)
        if len(causes) > 1 or gravest.total > 1:
            lines += _causes(causes)
    return "\n".join(lines)


def describe_shown(shown: Shown | None) -> str:
    """Return what diffoscope said, with nothing in it that a terminal would take for a command."""
    if shown is None:
        return "diffoscope: not run, for no file differs in its content"
    lines = [f"diffoscope of {printable(shown.member)}"]
    lines += (f"  {printable(line.expandtabs())}" for line in shown.lines)
    if shown.stopped:
        lines.append("  (stopped, for it took too long)")
    return "\n".join(lines)


def _headline(comparison: TreeComparison, *, modulo_signature: bool) -> str:
    one, two = comparison.first, comparison.second
    inside = "zip" if one.form == "zip" else "tar"
    ended = any(cause.rule is TAR_END for cause in comparison.causes)
    stored = "with other zeros at its end" if ended else "compressed otherwise"
    headlines = {
        Outcome.IDENTICAL: "the same",
        Outcome.CONTENT: f"the same files, in a {one.form} and a {two.form}",
        Outcome.COMPRESSION: f"the same {inside}, {stored}",
        Outcome.SIGNATURES: "the same but for signatures",
        Outcome.DIFFERENT: "different",
    }
    counted = comparison.outcome is Outcome.DIFFERENT and len(comparison.causes) > 1
    causes = f", for {len(comparison.causes)} causes" if counted else ""
    ignored = comparison.outcome is Outcome.DIFFERENT and modulo_signature
    return f"{headlines[comparison.outcome]}{causes}{', signatures aside' if ignored else ''}"


def _first(cause: Cause) -> Iterator[str]:
    title, *values = _group(_Group.of(cause.places[0]), (cause.places[0].member,))
    yield f"  {cause.rule.id} {cause.rule.name}  {title}".rstrip()
    yield from (f"  {line}" for line in values)
    yield f"  usual reason: {cause.rule.cause}"
    yield f"  fix: {cause.rule.fix}"


def _sides(comparison: TreeComparison) -> Iterator[str]:
    yield f"- {_side(comparison.first)}"
    yield f"+ {_side(comparison.second)}"


def _side(side: Side) -> str:
    words = [side.form]
    if side.members is not None:
        words.append(f"{side.members:,} members")
    if side.compressor is not None:
        words.append(printable(side.compressor))
    return f"{printable(str(side.path))}  ({', '.join(words)})"


def _causes(causes: Sequence[Cause]) -> Iterator[str]:
    for cause in causes:
        count = f"  {cause.total:,} places" if cause.total > 1 else ""
        yield f"{cause.rule.id} {cause.rule.name}{count}"
        groups = _groups(cause.places)
        shown = dict(islice(groups.items(), MAX_GROUPS))
        for group, members in shown.items():
            yield from (f"  {line}" for line in _group(group, members))
        rest = cause.total - sum(map(len, shown.values()))
        if rest:
            yield f"  ... and {rest:,} more"


class _Group(NamedTuple):
    """What is the same in several places."""

    what: str
    first: str | None
    second: str | None

    @classmethod
    def of(cls, place: Place) -> Self:
        return cls(place.what, place.first, place.second)


def _groups(places: Iterable[Place]) -> dict[_Group, list[str | None]]:
    """Gather the members in which the same differs."""
    groups: dict[_Group, list[str | None]] = {}
    for place in places:
        groups.setdefault(_Group.of(place), []).append(place.member)
    return groups


def _group(group: _Group, members: Sequence[str | None]) -> Iterator[str]:
    """Give one line, or three where they are long."""
    where = listed([each for each in members if each is not None])
    title = ": ".join(each for each in (where, printable(group.what)) if each)
    first, second = _shown(group.first), _shown(group.second)
    if len(title) + len(first) + len(second) <= _ROOM:
        yield f"{title}: {first} -> {second}" if title else f"{first} -> {second}"
        return
    yield title
    yield f"  - {first}"
    yield f"  + {second}"


def _shown(text: str | None) -> str:
    return "(none)" if text is None else printable(text)

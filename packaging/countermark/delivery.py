"""What speaks against the way in which images travel: rules R60, P9 and N9."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from countermark.reach import Companion, Unread
from countersign.appledouble import AppleDouble
from countersign.findings import FileVerdict
from countersign.rules import broken

__all__ = ["judge_delivery"]


def judge_delivery(
    files: Sequence[FileVerdict], companions: Sequence[Companion], unread: Iterable[Unread]
) -> tuple[FileVerdict, ...]:
    """Add what is wrong with images to their verdicts, and verdicts about what is no image.

    An AppleDouble file makes ``codesign --strict`` refuse the image that it belongs to, when macOS
    unpacks both from one archive and there is in it what codesign refuses. All others are litter.
    """
    images = {(file.path, file.member) for file in files}
    harmful = {
        (str(each.path), each.owner): each
        for each in companions
        if any(each.content) and (str(each.path), each.owner) in images
    }
    judged = [_with_companion(file, harmful.get((file.path, file.member))) for file in files]
    litter = [each for each in companions if each not in harmful.values()]
    return (*judged, *_litter(litter), *map(_not_looked_into, unread))


def _with_companion(file: FileVerdict, companion: Companion | None) -> FileVerdict:
    if companion is None or companion.owner is None:
        return file
    message = f"{companion.member} gives it {_describe(companion.content)}"
    return replace(file, findings=(*file.findings, broken("R60", None, message)))


def _describe(content: AppleDouble) -> str:
    parts = []
    if content.resource_fork:
        parts.append("a resource fork")
    if content.finder_info:
        parts.append("Finder information")
    return " and ".join(parts)


def _litter(companions: Iterable[Companion]) -> Iterator[FileVerdict]:
    """Say once for every archive and every directory what lies about in it."""
    places: dict[tuple[Path, bool], list[str]] = defaultdict(list)
    for each in companions:
        inside = each.member is not None
        place = each.path if inside else each.path.parent
        places[place, inside].append(each.member or each.path.name)
    for (place, _), names in places.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        finding = broken("P9", None, f"AppleDouble files lie in it: {names[0]}{others}")
        yield FileVerdict(path=str(place), findings=(finding,))


def _not_looked_into(unread: Unread) -> FileVerdict:
    finding = broken("N9", 0, f"it was not looked into: {unread.reason}")
    return FileVerdict(path=str(unread.path), member=unread.member, findings=(finding,))

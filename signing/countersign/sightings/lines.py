"""Recognise what is known in the lines of a log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from countersign.sightings import ending, kernel, loader, policy, security
from countersign.sightings.phrase import Meaning, Phrase
from countersign.sightings.sighting import Sighting

__all__ = ["PHRASES", "recognize_lines"]

PHRASES: Final[tuple[Phrase, ...]] = (
    *kernel.PHRASES,
    *loader.PHRASES,
    *policy.PHRASES,
    *ending.PHRASES,
    *security.PHRASES,
)

MAX_LINES: Final = 200_000
MAX_LINE: Final = 4096
"""Lines that are read of a log, and characters of a line."""
MAX_QUOTE: Final = 200
_DIGITS: Final = re.compile(r"[0-9A-Fa-f]+")


def recognize_lines(text: str) -> Iterator[Sighting]:
    """Give everything that is recognised, in the order of the lines; repetitions come again."""
    for line in islice(text.splitlines(), MAX_LINES):
        cut = line[:MAX_LINE]
        for phrase in PHRASES:
            if phrase.mark in cut:
                for match in phrase.pattern.finditer(cut):
                    yield _sighting(phrase, match)


def _sighting(phrase: Phrase, match: re.Match[str]) -> Sighting:
    meaning = phrase.meaning
    if not isinstance(meaning, Meaning):
        meaning = meaning(match)
    facts = match.groupdict()
    return Sighting(
        quote=_quote(match[0]),
        reporter=phrase.reporter,
        source=phrase.source,
        meaning=meaning.text,
        rules=meaning.rules,
        advice=meaning.advice,
        process=facts.get("process"),
        pid=_number(facts.get("pid"), 10),
        path=facts.get("path") or facts.get("old_path"),
        offset=_offset(facts),
        address=_number(facts.get("address"), 16),
        uuid="".join(_DIGITS.findall(facts.get("uuid") or "")).lower() or None,
    )


def _offset(facts: dict[str, str | None]) -> int | None:
    """Find the place in the file; dyld gives where a slice starts, and its signature in it."""
    start, blob = _number(facts.get("slice"), 16), _number(facts.get("blob"), 16)
    if start is not None and blob is not None:
        return start + blob
    hexadecimal = _number(facts.get("offset"), 16)
    return _number(facts.get("offset10"), 10) if hexadecimal is None else hexadecimal


def _number(digits: str | None, base: int) -> int | None:
    return None if digits is None else int(digits, base)


def _quote(text: str) -> str:
    return text if len(text) <= MAX_QUOTE else f"{text[:MAX_QUOTE]}..."

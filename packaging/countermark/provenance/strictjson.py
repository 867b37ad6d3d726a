"""JSON from strangers: what two readers could take for two different documents is refused.

I-JSON (RFC 7493): UTF-8, no half of a surrogate pair, no name twice in an object, no number that
not every reader holds exactly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from math import isinf
from pathlib import Path
from typing import Any, Final, NoReturn

from countermark.files import read_ordinary

__all__ = ["LARGEST", "MOST_DEPTH", "StrictJsonError", "parse_strict", "read_bounded"]

LARGEST: Final = 16 << 20
"""Bytes of the largest document that is read; those of a release have some hundred thousand."""
MOST_DEPTH: Final = 64
"""Objects and lists that may stand in one another."""
_LARGEST_NUMBER: Final = 2**53 - 1
_MOST_DIGITS: Final = 16
_SHOWN: Final = 40
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""How an escaped half of a pair begins, or a whole pair."""
_TOO_DEEP: Final = f"more than {MOST_DEPTH} objects and lists stand in one another"


class StrictJsonError(ValueError):
    """A document that is not read, and why; what is quoted of it may hold anything."""


def read_bounded(path: Path) -> bytes:
    """Read a document, but no more of it than it takes to see that it is too large.

    Raises :class:`OSError`.
    """
    return read_ordinary(path, LARGEST + 1)


def parse_strict(content: bytes) -> object:
    """Parse a JSON document. Raises :class:`StrictJsonError`, and no other error."""
    if len(content) > LARGEST:
        raise StrictJsonError(f"it has more than {LARGEST >> 20} MiB")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"it is not UTF-8, at byte {error.start}") from error
    try:
        document = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_fraction,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise StrictJsonError(f"it is not JSON: {error.msg} at {place}") from error
    except RecursionError as error:
        raise StrictJsonError(_TOO_DEEP) from error
    _refuse_depth(document)
    if _SURROGATE.search(text):
        _refuse_halves(document)
    return document


def _refuse_depth(document: object) -> None:
    """Look at one level after the other."""
    level: list[object] = [document]
    for _ in range(MOST_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise StrictJsonError(_TOO_DEEP)


def _refuse_halves(document: object) -> None:
    """Refuse text that UTF-8 cannot hold."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise StrictJsonError("a text holds half of a surrogate pair") from error


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise StrictJsonError(f"an object has the name {name[:_SHOWN]!a} twice")
        made[name] = value
    return made


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MOST_DIGITS or abs(int(digits)) > _LARGEST_NUMBER:
        raise StrictJsonError(f"the number {digits[:_SHOWN]} is larger than 2**53")
    return int(digits)


def _fraction(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise StrictJsonError(f"the number {digits[:_SHOWN]} is larger than any that can be held")
    return value


def _no_constant(word: str) -> NoReturn:
    raise StrictJsonError(f"{word} is no number of JSON")

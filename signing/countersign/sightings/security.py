"""What codesign and Security print: names, numbers and texts of errors."""

from __future__ import annotations

import re
from typing import Final

from countersign.apple import ERRORS
from countersign.rulebook import RULES
from countersign.sightings.phrase import Meaning, Phrase, phrase
from countersign.sightings.sighting import Reporter

__all__ = ["PHRASES"]


def _security_error(match: re.Match[str]) -> Meaning:
    number = int(match["number"])
    found = [name for name, error in ERRORS.items() if error.code == number]
    return _named_error(found[0]) if found else Meaning(f"Security's error {number}.")


def _security_name(match: re.Match[str]) -> Meaning:
    return _named_error(match["name"])


def _named_error(name: str) -> Meaning:
    error = ERRORS.get(name)
    rules = tuple(rule.id for rule in RULES.values() if rule.apple == name)
    text = f"{name} ({error.code}): {error.text}." if error else f"{name}."
    return Meaning(text, rules)


def _printed_by_codesign(name: str, text: str) -> Phrase:
    """Recognise what codesign prints behind the path of a file."""
    return phrase(
        text,
        rf"(?:^(?P<path>[^:]{{1,1024}}): )?{re.escape(text)}",
        Reporter.SECURITY,
        "Security CSCommon.h",
        _named_error(name),
    )


PHRASES: Final[tuple[Phrase, ...]] = (
    phrase(
        "MacOS error: ",
        r"MacOS error: (?P<number>-6[67]\d{3})",
        Reporter.SECURITY,
        "Security errors.cpp MacOSError",
        _security_error,
    ),
    phrase(
        "errSec",
        r"\b(?P<name>errSecCS[A-Za-z]{1,60})",
        Reporter.SECURITY,
        "Security CSCommon.h",
        _security_name,
    ),
    *(_printed_by_codesign(name, error.text) for name, error in ERRORS.items()),
)

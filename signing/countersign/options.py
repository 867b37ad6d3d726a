"""Option flags: the words of ``codesign --options`` that an ad-hoc signature can carry.

Words: ``kSecCodeDirectoryFlagTable`` in Security's codedirectory.cpp. ``codesign`` takes any
beginning of a word for the first word in its table that begins so; here it must be the only one.
"""

from __future__ import annotations

import difflib
import re
from typing import Final

from countersign.codedirectory import Flag
from countersign.errors import OptionsError

__all__ = ["WORDS", "parse_options"]

WORDS: Final = {
    "enforcement": Flag.ENFORCEMENT,
    "hard": Flag.HARD,
    "kill": Flag.KILL,
    "library-validation": Flag.REQUIRE_LV,
    "restrict": Flag.RESTRICT,
    "runtime": Flag.RUNTIME,
}
"""The options that can be set."""

_ADHOC: Final = "adhoc"
_REFUSED: Final = {
    _ADHOC: (Flag.ADHOC, "every ad-hoc signature has it anyway"),
    "expires": (Flag.CHECK_EXPIRATION, "an ad-hoc signature has no certificate to expire"),
    "host": (Flag.VALID, "the kernel takes it from no signature"),
    "linker-signed": (
        Flag.LINKER_SIGNED,
        "it marks what linkers sign, and codesign replaces such signatures unasked",
    ),
}
"""The rest of codesign's words, and why they are not for ad-hoc signatures."""

_NUMBER: Final = re.compile("0[xX][0-9A-Fa-f]{1,8}|0|[1-9][0-9]{0,9}")


def parse_options(text: str) -> Flag:
    """Read comma-separated words such as ``hard,runtime``, or a number such as ``0x10000``.

    The result lacks :attr:`Flag.ADHOC`, which the signature gets in any case. Raises
    :class:`OptionsError` for what is unknown, ambiguous or senseless in an ad-hoc signature.
    """
    if text[:1].isdecimal():
        return _from_number(text)
    flags = Flag(0)
    for word in text.split(","):
        flags |= _from_word(word)
    return flags


def _from_word(word: str) -> Flag:
    everything = (*WORDS, *_REFUSED)
    found = [word] if word in everything else [each for each in everything if each.startswith(word)]
    if not word:
        raise OptionsError(word, "a word is missing")
    if len(found) > 1:
        raise OptionsError(word, f"it may mean {' or '.join(found)}")
    if not found:
        nearest = difflib.get_close_matches(word, everything, n=1, cutoff=0)
        raise OptionsError(word, f"it is unknown; did you mean {nearest[0]}?")
    if found[0] in _REFUSED:
        raise OptionsError(word, _REFUSED[found[0]][1])
    return WORDS[found[0]]


def _from_number(text: str) -> Flag:
    if not _NUMBER.fullmatch(text):
        raise OptionsError(text, "it is no number of 32 bits, decimal or with 0x")
    number = int(text, 0) & ~int(Flag.ADHOC)
    for word, (flag, reason) in _REFUSED.items():
        if word != _ADHOC and number & flag:
            raise OptionsError(text, f"{flag.value:#x} is {word}: {reason}")
    unknown = number & ~sum(WORDS.values())
    if unknown:
        raise OptionsError(text, f"{unknown:#x} is no option")
    return Flag(number)

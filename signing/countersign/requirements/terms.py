"""The terms of code requirements: one operator each, with what it is given.

Numbers: ``ExprOp`` and ``MatchOperation`` in Security's requirement.h.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

__all__ = ["Match", "Matching", "Op", "Term"]


class Op(enum.IntEnum):
    """``ExprOp``: what a term asks; the two without a number in the file stand for unknown ones."""

    FALSE = 0
    TRUE = 1
    IDENTIFIER = 2
    APPLE_ANCHOR = 3
    ANCHOR_HASH = 4
    INFO_VALUE = 5
    AND = 6
    OR = 7
    CDHASH = 8
    NOT = 9
    INFO_FIELD = 10
    CERTIFICATE_FIELD = 11
    TRUSTED_CERTIFICATE = 12
    TRUSTED_CHAIN = 13
    CERTIFICATE_EXTENSION = 14
    APPLE_GENERIC_ANCHOR = 15
    ENTITLEMENT = 16
    CERTIFICATE_POLICY = 17
    NAMED_ANCHOR = 18
    NAMED_CODE = 19
    PLATFORM = 20
    NOTARIZED = 21
    CERTIFICATE_DATE = 22
    LEGACY = 23
    UNKNOWN_FALSE = -1
    UNKNOWN_SKIPPED = -2

    @property
    def arity(self) -> int:
        """How many terms follow as operands."""
        return _ARITIES.get(self, 0)


_ARITIES: Final = {Op.AND: 2, Op.OR: 2, Op.NOT: 1, Op.UNKNOWN_SKIPPED: 1}


class Matching(enum.IntEnum):
    """``MatchOperation``: how a field is compared; UNKNOWN is any other, which never holds."""

    EXISTS = 0
    EQUAL = 1
    CONTAINS = 2
    BEGINS = 3
    ENDS = 4
    LESS = 5
    GREATER = 6
    LESS_OR_EQUAL = 7
    GREATER_OR_EQUAL = 8
    ON = 9
    BEFORE = 10
    AFTER = 11
    ON_OR_BEFORE = 12
    ON_OR_AFTER = 13
    ABSENT = 14
    UNKNOWN = -1

    @property
    def is_of_time(self) -> bool:
        """True when the value is a time."""
        return Matching.ON <= self <= Matching.ON_OR_AFTER


class Match(NamedTuple):
    """How a field is compared, and with what."""

    matching: Matching
    value: bytes = b""
    time: int = 0
    """Seconds since 2001-01-01, UTC, for the comparisons of times."""
    number: int = 0
    """The number in the file of an unknown comparison."""


class Term(NamedTuple):
    """One operator and what it is given, apart from operands that are terms themselves."""

    op: Op
    number: int = 0
    """The certificate's place in the chain, the platform, or the number of an unknown operator."""
    key: bytes = b""
    """The identifier, hash, name, field or object identifier."""
    match: Match | None = None

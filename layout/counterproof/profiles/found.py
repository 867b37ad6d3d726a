"""A value that was found out, together with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Generic, TypeVar

__all__ = ["SAID", "Found"]

Value = TypeVar("Value")

SAID: Final = "as asked"
"""The reason of what the user said."""


@dataclass(frozen=True, slots=True)
class Found(Generic[Value]):
    """A value, and in a few words how it was found."""

    value: Value
    reason: str

"""The rules of OpenPGP signatures, and of the keys that made them."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule

__all__ = ["RULES"]

RULES: Final[tuple[Rule, ...]] = ()

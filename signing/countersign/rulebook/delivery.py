"""The rules of delivery: how images travel, and what a user demands of them."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule

__all__ = ["RULES"]

RULES: Final[tuple[Rule, ...]] = ()

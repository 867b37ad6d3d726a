"""The rules of which files a release consists of."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule

__all__ = ["RULES"]

RULES: Final[tuple[Rule, ...]] = ()

"""The rules of what many builders attest."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule

__all__ = ["RULES"]

RULES: Final[tuple[Rule, ...]] = ()

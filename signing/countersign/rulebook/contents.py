"""The rules of what is sealed: entitlements, the Info.plist, and the files of a bundle."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule

__all__ = ["RULES"]

RULES: Final[tuple[Rule, ...]] = ()

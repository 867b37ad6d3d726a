"""The rules for releases: digests, who signed them, who agrees, and why two builds differ."""

from __future__ import annotations

from typing import Final

from countermark.rulebook import (
    artifacts,
    attestations,
    differences,
    provenance,
    publication,
    reproducibility,
    signatures,
    sums,
)
from counterproof.rules import RULES as LAYOUT_RULES
from countersign.rule import Rule
from countersign.rulebook import RULES as SIGNATURE_RULES

__all__ = ["EVERY_RULE", "RULES"]

_BOOKS: Final = (
    sums,
    signatures,
    attestations,
    artifacts,
    provenance,
    publication,
    differences,
    reproducibility,
)

RULES: Final[dict[str, Rule]] = {rule.id: rule for book in _BOOKS for rule in book.RULES}
"""Every rule by its id; :func:`counterproof.rules.breach` makes findings of them."""

EVERY_RULE: Final[dict[str, Rule]] = {**SIGNATURE_RULES, **LAYOUT_RULES, **RULES}
"""The rules of signatures, of layouts and of releases."""

"""One build: how it was made, and what it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from countermark.reproduction.conditions import Conditions

__all__ = ["Attempt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One build."""

    number: int
    names: tuple[str, ...]
    """The variations that it was made with."""
    conditions: Conditions
    out: Path
    """What it left, moved to where it is kept."""
    made_at: Path
    """Where it was made."""
    seconds: float

    @property
    def sums(self) -> Mapping[str, str]:
        """The digest of every artifact, by name."""
        lines = (self.out / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

    @property
    def order(self) -> str:
        """The entries of the suite, as the system listed them."""
        path = self.out / ".countermark" / "order"
        return path.read_text(encoding="utf-8", errors="surrogateescape")

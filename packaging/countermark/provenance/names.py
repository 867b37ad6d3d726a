"""What the documents about a release are called, behind ``NAME-VERSION``."""

from __future__ import annotations

from typing import Final

__all__ = ["ENVELOPE", "SBOM", "STATEMENT"]

SBOM: Final = ".cdx.json"
STATEMENT: Final = ".provenance.json"
"""What is said of the release, as people read it."""
ENVELOPE: Final = ".provenance.dsse.json"
"""The same with the signatures of those who say it."""

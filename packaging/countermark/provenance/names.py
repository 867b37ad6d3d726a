"""What the documents about a release are called, and what belongs to it by its name."""

from __future__ import annotations

from typing import Final

__all__ = ["ENVELOPE", "SBOM", "STATEMENT", "is_artifact_of"]

SBOM: Final = ".cdx.json"
"""What stands behind ``NAME-VERSION``; so do the others."""
STATEMENT: Final = ".provenance.json"
"""What is said of the release, as people read it."""
ENVELOPE: Final = ".provenance.dsse.json"
"""The same with the signatures of those who say it."""

_OTHERS: Final = (
    *(".json", ".asc", ".sig", ".minisig", ".sigstore", ".ots", ".torrent"),
    *(".sha256", ".sha512", ".md", ".txt"),
)
"""What a file's name ends with that is about a release and no part of it."""


def is_artifact_of(label: str, name: str) -> bool:
    """Tell by its name whether a file belongs to the release ``NAME-VERSION``, and is no document
    about it.
    """
    rest = name.removeprefix(label)
    return rest != name and rest[:1] in ("-", ".") and not rest.endswith(_OTHERS)

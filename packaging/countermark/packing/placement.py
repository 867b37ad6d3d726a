"""In which directory of a Guix build's ``output/`` a published file lies.

An attestation lists its files sorted by these paths and names them without the directory, so that
the order of a flat directory of artifacts must be found from their names. Source: Bitcoin Core
contrib/guix/libexec/package.sh and codesign.sh, OUTDIR.
"""

from __future__ import annotations

import os
from typing import Final

from counterproof.profiles.artifact import Artifact
from counterproof.profiles.triple import target_for

__all__ = ["CODESIGNED", "SOURCE_DIRECTORY", "is_codesigned", "order", "place"]

SOURCE_DIRECTORY: Final = "dist-archive"
"""Where the source archive lies, and the detached signatures that codesigners publish."""
CODESIGNED: Final = "-codesigned"
"""What stands behind a host where its files hold the codesigners' signatures."""

_UNSIGNED_KINDS: Final = ("debug", "codesigning")


def place(artifact: Artifact) -> str:
    """Return the directory: a host, a host with :data:`CODESIGNED`, or the sources'."""
    if artifact.triple is None:
        return SOURCE_DIRECTORY
    return artifact.triple + CODESIGNED * is_codesigned(artifact)


def order(name: str) -> bytes:
    """Return what the name of a file is sorted by in a list of digests: its path in ``output/``.

    The name of a file that is called otherwise than Guix calls its files stands for itself.
    """
    artifact = Artifact.parse(name)
    return os.fsencode(f"{place(artifact)}/{name}" if artifact else name)


def is_codesigned(artifact: Artifact) -> bool:
    """Tell whether a file is made only after codesigners published their signatures.

    These are the archives of hosts whose programs are codesigned, and the installer; what goes to
    the codesigners says ``unsigned`` or ``codesigning``.
    """
    if artifact.kind == "codesignatures":
        return True
    target = target_for(artifact.triple) if artifact.triple else None
    wanted = target is not None and target.platform in ("darwin", "windows")
    return wanted and not artifact.unsigned and artifact.kind not in _UNSIGNED_KINDS

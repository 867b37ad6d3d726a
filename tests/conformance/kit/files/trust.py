"""Who vouches: the rules of rulebook/trust.py."""

from __future__ import annotations

from typing import Final

from kit.bases import PROGRAM, Files, resealed, signed_with
from kit.signature import CMS, EMPTY_REQUIREMENTS, REQUIREMENTS, blob

__all__ = ["FILES"]

FILES: Final[Files] = {
    "R45-pass": PROGRAM.build,
    "R45-fail": signed_with(PROGRAM, flags=0).build,
    "P1-pass": PROGRAM.build,
    "P1-fail": lambda: resealed(
        PROGRAM, blobs=((REQUIREMENTS, EMPTY_REQUIREMENTS), (CMS, blob(0xFADE0B01, b"cms!")))
    ).build(),
    "P2-pass": PROGRAM.build,
    "P2-fail": signed_with(PROGRAM, team="TEAM000001").build,
}

"""The special slots: the rules of rulebook/seal.py."""

from __future__ import annotations

from typing import Final

from kit.bases import PROGRAM, Files, resealed, signed_with
from kit.files.superblob import BLOBS, XML
from kit.signature import ENTITLEMENTS, REQUIREMENTS

__all__ = ["FILES"]

REP_SPECIFIC: Final = 6
ENTITLED: Final = resealed(PROGRAM, blobs=(*BLOBS, (ENTITLEMENTS, XML)))


FILES: Final[Files] = {
    "R41-pass": ENTITLED.build,
    "R41-fail": signed_with(ENTITLED, special={ENTITLEMENTS: b"others"}).build,
    "R41-fail-gone": signed_with(PROGRAM, special={ENTITLEMENTS: XML}).build,
    "R41-fail-requirements": signed_with(PROGRAM, special={REQUIREMENTS: b"others"}).build,
    "R41-fail-unknown": signed_with(PROGRAM, special={REP_SPECIFIC: b"gone"}).build,
    "R42-pass": ENTITLED.build,
    "R42-fail": signed_with(ENTITLED, unsealed=(ENTITLEMENTS,)).build,
}

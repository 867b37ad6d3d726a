"""The special slots: the rules of rulebook/seal.py."""

from __future__ import annotations

from typing import Final

from kit.bases import PROGRAM, Files, resealed, signed_with
from kit.files.superblob import BLOBS, XML
from kit.image import Image
from kit.signature import ENTITLEMENTS, INFO_PLIST, REQUIREMENTS, Directory, Seal

__all__ = ["FILES"]

PLIST: Final = b"<plist><dict/></plist>"
ENTITLED: Final = resealed(PROGRAM, blobs=(*BLOBS, (ENTITLEMENTS, XML)))


def _described(plist: bytes) -> bytes:
    """Embed an Info.plist and seal ``plist``."""
    directory = Directory(special={INFO_PLIST: plist})
    return Image(info_plist=PLIST, seal=Seal(directories=(directory,))).build()


FILES: Final[Files] = {
    "R41-pass": ENTITLED.build,
    "R41-pass-plist": lambda: _described(PLIST),
    "R41-fail": signed_with(ENTITLED, special={ENTITLEMENTS: b"others"}).build,
    "R41-fail-gone": signed_with(PROGRAM, special={ENTITLEMENTS: XML}).build,
    "R41-fail-requirements": signed_with(PROGRAM, special={REQUIREMENTS: b"others"}).build,
    "R41-fail-plist": lambda: _described(b"others"),
    "R42-pass": ENTITLED.build,
    "R42-fail": signed_with(ENTITLED, unsealed=(ENTITLEMENTS,)).build,
}

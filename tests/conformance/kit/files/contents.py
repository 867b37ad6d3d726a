"""Entitlements and the Info.plist: the rules of rulebook/contents.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from kit.bases import LIBRARY, PROGRAM, Files, resealed, signed_with
from kit.entitlements import der, xml
from kit.files.superblob import BLOBS
from kit.image import Image
from kit.signature import (
    ADHOC,
    DER,
    ENTITLEMENTS,
    INFO_PLIST,
    RUNTIME,
    Directory,
    Seal,
    blob,
)

__all__ = ["FILES"]

JIT: Final = "com.apple.security.cs.allow-jit"
LOADS_ANYTHING: Final = "com.apple.security.cs.disable-library-validation"
BOTH: Final = {JIT: True, LOADS_ANYTHING: True}
"""Two entitlements that anybody may have, in the order of their names."""


def _entitled(image: Image, xml_form: bytes | None, der_form: bytes | None) -> Image:
    forms = ((ENTITLEMENTS, xml_form), (DER, der_form))
    present = tuple((slot, form) for slot, form in forms if form is not None)
    return resealed(image, blobs=(*BLOBS, *present))


def _with(values: Mapping[str, bool | str], image: Image = PROGRAM) -> Image:
    return _entitled(image, xml(values), der(values))


def _hardened(image: Image) -> Image:
    """Give a program the hardened runtime of macOS 26."""
    return signed_with(image, version=0x20500, flags=ADHOC | RUNTIME, runtime=0x1A0000)


def _linked(image: Image) -> Image:
    return replace(image, libraries=(*PROGRAM.libraries, "@rpath/libkit.dylib"))


PLIST: Final = b"<plist><dict/></plist>"
ARRAY: Final = b"<plist><array/></plist>"


def _described(plist: bytes | None, sealed: bytes) -> Image:
    """Embed an Info.plist and seal another, or the same."""
    directory = Directory(special={INFO_PLIST: sealed})
    return Image(info_plist=plist, seal=Seal(directories=(directory,)))


FILES: Final[Files] = {
    "R43-pass": _with(BOTH).build,
    "R43-fail": _entitled(PROGRAM, xml({JIT: False}), der({JIT: True})).build,
    "E1-pass": _with({}).build,
    "E1-fail": _entitled(PROGRAM, blob(0xFADE7171, b"<plist><array/></plist>"), der({})).build,
    "E2-pass": _with(BOTH).build,
    "E2-fail": _entitled(PROGRAM, xml({}), blob(0xFADE7172, b"\x70\x7f")).build,
    "E3-pass": _with({JIT: True}).build,
    "E3-fail": _entitled(PROGRAM, xml({JIT: True}), None).build,
    "E4-pass": _with({JIT: True}).build,
    "E4-fail.dylib": _with({JIT: True}, LIBRARY).build,
    "E5-pass": _with(BOTH).build,
    "E5-fail": _entitled(PROGRAM, xml(BOTH), der(dict(reversed(BOTH.items())))).build,
    "A3-pass": _hardened(PROGRAM).build,
    "A3-fail": _hardened(_linked(PROGRAM)).build,
    "A4-pass": _with({JIT: True}).build,
    "A4-fail": _with({"keychain-access-groups": "TEAM000001.kit"}).build,
    "R62-pass": _described(PLIST, PLIST).build,
    "R62-fail": _described(PLIST, b"others").build,
    "R62-fail-gone": _described(None, PLIST).build,
    "E6-pass": _described(PLIST, PLIST).build,
    "E6-fail": _described(ARRAY, ARRAY).build,
}

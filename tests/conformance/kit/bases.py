"""The good files that the kit starts from, and the ways to spoil them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from kit.image import BUNDLE, DYLIB, Image
from kit.signature import Directory, Seal
from kit.universal import Part, universal

__all__ = [
    "BUNDLE_IMAGE",
    "INTEL",
    "LIBRARY",
    "PROGRAM",
    "Files",
    "both",
    "directories",
    "fields",
    "put",
    "resealed",
    "signed_with",
]

Files = dict[str, Callable[[], bytes]]
"""What makes each file of the kit, by the file's name."""

PROGRAM: Final = Image(seal=Seal())
INTEL: Final = Image(arch="x86_64", seal=Seal())
LIBRARY: Final = Image(filetype=DYLIB, seal=Seal())
BUNDLE_IMAGE: Final = Image(filetype=BUNDLE, seal=Seal())


def put(data: bytes, offset: int, layout: str, *values: int) -> bytes:
    """Write numbers over ``data``."""
    out = bytearray(data)
    struct.pack_into(layout, out, offset, *values)
    return bytes(out)


def both(arm: Image = PROGRAM, intel: Image = INTEL, *, rest: bytes = b"") -> bytes:
    """Join two images into a universal file, laid out as ``codesign`` does."""
    return universal([Part("x86_64", intel.build()), Part("arm64", arm.build())], rest=rest)


def resealed(image: Image, **changes: object) -> Image:
    """The same image with another superblob."""
    assert image.seal is not None
    return replace(image, seal=replace(image.seal, **changes))  # type: ignore[arg-type]


def signed_with(image: Image, **changes: object) -> Image:
    """The same image with another code directory."""
    assert image.seal is not None
    first, *others = image.seal.directories
    changed = replace(first, **changes)  # type: ignore[arg-type]
    return resealed(image, directories=(changed, *others))


def fields(image: Image, **values: int) -> Image:
    """The same image with wrong numbers in the fixed part of its code directory."""
    return signed_with(image, fields=values)


def directories(image: Image, *each: Directory) -> Image:
    """The same image with these code directories."""
    return resealed(image, directories=each)

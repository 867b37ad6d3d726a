"""Universal files: the rules of rulebook/container.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kit.bases import INTEL, LIBRARY, PROGRAM, Files, both, put, resealed, signed_with
from kit.image import Image
from kit.universal import Part, universal

__all__ = ["FILES"]

INTEL_LIBRARY: Final = replace(LIBRARY, arch="x86_64")
CPUSUBTYPE: Final = 8
"""Offset in the header of an image."""

ENTRY: Final = 20
"""Bytes of an entry of the table, which begins after 8."""


def _one(image: Image = PROGRAM, arch: str = "arm64", **layout: int) -> bytes:
    return universal([Part(arch, image.build(), **layout)])


def _arm64e(cpusubtype: int) -> Image:
    """Give a program for arm64e another version of pointer authentication."""
    return replace(PROGRAM, arch="arm64e").edited("header", CPUSUBTYPE, "I", cpusubtype)


def _cut_in_the_padding() -> bytes:
    return both(resealed(PROGRAM, spare=32))[:-16]


def _nested() -> bytes:
    """An x86_64 program in whose __LINKEDIT a whole arm64 program lies, both signed."""
    inner = PROGRAM.build()
    outer_at, inner_at = 0x4000, 0x8000
    strings = len(Image(arch="x86_64").build()) - len(Image.symbols)
    symbols = bytes(inner_at - outer_at - strings) + inner
    outer = replace(INTEL, symbols=symbols).build()
    data = universal([Part("x86_64", outer), Part("arm64", b"")])[: outer_at + len(outer)]
    return put(data, 8 + ENTRY + 8, ">2I", inner_at, len(inner))


FILES: Final[Files] = {
    "F1-pass": PROGRAM.build,
    "F1-fail": lambda: put(PROGRAM.build(), 20, "<I", 1 << 30),
    "F1-fail.dylib": lambda: put(LIBRARY.build(), 20, "<I", 1 << 30),
    "R1-pass": _one,
    "R1-fail": lambda: universal([Part("arm64", PROGRAM.build())], wide=True),
    "R1-fail.dylib": lambda: universal([Part("arm64", LIBRARY.build())], wide=True),
    "R2-pass": _one,
    "R2-fail": lambda: universal([]) + bytes(ENTRY),
    "R3-pass": both,
    "R3-fail": _cut_in_the_padding,
    "R4-pass": lambda: universal(
        [Part("arm64", PROGRAM.build()), Part("arm64e", replace(PROGRAM, arch="arm64e").build())]
    ),
    "R4-pass-versions": lambda: universal(
        [
            Part("arm64e", _arm64e(0x80000002).build(), cpusubtype=0x80000002),
            Part("arm64e", _arm64e(0x81000002).build(), cpusubtype=0x81000002),
        ]
    ),
    "R4-fail": lambda: universal([Part("arm64", PROGRAM.build())] * 2),
    "R4-fail.dylib": lambda: universal([Part("arm64", LIBRARY.build())] * 2),
    "R5-pass": both,
    "R5-fail": _nested,
    "R6-pass": lambda: universal(
        [Part("x86_64", INTEL.build(), declared=5), Part("arm64", PROGRAM.build())]
    ),
    "R6-fail": lambda: universal(
        [Part("x86_64", INTEL.build()), Part("arm64", PROGRAM.build(), declared=5)]
    ),
    "R7-pass": both,
    "R7-fail": lambda: put(both(), 0x3FFF, "B", 1),
    "R8-pass": both,
    "R8-fail": lambda: both(rest=b"\0"),
    "R9-pass": lambda: universal(
        [Part("x86_64", INTEL.build(), 12), Part("arm64", PROGRAM.build(), 14)]
    ),
    "R9-fail": lambda: _one(align=12),
    "R9-fail.dylib": lambda: _one(LIBRARY, align=12),
    "R54-pass": both,
    "R54-fail": lambda: both(signed_with(PROGRAM, team="TEAM000001")),
    "K11-pass": lambda: _one(replace(PROGRAM, arch="arm64e"), "arm64e"),
    "K11-fail": lambda: _one(PROGRAM, "arm64e"),
    "K11-fail-capability": lambda: _one(INTEL, "x86_64", cpusubtype=0x80000003),
    "K11-pass-capability.dylib": lambda: _one(INTEL_LIBRARY, "x86_64", cpusubtype=0x80000003),
    "K11-fail.dylib": lambda: _one(LIBRARY, "x86_64"),
    "P3-pass": both,
    "P3-fail": lambda: both(signed_with(PROGRAM, identifier="other")),
}

"""Good files as signers, linkers and older systems leave them behind: none may be refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from kit.bases import BUNDLE_IMAGE, LIBRARY, PROGRAM, Files, directories, resealed, signed_with
from kit.image import DYLINKER, PRELOAD, Image
from kit.signature import ADHOC, LINKER_SIGNED, SHA1, Directory, Seal
from kit.universal import Part, universal

__all__ = ["FILES"]

SPARE: Final = 18_000
"""Bytes that ``codesign`` sets aside for the signature of a certificate."""

LINKED: Final = Directory(flags=ADHOC | LINKER_SIGNED)


def _linked(directory: Directory, *, align: int = 8, gap: int = 0, rounded: bool = True) -> Image:
    """Sign as a linker does: one code directory and nothing else."""
    seal = Seal(directories=(directory,), blobs=(), align=align, gap=gap)
    return replace(PROGRAM, seal=seal, linkedit_rounded=rounded)


LLD: Final = _linked(replace(LINKED, slot_align=16), align=1, gap=4, rounded=False)
"""LLVM aligns the code directory to 8 bytes and its hashes to 16."""


def _on(arch: str, image: Image = PROGRAM) -> Image:
    return replace(image, arch=arch)


def _all() -> bytes:
    """Join the four architectures that a program for every Mac of the last 20 years has."""
    archs = ("x86_64", "x86_64h", "arm64", "arm64e")
    return universal([Part(arch, _on(arch).build()) for arch in archs])


FILES: Final[Files] = {
    "A1-pass-codesign-15": resealed(PROGRAM, spare=SPARE).build,
    "A1-pass-codesign-26": resealed(signed_with(PROGRAM, page_size=0x4000), spare=SPARE).build,
    "A1-pass-codesign-old": directories(PROGRAM, Directory(hash_type=SHA1), Directory()).build,
    "A1-pass-codesign-2021": signed_with(PROGRAM, version=0x20100).build,
    "A1-pass-ld64": _linked(LINKED).build,
    "A1-pass-ld-prime": _linked(replace(LINKED, section_limit=True)).build,
    "A1-pass-go": _linked(replace(LINKED, identifier="a.out"), align=1, rounded=False).build,
    "A1-pass-zig": _linked(replace(LINKED, page_size=0x4000)).build,
    "R25-fail-lld": LLD.build,
    "A1-pass-arm64e": _on("arm64e").build,
    "A1-pass-intel": _on("x86_64").build,
    "A1-pass-haswell": _on("x86_64h").build,
    "A1-pass-all": _all,
    "A1-pass-watch.dylib": _on("arm64_32", LIBRARY).build,
    "A1-pass-i386.dylib": _on("i386", LIBRARY).build,
    "A1-pass-ppc.dylib": _on("ppc", LIBRARY).build,
    "A1-pass-bundle.dylib": BUNDLE_IMAGE.build,
    "A1-pass-linker": replace(PROGRAM, filetype=DYLINKER).build,
    "A1-pass-preload": replace(PROGRAM, filetype=PRELOAD).build,
    "A1-pass-old-sdk": replace(
        PROGRAM, arch="x86_64", sdk=(10, 9), minimum=(10, 9), old_version_command=True
    ).build,
}

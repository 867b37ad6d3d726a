"""Dialects: how each linker writes the signature that it makes itself.

All of them write a single code directory, marked ad-hoc and linker-signed. Where they differ was
read in lld's SyntheticSections.cpp, ld64's LinkEdit.hpp and Go's cmd/internal/codesign, and
measured on published files for Apple's current linker and for zig's.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from countersign.macho.slice import Slice
from countersign.rounding import round_up
from countersign.signature import Kind, Signature

__all__ = ["Dialect", "Form", "choose_form", "recognize"]

LARGE_PAGE: Final = 0x4000
TOOL_LD: Final = 3
TOOL_LLD: Final = 4
TOOL_ZIG: Final = 5
GO_SECTION: Final = "__gopclntab"
"""Every Go program has its table of functions; Go's linker does not name itself."""
FIRST_LD64: Final = 100 << 16
"""LLVM's linker called itself ``ld`` until version 15, by its own, smaller numbers."""
FIRST_ROUNDED: Final = 857 << 16
FIRST_PRIME: Final = 1000 << 16
"""ld-1000 and later are Apple's new linker, earlier versions ld64."""
FIRST_PRIME_SDK: Final = 14 << 16
"""The SDK that came with Apple's new linker; old targets do not let it name itself."""


class Dialect(enum.StrEnum):
    """Whose linker signature it is."""

    AUTO = "auto"
    """The one of the present signature, or of the linker that the image names."""
    LD_PRIME = "ld-prime"
    LD64 = "ld64"
    LD64_609 = "ld64-609"
    """ld64 of 2020, which did not round the signature's room up."""
    LLD = "lld"
    GO = "go"
    ZIG = "zig"

    @property
    def form(self) -> Form:
        """The rules of this dialect; ``AUTO`` has none."""
        return _FORMS[self]


class Form(NamedTuple):
    """What a dialect does in its own way."""

    large_pages: bool = False
    """16 KiB pages on arm64; else 4 KiB everywhere."""
    room_unit: int = 8
    """The signature's room in the file is a multiple of this."""
    aligned: bool = False
    """The code directory starts at a multiple of 8 bytes, its hashes at one of 16."""
    limit_of_section: bool = False
    """The executable segment's limit is the size of the section __text, not of __TEXT."""
    vmsize_unit: int = LARGE_PAGE
    """__LINKEDIT's size in memory is a multiple of this; 1 leaves it as it is in the file."""
    identifier: str | None = None
    """What every file is called."""

    def page_size(self, thin: Slice) -> int:
        """Bytes that one page hash covers."""
        return 0x4000 if self.large_pages and thin.is_arm64 else 0x1000

    def exec_limit(self, thin: Slice) -> int:
        """The limit of the executable segment, in bytes."""
        text = thin.segment("__TEXT")
        section = text.section("__text") if text and self.limit_of_section else None
        return section.size if section else text.filesize if text else 0


_FORMS: Final = {
    Dialect.LD_PRIME: Form(limit_of_section=True),
    Dialect.LD64: Form(),
    Dialect.LD64_609: Form(room_unit=1),
    Dialect.LLD: Form(room_unit=1, aligned=True, vmsize_unit=1),
    Dialect.GO: Form(room_unit=1, vmsize_unit=1, identifier="a.out"),
    Dialect.ZIG: Form(large_pages=True),
}


def choose_form(thin: Slice, signature: Signature | None, dialect: Dialect) -> Form:
    """Give the rules for signing the slice in a dialect, recognising ``AUTO``.

    A tool that edits a linked file signs it again in the linker's form, and rounds __LINKEDIT in
    its own way: to large pages, or as the segments are aligned.
    """
    form = (recognize(thin, signature) if dialect is Dialect.AUTO else dialect).form
    linkedit = thin.segment("__LINKEDIT")
    if linkedit is None or signature is None or signature.kind is not Kind.LINKER:
        return form
    units = (form.vmsize_unit, LARGE_PAGE, 1 << thin.segment_align)
    fits = (unit for unit in units if linkedit.vmsize == round_up(linkedit.filesize, unit))
    return form._replace(vmsize_unit=next(fits, max(form.vmsize_unit, LARGE_PAGE)))


def recognize(thin: Slice, signature: Signature | None) -> Dialect:
    """Tell which linker signed the slice, or would have."""
    if signature is not None and signature.kind is Kind.LINKER:
        return _by_signature(thin, signature)
    return _by_tool(thin)


def _by_signature(thin: Slice, signature: Signature) -> Dialect:
    code, length = signature.best.code, signature.superblob.length
    command = thin.signature
    tight = command is not None and command.data_size == length
    if code.gap:
        return Dialect.LLD
    if code.page_size > 0x1000:
        return Dialect.ZIG
    if tight and _is_go(thin):
        return Dialect.GO
    if tight and length % 8:
        return Dialect.LD64_609
    if code.exec_segment.limit == Dialect.LD_PRIME.form.exec_limit(thin):
        return Dialect.LD_PRIME
    # The size cannot tell whether it was rounded; a tool that edited the file says no less.
    unknown = length % 8 == 0 and _by_tool(thin) is Dialect.LD64_609
    return Dialect.LD64_609 if unknown else Dialect.LD64


def _by_tool(thin: Slice) -> Dialect:
    versions = {tool.number: tool.version for tool in thin.tools}
    if TOOL_LLD in versions or versions.get(TOOL_LD, FIRST_LD64) < FIRST_LD64:
        return Dialect.LLD
    if TOOL_ZIG in versions:
        return Dialect.ZIG
    if _is_go(thin):
        return Dialect.GO
    return _by_version(thin, versions.get(TOOL_LD))


def _by_version(thin: Slice, version: int | None) -> Dialect:
    """Tell Apple's linkers apart; what names neither tool nor SDK is taken for the newest."""
    if version is None:
        sdk = thin.targets[0].sdk if thin.targets else FIRST_PRIME_SDK
        version = FIRST_PRIME if sdk >= FIRST_PRIME_SDK else FIRST_ROUNDED
    if version >= FIRST_PRIME:
        return Dialect.LD_PRIME
    return Dialect.LD64 if version >= FIRST_ROUNDED else Dialect.LD64_609


def _is_go(thin: Slice) -> bool:
    return any(segment.section(GO_SECTION) for segment in thin.segments)

"""Whose byte layout a signature follows, as far as its numbers tell.

The rules are those by which :mod:`countersign.plan` lays signatures out: the size of a page, the
room that codesign sets aside, and whether the code directory describes __TEXT.
"""

from __future__ import annotations

from typing import Final

from countersign.codedirectory import NO_CODE, header_size
from countersign.macho.slice import Slice
from countersign.plan import CMS_ROOM, MEASURED_VERSION
from countersign.rounding import round_up
from countersign.signature import Kind, Signature
from countersign.style import Style
from countersign.superblob import Slot, index_size

__all__ = ["recognize_style"]

_CODESIGN: Final = (Style.MACOS26, Style.MACOS15, Style.MACOS10_15)
"""The styles that the signature alone tells apart, the newest first."""


def recognize_style(thin: Slice, signature: Signature) -> Style | None:
    """Tell the newest style that gives such a signature; None when it is of another tool's."""
    if signature.kind is Kind.LINKER:
        return Style.LINKER
    command = thin.signature
    if command is None or command.data_size != _room(signature):
        return None
    code = signature.best.code
    described = code.exec_segment != NO_CODE
    return next(
        (
            style
            for style in _CODESIGN
            if code.page_size == style.page_size(thin)
            and described == (style is not Style.MACOS10_15 and bool(thin.targets))
        ),
        None,
    )


def _room(signature: Signature) -> int:
    """Bytes that codesign sets aside for such a signature, whatever its CMS takes of them."""
    blobs = [blob for blob in signature.superblob.blobs if blob.slot != Slot.CMS]
    older = sum(
        header_size(MEASURED_VERSION) - header_size(directory.code.version)
        for directory in signature.directories
        if directory.code.version < MEASURED_VERSION
    )
    size = index_size(len(signature.superblob.blobs)) + sum(len(blob.data) for blob in blobs)
    return round_up(size + older + CMS_ROOM, 16)

"""The pure core of signing: from the bytes of a file to those of the signed file.

What stays as it is is never copied: the result is a sequence of views, most of them into the
input. Universal files are laid out as ``code_sign_allocate`` in codesign_alloc.cpp does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from countersign.errors import (
    FormatError,
    IdentifierError,
    NotSignableError,
    SignatureKeptError,
)
from countersign.image import ImageFormat, identify
from countersign.macho.fat import (
    FatArch,
    fat_header,
    fat_header_size,
    parse_fat,
    repack,
    starts_fat,
    starts_fat64,
)
from countersign.macho.slice import Slice, parse_slice
from countersign.plan import Plan, plan_signature
from countersign.signature import Kind, adhoc_signature, parse_signature
from countersign.style import Style
from countersign.zeros import first_nonzero

__all__ = ["Embedded", "SignedSlice", "embed"]

CHUNK: Final = 0x4000
"""Pieces are cut at multiples of the largest page size, so that each holds whole pages."""
MAX_FILE: Final = 0xFFFFFFFF
"""The table of a universal file has 32-bit fields."""

_NAMED_MAGICS: Final = ((b"!<arch>\n", "a static archive"), (b"#!", "a script"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedSlice:
    """What became of one slice."""

    arch: str
    cdhash: str
    """40 hexadecimal digits."""
    replaced: Kind | None
    """The kind of the signature that was there before; None for none, or none to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """A signed file, not yet written."""

    pieces: tuple[memoryview, ...]
    """The bytes of the file, one piece after another."""
    slices: tuple[SignedSlice, ...]


def embed(data: memoryview, *, identifier: str, style: Style, force: bool) -> Embedded:
    """Sign the image ``data`` ad-hoc.

    Raises a :class:`SigningError` for everything that cannot be signed. The certificate's
    signature of somebody else is only replaced when ``force`` is set.
    """
    if not identifier or not identifier.isprintable():
        raise IdentifierError(identifier)
    archs = parse_fat(data) if starts_fat(data) else ()
    _check_container(data, archs)
    bounds = [(arch.offset, arch.end) for arch in archs] or [(0, len(data))]
    views = [data[start:end] for start, end in bounds]
    for view in views:
        _refuse_foreign(view)
    slices = [parse_slice(view, start) for view, (start, _) in zip(views, bounds, strict=True)]
    digests = style.digests(slices)
    plans = [
        plan_signature(thin, identifier=identifier, style=style, digests=digests) for thin in slices
    ]
    parts = [
        _embed_slice(view, thin, plan, force=force)
        for view, thin, plan in zip(views, slices, plans, strict=True)
    ]
    return _join(archs, plans, parts) if archs else parts[0]


def _join(archs: Sequence[FatArch], plans: Sequence[Plan], parts: Sequence[Embedded]) -> Embedded:
    """Put signed slices behind a new table, with empty gaps between them."""
    placed = repack(archs, (plan.size for plan in plans))
    if placed[-1].end > MAX_FILE:
        raise NotSignableError("a universal file of 4 GiB or more")
    table = fat_header(placed)
    pieces, end = [memoryview(table)], len(table)
    for arch, part in zip(placed, parts, strict=True):
        pieces += [memoryview(bytes(arch.offset - end)), *part.pieces]
        end = arch.end
    return Embedded(
        pieces=tuple(pieces), slices=tuple(signed for part in parts for signed in part.slices)
    )


def _embed_slice(data: memoryview, thin: Slice, plan: Plan, *, force: bool) -> Embedded:
    replaced = _replaced_kind(data, thin, force=force)
    code = _code(data, plan)
    signature = adhoc_signature(plan, code, info_plist=_info_plist(data, thin))
    blob = bytes(signature.superblob).ljust(plan.data_size, b"\0")
    signed = SignedSlice(arch=plan.arch, cdhash=signature.best.cdhash, replaced=replaced)
    return Embedded(pieces=(*code, memoryview(blob)), slices=(signed,))


def _code(data: memoryview, plan: Plan) -> tuple[memoryview, ...]:
    """Cut the signed bytes into the patched head, the untouched middle, and the padded tail."""
    limit = plan.data_offset
    patched = max(patch.end for patch in plan.patches)
    head_end = min(-(-patched // CHUNK) * CHUNK, limit)
    tail_start = max(min(len(data), limit) // CHUNK * CHUNK, head_end)
    head = bytearray(data[:head_end]).ljust(head_end, b"\0")
    for patch in plan.patches:
        head[patch.offset : patch.end] = patch.data
    tail = bytes(data[tail_start:limit]).ljust(limit - tail_start, b"\0")
    return (memoryview(head), data[head_end:tail_start], memoryview(tail))


def _replaced_kind(data: memoryview, thin: Slice, *, force: bool) -> Kind | None:
    """Name the present signature; refuse to destroy one that took a certificate."""
    if thin.signature is None:
        return None
    try:
        kind = parse_signature(data, thin.signature, thin.base).kind
    except FormatError as error:
        if force:
            return None
        raise SignatureKeptError(thin.arch, "a signature that cannot be read") from error
    if kind is Kind.CMS and not force:
        raise SignatureKeptError(thin.arch, "a signature made with a certificate")
    return kind


def _info_plist(data: memoryview, thin: Slice) -> memoryview | None:
    section = thin.info_plist
    if section is None:
        return None
    end = section.offset + section.size
    if end > thin.size:
        raise FormatError("__info_plist", thin.base + section.offset, "it ends past the slice")
    return data[section.offset : end]


def _check_container(data: memoryview, archs: Sequence[FatArch]) -> None:
    """Refuse a universal file from which repacking would lose or double bytes."""
    if not archs:
        return
    end = fat_header_size(len(archs))
    for arch in sorted(archs, key=lambda each: each.offset):
        if arch.offset < end:
            problem = f"the {arch.name} slice overlaps what is before it"
            raise FormatError("universal header", arch.offset, problem, rule="R5")
        if arch.end > len(data):
            problem = f"the {arch.name} slice ends past the file"
            raise FormatError("universal header", arch.offset, problem, rule="R3")
        end = arch.end
    if first_nonzero(data[end:]) is not None:
        raise NotSignableError("there are bytes behind the last slice")


def _refuse_foreign(data: memoryview) -> None:
    """Say what a file is that is no Mach-O, as far as its first bytes tell."""
    if starts_fat64(data):
        raise NotSignableError("macOS runs no universal file with a 64-bit table")
    for magic, what in _NAMED_MAGICS:
        if bytes(data[: len(magic)]) == magic:
            raise NotSignableError(what)
    image = identify(data)
    if image is None:
        raise NotSignableError("it is not a Mach-O")
    if image.format is not ImageFormat.MACH_O:
        raise NotSignableError(f"it is of the format {image.format}")

"""What signing and removing need to know of a file: its slices and their present signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from countersign.errors import FormatError, NotSignableError, SignatureKeptError
from countersign.macho.fat import (
    MAX_TABLE,
    FatArch,
    fat_header_size,
    parse_fat,
    starts_fat,
    starts_fat64,
)
from countersign.macho.header import HEADER_SIZE, parse_header, starts_thin
from countersign.macho.slice import MAX_COMMANDS_SIZE, Slice, parse_slice
from countersign.signature import MAX_SIGNATURE, Kind, Signature, parse_signature
from countersign.source import Source
from countersign.window import Window
from countersign.zeros import first_nonzero

__all__ = ["MachOFile", "Part", "read_head", "read_image", "refuse_loss"]

MAX_INFO_PLIST: Final = 1 << 24
"""Bytes of an embedded Info.plist; they have a few hundred."""
MAX_LIBRARY_REQUIREMENTS: Final = 1 << 20
"""Bytes of a record of requirements; it has some thousands."""
MAX_GAP: Final = 1 << 16
"""Zeros between slices; the largest alignment leaves half as many."""

_NAMED_MAGICS: Final = ((b"!<arch>\n", "a static archive"), (b"#!", "a script"))


class Part(NamedTuple):
    """One slice as it is."""

    thin: Slice
    head: bytes
    """The header and the load commands."""
    signature: Signature | None
    """None when there is none, or none that can be read."""
    unreadable: bool
    """True when there is a signature that makes no sense; room full of zeros holds none."""
    info_plist: bytes | None
    """The embedded Info.plist."""
    library_requirements: bytes | None
    """What LC_DYLIB_CODE_SIGN_DRS points to."""


class MachOFile(NamedTuple):
    """A whole Mach-O file."""

    archs: tuple[FatArch, ...]
    """The table of a universal file; empty for a thin one."""
    parts: tuple[Part, ...]
    """One for each slice, in file order."""


def read_image(source: Source) -> MachOFile:
    """Read what is needed of a file and no more.

    Raises :class:`NotSignableError` for what is no Mach-O or would lose bytes when it is laid out
    anew, and :class:`FormatError` for what is damaged.
    """
    head = memoryview(source.read(0, min(source.size, MAX_TABLE)))
    archs = parse_fat(head) if starts_fat(head) else ()
    _check_container(source, archs)
    bounds = [(arch.offset, arch.size) for arch in archs] or [(0, source.size)]
    return MachOFile(
        archs=archs, parts=tuple(_read_part(source, start, size) for start, size in bounds)
    )


def read_head(window: Window) -> memoryview:
    """Read the header and the load commands of a slice, as far as they are there.

    Raises :class:`FormatError` for what is no header.
    """
    head = window[:MAX_TABLE]
    end = parse_header(head, window.start).commands_end
    return head if end <= len(head) else window[: min(end, HEADER_SIZE + MAX_COMMANDS_SIZE)]


def refuse_loss(image: MachOFile) -> None:
    """Raise :class:`SignatureKeptError` when a slice has a signature that cannot be made again.

    That is one that took a certificate, and one that cannot be read, which may have.
    """
    for part in image.parts:
        if part.unreadable:
            raise SignatureKeptError(part.thin.arch, "a signature that cannot be read")
        if part.signature is not None and part.signature.kind is Kind.CMS:
            raise SignatureKeptError(part.thin.arch, "a signature made with a certificate")


def _read_part(source: Source, base: int, size: int) -> Part:
    window = Window(source, base, base + size)
    _refuse_foreign(window[:MAX_TABLE])
    head = read_head(window)
    thin = parse_slice(head, base, size=size)
    signature, unreadable = _read_signature(source, thin)
    return Part(
        thin=thin,
        head=bytes(head[: thin.header.commands_end]),
        signature=signature,
        unreadable=unreadable,
        info_plist=_read_info_plist(source, thin),
        library_requirements=_read_library_requirements(source, thin),
    )


def _read_signature(source: Source, thin: Slice) -> tuple[Signature | None, bool]:
    """Read the present signature; tell also whether there is one that cannot be read."""
    command = thin.signature
    if command is None or command.data_size == 0:
        return None, False
    if command.data_end > thin.size:
        return None, True
    start = thin.base + command.data_offset
    blob = memoryview(source.read(start, min(command.data_size, MAX_SIGNATURE)))
    try:
        return parse_signature(blob, start), False
    except FormatError:
        return None, first_nonzero(blob) is not None


def _read_info_plist(source: Source, thin: Slice) -> bytes | None:
    section = thin.info_plist
    if section is None:
        return None
    at = thin.base + section.offset
    if section.offset + section.size > thin.size or section.size > MAX_INFO_PLIST:
        raise FormatError("__info_plist", at, f"its {section.size} bytes do not fit")
    return source.read(at, section.size)


def _read_library_requirements(source: Source, thin: Slice) -> bytes | None:
    offset, size = thin.library_requirements or (0, 0)
    if not size or offset + size > thin.size or size > MAX_LIBRARY_REQUIREMENTS:
        return None
    return source.read(thin.base + offset, size)


def _check_container(source: Source, archs: Sequence[FatArch]) -> None:
    """Refuse a universal file from which laying it out anew would lose or double bytes."""
    end = fat_header_size(len(archs))
    for arch in sorted(archs, key=lambda each: each.offset):
        if arch.offset < end:
            problem = f"the {arch.name} slice overlaps what is before it"
            raise FormatError("universal header", arch.offset, problem, rule="R5")
        if arch.end > source.size:
            problem = f"the {arch.name} slice ends past the file"
            raise FormatError("universal header", arch.offset, problem, rule="R3")
        _refuse_contents(source, end, arch.offset, f"before the {arch.name} slice")
        end = arch.end
    if archs:
        _refuse_contents(source, end, source.size, "behind the last slice")


def _refuse_contents(source: Source, start: int, end: int, where: str) -> None:
    """Refuse bytes between slices that are no padding."""
    padding = source.read(start, min(end - start, MAX_GAP))
    if end - start > MAX_GAP or first_nonzero(memoryview(padding)) is not None:
        raise NotSignableError(
            f"there are bytes {where}", hint="Join the slices again, with lipo or llvm-lipo."
        )


def _refuse_foreign(data: memoryview) -> None:
    """Say what a file is that is no Mach-O, as far as its first bytes tell."""
    if starts_thin(data):
        return
    if not data:
        raise NotSignableError("it is empty")
    if starts_fat64(data):
        raise NotSignableError("macOS runs no universal file with a 64-bit table")
    for magic, what in _NAMED_MAGICS:
        if bytes(data[: len(magic)]) == magic:
            raise NotSignableError(what)
    from countersign.image import ImageFormat, identify

    image = identify(data)
    if image is None:
        raise NotSignableError("it is not a Mach-O")
    if image.format is not ImageFormat.MACH_O:
        raise NotSignableError(f"it is of the format {image.format}")

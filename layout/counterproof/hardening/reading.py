"""Taking the facts of one image."""

from __future__ import annotations

from counterproof.hardening.facts import Facts, Unreadable
from countersign.image import Image, ImageFormat

__all__ = ["read_facts"]


def read_facts(data: bytes | memoryview, image: Image) -> Facts:
    """Take the facts of the image that the whole file ``data`` is; ``image`` is what it claims.

    Never raises, whatever the bytes are. But LIEF is native code and could crash on them: where
    that must not happen, :class:`FactsReader` does the same in processes of its own.
    """
    try:
        return _read(data, image)
    except Exception as error:  # LIEF's own errors have no base
        return Unreadable(f"reading it fails ({type(error).__name__}: {str(error)[:200]})")


def _read(data: bytes | memoryview, image: Image) -> Facts:
    match image.format:
        case ImageFormat.ELF:
            from counterproof.hardening.elf import read_elf

            return read_elf(bytes(data), *image.architectures)
        case ImageFormat.PE:
            from counterproof.hardening.pe import read_pe

            return read_pe(bytes(data), image)
        case ImageFormat.MACH_O:
            from counterproof.hardening.macho import read_macho

            return read_macho(bytes(data))

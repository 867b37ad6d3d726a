"""A tar member's own header block: its size and its check sum, and nothing else of it.

Format: ustar, POSIX.1-2017 pax, "ustar Interchange Format". A number is octal digits with zeros or
spaces in front and zeros or spaces behind; a changed one is written in the form of the old one.
"""

from __future__ import annotations

from typing import Final

__all__ = ["resize", "size_problem"]

_SIZE: Final = slice(124, 136)
_CHECKSUM: Final = slice(148, 156)
_BASE_256: Final = 0x80


def size_problem(header: bytes, size: int) -> str | None:
    """Say why ``size`` cannot be written into the block ``header``; None when it can."""
    field = header[_SIZE]
    if field[0] & _BASE_256:
        return "its size is written in base 256"
    if _octal(size, like=field) is None:
        return f"its new size of {size} bytes does not fit into its header"
    return None


def resize(header: bytes, size: int) -> bytes:
    """Give the block ``header`` with another size, which has no :func:`size_problem`."""
    block = bytearray(header)
    block[_SIZE] = _octal(size, like=block[_SIZE]) or block[_SIZE]
    checksum = sum(block) - sum(block[_CHECKSUM]) + 8 * ord(" ")
    block[_CHECKSUM] = _octal(checksum, like=block[_CHECKSUM]) or block[_CHECKSUM]
    return bytes(block)


def _octal(number: int, *, like: bytes | bytearray) -> bytes | None:
    """Write ``number`` in the form of ``like``; None when it takes more digits than there are."""
    digits = like.rstrip(b" \0")
    fill = b" " if digits.startswith(b" ") else b"0"
    text = (b"%o" % number).rjust(len(digits), fill)
    terminated = len(digits) < len(like)
    if len(text) > len(like) - terminated:
        return None
    return text + bytes(like[len(text) :])

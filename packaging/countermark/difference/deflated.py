"""What hides behind the data of a zip's member: bytes that belong to its data, and to no content.

Format: RFC 1951; PKWARE's APPNOTE.TXT, 4.3.8.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from typing import IO, Final

__all__ = ["behind_data"]

_CHUNK: Final = 1 << 18


def behind_data(file: IO[bytes], start: int, info: zipfile.ZipInfo) -> str:
    """Describe what stands behind the stream of a member whose data begins at ``start``.

    Nobody who unpacks the member sees it. Raises :class:`zlib.error` and :class:`OSError`.
    """
    used = info.file_size
    if info.compress_type == zipfile.ZIP_DEFLATED:
        used = _used(file, start, info)
    if used == info.compress_size:
        return "nothing"
    file.seek(start + used)
    digest = hashlib.sha256()
    for at in range(used, info.compress_size, _CHUNK):
        digest.update(file.read(min(_CHUNK, info.compress_size - at)))
    return f"{info.compress_size - used:,} bytes, SHA-256 {digest.hexdigest()[:16]}"


def _used(file: IO[bytes], start: int, info: zipfile.ZipInfo) -> int:
    """Tell how many bytes of the data belong to its stream."""
    engine, produced = zlib.decompressobj(-zlib.MAX_WBITS), 0
    for at in range(0, info.compress_size, _CHUNK):
        file.seek(start + at)
        data = file.read(min(_CHUNK, info.compress_size - at))
        while data and not engine.eof and produced <= info.file_size:
            produced += len(engine.decompress(data, _CHUNK))
            data = engine.unconsumed_tail
        if engine.eof or data:
            return min(at + _CHUNK, info.compress_size) - len(engine.unused_data or data)
    return info.compress_size

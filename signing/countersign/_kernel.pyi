"""The page-hash kernel, built from ``signing/native``; absent where it could not be built.

Ask :mod:`countersign.pagehash`, which does without it where it must.
"""

from _typeshed import ReadableBuffer

implementation: str
"""The fastest of ``implementations``, which serves when none is named."""

implementations: tuple[str, ...]
"""What this processor runs, the fastest first: ``sha-ni``, ``avx2``, ``armv8``, ``portable``."""

def hash_pages(
    data: ReadableBuffer,
    page_size: int,
    algorithm: str,
    threads: int,
    implementation: str | None = None,
) -> bytes:
    """Hash every page of ``data``; the digests, uncut, follow one another without a gap.

    ``algorithm`` is ``sha1`` or ``sha256``. The last page may be short. ``threads`` threads share
    the work, the calling one among them; more than 64 are as 64. The bytes are read where they
    are, whatever their alignment, with the GIL released: nobody may cut the file behind a mapping
    meanwhile.

    Raises :class:`TypeError` and :class:`BufferError` for what is no contiguous buffer,
    :class:`ValueError` for a page size or a number of threads that is not positive and for an
    unknown name, :class:`OverflowError` for numbers that no buffer can have.
    """

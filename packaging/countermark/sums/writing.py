"""``SHA256SUMS``: the digests of a release's artifacts, as ``sha256sum --check`` reads them."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["format_sums"]


def format_sums(digests: Mapping[str, str]) -> bytes:
    """Return the lines ``digest␠␠name``, sorted by name, for digests by file name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()

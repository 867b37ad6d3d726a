"""``SHA256SUMS``: the digests of a release's artifacts, as ``sha256sum --check`` reads them."""

from __future__ import annotations

from collections.abc import Mapping

from countermark.packing.placement import order

__all__ = ["format_sums"]


def format_sums(digests: Mapping[str, str]) -> bytes:
    """Return the lines ``digest␠␠name`` for digests by file name.

    They stand in the order of an attestation by Bitcoin Core's guix-attest, so that whoever signed
    ``all.SHA256SUMS`` has signed these bytes too.
    """
    names = sorted(digests, key=order)
    return "".join(f"{digests[name]}  {name}\n" for name in names).encode()

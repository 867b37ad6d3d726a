"""Styles: whose byte layout a signature follows, and what depends on it.

Sources: ``MachORep::pageSize`` and ``MachORep::prepareForSigning`` in Security's machorep.cpp,
as of macOS 15 (Security-61439) and macOS 26 (Security-61901).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

from countersign.digest import HashType
from countersign.macho.slice import Platform, Slice

__all__ = ["Style"]

_MODERN: Final = (HashType.SHA256,)
_DUAL: Final = (HashType.SHA1, HashType.SHA256)

_SHA256_SINCE: Final[dict[int, int]] = {
    Platform.MACOS: 10 << 16 | 11 << 8 | 4,
    Platform.IOS: 11 << 16,
    Platform.TVOS: 11 << 16,
    Platform.WATCHOS: 12 << 16,
}
"""The first releases that do not need SHA-1; platforms without an entry never did."""


class Style(enum.StrEnum):
    """Whose byte layout a signature follows."""

    MACOS15 = "macos15"
    MACOS26 = "macos26"

    def page_size(self, thin: Slice) -> int:
        """Bytes that one page hash covers."""
        small = self is Style.MACOS15 or any(
            target.platform == Platform.TVOS for target in thin.targets[:1]
        )
        return 0x4000 if thin.is_arm64 and not small else 0x1000

    def digests(self, slices: Iterable[Slice]) -> tuple[HashType, ...]:
        """Choose the hash algorithms of a file: one choice for all its slices."""
        return _DUAL if any(self._needs_sha1(thin) for thin in slices) else _MODERN

    def _needs_sha1(self, thin: Slice) -> bool:
        target = thin.targets[0] if thin.targets else None
        if self is Style.MACOS15 and (target is None or target.platform == Platform.WATCHOS):
            return True
        return target is not None and target.minimum < _SHA256_SINCE.get(target.platform, 0)

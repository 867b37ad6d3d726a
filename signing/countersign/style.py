"""Styles: whose byte layout a signature follows, and what depends on it.

Sources: ``MachORep::pageSize``, ``needsExecSeg`` and ``prepareForSigning`` in Security's
machorep.cpp, as of macOS 10.15 (Security-59306), 11 (59754), 15 (61439) and 26 (61901). Up to
macOS 11, ``codesign_allocate`` made the room; codesign_alloc.cpp came with macOS 12 (60157).
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

    MACOS10_15 = "macos10.15"
    """It does not describe __TEXT in the code directory."""
    MACOS11 = "macos11"
    """Like the one before it rounds __LINKEDIT in memory as the linker aligned the segments."""
    MACOS15 = "macos15"
    """From macOS 12 on."""
    MACOS26 = "macos26"
    LINKER = "linker"
    """A linker's: one code directory and nothing else, marked as linker-signed."""

    @property
    def uses_allocate(self) -> bool:
        """True when ``codesign_allocate`` makes the room for the signature."""
        return self in (Style.MACOS10_15, Style.MACOS11)

    def page_size(self, thin: Slice) -> int:
        """Bytes that one page hash of ``codesign`` covers."""
        tv = any(target.platform == Platform.TVOS for target in thin.targets[:1])
        return 0x4000 if self is Style.MACOS26 and thin.is_arm64 and not tv else 0x1000

    def digests(self, slices: Iterable[Slice]) -> tuple[HashType, ...]:
        """Choose the hash algorithms of a file: one choice for all its slices."""
        return _DUAL if any(self._needs_sha1(thin) for thin in slices) else _MODERN

    def _needs_sha1(self, thin: Slice) -> bool:
        target = thin.targets[0] if thin.targets else None
        if target is None:
            return self is not Style.MACOS26
        if target.platform == Platform.WATCHOS and self not in (Style.MACOS26, Style.LINKER):
            return True
        return target.minimum < _SHA256_SINCE.get(target.platform, 0)

"""The platforms that an image can be built for.

Format: ``PLATFORM_*`` in ``mach-o/loader.h``.
"""

from __future__ import annotations

from typing import Final

__all__ = ["platform_name"]

_NAMES: Final = {
    1: "macOS",
    2: "iOS",
    3: "tvOS",
    4: "watchOS",
    5: "bridgeOS",
    6: "Mac Catalyst",
    7: "iOS simulator",
    8: "tvOS simulator",
    9: "watchOS simulator",
    10: "DriverKit",
    11: "visionOS",
    12: "visionOS simulator",
}


def platform_name(platform: int) -> str:
    """Name a platform; an unknown one by its number."""
    return _NAMES.get(platform, f"platform {platform}")

"""What the triple of a host says of its images."""

from __future__ import annotations

import re
from typing import Final

from counterproof.target import Platform, Target
from countersign.image import ImageFormat

__all__ = ["target_for"]

_FORMATS: Final[dict[Platform, ImageFormat]] = {
    "linux": ImageFormat.ELF,
    "darwin": ImageFormat.MACH_O,
    "windows": ImageFormat.PE,
}
_SYSTEMS: Final[tuple[tuple[re.Pattern[str], Platform], ...]] = (
    (re.compile(r"-linux(-[a-z0-9]+)?"), "linux"),
    (re.compile(r"-apple-darwin[0-9.]*"), "darwin"),
    (re.compile(r"-(w64-mingw32|pc-windows-[a-z]+|windows-[a-z]+)"), "windows"),
)
"""What stands behind the architecture; for Linux a vendor may come first."""
_ARCHITECTURES: Final = {
    "aarch64": "aarch64",
    "arm": "arm",
    "armv7": "arm",
    "armv7a": "arm",
    "armv7l": "arm",
    "i386": "i386",
    "i686": "i386",
    "loongarch64": "loongarch64",
    "powerpc64": "powerpc64",
    "powerpc64le": "powerpc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "x86_64": "x86_64",
}
"""What :mod:`countersign.image` calls the machines of Linux and Windows."""
_APPLE: Final = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64"}


def target_for(triple: str) -> Target | None:
    """Give what the images for a host must be; None when ``triple`` names no host that is known.

    >>> target_for("arm64-apple-darwin").image_format
    <ImageFormat.MACH_O: 'mach-o'>
    """
    machine, dash, system = triple.partition("-")
    platform = _platform(dash + system)
    if platform is None:
        return None
    architecture = (_APPLE if platform == "darwin" else _ARCHITECTURES).get(machine)
    if architecture is None:
        return None
    return Target(
        platform=platform,
        architecture=architecture,
        image_format=_FORMATS[platform],
        executable_suffix=".exe" if platform == "windows" else "",
    )


def _platform(system: str) -> Platform | None:
    plain = re.sub(r"^-[a-z]+(?=-linux)", "", system)
    return next((platform for pattern, platform in _SYSTEMS if pattern.fullmatch(plain)), None)

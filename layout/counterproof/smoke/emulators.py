"""qemu's emulators of Linux, by the architectures that they are for."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["EMULATORS", "Emulator"]


class Emulator(NamedTuple):
    """How Debian spells an architecture of Linux."""

    qemu: str
    """The last part of the emulator's name."""
    sysroot: str
    """Below ``/usr``: where its C library is installed."""
    package: str
    """The package with that library."""


EMULATORS: Final = {
    "aarch64": Emulator("aarch64", "aarch64-linux-gnu", "libc6-arm64-cross"),
    "arm": Emulator("arm", "arm-linux-gnueabihf", "libc6-armhf-cross"),
    "i386": Emulator("i386", "i686-linux-gnu", "libc6-i386-cross"),
    "powerpc64": Emulator("ppc64", "powerpc64-linux-gnu", "libc6-ppc64-cross"),
    "riscv64": Emulator("riscv64", "riscv64-linux-gnu", "libc6-riscv64-cross"),
    "x86_64": Emulator("x86_64", "x86_64-linux-gnu", "libc6-amd64-cross"),
}
"""By the architecture's name in ELF."""

"""What the images of a host shall say of the systems they are for.

The default toolchain is told the oldest macOS and the oldest glibc by its target, and compiles for
them. What it cannot be told, the oldest Windows NT and the SDK of macOS, is put into the linked
images, before they are signed. Other toolchains have their own ways; their images are changed only
where that was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from countermark.errors import ConfigurationError
from countermark.hosts import Host
from countersign.version import pack_version, version_text

if TYPE_CHECKING:
    from countermark.configuration import HostBuild
    from countermark.toolchain import Toolchain
    from countersign.stamp import Stamp

__all__ = ["describe_stamp", "settled_minimum", "settled_sdk", "stamp_for"]


def settled_minimum(host: Host, asked: str | None, toolchain: Toolchain) -> str | None:
    """Return the oldest system that programs for ``host`` start on; None if nobody sees to it.

    ``asked`` is what the configuration says, by which ``host`` was chosen. Raises
    :class:`ConfigurationError` when the toolchain cannot be told.
    """
    if toolchain.told_minimum:
        return host.minimum
    if asked is not None and host.platform == "linux":
        raise ConfigurationError(
            f"hosts.{host.triple}.minimum is '{asked}', but the toolchain {toolchain} builds for "
            "the glibc that it has",
            hint="Leave it out, or use the default toolchain, zig.",
        )
    return host.minimum if asked is not None else None


def settled_sdk(host: Host, asked: str | None) -> str | None:
    """Return the SDK that images for ``host`` shall name; None for the one that the linker names.

    Raises :class:`ConfigurationError` for what is none, or older than the host's oldest macOS.
    """
    if asked is None:
        return None
    place = f"hosts.{host.triple}.sdk is '{asked}'"
    if host.platform != "darwin":
        raise ConfigurationError(
            f"{place}, but only images for macOS name an SDK", hint="Leave it out."
        )
    version = pack_version(asked)
    if version is None or version < (pack_version(host.minimum) or 0):
        raise ConfigurationError(
            f"{place}, which is no SDK for {host.oldest_system}",
            hint=f"Give a version from {host.minimum} on, or leave it out.",
        )
    return version_text(version, short=True)


def stamp_for(build: HostBuild) -> Stamp:
    """Return what is put into the images of a host after they were linked."""
    from countersign.stamp import Stamp

    minimum = pack_version(build.minimum) if build.minimum else None
    if build.host.platform == "windows":
        return Stamp(windows=(minimum >> 16, minimum >> 8 & 0xFF) if minimum else None)
    if build.host.platform == "darwin":
        told = build.toolchain.told_minimum
        return Stamp(
            minimum=None if told else minimum, sdk=pack_version(build.sdk) if build.sdk else None
        )
    return Stamp()


def describe_stamp(stamp: Stamp) -> tuple[str, ...]:
    """Say what a stamp demands, a text for each field; nothing when it demands nothing."""
    windows = "" if stamp.windows is None else f"Windows NT {stamp.windows[0]}.{stamp.windows[1]}"
    return tuple(
        f"{what} {words}"
        for what, words in (
            ("minimum", "" if stamp.minimum is None else version_text(stamp.minimum, short=True)),
            ("SDK", "" if stamp.sdk is None else version_text(stamp.sdk, short=True)),
            ("subsystem", windows),
        )
        if words
    )

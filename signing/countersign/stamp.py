"""What an image says of the systems it is for, and how few bytes make it say something else.

Linkers that were not told write what they like: zig's writes the newest SDK into every Mach-O, and
Windows NT 6.0 into every PE whatever it is asked for. Systems, and those who check releases, go by
these fields. Formats: ``build_version_command`` and ``version_min_command`` in
``mach-o/loader.h``; the optional header in Microsoft's "PE Format".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from countersign.discovery import identify_source, is_code
from countersign.errors import StampError
from countersign.image import ImageFormat
from countersign.macho.patch import Patch
from countersign.macho.slice import Command, Platform, load_commands
from countersign.pe import has_certificates, pe_checksum, pe_system
from countersign.reading import Part, read_image, refuse_loss
from countersign.source import Source
from countersign.version import version_text

__all__ = ["Change", "Stamp", "StampPlan", "plan_stamp"]

LC_VERSION_MIN_MACOSX: Final = 0x24
LC_BUILD_VERSION: Final = 0x32
_MINIMUM_AT: Final = {LC_VERSION_MIN_MACOSX: 8, LC_BUILD_VERSION: 12}
"""Where a load command has the oldest macOS; the SDK follows it."""

_WITH_VERSIONS: Final = (2, 3)
"""The subsystems of PE that are Windows itself: its windows, and its consoles."""


class Stamp(NamedTuple):
    """What images shall say; None for what they say already."""

    minimum: int | None = None
    """The oldest macOS, packed as in :mod:`countersign.version`."""
    sdk: int | None = None
    """The SDK of macOS, packed likewise."""
    windows: tuple[int, int] | None = None
    """The oldest Windows NT, such as ``(6, 2)``: the versions of PE's subsystem and system."""


class Change(NamedTuple):
    """One field that says something else now."""

    arch: str
    field: str
    """``minimum``, ``sdk``, ``subsystem version``, ``system version`` or ``check sum``."""
    old: str
    new: str


class StampPlan(NamedTuple):
    """What is to be changed; nothing when the image says all of it already."""

    changes: tuple[Change, ...] = ()
    patches: tuple[Patch, ...] = ()
    """Their offsets count from the start of the file."""


_NOTHING: Final = StampPlan()
_HEADERS: Final = 4096
"""Bytes of a PE by which its headers are known."""


def plan_stamp(source: Source, stamp: Stamp) -> StampPlan:
    """Plan what is to be changed in a file, of the size that it has.

    What is neither a PE for Windows nor a Mach-O for macOS stays as it is. Raises
    :class:`StampError` for an image whose maker would not agree: one with a certificate's
    signature, or one that was linked for newer systems; :class:`SigningError` for one that makes
    no sense.
    """
    image = identify_source(source)
    if image is None:
        return _NOTHING
    if image.format is ImageFormat.PE and stamp.windows is not None:
        return _plan_pe(source, stamp.windows, image.architectures[0])
    if is_code(image) and (stamp.minimum, stamp.sdk) != (None, None):
        return _plan_macho(source, stamp)
    return _NOTHING


def _plan_pe(source: Source, windows: tuple[int, int], arch: str) -> StampPlan:
    found = pe_system(source)
    changes, patches = [], []
    for field, at, old in (
        ("subsystem version", found.version_at, found.version),
        ("system version", found.system_at, found.system),
    ):
        if found.subsystem in _WITH_VERSIONS and old != windows:
            changes.append(Change(arch, field, _dotted(old), _dotted(windows)))
            patches.append(Patch(at, struct.pack("<2H", *windows)))
    if not patches:
        return _NOTHING
    if has_certificates(source.read(0, min(source.size, _HEADERS))):
        raise StampError(
            "its Authenticode signature would not be valid any more",
            hint="Sign it after this, or have its linker write the version.",
        )
    if found.checksum:
        new = pe_checksum(source, found.checksum_at, patches)
        changes.append(Change(arch, "check sum", f"{found.checksum:#x}", f"{new:#x}"))
        patches.append(Patch(found.checksum_at, struct.pack("<I", new)))
    return StampPlan(tuple(changes), tuple(patches))


def _plan_macho(source: Source, stamp: Stamp) -> StampPlan:
    image = read_image(source)
    found = [each for part in image.parts for each in _stamped(part, stamp)]
    if not found:
        return _NOTHING
    refuse_loss(image)  # what linkers sign, and ad-hoc signatures, are made again by signing
    changes, patches = zip(*found, strict=True)
    return StampPlan(changes, patches)


def _stamped(part: Part, stamp: Stamp) -> Iterator[tuple[Change, Patch]]:
    """Change what is said of macOS; what a zippered library says of Mac Catalyst stays."""
    commands = [each for each in _commands(part) if _is_for_macos(each)]
    if not commands:
        raise StampError(
            f"the {part.thin.arch} slice does not say which macOS it is for",
            hint="Link it for macOS, with -mmacosx-version-min or a target that names it.",
        )
    for command in commands:
        at = _MINIMUM_AT[command.kind]
        minimum, sdk = command.numbers(f"{at}x2I")
        if stamp.minimum is not None:
            _refuse_older(part, minimum, stamp.minimum)
        fields = (("minimum", at, minimum, stamp.minimum), ("sdk", at + 4, sdk, stamp.sdk))
        for field, start, old, new in fields:
            if new is not None and old != new:
                change = Change(part.thin.arch, field, version_text(old), version_text(new))
                data = struct.pack(f"{command.order}I", new)
                yield change, Patch(part.thin.base + command.at + start, data)


def _commands(part: Part) -> Iterator[Command]:
    return load_commands(memoryview(part.head), part.thin.header, part.thin.base)


def _is_for_macos(command: Command) -> bool:
    if command.kind == LC_BUILD_VERSION:
        return command.numbers("8xI") == (Platform.MACOS,)
    return command.kind == LC_VERSION_MIN_MACOSX


def _refuse_older(part: Part, linked: int, wanted: int) -> None:
    """Refuse to promise a macOS older than the linker worked for: it may not know the format."""
    if wanted < linked:
        raise StampError(
            f"the {part.thin.arch} slice was linked for macOS {version_text(linked, short=True)}, "
            f"which is newer than {version_text(wanted, short=True)}",
            hint="Let the toolchain compile and link for the older one, "
            "by CMAKE_OSX_DEPLOYMENT_TARGET.",
        )


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"

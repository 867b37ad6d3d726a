"""The identifier that ``codesign`` gives to a program when nobody names one.

Rules: ``DiskRep::canonicalIdentifier`` in Security's diskrep.cpp, ``MachORep`` in machorep.cpp,
and ``SecCodeSigner::Signer::prepare`` and ``uniqueName`` in signer.cpp.
"""

from __future__ import annotations

import hashlib
from typing import Final

from countersign.plists.infoplist import parse_info_plist

__all__ = ["apple_identifier", "canonical_identifier"]

DIGITS: Final = "0123456789"
HASHED_HEADER: Final = 28
"""Security hashes a 32-bit header's size in any case, so without the last field of a 64-bit one."""


def canonical_identifier(name: str) -> str:
    """Derive an identifier from a file name or path.

    Directories go, then a last extension that is no number, then all but the first of the
    numbers at the end: ``lib/libfrotz7.3.5.dylib`` gives ``libfrotz7``. It may be empty.
    """
    base = name.rpartition("/")[2]
    stem, dot, extension = base.rpartition(".")
    if dot and extension and extension[0] not in DIGITS:
        base = stem
    if not base or base[0] in DIGITS + ".":
        return base
    rest = base[len(base.rstrip(DIGITS + ".")) :]
    separator = "." if rest.startswith(".") else ""
    number = rest[len(separator) :]
    kept = len(separator) + len(number) - len(number.lstrip(DIGITS))
    return base[: len(base) - len(rest) + kept]


def apple_identifier(
    name: str,
    *,
    info_plist: bytes | memoryview | None,
    uuid: bytes | None,
    header_and_commands: bytes | memoryview,
    prefix: str | None = None,
) -> str:
    """Give the identifier that ``codesign -s -`` would choose for a file called ``name``.

    ``info_plist`` holds the bytes of the section __TEXT,__info_plist, ``uuid`` the 16 bytes of
    LC_UUID; ``header_and_commands`` is the slice up to the end of its load commands before
    anything in it is changed, and matters only without a UUID. ``prefix`` is put before a name
    without a dot, as it is. In a universal file all slices get the identifier of one of them:
    ``codesign`` takes the one that its own host runs. Raises :class:`InfoPlistError` for a
    damaged Info.plist, as does ``codesign``.
    """
    explicit = parse_info_plist(info_plist).identifier if info_plist is not None else ""
    identifier = explicit or canonical_identifier(name)
    if "." not in identifier:
        identifier = (prefix or "") + identifier
    if "." not in identifier and not explicit:
        identifier += f"-{_identification(uuid, header_and_commands).hex()}"
    return identifier


def _identification(uuid: bytes | None, header_and_commands: bytes | memoryview) -> bytes:
    """Name the image: by LC_UUID, or else by the hash of its header and load commands."""
    if uuid is not None:
        return b"UUID" + uuid
    wide = bytes(header_and_commands[:4]) in (b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf")
    commands = header_and_commands[32 if wide else HASHED_HEADER :]
    hasher = hashlib.sha1(header_and_commands[:HASHED_HEADER], usedforsecurity=False)
    hasher.update(commands)
    return hasher.digest()

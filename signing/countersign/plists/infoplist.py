"""The Info.plist inside a program, as far as signing looks into it.

Rules: ``MachORep::explicitIdentifier`` in Security's machorep.cpp and
``SecCodeSigner::Signer::prepare`` in signer.cpp. The bytes are a linker's input and may be
anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from countersign.codedirectory import Flag
from countersign.errors import InfoPlistError, PropertyListError
from countersign.options import parse_options
from countersign.plists.corefoundation import read_dictionary

__all__ = ["InfoPlist", "parse_info_plist"]

MAX_SIZE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoPlist:
    """What an Info.plist says about the signature of its program."""

    identifier: str = ""
    """CFBundleIdentifier; empty when there is none."""
    flags: Flag | None = None
    """CSFlags: the options that hold when none are given."""


def parse_info_plist(data: bytes | memoryview) -> InfoPlist:
    """Read an XML or binary property list.

    Raises :class:`InfoPlistError`, or :class:`OptionsError` for strange CSFlags, and no other
    error, whatever the bytes are.
    """
    try:
        values = read_dictionary(data, limit=MAX_SIZE)
    except PropertyListError as error:
        raise InfoPlistError(str(error)) from error
    identifier = values.get("CFBundleIdentifier", "")
    if not isinstance(identifier, str):
        raise InfoPlistError("CFBundleIdentifier is not a string")
    return InfoPlist(identifier=identifier, flags=_flags(values.get("CSFlags")))


def _flags(value: object) -> Flag | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise InfoPlistError("CSFlags is neither a number nor a string")
    return parse_options(str(value))

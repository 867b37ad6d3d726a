"""The names of slots and magic numbers, in the words that Apple's tools and headers use.

Sources: ``CSSLOT_*`` and ``CSMAGIC_*`` in xnu's cs_blobs.h, ``CodeDirectory::canonicalSlotName`` in
Security's codedirectory.cpp.
"""

from __future__ import annotations

from typing import Final

from countersign.superblob import Slot

__all__ = ["magic_name", "slot_name"]

_SLOTS: Final = {
    Slot.CODE_DIRECTORY: "CodeDirectory",
    Slot.INFO_PLIST: "Info.plist",
    Slot.REQUIREMENTS: "Requirements",
    Slot.RESOURCES: "Resources",
    Slot.APPLICATION: "Application",
    Slot.ENTITLEMENTS: "Entitlements",
    Slot.REP_SPECIFIC: "RepSpecific",
    Slot.ENTITLEMENTS_DER: "Entitlements (DER)",
    8: "Launch constraint, self",
    9: "Launch constraint, parent",
    10: "Launch constraint, responsible",
    11: "Library constraint",
    **{slot: f"CodeDirectory, alternate {slot - 0x0FFF}" for slot in Slot.ALTERNATES},
    Slot.CMS: "CMS signature",
    0x10001: "Identification",
    0x10002: "Ticket",
}

_MAGICS: Final = {
    0xFADE0C00: "requirement",
    0xFADE0C01: "requirements",
    0xFADE0C02: "code directory",
    0xFADE0CC0: "embedded signature",
    0xFADE0CC1: "detached signature",
    0xFADE0B01: "wrapper",
    0xFADE7171: "entitlements",
    0xFADE7172: "entitlements in DER",
    0xFADE8181: "launch constraint",
}


def slot_name(slot: int) -> str:
    """Name a slot; an unknown one by its number."""
    return _SLOTS.get(slot, f"slot {slot:#x}")


def magic_name(magic: int) -> str:
    """Name what kind of blob begins with ``magic``; an unknown one by its number."""
    return _MAGICS.get(magic, f"magic {magic:#x}")

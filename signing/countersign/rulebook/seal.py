"""The rules of the special slots: what is sealed besides the pages."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import CODESIGN, ERROR, KERNEL, SIGN_AGAIN

__all__ = ["RULES"]

RULES: Final = (
    Rule(
        id="R41",
        name="slot-hash",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple="errSecCSSignatureFailed",
        demands="Every sealed part is there and has the hash in its special slot.",
        why="Entitlements, requirements or the Info.plist are not those that were signed.",
        cause="A tool that edited them and left the code directory as it was.",
        fix=SIGN_AGAIN,
        source="Security StaticCode.cpp SecStaticCode::component; xnu ubc_subr.c "
        "csblob_find_special_slot_blob",
    ),
    Rule(
        id="R42",
        name="slot-missing",
        severity=ERROR,
        enforced_by=KERNEL,
        apple="EBADEXEC",
        demands="Entitlements and constraints that are there are sealed by a special slot.",
        why="The kernel does not let a program have entitlements that nobody signed.",
        cause="A tool that added them and left the code directory as it was.",
        fix=SIGN_AGAIN,
        source="xnu ubc_subr.c csblob_get_entitlements, csblob_find_special_slot_blob",
    ),
)

"""Short words for the tables: who enforces a rule, and the advice that many of them share."""

from __future__ import annotations

from typing import Final

from countersign.findings import Enforcer, Severity

__all__ = [
    "BUILD_AGAIN",
    "CODESIGN",
    "DYLD",
    "ERROR",
    "KERNEL",
    "LINK_AGAIN",
    "NOTE",
    "POLICY",
    "REPACK",
    "SIGN_AGAIN",
    "STRICT",
    "WARNING",
]

KERNEL: Final = (Enforcer.KERNEL,)
DYLD: Final = (Enforcer.DYLD,)
CODESIGN: Final = (Enforcer.CODESIGN,)
STRICT: Final = (Enforcer.CODESIGN_STRICT,)
POLICY: Final = (Enforcer.POLICY,)

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

BUILD_AGAIN: Final = "Build or download the file again."
LINK_AGAIN: Final = "Link it again; a tool that edits Mach-O files has damaged its layout."
REPACK: Final = "Join the slices again, with lipo or by signing, which lays them out anew."
SIGN_AGAIN: Final = "Sign it again, as the last step that changes the file."

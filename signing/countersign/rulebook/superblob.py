"""The rules of the superblob: the index of everything that a signature consists of."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import (
    CODESIGN,
    ERROR,
    KERNEL,
    POLICY,
    SIGN_AGAIN,
    WARNING,
)

__all__ = ["RULES"]

_INVALID: Final = "errSecCSSignatureInvalid"
_DAMAGE: Final = "Damage, or a signer that gets the format wrong."
_NO_SIGNATURE: Final = "Neither the kernel nor codesign can read the signature."
_VALIDATE: Final = "xnu ubc_subr.c cs_validate_csblob; Security superblob.h validateBlob"

RULES: Final = (
    Rule(
        id="R22",
        name="superblob",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple=_INVALID,
        demands="The signature is a superblob.",
        why=_NO_SIGNATURE,
        cause="Damage, or room that was set aside for a signature and never filled.",
        fix=SIGN_AGAIN,
        source=_VALIDATE,
    ),
    Rule(
        id="R23",
        name="superblob-length",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple=_INVALID,
        demands="The superblob and its index fit into the room of the signature.",
        why=_NO_SIGNATURE,
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source=_VALIDATE,
    ),
    Rule(
        id="R24",
        name="blob-bounds",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple=_INVALID,
        demands="Every blob lies behind the index and inside the superblob.",
        why=_NO_SIGNATURE,
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source=_VALIDATE,
    ),
    Rule(
        id="R25",
        name="blobs-packed",
        severity=WARNING,
        enforced_by=POLICY,
        demands="The blobs follow the index without gaps or overlaps.",
        why="macOS does not mind in a Mach-O, but the bytes in a gap are covered by nothing.",
        cause="LLVM's linker and objcopy align the code directory and leave a gap.",
        fix=SIGN_AGAIN,
        source="Security superblob.h strictValidateBlob, which is for disk images alone",
    ),
    Rule(
        id="R26",
        name="blob-magic",
        severity=ERROR,
        enforced_by=KERNEL,
        apple="EBADEXEC",
        demands="Entitlements and constraints have their own magic and occur once.",
        why="The kernel refuses the whole signature.",
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source="xnu ubc_subr.c cs_validate_csblob",
    ),
    Rule(
        id="R28",
        name="primary-directory",
        severity=ERROR,
        enforced_by=CODESIGN,
        apple="errSecCSUnsigned",
        demands="Slot 0 holds a code directory.",
        why="codesign takes the file for unsigned.",
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source="Security StaticCode.cpp SecStaticCode::loadCodeDirectories",
    ),
    Rule(
        id="R29",
        name="directory-unique",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple=_INVALID,
        demands="No two code directories use the same hash type.",
        why="The kernel could not tell which one counts, and refuses the signature.",
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source="xnu ubc_subr.c cs_validate_csblob; Security StaticCode.cpp loadCodeDirectories",
    ),
    Rule(
        id="R34",
        name="padding-zero",
        severity=WARNING,
        enforced_by=POLICY,
        demands="The room behind the superblob holds zeros.",
        why="What is left of an older signature makes two builds differ, and may tell too much.",
        cause="codesign, which writes a new signature over an old one and leaves the rest.",
        fix=SIGN_AGAIN,
        source="nothing on macOS looks at these bytes",
    ),
    Rule(
        id="P4",
        name="alternates-contiguous",
        severity=WARNING,
        enforced_by=POLICY,
        demands="Further code directories stand in slots 0x1000, 0x1001, and so on.",
        why="codesign stops at the first empty slot and never sees what is behind it; the "
        "kernel does.",
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source="Security StaticCode.cpp SecStaticCode::loadCodeDirectories",
    ),
    Rule(
        id="P6",
        name="blob-read",
        severity=WARNING,
        enforced_by=POLICY,
        demands="Every blob is in a slot that macOS knows, has its magic, and is sealed.",
        why="No hash covers it and nothing on macOS looks at it, so that anybody can change it.",
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source="xnu ubc_subr.c cs_validate_csblob; Security StaticCode.cpp component",
    ),
)

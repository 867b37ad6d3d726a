"""The rules of the code directory: what is signed, and how it is described."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import (
    CODESIGN,
    ERROR,
    KERNEL,
    LINK_AGAIN,
    POLICY,
    SIGN_AGAIN,
    STRICT,
    WARNING,
)

__all__ = ["RULES"]

_FAILED: Final = "errSecCSSignatureFailed"
_REFUSED: Final = "The kernel and codesign refuse the signature."
_DAMAGE: Final = "Damage, or a signer that gets the format wrong."
_VALIDATE: Final = (
    "xnu ubc_subr.c cs_validate_codedirectory; Security codedirectory.cpp checkIntegrity"
)

RULES: Final = (
    Rule(
        id="R27",
        name="page-hash",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple=_FAILED,
        demands="Every page has the hash that was signed; the last page is hashed without padding.",
        why="The kernel kills the program as soon as it touches a page that is not what was "
        "signed.",
        cause="Something changed the file after it was signed: strip, install_name_tool, a "
        "packer, a version stamp, or a bad download.",
        fix=SIGN_AGAIN,
        source="xnu ubc_subr.c cs_validate_page; Security StaticCode.cpp validateExecutable",
    ),
    Rule(
        id="R30",
        name="directory-header",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple="errSecCSSignatureUnsupported",
        demands="A code directory has its magic, a known version, and at least 112 bytes.",
        why=_REFUSED,
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source=_VALIDATE,
    ),
    Rule(
        id="R31",
        name="hash-type",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple="errSecCSUnsupportedDigestAlgorithm",
        demands="The hash type is known and the hash size belongs to it.",
        why=_REFUSED,
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source=_VALIDATE,
    ),
    Rule(
        id="R32",
        name="page-size",
        severity=ERROR,
        enforced_by=KERNEL,
        apple="EBADEXEC",
        demands="Pages are of 4 KiB, or of 16 KiB where the kernel's own are: on Apple silicon.",
        why="The kernel of an Intel Mac refuses a signature of 16 KiB pages.",
        cause="A signer that uses one page size for every slice.",
        fix="Sign it again with 4 KiB pages, as codesign does for x86_64.",
        source="xnu ubc_subr.c cs_validate_codedirectory",
    ),
    Rule(
        id="R33",
        name="code-limit",
        severity=ERROR,
        enforced_by=STRICT,
        apple="errSecCSSignatureInvalid",
        demands="The signed bytes end exactly where the signature starts.",
        why="What is not signed can be changed by anybody; dyld refuses a library when more than "
        "a page is missing, and the kernel when nothing is signed.",
        cause="A signer that counted the bytes before it moved the signature.",
        fix=SIGN_AGAIN,
        source="Security singlediskrep.cpp strictValidate; dyld DyldDelegates.cpp; "
        "xnu ubc_subr.c ubc_cs_blob_add",
    ),
    Rule(
        id="R36",
        name="identifier",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple=_FAILED,
        demands="The identifier ends inside the code directory.",
        why=_REFUSED,
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source=_VALIDATE,
    ),
    Rule(
        id="R37",
        name="team-identifier",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple="errSecCSInvalidTeamIdentifier",
        demands="The team identifier ends inside the code directory.",
        why=_REFUSED,
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source=_VALIDATE,
    ),
    Rule(
        id="R38",
        name="hash-bounds",
        severity=ERROR,
        enforced_by=KERNEL + CODESIGN,
        apple=_FAILED,
        demands="All hashes lie inside the code directory.",
        why=_REFUSED,
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source=_VALIDATE,
    ),
    Rule(
        id="R39",
        name="page-count",
        severity=ERROR,
        enforced_by=CODESIGN,
        apple=_FAILED,
        demands="There is one hash for every page of the signed bytes.",
        why="codesign refuses the signature, and the kernel refuses to run code in a page that "
        "has no hash.",
        cause="A signer that counted pages before the file had its final size.",
        fix=SIGN_AGAIN,
        source="Security codedirectory.cpp checkIntegrity; xnu vm_fault.c "
        "vm_fault_cs_check_violation",
    ),
    Rule(
        id="R40",
        name="code-in-last-page",
        severity=ERROR,
        enforced_by=KERNEL,
        apple="KERN_CODESIGN_ERROR",
        demands="No code lies in a last page that is only partly signed.",
        why="The kernel maps such a page without the right to execute it.",
        cause="A file without __LINKEDIT, or one whose code stands behind it.",
        fix=LINK_AGAIN,
        source="xnu ubc_subr.c cs_validate_page; vm_fault.c vm_fault_cs_check_violation",
    ),
    Rule(
        id="R44",
        name="flags",
        severity=WARNING,
        enforced_by=POLICY,
        demands="Only known flags are set.",
        why="The kernel drops the others, so that they do not do what the signer meant.",
        cause=_DAMAGE,
        fix=SIGN_AGAIN,
        source="xnu cs_blobs.h CS_ALLOWED_MACHO",
    ),
)

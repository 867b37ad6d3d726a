"""The rules for signed Mach-O images: one table, read by the verifier and by people.

R rules concern the container, the image, and its signature; K rules are the kernel's and dyld's
for any image; A rules are Apple silicon's; F1 is the format itself. P rules are our own policy,
and N1 is no rule but a reminder. Only what macOS itself refuses is an error.

Sources, by enforcer: xnu's mach_loader.c, mach_fat.c, kern_descrip.c and ubc_subr.c; dyld's
UnsafeHeader.cpp and DyldDelegates.cpp; Security's StaticCode.cpp, codedirectory.cpp,
superblob.h and, for ``--strict``, macho++.cpp and singlediskrep.cpp. Error numbers: CSCommon.h.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from countersign.findings import Enforcer, Finding, Severity

__all__ = ["RULES", "Rule", "broken"]

CODES: Final = {
    "errSecCSUnsigned": -67062,
    "errSecCSSignatureFailed": -67061,
    "errSecCSSignatureUnsupported": -67059,
    "errSecCSBadObjectFormat": -67049,
    "errSecCSSignatureInvalid": -67045,
    "errSecCSInfoPlistFailed": -67030,
    "errSecCSBadMainExecutable": -67010,
    "errSecCSUnsupportedDigestAlgorithm": -67000,
    "errSecCSInvalidTeamIdentifier": -66998,
}
"""Security's errors by name; the kernel's have no number of their own here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must hold, who insists, and what to do when it does not."""

    id: str
    name: str
    severity: Severity
    enforced_by: tuple[Enforcer, ...]
    apple: str | None
    """Apple's name of the error."""
    demands: str
    fix: str

    @property
    def code(self) -> int | None:
        """Apple's number of the error."""
        return CODES.get(self.apple or "")


_K, _D, _V, _S, _P = (
    (Enforcer.KERNEL,),
    (Enforcer.DYLD,),
    (Enforcer.CODESIGN,),
    (Enforcer.CODESIGN_STRICT,),
    (Enforcer.POLICY,),
)
_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_BUILD = "Build or download the file again."
_LIPO = "Join the slices again, with lipo or by signing, which lays them out anew."
_LINK = "Link it again; a tool that edits Mach-O files has damaged its layout."
_SIGN = "Sign it again, as the last step that changes the file."

_BAD_MACHO, _BAD_EXEC, _UNSIGNED = "LOAD_BADMACHO", "EBADEXEC", "errSecCSUnsigned"
_FAILED, _INVALID = "errSecCSSignatureFailed", "errSecCSSignatureInvalid"
_STRICT = "errSecCSBadMainExecutable"

_TABLE: Final = (
    ("F1", "format", _ERROR, _K + _V, "errSecCSBadObjectFormat", _BUILD,
     "The header and the load commands can be read."),
    ("R1", "container", _ERROR, _K + _V, _UNSIGNED, "Join the slices with a 32-bit table.",
     "The file is a thin Mach-O or a universal file with a 32-bit table."),
    ("R2", "slice-count", _ERROR, _K + _V, "ENOEXEC", _LIPO,
     "A universal file has at least one slice."),
    ("R3", "slice-bounds", _ERROR, _K, _BAD_MACHO, _BUILD,
     "Every slice lies behind the table and inside the file."),
    ("R4", "slice-unique", _ERROR, _K, _BAD_MACHO, _LIPO,
     "No two slices are for the same architecture."),
    ("R5", "slice-overlap", _ERROR, _K, _BAD_MACHO, _LIPO,
     "No two slices share bytes."),
    ("R6", "slice-gap", _ERROR, _S, _STRICT, _LIPO,
     "A gap before a slice is smaller than the slice's alignment, which is at most 2**30."),
    ("R7", "gap-zero", _ERROR, _S, _STRICT, _LIPO,
     "The gaps between slices hold zeros."),
    ("R8", "file-end", _ERROR, _S, _STRICT, _LIPO,
     "The file ends with its last slice."),
    ("R9", "slice-page", _ERROR, _K, _BAD_MACHO, _LIPO,
     "Every slice starts on a page of its CPU: 16 KiB on arm64, 4 KiB elsewhere."),
    ("R10", "linkedit-end", _ERROR, _S, _STRICT, "Remove what was appended, then sign it again.",
     "__LINKEDIT ends where the slice ends."),
    ("R11", "one-signature-command", _ERROR, _K + _D, _BAD_MACHO, _LINK,
     "There is at most one LC_CODE_SIGNATURE, of exactly 16 bytes."),
    ("R12", "signature-bounds", _ERROR, _K + _V, _BAD_MACHO, _BUILD,
     "The signature lies inside the slice."),
    ("R16", "signature-last", _WARNING, _P, None, _SIGN,
     "The signature is the last thing in __LINKEDIT; codesign cannot sign the file again if not."),
    ("R17", "linkedit-vmsize", _ERROR, _D, None, _SIGN,
     "__LINKEDIT takes at least as many bytes in memory as in the file."),
    ("R18", "segment-bounds", _ERROR, _K, _BAD_MACHO, _LINK,
     "Every segment starts on a page and lies inside the slice."),
    ("R20", "file-type", _ERROR, _V, _UNSIGNED, "Leave the file out; it is nothing that runs.",
     "The file is a program, a library, a bundle, a dynamic linker or a kernel extension."),
    ("R21", "signature-size", _ERROR, _K, "E2BIG", "Sign it with 16 KiB pages, or split it.",
     "The signature of a library takes at most 40 MiB."),
    ("R22", "superblob", _ERROR, _K + _V, _INVALID, _SIGN,
     "The signature is a superblob."),
    ("R23", "superblob-length", _ERROR, _K + _V, _INVALID, _SIGN,
     "The superblob and its index fit into the room of the signature."),
    ("R24", "blob-bounds", _ERROR, _K + _V, _INVALID, _SIGN,
     "Every blob lies behind the index and inside the superblob."),
    ("R25", "blobs-packed", _WARNING, _P, None, _SIGN,
     "The blobs follow the index without gaps or overlaps."),
    ("R26", "blob-magic", _ERROR, _K, _BAD_EXEC, _SIGN,
     "Entitlements and constraints have their own magic and occur once."),
    ("R27", "page-hash", _ERROR, _K + _V, _FAILED, _SIGN,
     "Every page has the hash that was signed; the last page is hashed without padding."),
    ("R28", "primary-directory", _ERROR, _V, _UNSIGNED, _SIGN,
     "Slot 0 holds a code directory."),
    ("R29", "directory-unique", _ERROR, _K + _V, _INVALID, _SIGN,
     "No two code directories use the same hash type."),
    ("R30", "directory-header", _ERROR, _K + _V, "errSecCSSignatureUnsupported", _SIGN,
     "A code directory has its magic, a known version, and at least 112 bytes."),
    ("R31", "hash-type", _ERROR, _K + _V, "errSecCSUnsupportedDigestAlgorithm", _SIGN,
     "The hash type is known and the hash size belongs to it."),
    ("R32", "page-size", _ERROR, _K, _BAD_EXEC, "Sign it again with 4 KiB pages.",
     "Pages are of 4 KiB, or of 16 KiB on arm64 alone."),
    ("R33", "code-limit", _ERROR, _S, _INVALID, _SIGN,
     "The signed bytes end exactly where the signature starts."),
    ("R34", "padding-zero", _WARNING, _P, None, _SIGN,
     "The room behind the superblob holds zeros, not the rest of an older signature."),
    ("R36", "identifier", _ERROR, _K + _V, _FAILED, _SIGN,
     "The identifier ends inside the code directory."),
    ("R37", "team-identifier", _ERROR, _K + _V, "errSecCSInvalidTeamIdentifier", _SIGN,
     "The team identifier ends inside the code directory."),
    ("R38", "hash-bounds", _ERROR, _K + _V, _FAILED, _SIGN,
     "All hashes lie inside the code directory."),
    ("R39", "page-count", _ERROR, _V, _FAILED, _SIGN,
     "There is one hash for every page of the signed bytes."),
    ("R40", "code-in-last-page", _ERROR, _K, "KERN_CODESIGN_ERROR", _LINK,
     "No code lies in a last page that is only partly signed."),
    ("R41", "slot-hash", _ERROR, _K + _V, _FAILED, _SIGN,
     "Every sealed part is there and has the hash in its special slot."),
    ("R42", "slot-missing", _ERROR, _K, _BAD_EXEC, _SIGN,
     "Entitlements and constraints that are there are sealed by a special slot."),
    ("R44", "flags", _WARNING, _P, None, _SIGN,
     "Only known flags are set."),
    ("R45", "adhoc-or-cms", _ERROR, _V, _FAILED, _SIGN,
     "A signature is marked ad-hoc or carries a certificate's signature."),
    ("R54", "same-team", _ERROR, _K + _V, _INVALID, "Sign all slices together.",
     "All slices are signed by the same team, or none of them by any."),
    ("K2", "pie", _ERROR, _K, "LOAD_FAILURE", "Link it without -no_pie.",
     "An arm64 program is position-independent."),
    ("K7", "uuid", _WARNING, _D, None, "Link it without -no_uuid.",
     "A program has an LC_UUID, without which dyld refuses those built for macOS 26 and later."),
    ("K11", "slice-architecture", _ERROR, _K + _D, "LOAD_BADARCH", _LIPO,
     "The table of a universal file and the slice name the same architecture."),
    ("K12", "segment-overlap", _ERROR, _D, None, _LINK,
     "No two segments share bytes of the file or addresses in memory."),
    ("A1", "signed", _ERROR, _V, _UNSIGNED, "Sign it.",
     "The image is signed; Apple silicon kills native code that is not."),
    ("P1", "adhoc-with-cms", _WARNING, _P, None, _SIGN,
     "What is marked ad-hoc carries no certificate's signature, for macOS does not look at it."),
    ("P2", "adhoc-team", _WARNING, _P, None, _SIGN,
     "What is marked ad-hoc claims no team."),
    ("P3", "same-identifier", _WARNING, _P, None, "Sign all slices together.",
     "All slices have the same identifier."),
    ("N1", "cms-not-checked", _NOTE, _P, None, "Check it with codesign on a Mac.",
     "A certificate's signature is checked; this version cannot do so yet."),
)  # fmt: skip

RULES: Final[dict[str, Rule]] = {
    rule_id: Rule(
        id=rule_id,
        name=name,
        severity=severity,
        enforced_by=enforced_by,
        apple=apple,
        demands=demands,
        fix=fix,
    )
    for rule_id, name, severity, enforced_by, apple, fix, demands in _TABLE
}
"""Every rule by its id."""


def broken(
    rule_id: str, offset: int | None, message: str, *, enforced_by: Iterable[Enforcer] = ()
) -> Finding:
    """Make the finding that a rule is broken ``offset`` bytes into the file.

    ``enforced_by`` replaces the rule's own enforcers where a case has more or fewer of them.
    """
    rule = RULES[rule_id]
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity,
        enforced_by=tuple(enforced_by) or rule.enforced_by,
        apple=rule.apple,
        code=rule.code,
        offset=offset,
        message=message,
        fix=rule.fix,
    )

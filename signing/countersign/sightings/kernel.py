"""What the kernel prints when it refuses code."""

from __future__ import annotations

import re
from typing import Final

from countersign.kernelerrors import load_name
from countersign.sightings.phrase import SEALED, STALE, Meaning, Phrase, phrase
from countersign.sightings.sighting import Reporter

__all__ = ["PHRASES"]


def _invalid_page(match: re.Match[str]) -> Meaning:
    if match["same"] == "!=":
        return Meaning(
            "The file was written into after the kernel had read its signature, so a page is not "
            "what was signed.",
            ("R27",),
            STALE,
        )
    if int(match["tainted"]):
        return Meaning("A page of the file has another hash than was signed.", ("R27", "R64"))
    if int(match["nx"] or 0):
        return Meaning("Code ran in the last page, which is signed only in part.", ("R40",))
    if int(match["signed"]):
        return Meaning("Code ran in a page for which there is no hash.", ("R19", "R33", "R39"))
    return Meaning("Code ran that is not signed at all.", ("A1",))


def _page_outcome(match: re.Match[str]) -> Meaning:
    outcome = (
        "the process was killed"
        if match["killed"]
        else "the page was refused"
        if match["what"] == "denying"
        else "the process goes on, but no longer counts as signed"
    )
    return Meaning(f"A page is not what was signed; {outcome}.", ("R27", "R64", "R19"))


def _load_error(match: re.Match[str]) -> Meaning:
    number = int(match["number"])
    name = load_name(number) or f"error {number}"
    text = f"The kernel did not take the program's signature: {name}."
    if name == "LOAD_BADMACHO":
        return Meaning(
            f"{text} Its load command is wrong, or the file was written into while the kernel "
            "remembered an older signature.",
            ("R11", "R12"),
            STALE,
        )
    if name == "LOAD_IOERROR":
        return Meaning(f"{text} It reaches past the end of the file.", ("R12",))
    return Meaning(f"{text} Its form is broken, or AMFI refuses it, which then says why.", SEALED)


_HEX: Final = r"0x(?P<{}>[0-9a-fA-F]{{1,16}})"
_ADDRESS, _OFFSET = _HEX.format("address"), _HEX.format("offset")
_PID: Final = r"(?P<pid>\d{1,10})"
_PROCESS: Final = r"(?P<process>[^\]]{0,64})"

PHRASES: Final[tuple[Phrase, ...]] = (
    phrase(
        "rejecting invalid page",
        rf"CODE SIGNING: process {_PID}\[{_PROCESS}\]: rejecting invalid page "
        rf"(?:\(phys#0x[0-9a-f]{{1,16}}\) )?at address {_ADDRESS} from offset {_OFFSET} in file "
        r'"(?P<path>[^"]{0,2100})" \(cs_mtime:[\d.]{1,40} (?P<same>[!=]=) mtime:[\d.]{1,40}\) '
        r"\(signed:(?P<signed>\d{1,3}) validated:\d{1,3} tainted:(?P<tainted>\d{1,3})"
        r"(?: nx:(?P<nx>\d{1,3}))?",
        Reporter.KERNEL,
        "xnu osfmk/vm/vm_fault.c vm_fault_cs_handle_violation",
        _invalid_page,
    ),
    phrase(
        "cs_invalid_page",
        rf"CODE SIGNING: cs_invalid_page\({_ADDRESS}\): p={_PID}\[{_PROCESS}\] final status "
        r"0x[0-9a-f]{1,16}, (?P<what>denying|allowing \(remove VALID\)) page"
        r"(?P<killed> sending SIGKILL)?",
        Reporter.KERNEL,
        "xnu bsd/kern/kern_cs.c cs_invalid_page",
        _page_outcome,
    ),
    phrase(
        "invalid initial page",
        rf"CODE SIGNING: (?P<path>[^\[]{{0,255}})\[{_PID}\]: invalid initial page at offset "
        r"(?P<offset10>\d{1,19})",
        Reporter.KERNEL,
        "xnu bsd/kern/mach_loader.c parse_machfile",
        Meaning("The page with the load commands is not what was signed.", ("R27",)),
    ),
    phrase(
        "load code signature error",
        rf'proc {_PID}: load code signature error (?P<number>\d{{1,10}}) for file "'
        r'(?P<path>[^"]{0,1024})"',
        Reporter.KERNEL,
        "xnu bsd/kern/mach_loader.c parse_machfile",
        _load_error,
    ),
    phrase(
        "code signature page shift",
        r"disallowing unsupported code signature page shift: \d{1,10}",
        Reporter.KERNEL,
        "xnu bsd/kern/ubc_subr.c cs_validate_codedirectory",
        Meaning("The signature's pages have a size that this kernel does not know.", ("R32",)),
    ),
    phrase(
        "CodeDirectories in signature",
        r"multiple hash=\d{1,10} CodeDirectories in signature; rejecting",
        Reporter.KERNEL,
        "xnu bsd/kern/ubc_subr.c cs_validate_csblob",
        Meaning("Two code directories use the same hash type.", ("R29",)),
    ),
    phrase(
        "multiple",
        r"multiple (?:der entitlements|entitlements|self constraint|parent constraint"
        r"|responsible process constraint|library constraint) blobs",
        Reporter.KERNEL,
        "xnu bsd/kern/ubc_subr.c cs_validate_csblob",
        Meaning("Entitlements or constraints are there twice.", ("R26",)),
    ),
    phrase(
        "security-critical blob",
        r"unable to validate security-critical blob: \d{1,10}",
        Reporter.KERNEL,
        "xnu bsd/kern/ubc_subr.c validate_auxiliary_signed_blobs",
        Meaning("A launch or library constraint is not what was sealed.", ("R41", "R42")),
    ),
    phrase(
        "previously invalidated blob",
        r"can not re-validate a previously invalidated blob, reboot or create a new file",
        Reporter.KERNEL,
        "xnu bsd/kern/ubc_subr.c ubc_cs_blob_revalidate",
        Meaning("The file was written into after it had been used.", (), STALE),
    ),
    phrase(
        "match attached signature",
        r"embedded signature doesn't match attached signature",
        Reporter.KERNEL,
        "xnu bsd/kern/mach_loader.c load_code_signature",
        Meaning(
            "The kernel remembers another signature of this file, which was written into since.",
            (),
            STALE,
        ),
    ),
    phrase(
        "revalidation failed",
        r"load_code_signature: revalidation failed: \d{1,10}",
        Reporter.KERNEL,
        "xnu bsd/kern/mach_loader.c load_code_signature",
        Meaning(
            "The signature that the kernel remembers of this file is no longer good.", (), STALE
        ),
    ),
    phrase(
        "csblob invalid",
        r"CODESIGNING: csblob invalid: \d{1,10}",
        Reporter.KERNEL,
        "xnu bsd/kern/ubc_subr.c cs_blob_init_validated",
        Meaning("The form of the signature is broken.", SEALED),
    ),
    phrase(
        "through MACF policy",
        r"validation of code signature failed through MACF policy: \d{1,10}",
        Reporter.KERNEL,
        "xnu bsd/kern/ubc_subr.c ubc_cs_blob_add",
        Meaning("The signature is well-formed, but AMFI refuses it.", ("A4", "E2", "R43")),
    ),
)

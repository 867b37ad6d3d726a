"""How processes are ended, as crash reports say it."""

from __future__ import annotations

import re
from typing import Final

from countersign.sightings.phrase import SEALED, STALE, Meaning, Phrase, phrase
from countersign.sightings.sighting import Reporter

__all__ = ["PHRASES"]


def _termination(match: re.Match[str]) -> Meaning:
    number = int(match["hex"], 16) if match["hex"] else int(match["code"])
    return _TERMINATIONS.get(
        (match["namespace"], number), Meaning("The process was ended for another reason.")
    )


_TERMINATIONS: Final = {
    ("CODESIGNING", 1): Meaning(
        "The signature was refused when the program was started: by taskgated, or because the file "
        "was written into while the kernel remembered an older signature.",
        ("R27", *SEALED, "A4"),
        STALE,
    ),
    ("CODESIGNING", 2): Meaning(
        "A page of the program or of a library is not what was signed, or is not signed at all.",
        ("R27", "R64", "R40", "R19", "A1"),
    ),
    ("CODESIGNING", 3): Meaning("The kernel could not ask taskgated about the signature."),
    ("CODESIGNING", 4): Meaning(
        "A launch constraint forbids that the program is started in this way.",
        (),
        "Start it as its maker meant: from its application, not by itself, and from its place.",
    ),
    ("EXEC", 1): Meaning(
        "The kernel could not load the program: its Mach-O is malformed, or its signature is.",
        ("R12", "R18", "R11", "K4", "K3", "K2", "K6"),
    ),
    ("EXEC", 8): Meaning(
        "AMFI or another policy forbade to start the program; the kernel's log says why.",
        ("A1", "A4"),
    ),
    ("EXEC", 9): Meaning("taskgated did not answer when the program was started."),
    ("EXEC", 12): Meaning(
        "The program was packed with UPX, which macOS does not run.",
        (),
        "Ship it unpacked.",
    ),
    ("EXEC", 13): Meaning("The program is of 32 bits, which macOS no longer runs."),
    ("EXEC", 14): Meaning("The program is for another platform, such as iOS."),
    ("DYLD", 1): Meaning("A library is missing, or could be used nowhere it was looked for."),
    ("DYLD", 2): Meaning("A library is not for this CPU."),
    ("DYLD", 5): Meaning("The signature of a library was refused.", ("R27", *SEALED)),
    ("DYLD", 7): Meaning("A library is malformed."),
}
"""By namespace and code: xnu bsd/sys/reason.h, dyld include/mach-o/dyld_priv.h."""

PHRASES: Final[tuple[Phrase, ...]] = (
    phrase(
        "Termination Reason",
        r"Termination Reason: {1,20}(?:Namespace )?(?P<namespace>[A-Z]{1,20})(?:, Code)? "
        r"(?:0x(?P<hex>[0-9a-fA-F]{1,8})|(?P<code>\d{1,10}))",
        Reporter.CRASH_REPORT,
        "xnu bsd/sys/reason.h, dyld mach-o/dyld_priv.h",
        _termination,
    ),
    phrase(
        "Exception Type",
        r"Exception Type: {1,20}EXC_\w{1,30} \(.{0,40}(?:Code Signature Invalid|CODESIGNING)\)",
        Reporter.CRASH_REPORT,
        None,
        Meaning("The process was killed because of a signature.", ("R27", "R64", "A1")),
    ),
)

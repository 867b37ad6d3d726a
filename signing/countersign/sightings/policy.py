"""What AMFI, Gatekeeper and shells print: closed code, known from logs that others published."""

from __future__ import annotations

import re
from typing import Final

from countersign.kernelerrors import KERNEL_ERRORS
from countersign.sightings.phrase import SEALED, Meaning, Phrase, phrase
from countersign.sightings.sighting import Reporter

__all__ = ["PHRASES"]


def _amfi_error(match: re.Match[str]) -> Meaning:
    number = int(match["number"])
    if number == -413:
        return Meaning(
            "The program has entitlements that only a provisioning profile can grant, and there is "
            "none.",
            ("A4",),
        )
    if number == -423:
        return Meaning(
            "This Mac, or what starts the program, wants a certificate; the signature has none.",
            (),
            "Sign it with a certificate, or allow ad-hoc signatures on that Mac.",
        )
    return Meaning(f"AMFI's error {number}.")


_NOT_NOTARISED: Final = Meaning(
    "Gatekeeper stopped a download that is not notarised; its signature may well be good.",
    (),
    "Notarise it, or have users remove com.apple.quarantine.",
)

PHRASES: Final[tuple[Phrase, ...]] = (
    phrase(
        "completely unsigned code",
        r"AMFI: hook\.\.execve\(\) killing (?:pid (?P<pid>\d{1,10})|(?P<process>[^:(]{1,64}?)"
        r"(?: \(pid \d{1,10}\))?): Attempt to execute completely unsigned code",
        Reporter.AMFI,
        None,
        Meaning(
            "The program is not signed, or the kernel dropped its signature just before.",
            ("A1", *SEALED),
        ),
    ),
    phrase(
        "AMFI: hook..execve() killing",
        r"AMFI: hook\.\.execve\(\) killing (?P<process>[^:]{1,80}): (?!Attempt)(?P<why>.{1,200})",
        Reporter.AMFI,
        None,
        Meaning("AMFI refused to start the program.", ("A1", "A4", *SEALED)),
    ),
    phrase(
        "restricted entitlements",
        r"(?i)(?:code has restricted entitlements|restricted entitlements not validated)",
        Reporter.AMFI,
        None,
        Meaning("The program has entitlements that its signature does not entitle it to.", ("A4",)),
    ),
    phrase(
        "AppleMobileFileIntegrityError",
        r"AppleMobileFileIntegrityError Code=(?P<number>-?\d{1,10})",
        Reporter.AMFI,
        None,
        _amfi_error,
    ),
    phrase(
        "invalid entitlements blob",
        r"invalid entitlements blob",
        Reporter.AMFI,
        None,
        Meaning(
            "The entitlements cannot be read, or their two forms disagree.", ("E2", "R43", "E5")
        ),
    ),
    phrase(
        "is not a main binary",
        r"has entitlements but is not a main binary",
        Reporter.AMFI,
        None,
        Meaning("A library or a badly marked program has entitlements.", ("E4", "R47")),
    ),
    phrase(
        "has no CMS blob",
        r"AMFI: '(?P<path>[^']{0,1024})' has no CMS blob",
        Reporter.AMFI,
        None,
        Meaning(
            "The signature has no certificate. That alone is no refusal: AMFI says so of what it "
            "then lets run.",
        ),
    ),
    phrase(
        "Unrecoverable CT signature issue",
        r"AMFI: '(?P<path>[^']{0,1024})': Unrecoverable CT signature issue",
        Reporter.AMFI,
        None,
        Meaning(
            "No certificate that Apple knows signed it. That alone is no refusal, except on Macs "
            "that are managed to demand one.",
        ),
    ),
    phrase(
        "is adhoc signed",
        r"AMFI: '(?P<path>[^']{0,1024})' is adhoc signed",
        Reporter.AMFI,
        None,
        Meaning("The signature is ad-hoc. That alone is no refusal."),
    ),
    phrase(
        "code signature validation failed",
        r"AMFI: code signature validation failed",
        Reporter.AMFI,
        None,
        Meaning("AMFI refused a signature; the lines around it say why.", SEALED),
    ),
    phrase(
        "Security policy would not allow process",
        r"Security policy would not allow process: (?:(?P<pid>\d{1,10}), )?(?P<path>.{1,1024})",
        Reporter.AMFI,
        None,
        Meaning(
            "The process was not let run; what AMFI said just before is the reason.", ("A1", "A4")
        ),
    ),
    phrase(
        "illed",
        r"\b(?:zsh: killed|Killed: 9|killed by SIGKILL|signal 9 \(SIGKILL\))",
        Reporter.DESKTOP,
        None,
        Meaning(
            "Something killed the program. If it never printed anything, its signature is the "
            "likely reason.",
            ("R27", "A1", "R64"),
            "Explain the file itself, or the lines of the kernel: log show --last 5m --predicate "
            "'process == \"kernel\"'",
        ),
    ),
    *(
        phrase(
            KERNEL_ERRORS[name].text[1:],  # zsh writes the first letter small
            f".{re.escape(KERNEL_ERRORS[name].text[1:])}",
            Reporter.DESKTOP,
            "xnu bsd/sys/errno.h",
            Meaning(text, rules),
        )
        for name, text, rules in (
            ("EBADEXEC", "The kernel refused the program or its signature.", ("R27", *SEALED)),
            ("EBADARCH", "There is no slice for this CPU, or the table lies.", ("K11", "R1")),
            ("EBADMACHO", "The file is malformed.", ("R3", "R4", "R5", "R12", "R18")),
        )
    ),
    phrase(
        "is damaged and can",
        r"[\"“](?P<path>[^\"“”]{1,255})[\"”] is damaged and can.t be opened",
        Reporter.DESKTOP,
        None,
        Meaning(
            "Gatekeeper refused a download: its signature is broken, or there is none.",
            ("R27", "A1", "R10"),
            "Verify the file as it was downloaded. If it is good, remove com.apple.quarantine.",
        ),
    ),
    phrase(
        "free of malware",
        r"Apple could not verify [\"“](?P<path>[^\"“”]{1,255})[\"”] is free of malware",
        Reporter.DESKTOP,
        None,
        _NOT_NOTARISED,
    ),
    phrase(
        "cannot check it for malicious software",
        r"[\"“](?P<path>[^\"“”]{1,255})[\"”] can.{1,3}t be opened because Apple cannot check it",
        Reporter.DESKTOP,
        None,
        _NOT_NOTARISED,
    ),
)

"""What the user of a Mac sees when a rule is broken.

A shell forks and calls ``execve``: what the kernel refuses after it has begun to load the image
(``exec_mach_imgact`` in xnu's kern_exec.c) ends with SIGKILL, not with an error. Errors in the
table of a universal file come before that, and the shell prints them. dyld's words stand in
DyldDelegates.cpp, Loader.cpp, UnsafeHeader.cpp and Universal.cpp. What AMFI and Gatekeeper say is
known from published logs alone, for they are closed.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from countersign.apple import ERRORS
from countersign.findings import Enforcer
from countersign.kernelerrors import KERNEL_ERRORS
from countersign.rulebook import RULES, directory, seal, superblob

__all__ = ["Subject", "Symptom", "symptoms"]


class Subject(enum.StrEnum):
    """What kind of image shows a symptom."""

    PROGRAM = "program"
    LIBRARY = "library"
    ANY = "any"


class Symptom(NamedTuple):
    """Something to be seen, and where."""

    where: str
    text: str
    """What is printed or, when it is not ``quoted``, what happens."""
    quoted: bool = True
    subject: Subject = Subject.ANY
    arm64: bool | None = None
    """True when only native code of Apple silicon shows it, False when only code for Intel."""


KILLED_LOADER: Final = Symptom(
    "shell on Apple silicon (bash: Killed: 9; exit code 137)",
    "zsh: killed  (the program that loads it)",
    subject=Subject.LIBRARY,
    arm64=True,
)
INVALID_PAGE: Final = Symptom(
    "crash report",
    "EXC_BAD_ACCESS (SIGKILL (Code Signature Invalid)), "
    "Termination Reason: Namespace CODESIGNING, Code 2, Invalid Page",
    arm64=True,
)
UNSIGNED_CODE: Final = Symptom(
    "kernel log",
    "AMFI: hook..execve() killing pid 123: Attempt to execute completely unsigned code "
    "(must be at least ad-hoc signed).",
    subject=Subject.PROGRAM,
    arm64=True,
)
INTEL: Final = Symptom(
    "code for Intel",
    "it runs, but no longer counts as signed; it is killed if its flags are hard, kill or runtime",
    quoted=False,
    arm64=False,
)
NOTHING: Final = Symptom("on a Mac", "nothing; macOS does not look at it", quoted=False)

_PAGES: Final = frozenset({"R19", "R27", "R40", "R64"})
_SIGNATURE: Final = frozenset(
    rule.id for book in (superblob, directory, seal) for rule in book.RULES
)
_TABLE: Final = {
    "R2": "EBADMACHO",
    "R3": "EBADMACHO",
    "R4": "EBADMACHO",
    "R5": "EBADMACHO",
    "K11": "EBADARCH",
}
"""What ``execve`` returns before it has begun to load anything (``fatfile_validate_fatarches``)."""
_DYLD: Final = {
    "R9": "slice is not page aligned",
    "R17": "segment '__LINKEDIT' filesize exceeds vmsize",
    "R18": "segment '__LINKEDIT' load command content extends beyond end of file",
    "R33": "code signature does not cover entire file up to signature in <UUID> '{name}'",
    "K7": "missing LC_UUID load command",
    "K10": "__DATA_CONST segment missing SG_READ_ONLY flag",
    "K11": "cpu type/subtype in slice (arm64) does not match fat header (arm64e)",
    "K12": "file range of segment '__LINKEDIT' overlaps segment '__TEXT'",
    "K13": "load command #12 LC_FUNCTION_STARTS size wrong",
    "K14": "missing LC_MAIN or LC_UNIXTHREAD in main executable",
    "K16": "MH_DYLIB is missing LC_ID_DYLIB",
    "K17": "missing LC_LOAD_DYLIB (must link with at least libSystem.dylib)",
    "K18": "duplicate LC_RPATH '@loader_path'",
    "K19": "__TEXT segment permissions is not 'r-x'",
    "K20": "segment '__LINKEDIT' vm address out of order",
    "K22": "too many LC_UUID load commands",
    "K23": "'__LINKEDIT' segment vm range wraps",
    "K24": "missing __TEXT segment",
    "K26": "big endian mach-o file",
    "K27": "load command #4 string extends beyond end of load command",
    "K28": "load command #12 unknown required load command 0x80007FFF",
    "K29": "section '__text' end address 0x8000 is beyond containing segment's end address 0x4000",
    "K30": "multiple LC_FUNCTION_STARTS load commands",
}
_ANY_DYLD: Final = "Library not loaded: '{name}' ... Reason: tried: '{name}' (...)"


def symptoms(
    rule_id: str,
    enforced_by: Collection[Enforcer],
    *,
    name: str = "program",
    subject: Subject = Subject.ANY,
    arm64: bool | None = None,
) -> tuple[Symptom, ...]:
    """Say what is seen of the file ``name`` when those who refuse it are ``enforced_by``.

    Only what a program or a library shows is said when ``subject`` is one of them, and only what
    code of that CPU shows when ``arm64`` is given. Never empty.
    """
    subjects = (*Subject,) if subject is Subject.ANY else (subject, Subject.ANY)
    seen = tuple(
        symptom
        for symptom in _all(rule_id, enforced_by, name)
        if symptom.subject in subjects
        and (None in (arm64, symptom.arm64) or arm64 == symptom.arm64)
    )
    return seen or (NOTHING,)


def _all(rule_id: str, enforced_by: Collection[Enforcer], name: str) -> Iterator[Symptom]:
    if Enforcer.KERNEL in enforced_by:
        yield from _from_kernel(rule_id, name)
    if Enforcer.DYLD in enforced_by:
        yield Symptom("dyld", _DYLD.get(rule_id, _ANY_DYLD).format(name=name))
    if rule_id == "A1":
        yield from (_killed(name, silicon=True), UNSIGNED_CODE)
        reason = "mapped file has no cdhash, completely unsigned? "
        reason += "Code has to be at least ad-hoc signed."
        yield _refused_library(f"'{name}' not valid for use in process: {reason}", arm64=True)
    yield from _from_codesign(rule_id, enforced_by, name)


def _from_kernel(rule_id: str, name: str) -> Iterator[Symptom]:
    if rule_id in _TABLE:
        yield Symptom("shell", f"./{name}: {KERNEL_ERRORS[_TABLE[rule_id]].text}")
    elif rule_id in _PAGES:
        yield from (_killed(name, silicon=True), KILLED_LOADER, INVALID_PAGE, INTEL)
    elif rule_id in _SIGNATURE:
        # The kernel drops the signature, goes on without one, and AMFI refuses that.
        yield _killed(name, silicon=True)
        log = f'proc 123: load code signature error 4 for file "{name}"'
        yield Symptom("kernel log", log, subject=Subject.PROGRAM)
        yield UNSIGNED_CODE
        yield _refused_library(f"code signature invalid in <UUID> '{name}' (errno=85) ...")
        yield INTEL
    elif rule_id == "R21":
        yield _refused_library(f"fcntl(fd, F_ADDFILESIGS_RETURN) failed with errno=7 in '{name}'")
    else:
        yield _killed(name, silicon=False)


def _killed(name: str, *, silicon: bool) -> Symptom:
    where = "shell on Apple silicon" if silicon else "shell"
    return Symptom(
        f"{where} (bash: Killed: 9; exit code 137)",
        f"zsh: killed  ./{name}",
        subject=Subject.PROGRAM,
        arm64=silicon or None,
    )


def _refused_library(text: str, *, arm64: bool | None = None) -> Symptom:
    return Symptom("dyld, of a library", text, subject=Subject.LIBRARY, arm64=arm64)


def _from_codesign(rule_id: str, enforced_by: Collection[Enforcer], name: str) -> Iterator[Symptom]:
    strict = Enforcer.CODESIGN not in enforced_by
    if strict and Enforcer.CODESIGN_STRICT not in enforced_by:
        return
    rule = RULES.get(rule_id)
    error = ERRORS.get(rule.apple or "") if rule else None
    command = "codesign --verify --strict" if strict else "codesign --verify"
    yield Symptom(command, f"{name}: {error.text}" if error else "an error, and exit code 1")
    yield Symptom("Finder, after a download", f'"{name}" is damaged and can\'t be opened.')

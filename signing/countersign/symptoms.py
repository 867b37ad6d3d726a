"""What the user of a Mac sees when a rule is broken.

A shell forks and calls ``execve``: what the kernel refuses after it has begun to load the image
(``exec_mach_imgact`` in xnu's kern_exec.c) ends with SIGKILL, not with an error. Errors in the
table of a universal file come before that, and the shell prints them. dyld's words stand in
DyldDelegates.cpp, Loader.cpp, UnsafeHeader.cpp and Universal.cpp. What AMFI and Gatekeeper say is
known from published logs alone, for they are closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from countersign.apple import ERRORS
from countersign.findings import Enforcer
from countersign.kernelerrors import KERNEL_ERRORS
from countersign.rulebook import directory, seal, superblob
from countersign.rules import RULES

__all__ = ["Symptom", "symptoms"]


class Symptom(NamedTuple):
    """Something to be seen, and where."""

    where: str
    text: str
    """What is printed or, when it is not ``quoted``, what happens."""
    quoted: bool = True


_KILLED: Final = "zsh: killed  ./program"
KILLED: Final = Symptom("shell (bash: Killed: 9; exit code 137)", _KILLED)
KILLED_HERE: Final = Symptom("shell on Apple silicon (bash: Killed: 9; exit code 137)", _KILLED)
INTEL: Final = Symptom(
    "Intel Mac",
    "it runs, but no longer counts as signed; it is killed if its flags are hard, kill or runtime",
    quoted=False,
)
INVALID_PAGE: Final = Symptom(
    "crash report",
    "EXC_BAD_ACCESS (SIGKILL (Code Signature Invalid)), "
    "Termination Reason: Namespace CODESIGNING, Code 2, Invalid Page",
)
UNSIGNED_CODE: Final = Symptom(
    "kernel log",
    "AMFI: hook..execve() killing pid 123: Attempt to execute completely unsigned code "
    "(must be at least ad-hoc signed).",
)
LOAD_ERROR: Final = Symptom(
    "kernel log", 'proc 123: load code signature error 4 for file "program"'
)
UNSIGNED_LIBRARY: Final = Symptom(
    "dyld, of a library",
    "not valid for use in process: mapped file has no cdhash, completely unsigned? "
    "Code has to be at least ad-hoc signed.",
)
BAD_LIBRARY: Final = Symptom(
    "dyld, of a library",
    "code signature invalid in <UUID> 'library' (errno=85) sliceOffset=..., codeBlobOffset=...",
)
DAMAGED: Final = Symptom(
    "Finder, after a download",
    '"program" is damaged and can\'t be opened. (or: cannot be verified)',
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
    "R33": "code signature does not cover entire file up to signature in <UUID> 'library'",
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
}


def symptoms(rule_id: str, enforced_by: Collection[Enforcer]) -> tuple[Symptom, ...]:
    """Say what is seen when those who refuse are ``enforced_by``; never empty."""
    seen: list[Symptom] = []
    if Enforcer.KERNEL in enforced_by:
        seen += _from_kernel(rule_id)
    if Enforcer.DYLD in enforced_by and rule_id in _DYLD:
        seen.append(Symptom("dyld", _DYLD[rule_id]))
    if rule_id == "A1":
        seen += (KILLED_HERE, UNSIGNED_CODE, UNSIGNED_LIBRARY)
    seen += _from_codesign(rule_id, enforced_by)
    return tuple(seen) or (NOTHING,)


def _from_kernel(rule_id: str) -> Iterator[Symptom]:
    if rule_id in _TABLE:
        yield Symptom("shell", f"./program: {KERNEL_ERRORS[_TABLE[rule_id]].text}")
    elif rule_id in _PAGES:
        yield from (KILLED_HERE, INVALID_PAGE, INTEL)
    elif rule_id in _SIGNATURE:
        # The kernel drops the signature, goes on without one, and AMFI refuses that.
        yield from (KILLED_HERE, LOAD_ERROR, UNSIGNED_CODE, BAD_LIBRARY, INTEL)
    else:
        yield KILLED


def _from_codesign(rule_id: str, enforced_by: Collection[Enforcer]) -> Iterator[Symptom]:
    strict = Enforcer.CODESIGN not in enforced_by
    if strict and Enforcer.CODESIGN_STRICT not in enforced_by:
        return
    rule = RULES.get(rule_id)
    error = ERRORS.get(rule.apple or "") if rule else None
    command = "codesign --verify --strict" if strict else "codesign --verify"
    yield Symptom(command, f"program: {error.text}" if error else "an error, and exit code 1")
    yield DAMAGED

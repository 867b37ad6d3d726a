"""Are the documents real, and written for the platform? Rules L29 and L30."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from counterproof.rulebook.contents import LINE_ENDS, STUB
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.survey import Sample
from counterproof.trees.entry import Kind
from countersign.findings import Severity

__all__ = ["check_line_ends", "check_stubs"]

_STUB: Final = b"This is a placeholder file"
"""How the files begin that Bitcoin Core's source has in place of generated ones."""
_MAN_PAGE: Final = re.compile(r".+\.[1-9]")
_GENERATORS: Final = {
    "man page": "contrib/devtools/gen-manpages.py",
    "bitcoin.conf": "contrib/devtools/gen-bitcoin-conf.sh",
}


def check_stubs(subject: Subject) -> Iterator[Located]:
    """Check that no document is the placeholder of one that is still to be generated."""
    for sample in _documents(subject):
        if _STUB in sample.head:
            kind = _kind(sample.entry.path)
            fix = f"Run {_GENERATORS[kind]} in the source tree, build, stage and pack again."
            message = f"is a placeholder, expected the generated {kind}"
            yield Located(sample.entry.path, breach(STUB, message, fix=fix))


def check_line_ends(subject: Subject) -> Iterator[Located]:
    """Check that scripts can be started, and that a text for Windows has Windows' line ends."""
    windows = subject.target.platform == "windows"
    for sample in _documents(subject):
        if windows and sample.entry.path.suffix.lower() == ".txt":
            yield from _check_windows_text(sample)
        elif sample.script and sample.head.partition(b"\n")[0].endswith(b"\r") and not windows:
            message = "the first line ends in CR LF, so that its interpreter is not found"
            yield Located(sample.entry.path, breach(LINE_ENDS, message))


def _check_windows_text(sample: Sample) -> Iterator[Located]:
    pairs, ends = sample.head.count(b"\r\n"), sample.head.count(b"\n")
    if pairs < ends:
        found = "both CR LF and LF" if pairs else "LF alone"
        message = f"lines end in {found}, expected CR LF"
        finding = breach(LINE_ENDS, message, severity=Severity.WARNING)
        yield Located(sample.entry.path, finding)


def _documents(subject: Subject) -> Iterator[Sample]:
    for sample in subject.survey.files:
        if sample.entry.kind is Kind.FILE and sample.head:
            yield sample


def _kind(path: PurePosixPath) -> str:
    return "man page" if _MAN_PAGE.fullmatch(path.name) else "bitcoin.conf"

"""The rules of which files a release consists of."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, POLICY, WARNING

__all__ = ["EMPTY", "EXTRA", "FOREIGN", "MISSING", "ODD_NAME", "RULES"]

MISSING: Final = Rule(
    id="C01",
    name="artifact-missing",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every file that a release is to have is there.",
    why=(
        "Users of a system find nothing to download, codesigners have nothing to sign, and no"
        " attestation agrees with those of other builders."
    ),
    cause=(
        "A host was not built or was rejected, a kind was not asked for, or a file was left out"
        " when the release was copied together."
    ),
    fix="Build the host, or ask for the kind with --artifact; then copy the release again, whole.",
    source="Bitcoin Core contrib/guix/libexec/package.sh and codesign.sh; countermark's manifest",
)
EXTRA: Final = Rule(
    id="C02",
    name="artifact-extra",
    severity=WARNING,
    enforced_by=POLICY,
    demands="A release has no file beyond its set.",
    why="Sums that list more than those of other builders do not agree with theirs.",
    cause="A host or a kind of file that others do not build, or a file of an earlier run.",
    fix="Take it out, or name its host with --host, or --codesigned when it is made of signatures.",
    source="Bitcoin Core contrib/guix/libexec/package.sh; guix.sigs 29.4, of which one differs",
)
ODD_NAME: Final = Rule(
    id="C03",
    name="artifact-name",
    severity=WARNING,
    enforced_by=POLICY,
    demands="What is published is called NAME-VERSION[-HOST][-KIND].SUFFIX, with a known host.",
    why="Tools that look for a release's files by their names, such as verify.py, pass it over.",
    cause="It was renamed or packed by hand, or a browser or a file manager changed its name.",
    fix="Give it the name that it was published with, or keep it elsewhere.",
    source="Bitcoin Core contrib/guix/libexec/package.sh; contrib/verify-binaries/verify.py",
)
EMPTY: Final = Rule(
    id="C04",
    name="artifact-empty",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every file of a release is a regular file that holds something.",
    why="Users download nothing, and what is listed by a name only was never looked at.",
    cause="A full disk or an interrupted copy, a link, or a directory of the name.",
    fix="Copy or pack it again.",
    source="countermark artifacts",
)
FOREIGN: Final = Rule(
    id="C05",
    name="artifact-foreign",
    severity=WARNING,
    enforced_by=POLICY,
    demands="All files of a release have its name and its version.",
    why="Sums over them mix two releases, and neither agrees with what others attest.",
    cause="An earlier version was released into the same directory.",
    fix="Keep every release in a directory of its own.",
    source="guix.sigs contrib/verify.sh, every artifact name contains the release",
)

RULES: Final[tuple[Rule, ...]] = (MISSING, EXTRA, ODD_NAME, EMPTY, FOREIGN)

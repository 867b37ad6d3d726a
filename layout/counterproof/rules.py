"""Every rule of a layout, in one table.

An id is never given to another rule, and a rule that is dropped leaves a gap. What only warns is
disliked, not refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from countersign.findings import Enforcer, Finding, Severity

__all__ = ["RULES", "Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One demand on a tree."""

    id: str
    name: str
    demands: str
    severity: Severity = Severity.ERROR
    fix: str
    """What to do when it is broken; a finding may say it with more detail."""

    def finding(self, message: str, *, fix: str | None = None) -> Finding:
        """Say that this rule is broken: ``message`` names what was found and what was expected."""
        return Finding(
            rule=self.id,
            name=self.name,
            severity=self.severity,
            enforced_by=(Enforcer.POLICY,),
            message=message,
            fix=fix or self.fix,
        )


EMPTY_TREE: Final = Rule(
    id="L01",
    name="empty-tree",
    demands="A tree holds at least one file.",
    fix="Build and stage again; check that the suite's install rules install the programs.",
)
MISSING: Final = Rule(
    id="L02",
    name="missing-file",
    demands="Every program and file that the profile requires is there.",
    fix="Switch the program on in the suite's CMake options, build and stage again.",
)
UNEXPECTED: Final = Rule(
    id="L03",
    name="unexpected-file",
    demands="No file is there that the profile does not list.",
    fix="Do not install the file, or list it in a profile of your own.",
)
WRONG_DIRECTORY: Final = Rule(
    id="L04",
    name="wrong-directory",
    demands="Every program stands in the directory that the profile gives it, and only there.",
    fix="Stage again: countermark stage puts programs where the profile wants them.",
)
EMPTY_FILE: Final = Rule(
    id="L05",
    name="empty-file",
    demands="No program and no listed file is empty.",
    fix="Delete the file and build again; a link that failed leaves an empty file behind.",
)
MODE: Final = Rule(
    id="L06",
    name="mode",
    demands=(
        "Directories and programs have the mode 0755, other files 0644; libraries and scripts may "
        "have either. Set-id bits and write permission for group or others are never there."
    ),
    fix="Correct the mode in the suite's install rules, stage and pack again.",
)
OWNER: Final = Rule(
    id="L07",
    name="owner",
    demands="An archive records user 0 and group 0, so that it tells nothing of who packed it.",
    severity=Severity.WARNING,
    fix="Pack again with countermark pack, or with tar --owner=0 --group=0 --numeric-owner.",
)
LINK_OUTSIDE: Final = Rule(
    id="L08",
    name="link-outside",
    demands="No symbolic link leaves the tree.",
    fix="Install the file itself, or link to a file of the tree by a relative path.",
)
DANGLING_LINK: Final = Rule(
    id="L09",
    name="dangling-link",
    demands="Every symbolic link leads to something in the tree.",
    fix="Install what the link leads to, or remove the link.",
)
KIND: Final = Rule(
    id="L10",
    name="file-kind",
    demands="A tree holds files, directories and symbolic links, and nothing else.",
    fix="Remove it, or replace it by a plain file.",
)
CASE_COLLISION: Final = Rule(
    id="L11",
    name="case-collision",
    demands="No two names differ only in case or in Unicode composition: macOS takes them for one.",
    fix="Rename one of the two.",
)
NOT_A_PROGRAM: Final = Rule(
    id="L12",
    name="not-a-program",
    demands="Every program of the profile is an executable image.",
    fix="Install the linked executable, not a script or a part of a build.",
)
FORMAT: Final = Rule(
    id="L13",
    name="image-format",
    demands="Every image has the format of the target.",
    fix="Build with the target's toolchain in a build directory of its own.",
)
ARCHITECTURE: Final = Rule(
    id="L14",
    name="architecture",
    demands="Every image is for the target's architecture and for no other.",
    fix="Build with the target's toolchain in a build directory of its own.",
)
UNSIGNED: Final = Rule(
    id="L15",
    name="unsigned",
    demands="Every Mach-O for macOS is signed.",
    fix="Run `countermark sign` on the stage, then pack again.",
)
LINKER_SIGNED: Final = Rule(
    id="L16",
    name="linker-signed",
    demands="No Mach-O for macOS has only the signature that its linker made.",
    fix="Run `countermark sign` on the stage, then pack again.",
)

RULES: Final[dict[str, Rule]] = {
    rule.id: rule
    for rule in (
        EMPTY_TREE,
        MISSING,
        UNEXPECTED,
        WRONG_DIRECTORY,
        EMPTY_FILE,
        MODE,
        OWNER,
        LINK_OUTSIDE,
        DANGLING_LINK,
        KIND,
        CASE_COLLISION,
        NOT_A_PROGRAM,
        FORMAT,
        ARCHITECTURE,
        UNSIGNED,
        LINKER_SIGNED,
    )
}
"""Every rule by its id."""

"""Who may do what with a file. Rules L06 and L07."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from counterproof.rulebook.layout import MODE, OWNER
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.survey import Sample
from counterproof.trees.entry import Kind

__all__ = ["check_modes", "check_owners"]

_STARTABLE: Final = 0o755
_PLAIN: Final = 0o644


def check_modes(subject: Subject) -> Iterator[Located]:
    """Check the permissions of files and directories; those of links mean nothing.

    Nor do those of a build tree, which is not published, and of what an installer unpacks.
    """
    if subject.form in ("build", "nsis"):
        return
    for sample in subject.survey.samples.values():
        if sample.entry.kind not in (Kind.FILE, Kind.DIRECTORY):
            continue
        mode, allowed = sample.entry.mode, _allowed(subject, sample)
        if mode in allowed or (mode is None and subject.target.platform == "windows"):
            continue
        found = "not recorded in the archive" if mode is None else f"{mode:04o}"
        expected = " or ".join(f"{one:04o}" for one in allowed)
        message = f"mode is {found}, expected {expected}"
        yield Located(sample.entry.path, breach(MODE, message))


def check_owners(subject: Subject) -> Iterator[Located]:
    """Check that an archive records nobody's own user and group: one finding for all members."""
    owners = {sample.entry.owner for sample in subject.survey.samples.values()}
    strange = sorted(owner for owner in owners if owner not in (None, (0, 0)) and owner is not None)
    if strange:
        found = ", ".join(f"{user}:{group}" for user, group in strange[:3])
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        yield Located(None, breach(OWNER, f"members belong to {found}{more}, expected 0:0"))


def _allowed(subject: Subject, sample: Sample) -> tuple[int, ...]:
    if sample.entry.kind is Kind.DIRECTORY or subject.is_program(sample):
        return (_STARTABLE,)
    if sample.image is not None or sample.script:
        return (_PLAIN, _STARTABLE)
    return (_PLAIN,)

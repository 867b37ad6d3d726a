"""Proving a stage or an archive against a profile and a target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from counterproof.checks.bundle import check_bundle
from counterproof.checks.documents import check_line_ends, check_stubs
from counterproof.checks.images import check_images, check_programs
from counterproof.checks.leftovers import check_debug_files, check_leftovers
from counterproof.checks.modes import check_modes, check_owners
from counterproof.checks.names import check_collisions, check_kinds, check_links
from counterproof.checks.packing import (
    check_order,
    check_prefix,
    check_times,
    check_traces,
    check_zip_fields,
)
from counterproof.checks.portability import check_lengths, check_windows_names
from counterproof.checks.presence import check_presence
from counterproof.checks.signing import check_signed, check_signed_for_windows
from counterproof.checks.versions import check_versions
from counterproof.checks.wrapper import check_wrapper
from counterproof.hardening.checking import check_hardening
from counterproof.hardening.pool import FactsReader
from counterproof.profiles.profile import Profile
from counterproof.subject import Located, Subject
from counterproof.survey import survey
from counterproof.target import Target
from countersign.findings import FileVerdict, Finding, SliceVerdict, Verdict

__all__ = ["CHECKS", "check", "judge"]

_SIGNED: Final = "A1"
"""The verifier's rule that an image is signed at all."""

CHECKS: Final[tuple[Callable[[Subject], Iterator[Located]], ...]] = (
    check_presence,
    check_leftovers,
    check_debug_files,
    check_kinds,
    check_links,
    check_collisions,
    check_windows_names,
    check_lengths,
    check_modes,
    check_owners,
    check_programs,
    check_images,
    check_signed,
    check_signed_for_windows,
    check_versions,
    check_stubs,
    check_line_ends,
    check_prefix,
    check_order,
    check_times,
    check_traces,
    check_zip_fields,
    check_bundle,
    check_wrapper,
    check_hardening,
)
"""Each looks at the whole tree and sees only its own rules; findings keep this order."""


def check(
    path: Path,
    profile: Profile,
    target: Target,
    *,
    reader: FactsReader | None = None,
    closed: bool = False,
) -> Verdict:
    """Check the files and signatures of the directory or archive at ``path``.

    With a ``reader``, which may serve several calls in turn, the hardening of its programs too;
    where it is ``closed``, a library that neither systems nor the tree bring is an error.

    The verdict has the tree's own findings first, then one entry per file, link, missing file or
    faulty directory, sorted by path. Raises :class:`TreeError` when the tree cannot be read.
    """
    seen = survey(path, reader=reader)
    return judge(Subject(survey=seen, profile=profile, target=target, closed=closed))


def judge(subject: Subject) -> Verdict:
    """Apply every check to a tree that was surveyed already."""
    findings: dict[PurePosixPath | None, list[Finding]] = defaultdict(list)
    for one in CHECKS:
        for path, finding in one(subject):
            findings[path].append(finding)
    whole = findings.pop(None, [])
    verdicts = [FileVerdict(path=str(subject.survey.path), findings=tuple(whole))] if whole else []
    files = {sample.entry.path for sample in subject.survey.files}
    for path in sorted(files | {path for path in findings if path is not None}):
        verdicts.append(_file_verdict(subject, path, findings.get(path, ())))
    return Verdict(files=tuple(verdicts))


def _file_verdict(
    subject: Subject, path: PurePosixPath, findings: Iterable[Finding]
) -> FileVerdict:
    """Join our findings about one file with what the verifier says of its signature."""
    survey = subject.survey
    sample = survey.samples.get(path)
    signature = sample.signature if sample else None
    member = PurePosixPath(survey.prefix or "", path).as_posix()
    return FileVerdict(
        path=str(survey.path) if survey.archive else str(survey.path / path),
        member=member if survey.archive else None,
        findings=(*findings, *(signature.findings if signature else ())),
        slices=tuple(_expected(each, subject) for each in (signature.slices if signature else ())),
    )


def _expected(thin: SliceVerdict, subject: Subject) -> SliceVerdict:
    """Do not reproach what is not to be signed yet with not being signed."""
    if thin.signed or subject.state != "unsigned":
        return thin
    return thin._replace(findings=tuple(each for each in thin.findings if each.rule != _SIGNED))

"""Checking the layout of any tree or archive, with what was not said found out from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from countermark.errors import missing
from counterproof.judging import judge
from counterproof.profiles.buildtree import is_build_tree, programs_in
from counterproof.profiles.detection import Asked, Detected, detect, refuse_by_name
from counterproof.profiles.library import load_profile, profile_names
from counterproof.profiles.profile import BIN
from counterproof.subject import Subject
from counterproof.survey import Survey, survey
from countersign.findings import Verdict

__all__ = ["CheckedLayout", "check_layout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLayout:
    """A verdict and what it was made by."""

    verdict: Verdict
    measure: Detected


def check_layout(path: Path, asked: Asked) -> CheckedLayout:
    """Check the directory or archive ``path``.

    What was not asked for is found out: from the file's name, its structure, its programs and
    their signatures. Raises :class:`~counterproof.errors.UndecidedError` when that cannot be done
    with certainty, :class:`~counterproof.errors.LayoutError` when the tree cannot be read.
    """
    if not path.exists():
        raise missing(path)
    if path.resolve().name == BIN.name and is_build_tree(path.resolve().parent):
        path = path.resolve().parent  # all that is looked at there is its bin
    refuse_by_name(path.name, asked)
    built = asked.form is None and is_build_tree(path)
    seen = _survey_build(path, asked) if built or asked.form == "build" else survey(path)
    measure = detect(seen, asked, built=built)
    subject = Subject(
        survey=seen,
        profile=measure.profile.value,
        target=measure.target,
        form=measure.form.value,
        state=measure.state.value,
        standard=measure.standard.value,
    )
    return CheckedLayout(verdict=judge(subject), measure=measure)


def _survey_build(path: Path, asked: Asked) -> Survey:
    """Look at the programs of a build tree: those of the profile, or of any that we know."""
    profiles = [asked.profile] if asked.profile else map(load_profile, profile_names())
    names = {program.name for profile in profiles for program in profile.programs}
    return survey(path, programs_in(path, names))

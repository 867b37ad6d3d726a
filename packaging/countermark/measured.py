"""A tree, read once, with everything that was not said of it found out."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from countermark.errors import missing
from counterproof.hardening.pool import FactsReader
from counterproof.profiles.buildtree import is_build_tree, programs_in
from counterproof.profiles.detection import Asked, Detected, detect, refuse_by_name
from counterproof.profiles.library import load_profile, profile_names
from counterproof.profiles.profile import BIN
from counterproof.subject import Subject
from counterproof.survey import Survey, survey

__all__ = ["Measured", "measure_tree"]


class Measured(NamedTuple):
    """A tree and what was found out about it."""

    subject: Subject
    measure: Detected


def measure_tree(path: Path, asked: Asked, reader: FactsReader | None = None) -> Measured:
    """Read the directory or archive ``path``, and find out what it is meant to be.

    What was not asked for is taken from the file's name, its structure, its programs and their
    signatures. Without a ``reader`` nothing is learnt of hardening. Raises
    :class:`~counterproof.errors.UndecidedError` when that cannot be done with certainty,
    :class:`~counterproof.errors.LayoutError` when the tree cannot be read.
    """
    if not path.exists():
        raise missing(path)
    if path.resolve().name == BIN.name and is_build_tree(path.resolve().parent):
        path = path.resolve().parent  # all that is looked at there is its bin
    refuse_by_name(path.name, asked)
    built = asked.form is None and is_build_tree(path)
    as_build = built or asked.form == "build"
    seen = _survey_build(path, asked, reader) if as_build else survey(path, reader=reader)
    measure = detect(seen, asked, built=built)
    subject = Subject(
        survey=seen,
        profile=measure.profile.value,
        target=measure.target,
        form=measure.form.value,
        state=measure.state.value,
        standard=measure.standard.value,
    )
    return Measured(subject, measure)


def _survey_build(path: Path, asked: Asked, reader: FactsReader | None) -> Survey:
    """Look at the programs of a build tree: those of the profile, or of any that we know."""
    profiles = [asked.profile] if asked.profile else map(load_profile, profile_names())
    names = {program.name for profile in profiles for program in profile.programs}
    return survey(path, programs_in(path, names), reader=reader)

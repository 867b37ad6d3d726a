"""Checking the layout of any tree or archive, with what was not said found out from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from countermark.errors import missing
from counterproof.checks.wrapper import check_wrapper
from counterproof.errors import NoWrapperError
from counterproof.judging import judge
from counterproof.profiles.buildtree import is_build_tree, programs_in
from counterproof.profiles.detection import Asked, Detected, detect, refuse_by_name
from counterproof.profiles.library import load_profile, profile_names
from counterproof.profiles.profile import BIN
from counterproof.profiles.wrapper import Wrapper
from counterproof.subject import Located, Subject
from counterproof.survey import Survey, survey
from counterproof.wrapper.dialect import Dialect
from counterproof.wrapper.prediction import Invoked, Prediction, Predictor, find_wrapper
from countersign.findings import FileVerdict, Finding, Verdict

__all__ = ["CheckedLayout", "PredictedCommands", "check_layout", "predict_commands"]

_COMMANDS: Final = "32"
"""The profile whose commands a wrapper is taken to have when its own profile names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLayout:
    """A verdict and what it was made by."""

    verdict: Verdict
    measure: Detected


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedCommands:
    """What the wrapper of a tree would run, and what was found about it."""

    path: Path
    at: PurePosixPath
    """The wrapper's place in the tree."""
    dialect: Dialect
    wrapper: Wrapper
    predictions: tuple[Prediction, ...]
    findings: tuple[Located, ...]
    measure: Detected

    @property
    def accepted(self) -> bool:
        """True when no error was found."""
        return not self.findings or self.verdict.accepted

    @property
    def verdict(self) -> Verdict:
        """The findings as a verdict on the files that they are about."""
        files: dict[PurePosixPath | None, list[Finding]] = {
            located.path: [] for located in self.findings
        }
        for located in self.findings:
            files[located.path].append(located.finding)
        return Verdict(
            files=tuple(
                FileVerdict(path=str(path or self.path), findings=tuple(findings))
                for path, findings in files.items()
            )
        )


class _Read(NamedTuple):
    """A tree and what was found out about it."""

    subject: Subject
    measure: Detected


def check_layout(path: Path, asked: Asked) -> CheckedLayout:
    """Check the directory or archive ``path``.

    What was not asked for is found out: from the file's name, its structure, its programs and
    their signatures. Raises :class:`~counterproof.errors.UndecidedError` when that cannot be done
    with certainty, :class:`~counterproof.errors.LayoutError` when the tree cannot be read.
    """
    read = _read(path, asked)
    return CheckedLayout(verdict=judge(read.subject), measure=read.measure)


def predict_commands(path: Path, asked: Asked, invoked: Invoked) -> PredictedCommands:
    """Predict what the wrapper in the directory or archive ``path`` would run.

    The commands of a profile without a wrapper are Bitcoin Core's. Raises what
    :func:`check_layout` does, and :class:`~counterproof.errors.NoWrapperError`.
    """
    subject, measure = _read(path, asked)
    wrapper = subject.profile.wrapper or load_profile(_COMMANDS).wrapper
    assert wrapper is not None
    at = find_wrapper(subject.survey, subject.target, wrapper)
    if at is None:
        raise NoWrapperError(str(path), subject.target.file_name(wrapper.program))
    predictor = Predictor(subject.survey, subject.target, wrapper, at=at)
    return PredictedCommands(
        path=path,
        at=at,
        dialect=predictor.dialect,
        wrapper=wrapper,
        predictions=predictor.predict_all(invoked),
        findings=tuple(check_wrapper(subject)),
        measure=measure,
    )


def _read(path: Path, asked: Asked) -> _Read:
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
    return _Read(subject, measure)


def _survey_build(path: Path, asked: Asked) -> Survey:
    """Look at the programs of a build tree: those of the profile, or of any that we know."""
    profiles = [asked.profile] if asked.profile else map(load_profile, profile_names())
    names = {program.name for profile in profiles for program in profile.programs}
    return survey(path, programs_in(path, names))

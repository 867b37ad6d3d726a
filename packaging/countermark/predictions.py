"""What the wrapper of a tree would run, with what was not said found out from the tree."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from countermark.measured import measure_tree
from counterproof.checks.wrapper import check_wrapper
from counterproof.errors import NoWrapperError
from counterproof.profiles.detection import Asked, Detected
from counterproof.profiles.library import load_profile
from counterproof.profiles.wrapper import Wrapper
from counterproof.subject import Located
from counterproof.wrapper.dialect import Dialect
from counterproof.wrapper.prediction import Invoked, Prediction, Predictor, find_wrapper
from countersign.findings import FileVerdict, Finding, Verdict

__all__ = ["PredictedCommands", "predict_commands"]

_COMMANDS: Final = "32"
"""The profile whose commands a wrapper is taken to have when its own profile names none."""


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


def predict_commands(path: Path, asked: Asked, invoked: Invoked) -> PredictedCommands:
    """Predict what the wrapper in the directory or archive ``path`` would run.

    The commands of a profile without a wrapper are Bitcoin Core's. Raises what
    :func:`~countermark.measured.measure_tree` does, and
    :class:`~counterproof.errors.NoWrapperError`.
    """
    subject, measure = measure_tree(path, asked)
    wrapper = subject.profile.wrapper or load_profile(_COMMANDS).wrapper
    assert wrapper is not None
    at = find_wrapper(subject.survey, subject.target, wrapper)
    if at is None:
        raise NoWrapperError(str(path), subject.target.file_name(wrapper.program))
    predictor = Predictor(
        subject.survey, subject.target, wrapper, at=at, libexec=subject.profile.libexec
    )
    return PredictedCommands(
        path=path,
        at=at,
        dialect=predictor.dialect,
        wrapper=wrapper,
        predictions=predictor.predict_all(invoked),
        findings=tuple(check_wrapper(subject)),
        measure=measure,
    )

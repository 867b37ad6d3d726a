"""Checking the layout of trees, archives and whole releases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import CountermarkError
from countermark.measured import measure_tree
from counterproof.errors import LayoutError, TreeError
from counterproof.hardening.pool import FactsReader
from counterproof.judging import judge
from counterproof.profiles.artifact import Artifact
from counterproof.profiles.detection import Asked, Detected
from countersign.findings import Verdict

__all__ = [
    "CheckedLayout",
    "CheckedLayouts",
    "check_layout",
    "check_layouts",
    "holds_programs",
    "release_in",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLayout:
    """A verdict on one tree and what it was made by."""

    path: Path
    verdict: Verdict
    measure: Detected


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLayouts:
    """What was found in everything that was named."""

    layouts: tuple[CheckedLayout, ...]
    passed_over: tuple[Path, ...]
    """Files in the directory of a release that hold no programs for users."""
    problems: tuple[LayoutError | CountermarkError, ...]
    """Why the others could not be checked."""

    @property
    def verdict(self) -> Verdict:
        """All verdicts as one."""
        return Verdict(files=tuple(file for each in self.layouts for file in each.verdict.files))


def check_layout(path: Path, asked: Asked, reader: FactsReader | None = None) -> CheckedLayout:
    """Check the files and signatures of the directory or archive ``path``.

    With a ``reader``, which serves several calls in turn, the hardening of its programs too.
    Raises what :func:`~countermark.measured.measure_tree` does.
    """
    subject, measure = measure_tree(path, asked, reader)
    return CheckedLayout(path=path, verdict=judge(subject), measure=measure)


def check_layouts(paths: Iterable[Path], asked: Asked) -> CheckedLayouts:
    """Check trees and archives, each for itself; a directory of archives is checked as a release.

    What cannot be checked does not hinder the others.
    """
    layouts: list[CheckedLayout] = []
    passed_over: list[Path] = []
    problems: list[LayoutError | CountermarkError] = []
    with FactsReader() as reader:
        for path in paths:
            try:
                trees, others = _trees_at(path)
            except LayoutError as error:
                problems.append(error)
                continue
            passed_over += others
            for tree in trees:
                try:
                    layouts.append(check_layout(tree, asked, reader))
                except (LayoutError, CountermarkError) as error:
                    problems.append(error)
    return CheckedLayouts(
        layouts=tuple(layouts), passed_over=tuple(passed_over), problems=tuple(problems)
    )


def release_in(directory: Path) -> dict[Path, Artifact] | None:
    """Name the files of a directory that are artifacts of a release, sorted by name.

    None when it is no directory of a release but a tree: when no archive is in it. Raises
    :class:`TreeError` when it cannot be read.
    """
    try:
        files = sorted(path for path in directory.iterdir() if path.is_file())
    except OSError as error:
        raise TreeError(str(directory), error.strerror or str(error)) from error
    named = {path: Artifact.parse(path.name) for path in files}
    found = {path: artifact for path, artifact in named.items() if artifact and artifact.suffix}
    return found if any(map(_is_of_programs, found.values())) else None


def holds_programs(path: Path) -> bool:
    """Tell by its name whether a file of a release is an archive with programs for users in it."""
    artifact = Artifact.parse(path.name)
    return artifact is not None and _is_of_programs(artifact)


def _trees_at(path: Path) -> tuple[list[Path], list[Path]]:
    """Give the trees at ``path``, and what in the directory of a release is none."""
    release = release_in(path) if path.is_dir() else None
    if release is None:
        return [path], []
    trees = [each for each, artifact in release.items() if _is_of_programs(artifact)]
    return trees, [each for each in release if each not in trees]


def _is_of_programs(artifact: Artifact) -> bool:
    return artifact.kind in ("binaries", "debug") and artifact.suffix != ".exe"

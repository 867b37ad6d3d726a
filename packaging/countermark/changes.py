"""Signing, and removing signatures, in what a user names: files, directories and archives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from countermark.errors import ConfigurationError
from countermark.targets import Archive, Failed, Problem, Target, find_targets
from countersign.acceptance import Check
from countersign.batch import Job, Outcome

if TYPE_CHECKING:
    from countersign.settings import Settings
    from countersign.signer import Signed
    from countersign.unsigner import Unsigned

__all__ = ["Change", "sign_paths", "unsign_paths"]

T = TypeVar("T")


class Change(NamedTuple, Generic[T]):
    """What became of one file or member, or of a path in which there was none."""

    path: Path
    member: str | None = None
    """The path inside the archive ``path``."""
    result: T | None = None
    error: Problem | None = None


ChangeFiles = Callable[[Iterable[Job]], Iterator[Outcome[T]]]
ChangeArchive = Callable[[Archive], Iterator[Change[T]]]


def sign_paths(
    paths: Sequence[Path],
    settings: Settings,
    *,
    output: Path | None = None,
    check: Check = Check.PATCHED,
) -> Iterator[Change[Signed]]:
    """Sign every Mach-O in ``paths``, and go on after one that cannot be signed.

    Raises :class:`ConfigurationError` for an identifier or an output that would go to several
    files.
    """
    from countersign.signer import sign_files

    targets = find_targets(paths, output)
    works = [target for target in targets if not isinstance(target, Failed)]
    if settings.identifier is not None and (
        len(works) > 1 or any(isinstance(target, Archive) for target in works)
    ):
        raise ConfigurationError(
            "one identifier for several files", hint="Name a single file with --identifier."
        )
    return _change(
        targets,
        partial(sign_files, settings=settings, check=check),
        partial(_sign_members, settings=settings, check=check),
    )


def unsign_paths(
    paths: Sequence[Path], *, output: Path | None = None, force: bool = False
) -> Iterator[Change[Unsigned]]:
    """Remove the signatures of every Mach-O in ``paths``, and go on after an error.

    Raises :class:`ConfigurationError` for an output that would go to several files.
    """
    from countersign.unsigner import unsign_files

    return _change(
        find_targets(paths, output),
        partial(unsign_files, force=force),
        partial(_unsign_members, force=force),
    )


def _sign_members(archive: Archive, settings: Settings, check: Check) -> Iterator[Change[Signed]]:
    from countermark.archive_changes import sign_members

    return sign_members(archive, settings, check)


def _unsign_members(archive: Archive, force: bool) -> Iterator[Change[Unsigned]]:
    from countermark.archive_changes import unsign_members

    return unsign_members(archive, force)


def _change(
    targets: Sequence[Target], change_files: ChangeFiles[T], change_archive: ChangeArchive[T]
) -> Iterator[Change[T]]:
    for kind, group in groupby(targets, key=type):
        if kind is Job:
            jobs = [target for target in group if isinstance(target, Job)]
            for outcome in change_files(jobs):
                yield from _changes(outcome)
            continue
        for target in group:
            if isinstance(target, Archive):
                yield from change_archive(target)
            elif isinstance(target, Failed):
                yield Change(path=target.path, error=target.error)


def _changes(outcome: Outcome[T]) -> Iterator[Change[T]]:
    """Tell what became of every name of a file."""
    job = outcome.job
    names = job.targets if outcome.error is None else job.names[:1]
    return (Change(path=name, result=outcome.result, error=outcome.error) for name in names)

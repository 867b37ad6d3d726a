"""Changing many files: each completely or not at all, all of them after few waits for the disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

from countersign.durability import sync_directories
from countersign.errors import ReadError, SigningError, WriteError
from countersign.replacement import NewFile, make_durable
from countersign.source import FileSource, open_source

__all__ = ["Job", "Outcome", "Prepared", "change_files", "job_for", "write_new"]

MAX_OPEN: Final = 128
"""New files that wait for the disk at a time; each takes a descriptor."""
MAX_WAITING: Final = 1 << 30
"""Bytes that wait for the disk at a time."""

T = TypeVar("T")


class Job(NamedTuple):
    """One file to change; none of the paths is itself a symbolic link."""

    names: tuple[Path, ...]
    """All names of the file that get the new one: several when there are hard links."""
    output: Path | None = None
    """Where the new file goes; None for the place of the old one."""

    @property
    def targets(self) -> tuple[Path, ...]:
        """The names that the new file gets."""
        return self.names if self.output is None else (self.output,)


class Prepared(NamedTuple, Generic[T]):
    """What is to become of a file, and the new one, which has no name yet."""

    result: T
    new: NewFile | None = None
    """None when the file stays as it is."""


class Outcome(NamedTuple, Generic[T]):
    """What became of a job: a result or an error."""

    job: Job
    result: T | None = None
    error: SigningError | None = None


Prepare = Callable[[Job, FileSource], Prepared[T]]


class _Waiting(NamedTuple, Generic[T]):
    """A job whose new file is written, or that failed already."""

    job: Job
    source: FileSource | None = None
    """Closed by now; it still knows what the old file was."""
    prepared: Prepared[T] | None = None
    error: SigningError | None = None

    @property
    def new(self) -> NewFile | None:
        """The new file, if there is one."""
        return self.prepared.new if self.prepared else None

    @property
    def lacks_space(self) -> bool:
        """True when it failed for want of space on the disk."""
        return isinstance(self.error, WriteError) and self.error.lacks_space

    @property
    def size(self) -> int:
        """Bytes of the new file, if there is one."""
        return self.new.size if self.new else 0


def write_new(job: Job, source: FileSource, write: Callable[[NewFile], T]) -> tuple[NewFile, T]:
    """Let ``write`` fill a new file for the job, which resembles the old one; give both.

    Raises what ``write`` raises, and :class:`ChangedError` when the old file is no longer what was
    read; the new file is gone then.
    """
    new = NewFile(job.targets[0].parent)
    try:
        result = write(new)
        new.resemble(source.descriptor, source.status)
        source.expect_unchanged(job.names[0])
    except BaseException:
        new.close()
        raise
    return new, result


def job_for(path: Path, output: Path | None = None) -> Job:
    """Make the job for a path; symbolic links are followed, and stay.

    Raises :class:`ReadError` and, for an output that is no file, :class:`WriteError`.
    """
    target = _resolve(output) if output is not None else None
    if target is not None:
        _require_file(target)
    return Job(names=(_resolve(path),), output=target)


def _require_file(target: Path) -> None:
    """Refuse an output that is there and is no regular file, or cannot be looked at."""
    try:
        if not stat.S_ISREG(target.stat().st_mode):
            raise WriteError(f"{target} is not a regular file")
    except FileNotFoundError:
        return
    except OSError as error:
        raise WriteError.of(error) from error


def change_files(jobs: Iterable[Job], prepare: Prepare[T]) -> Iterator[Outcome[T]]:
    """Change files by ``prepare``, which is given each one opened, and go on after an error.

    Outcomes come in the order of the jobs. Whatever ends the work early, every name stands for an
    old file or for a new one.
    """
    group: list[_Waiting[T]] = []
    size = 0
    try:
        most = _most_open()
        for job in jobs:
            waiting = _prepare(job, prepare)
            if waiting.lacks_space and size:
                # The files that wait take twice their room until the old ones are gone.
                yield from _publish(group)
                group, size = [], 0
                waiting = _prepare(job, prepare)
            group.append(waiting)
            size += waiting.size
            if len(group) >= most or size >= MAX_WAITING:
                yield from _publish(group)
                group, size = [], 0
        yield from _publish(group)
    finally:
        for waiting in group:
            if waiting.new is not None:
                waiting.new.close()


def _prepare(job: Job, prepare: Prepare[T]) -> _Waiting[T]:
    try:
        with open_source(job.names[0]) as source:
            return _Waiting(job=job, source=source, prepared=prepare(job, source))
    except SigningError as error:
        # The frames of a traceback would hold what was mapped until the end of the batch.
        return _Waiting(job=job, error=error.with_traceback(None))


def _most_open() -> int:
    """Count the new files that may be open at a time; the process needs others too."""
    limit = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else -1
    return MAX_OPEN if limit < 0 else max(1, min(MAX_OPEN, limit // 4))


def _publish(group: Sequence[_Waiting[T]]) -> list[Outcome[T]]:
    """Let the new files of a group replace the old ones, when all of them are on the disk."""
    new = [waiting.new for waiting in group if waiting.new is not None]
    failed: WriteError | None = None
    try:
        make_durable(new)
    except WriteError as error:
        failed = error
    outcomes = [_replace(waiting, failed) for waiting in group]
    sync_directories(
        {target.parent for waiting in group if waiting.new for target in waiting.job.targets}
    )
    for file in new:
        file.close()
    return outcomes


def _replace(waiting: _Waiting[T], failed: WriteError | None) -> Outcome[T]:
    job, prepared, source = waiting.job, waiting.prepared, waiting.source
    if prepared is None or source is None:
        return Outcome(job=job, error=waiting.error)
    try:
        if prepared.new is not None:
            if failed is not None:
                raise failed
            for name in job.names:
                source.expect_unchanged(name)
            prepared.new.publish(job.targets)
    except SigningError as error:
        return Outcome(job=job, error=error)
    return Outcome(job=job, result=prepared.result)


def _resolve(path: Path) -> Path:
    """Follow a symbolic link; any other path stays as the caller wrote it."""
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError, ValueError) as error:
        raise ReadError(str(error)) from error

"""What a user's paths name: files, the images of directories, and archives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from countermark.errors import ConfigurationError, CountermarkError, missing, nothing
from counterproof.errors import LayoutError
from counterproof.trees.format import is_archive
from countersign.batch import Job, job_for
from countersign.errors import ReadError, SigningError

__all__ = ["Archive", "Failed", "Problem", "Target", "find_targets"]

Problem: TypeAlias = CountermarkError | LayoutError | SigningError


class Archive(NamedTuple):
    """An archive whose members are meant."""

    path: Path
    output: Path | None = None


class Failed(NamedTuple):
    """A path that names nothing that can be worked on."""

    path: Path
    error: Problem


Target: TypeAlias = Job | Archive | Failed


def find_targets(paths: Sequence[Path], output: Path | None = None) -> tuple[Target, ...]:
    """Find what is meant by ``paths``, in their order; each file is given once, with all its names.

    A file that is named is taken as it is; in a directory, images are looked for. Raises
    :class:`ConfigurationError` when there are several for one ``output``.
    """
    targets = [target for path in paths for target in _targets(path, output)]
    joined = tuple(_join_links(targets))
    works = sum(not isinstance(target, Failed) for target in joined)
    if output is not None and works > 1:
        raise ConfigurationError(
            f"one output for {works} files", hint="Name a single file with --output."
        )
    return joined


def _targets(path: Path, output: Path | None) -> Iterator[Target]:
    try:
        if not path.exists():
            raise missing(path)
        if path.is_dir():
            yield from _images(path, output)
        elif path.is_file() and is_archive(path):
            yield Archive(path=path, output=output)
        else:
            yield job_for(path, output)
    except (CountermarkError, LayoutError, SigningError) as error:
        yield Failed(path=path, error=error)
    except OSError as error:
        yield Failed(path=path, error=ReadError(error.strerror or str(error)))


def _images(root: Path, output: Path | None) -> Iterator[Target]:
    from countersign.discovery import find_linked_images

    problems: list[Failed] = []

    def fail(path: Path, error: ReadError) -> None:
        problems.append(Failed(path=path, error=error))

    images = list(find_linked_images(root, fail))
    if not images and not problems:
        raise nothing(root)
    yield from (Job(names=names, output=output) for names in images)
    yield from problems


def _join_links(targets: Sequence[Target]) -> Iterator[Target]:
    """Make one job of all names of a file, and of a file that was named twice."""
    names: dict[object, dict[Path, Path]] = {}
    for target in targets:
        if isinstance(target, Job):
            known = names.setdefault(_inode(target.names[0]), {})
            for name in target.names:
                known.setdefault(name.parent.resolve() / name.name, name)
    for target in targets:
        if not isinstance(target, Job):
            yield target
        elif (found := names.pop(_inode(target.names[0]), None)) is not None:
            yield Job(names=tuple(found.values()), output=target.output)


def _inode(path: Path) -> object:
    """Tell which file a path stands for; one that is gone by now stands for itself."""
    try:
        status = path.stat()
    except OSError:
        return path
    return status.st_dev, status.st_ino

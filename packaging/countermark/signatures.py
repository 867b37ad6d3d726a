"""Signing and verifying what a user names: files, directories, and, to verify, archives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from countermark.errors import ConfigurationError, CountermarkError, WorkError
from counterproof.errors import LayoutError, UnsupportedTreeError
from counterproof.tree import walk
from countersign.discovery import find_images, identify_file
from countersign.errors import SigningError
from countersign.findings import FileVerdict, Verdict
from countersign.image import ImageFormat, identify
from countersign.style import Style
from countersign.verifier import verify, verify_image

if TYPE_CHECKING:
    from countersign.signer import Signed

__all__ = ["Signing", "Verified", "sign_paths", "verify_paths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What became of one file, or of a path in which there was none."""

    path: Path
    signed: Signed | None = None
    error: SigningError | CountermarkError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found, and what could not be checked and why."""

    verdict: Verdict
    problems: tuple[Exception, ...] = ()
    """Errors with a ``hint``, of one of the three packages."""

    @property
    def accepted(self) -> bool:
        """True when everything could be checked, and everything is accepted."""
        return not self.problems and self.verdict.accepted


def sign_paths(
    paths: Iterable[Path], *, style: Style, identifier: str | None, output: Path | None, force: bool
) -> Iterator[Signing]:
    """Sign every Mach-O at or below ``paths``, and go on after one that cannot be signed.

    Raises :class:`ConfigurationError` for an identifier or an output that would go to several
    files.
    """
    from countersign import sign

    found = [item for path in paths for item in _images_to_sign(path)]
    if len(found) > 1 and (identifier is not None or output is not None):
        raise ConfigurationError(
            f"one identifier or output for {len(found)} files",
            hint="Name a single file with --identifier or --output.",
        )
    for item in found:
        if item.error is not None:
            yield item
            continue
        try:
            signed = sign(item.path, output=output, identifier=identifier, style=style, force=force)
            yield Signing(path=item.path, signed=signed)
        except SigningError as error:
            yield Signing(path=item.path, error=error)


def verify_paths(paths: Iterable[Path]) -> Verified:
    """Verify every Mach-O in ``paths``, and go on after one that cannot be checked.

    A path in which there is no Mach-O could not be checked.
    """
    files: list[FileVerdict] = []
    problems: list[Exception] = []
    for path in paths:
        before = len(files)
        try:
            for verdict in _verify(path):
                files.append(verdict)
            if len(files) == before:
                problems.append(_nothing(path))
        except (CountermarkError, LayoutError, SigningError) as error:
            problems.append(error)
    return Verified(verdict=Verdict(files=tuple(files)), problems=tuple(problems))


def _images_to_sign(path: Path) -> Iterator[Signing]:
    """A file that is named is signed or refused; in a directory, images are looked for."""
    try:
        if not path.exists():
            raise _missing(path)
        if not path.is_dir():
            yield Signing(path=path)
            return
        images = list(find_images(path))
        if not images:
            raise _nothing(path)
        yield from (Signing(path=image) for image in images)
    except (CountermarkError, SigningError) as error:
        yield Signing(path=path, error=error)


def _verify(path: Path) -> Iterator[FileVerdict]:
    if not path.exists():
        raise _missing(path)
    if path.is_dir():
        for image in find_images(path):
            yield verify(image)
    elif _is_image(path):
        yield verify(path)
    else:
        yield from _verify_archive(path)


def _is_image(path: Path) -> bool:
    if not path.is_file():
        raise WorkError(
            f"{path} is neither a file nor a directory",
            hint="Name a Mach-O, or a directory or an archive that holds one.",
        )
    try:
        return identify_file(path) is not None
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror}") from error


def _verify_archive(path: Path) -> Iterator[FileVerdict]:
    try:
        for member in walk(path):
            content = memoryview(member.content)
            image = identify(content)
            if image is not None and image.format is ImageFormat.MACH_O:
                yield replace(
                    verify_image(content, path=str(path)), member=member.entry.path.as_posix()
                )
    except UnsupportedTreeError:
        return


def _missing(path: Path) -> ConfigurationError:
    return ConfigurationError(f"there is no {path}", hint="Check the spelling of the path.")


def _nothing(path: Path) -> WorkError:
    return WorkError(
        f"{path}: there is no Mach-O in it",
        hint="Name a Mach-O, or a directory or an archive that holds one.",
    )

"""The images of a stage: what they say of systems, their signatures, the record of all of them."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from countermark.errors import WorkError
from countermark.files import sha256_of
from countermark.manifest import ChangeRow, ImageRow
from countermark.staging import regular_files
from countersign.acceptance import Check
from countersign.batch import Job
from countersign.discovery import (
    find_linked_files,
    find_linked_images,
    identify_file,
    is_code,
)
from countersign.errors import SigningError
from countersign.findings import FileVerdict, Verdict
from countersign.image import Image
from countersign.settings import Settings
from countersign.source import open_source
from countersign.style import Style

if TYPE_CHECKING:
    from countersign.signer import Signed
    from countersign.stamp import Stamp

__all__ = ["record_images", "sign_stage", "stamp_stage"]


def stamp_stage(root: Path, stamp: Stamp) -> tuple[ChangeRow, ...]:
    """Let every image below ``root`` say of the systems it is for what ``stamp`` demands.

    Signatures of linkers are not valid afterwards. Returns what was changed, in the order of the
    paths. Raises :class:`WorkError` for the first image that cannot be changed; the others may
    be changed by then.
    """
    from countersign.stamper import stamp_files

    if not any(stamp):
        return ()
    rows = []
    for outcome in stamp_files(map(Job, find_linked_files(root)), stamp):
        place = outcome.job.names[0].relative_to(root)
        if outcome.error is not None:
            raise WorkError(f"{place}: {outcome.error}", hint=outcome.error.hint)
        for change in outcome.result.changes if outcome.result else ():
            rows.append(
                ChangeRow(
                    path=place.as_posix(),
                    architecture=change.arch,
                    field=change.field,
                    before=change.old,
                    after=change.new,
                )
            )
    return tuple(rows)


def sign_stage(root: Path, style: Style) -> tuple[Signed, ...]:
    """Sign every Mach-O below ``root`` ad-hoc, each with its file name as identifier.

    All pages of the signed files are read again. Raises :class:`WorkError` for the first one that
    cannot be signed; the others may be signed by then.
    """
    from countersign.signer import sign_files

    try:
        jobs = [Job(names=names) for names in find_linked_images(root)]
    except SigningError as error:
        raise WorkError(str(error), hint=error.hint) from error
    outcomes = tuple(sign_files(jobs, Settings(style=style), check=Check.FULL))
    for outcome in outcomes:
        if outcome.error is not None:
            place = outcome.job.names[0].relative_to(root)
            raise WorkError(f"{place}: {outcome.error}", hint=outcome.error.hint)
    return tuple(outcome.result for outcome in outcomes if outcome.result is not None)


def record_images(root: Path, verdict: Verdict) -> tuple[ImageRow, ...]:
    """Describe every image below ``root``; ``verdict`` is what checking that tree gave."""
    verdicts = {file.path: file for file in verdict.files}
    return tuple(
        _record(path, root, image, verdicts.get(str(path))) for path, image in _images(root)
    )


def _images(root: Path) -> list[tuple[Path, Image]]:
    found = ((path, identify_file(path)) for path in regular_files(root))
    return [(path, image) for path, image in found if image is not None]


def _record(path: Path, root: Path, image: Image, verdict: FileVerdict | None) -> ImageRow:
    status = path.stat()
    slices = verdict.slices if verdict else ()
    return ImageRow(
        path=path.relative_to(root).as_posix(),
        format=image.format.value,
        architectures=image.architectures,
        size=status.st_size,
        mode=f"{stat.S_IMODE(status.st_mode):04o}",
        sha256=sha256_of(path),
        unsigned_sha256=_unsigned_sha256(path) if is_code(image) else None,
        identifier=next((each.identifier for each in slices if each.identifier), None),
        cdhashes=tuple(each.cdhash for each in slices if each.cdhash),
    )


def _unsigned_sha256(path: Path) -> str | None:
    from countersign.unsigner import unsigned_sha256

    try:
        with open_source(path) as source:
            return unsigned_sha256(source)
    except SigningError as error:
        raise WorkError(f"{path}: {error}", hint=error.hint) from error

"""Let files say another thing of the systems they are for: each completely or not at all.

Nothing but the fields that :mod:`countersign.stamp` names is changed, and the check sum of a PE
that has one. The signature that a linker made is not valid for the new file, so whoever stamps
signs afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from countersign.batch import Job, Outcome, Prepared, change_files, write_new
from countersign.errors import WriteError
from countersign.replacement import NewFile
from countersign.sink import BytesSink, FileSink, Sink
from countersign.source import BytesSource, FileSource, Source
from countersign.stamp import Change, Stamp, StampPlan, plan_stamp
from countersign.transfer import NOT_HASHED, transfer

__all__ = ["Stamped", "stamp_bytes", "stamp_files"]


class Stamped(NamedTuple):
    """What stamping a file did."""

    path: Path
    changes: tuple[Change, ...]
    """Empty when it said all of it already, or nothing of it concerns the file."""


def stamp_bytes(data: bytes | memoryview, stamp: Stamp) -> bytes:
    """Stamp the whole file ``data`` and give the new one; raises :class:`SigningError`."""
    source = BytesSource(data)
    sink = BytesSink(source.size)
    _write(source, sink, plan_stamp(source, stamp))
    return bytes(sink.data)


def stamp_files(jobs: Iterable[Job], stamp: Stamp) -> Iterator[Outcome[Stamped]]:
    """Stamp many files in place, and go on after an error; outcomes come in their order.

    On every error, all of them :class:`SigningError`, the file is as it was.
    """

    def prepare(job: Job, source: FileSource) -> Prepared[Stamped]:
        plan = plan_stamp(source, stamp)
        result = Stamped(job.targets[0], plan.changes)
        if not plan.patches:
            return Prepared(result=result)

        def write(new: NewFile) -> None:
            _write(source, FileSink(new.descriptor), plan)
            _require_stamped(FileSource(new.descriptor), stamp)

        new, _ = write_new(job, source, write)
        return Prepared(result=result, new=new)

    return change_files(jobs, prepare)


def _write(source: Source, sink: Sink, plan: StampPlan) -> None:
    transfer(source, 0, source.size, sink, 0, NOT_HASHED)
    for patch in plan.patches:
        sink.write(patch.offset, patch.data)


def _require_stamped(written: FileSource, stamp: Stamp) -> None:
    """Read what was written, as anybody would."""
    if plan_stamp(written, stamp).patches:
        raise WriteError("it would still not say what it shall")

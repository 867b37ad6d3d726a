"""How an archive is packed: so that everyone gets the same bytes, and it unpacks tidily.
Rules L34 to L38.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from counterproof.rulebook.archives import (
    MEMBER_ORDER,
    MEMBER_TIMES,
    PACKER_TRACES,
    PREFIX,
    ZIP_FIELDS,
)
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.trees.entry import Entry
from counterproof.trees.naming import names_release, release_name

__all__ = ["check_order", "check_prefix", "check_times", "check_traces", "check_zip_fields"]

_GZIP: Final = b"\x1f\x8b"
_GZIP_NAME: Final = 0x08
_ZIP: Final = b"PK"


def check_prefix(subject: Subject) -> Iterator[Located]:
    """Check that everything stands in one directory that is named as the archive is."""
    survey = subject.survey
    if not survey.archive or subject.form in ("app", "nsis", "build") or _holds_app(subject):
        return
    named = release_name(survey.path.name)
    expected = named.release if named else "NAME-VERSION"
    fits = survey.prefix == expected if named else names_release(survey.prefix or "")
    if not fits:
        found = f"{survey.prefix}/" if survey.prefix else "no directory of their own"
        message = f"the members stand in {found}, expected one directory {expected}/"
        yield Located(None, breach(PREFIX, message))


def check_order(subject: Subject) -> Iterator[Located]:
    """Check that the members are sorted by the bytes of their paths."""
    paths = [entry.path for entry in subject.survey.members]
    late = next((pair for pair in pairwise(paths) if _bytes(pair[0]) > _bytes(pair[1])), None)
    if late:
        message = f"members are not sorted: {late[1]} follows {late[0]}"
        yield Located(None, breach(MEMBER_ORDER, message))


def check_times(subject: Subject) -> Iterator[Located]:
    """Check that all members have one time."""
    times = {entry.mtime for entry in subject.survey.members if entry.mtime is not None}
    if len(times) > 1:
        span = f"from {_date(min(times))} to {_date(max(times))}"
        message = f"members have {len(times)} different times, {span}, expected one"
        yield Located(None, breach(MEMBER_TIMES, message))


def check_traces(subject: Subject) -> Iterator[Located]:
    """Check that a tar and its gzip tell nothing of the machine that they were made on."""
    survey = subject.survey
    found = list(_gzip_traces(survey.start))
    names = Counter(name for entry in survey.members for name in entry.owner_names)
    if names:
        found.append(f"owners by name ({_most(names)})")
    if not survey.start.startswith(_ZIP) and (records := _count_extras(survey.members)):
        found.append(f"pax records ({_most(records)})")
    if found:
        yield Located(None, breach(PACKER_TRACES, f"the archive records {' and '.join(found)}"))


def check_zip_fields(subject: Subject) -> Iterator[Located]:
    """Check that a zip records modes, and nothing of the machine that it was made on."""
    survey = subject.survey
    if not survey.start.startswith(_ZIP):
        return
    if extras := _count_extras(survey.members):
        message = f"the zip records {_most(extras)}, expected no extra fields"
        yield Located(None, breach(ZIP_FIELDS, message))
    windows = subject.target.platform == "windows"  # elsewhere the modes themselves are missed
    if windows and any(entry.mode is None for entry in survey.members):
        message = "the zip records no Unix modes, expected 0755 and 0644"
        yield Located(None, breach(ZIP_FIELDS, message))


def _holds_app(subject: Subject) -> bool:
    """Tell whether the archive is that of a macOS application, which stands there alone."""
    tops = {entry.path.parts[0] for entry in subject.survey.members if entry.path.parts}
    return len(tops) == 1 and next(iter(tops)).endswith(".app")


def _gzip_traces(start: bytes) -> Iterator[str]:
    if not start.startswith(_GZIP) or len(start) < 10:
        return
    if start[3] & _GZIP_NAME:
        yield "a file name for gzip"
    if time := int.from_bytes(start[4:8], "little"):
        yield f"the time {_date(time)} for gzip"


def _count_extras(members: Iterable[Entry]) -> Counter[str]:
    return Counter(name for entry in members for name in entry.extras)


def _most(counts: Counter[str]) -> str:
    return ", ".join(f"{ascii(name)[1:-1]} {count} times" for name, count in counts.most_common(4))


def _date(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"


def _bytes(path: PurePosixPath) -> bytes:
    return path.as_posix().encode()

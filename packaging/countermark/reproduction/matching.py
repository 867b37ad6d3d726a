"""Whether a build that is about to be made is the recorded one: its wishes, and the tools."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Final

from countermark.reproduction.record import BuildRecord, FileRow
from countermark.settings import CMakeValue

__all__ = ["mismatches", "unconfirmed"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9._+-]{0,100}")
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,100}")


def unconfirmed(record: BuildRecord) -> tuple[str, ...]:
    """Return what a record asks for that could lead a build to other files and programs.

    A number, a switch or a plain word cannot; a path, a list or a flag can name a compiler, a
    script or a plug-in. Who made the record is not known, so the user has to want these.
    """
    entries = (*_odd_entries(record.cmake), *_commanding(record))
    named = record.profile_file is not None or _PLAIN.fullmatch(record.profile)
    return entries if named else (*entries, f"the profile {record.profile}")


def _odd_entries(cmake: Mapping[str, CMakeValue]) -> Iterator[str]:
    for name, value in sorted(cmake.items()):
        if not _NAME.fullmatch(name) or (isinstance(value, str) and not _PLAIN.fullmatch(value)):
            yield f"{name}={value}"


def _commanding(record: BuildRecord) -> Iterator[str]:
    """Yield what of the dependencies could name a program or a file, or is one."""
    for each in record.dependencies:
        yield from (f"{each.name}: {command}" for command in each.commands)
        yield from (f"{each.name}: {entry}" for entry in _odd_entries(each.cmake))
    yield from (f"the variable {name}={value}" for name, value in record.environment.items())
    yield from (
        f"the cache entry {each.variable} of the tool {each.name}"
        for each in record.generators
        if each.variable is not None and not _NAME.fullmatch(each.variable)
    )


def mismatches(recorded: BuildRecord, here: BuildRecord) -> tuple[str, ...]:
    """Say what of a build is not as it is recorded, in words; nothing when all is."""
    return tuple(_mismatches(recorded, here))


def _mismatches(recorded: BuildRecord, here: BuildRecord) -> Iterator[str]:
    if recorded.source != here.source:
        yield f"the source is {here.source}, not {recorded.source}"
    if recorded.made_by != here.made_by:
        yield f"this is {here.made_by}, not {recorded.made_by}"
    for name in sorted(recorded.tools.keys() | here.tools):
        versions = (here.tools.get(name, "none"), recorded.tools.get(name, "none"))
        if versions[0] != versions[1]:
            yield f"{name} is {versions[0]}, not {versions[1]}"
    yield from _toolchain(recorded, here)
    if recorded.compilers != here.compilers:
        yield f"the compilers are {_compilers(here)}, not {_compilers(recorded)}"
    yield from _file("the profile", recorded.profile_file, here.profile_file)
    yield from _supplies(recorded, here)


def _toolchain(recorded: BuildRecord, here: BuildRecord) -> Iterator[str]:
    one, other = here.toolchain, recorded.toolchain
    if (one.kind, one.version) != (other.kind, other.version):
        words = [f"{each.kind} {each.version or ''}".rstrip() for each in (one, other)]
        yield f"the toolchain is {words[0]}, not {words[1]}"
    elif one.digest != other.digest:
        yield f"zig's libraries are {one.digest}, not {other.digest}"
    if one.sdk != other.sdk:
        yield f"the SDK is {one.sdk or 'none'}, not {other.sdk or 'none'}"
    yield from _file("the toolchain", other.file, one.file)


def _file(what: str, recorded: FileRow | None, here: FileRow | None) -> Iterator[str]:
    digests = [each.digest if each else "none" for each in (here, recorded)]
    if digests[0] != digests[1]:
        yield f"the file of {what} is {digests[0]}, not {digests[1]}"


def _supplies(recorded: BuildRecord, here: BuildRecord) -> Iterator[str]:
    """Compare what was there before the suite was configured."""
    for what, of in (("dependency", _dependency_digests), ("tool", _tool_digests)):
        known, found = of(recorded), of(here)
        for name in sorted(known.keys() | found):
            one, other = found.get(name) or "none", known.get(name) or "none"
            if one != other:
                yield f"{what} {name} is {one}, not {other}"
    pairs = zip_longest(here.prefixes, recorded.prefixes, fillvalue="none")
    for number, (one, other) in enumerate(pairs, start=1):
        if one != other:
            yield f"prefix {number} is {one}, not {other}"


def _dependency_digests(record: BuildRecord) -> dict[str, str]:
    return {each.name: each.digest for each in record.dependencies}


def _tool_digests(record: BuildRecord) -> dict[str, str | None]:
    return {each.name: each.digest for each in record.generators}


def _compilers(record: BuildRecord) -> str:
    return (
        ", ".join(f"{each.id} {each.version} ({each.language})" for each in record.compilers)
        or "none"
    )

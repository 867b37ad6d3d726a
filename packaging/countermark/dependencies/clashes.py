"""Whether two of the prefixes that a suite sees hold the same library: which one would be taken?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from countermark.dependencies.planned import PlannedDependency
from countermark.errors import ConfigurationError

__all__ = ["holdings", "refuse_clashes"]

_LIBRARY: Final = re.compile(
    r"(?:lib)?(?P<name>.+?)(?:\.(?:so|dylib)(?:\.[0-9.]+)?|\.[0-9.]+\.dylib|(?:\.dll)?\.a|\.lib|\.tbd)"
)
_PACKAGE: Final = re.compile(r"(?P<name>.+?)(?:Config|-config)\.cmake")


class _Holder(NamedTuple):
    """A prefix and what it is called in an error."""

    place: Path
    words: str


def refuse_clashes(dependencies: Iterable[PlannedDependency], given: Iterable[Path]) -> None:
    """Raise :class:`ConfigurationError` when a library, a header or a package is there twice.

    That is in the prefixes of two dependencies, or of one and in a ``given`` prefix.
    """
    seen: dict[str, _Holder] = {}
    own = [_Holder(each.site.prefix, str(each.dependency)) for each in dependencies]
    for holder in own:
        for what in holdings(holder.place):
            other = seen.setdefault(what, holder)
            if other is not holder:
                raise _clash(what, other, holder)
    for place in given if seen else ():
        for what in holdings(place):
            if what in seen:
                raise _clash(what, seen[what], _Holder(place, f"the prefix {place}"))


def holdings(prefix: Path) -> Iterator[str]:
    """Yield the libraries, headers and packages in a prefix, each in words."""
    for folder, _, names in os.walk(prefix):
        inside = PurePosixPath(Path(folder).relative_to(prefix))
        for name in names:
            yield from _kinds(inside, name)


def _kinds(inside: PurePosixPath, name: str) -> Iterator[str]:
    top = inside.parts[:1]
    if top == ("include",):
        yield f"the header {inside.relative_to('include') / name}"
    elif top in (("lib",), ("lib64",)) and (found := _LIBRARY.fullmatch(name)):
        yield f"the library {found['name']}"
    elif found := _PACKAGE.fullmatch(name):
        yield f"the CMake package {found['name'].lower()}"
    elif name.endswith(".pc"):
        yield f"the pkg-config file {name}"


def _clash(what: str, one: _Holder, other: _Holder) -> ConfigurationError:
    return ConfigurationError(
        f"there are two versions of one library: {what} is in {one.words} and in {other.words}",
        hint="Take one of them out: it would be left to chance which is linked.",
    )

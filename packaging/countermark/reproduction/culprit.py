"""The step at which two builds of the same part, found by going back from the archives."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from countermark.difference.comparing import compare_trees
from countermark.difference.contents import content_reason
from countermark.difference.outcome import Place
from countermark.file_api import read_installed
from countermark.files import sha256_of
from countermark.reproduction.built import HostBuilt, tree_digests
from countermark.reproduction.ninja import Ninja
from countersign.image import identify
from countersign.source import open_source

__all__ = ["Culprit", "Part", "find_culprit"]

_OBJECTS: Final = (".o", ".obj")
_EXPLAINED: Final = 8
"""Files of which it is told how they differ."""
_ARCHIVES: Final = (".a", ".lib")


class Part(enum.StrEnum):
    """The steps of a build, finer than those of the flow."""

    CONFIGURE = "configure"
    """CMake wrote it."""
    GENERATE = "generate"
    """A command of the suite wrote it, while it was built."""
    COMPILE = "compile"
    ARCHIVE = "archive"
    """A static library was put together from objects."""
    LINK = "link"
    INSTALL = "install"
    SIGN = "sign"
    PACK = "pack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """The first step with different results."""

    host: str
    part: Part
    files: tuple[str, ...]
    """What it made differently, from the top of the build tree, or of the stage; sorted."""
    spoilt: tuple[str, ...]
    """The files of the stage that differ because of it; sorted."""
    places: tuple[Place, ...]
    """Where the first of the files differ, and how."""


def find_culprit(first: HostBuilt, second: HostBuilt, ninja: Ninja, *, archive: str) -> Culprit:
    """Find the step at which the builds of a host parted whose archives differ.

    ``ninja`` knows the first build tree; ``archive`` is the name of what was packed.
    """
    unsigned = _differing(first.unsigned, second.unsigned, modes=True)
    if unsigned:
        found = _in_build_tree(first, second, unsigned, ninja)
        if found:
            return _culprit(found, (first.build, second.build), unsigned, first.host)
        here = (first.unsigned, second.unsigned)
        return _culprit((Part.INSTALL, unsigned), here, unsigned, first.host)
    signed = _differing(first.stage, second.stage, modes=True)
    if signed:
        return _culprit((Part.SIGN, signed), (first.stage, second.stage), signed, first.host)
    comparison = compare_trees(first.out / archive, second.out / archive)
    places = tuple(place for cause in comparison.causes for place in cause.places)
    return Culprit(
        host=first.host, part=Part.PACK, files=(archive,), spoilt=(), places=places[:_EXPLAINED]
    )


def _culprit(
    found: tuple[Part, tuple[str, ...]],
    roots: tuple[Path, Path],
    spoilt: tuple[str, ...],
    host: str,
) -> Culprit:
    part, files = found
    return Culprit(
        host=host,
        part=part,
        files=files,
        spoilt=spoilt,
        places=tuple(_explain(name, *roots) for name in files[:_EXPLAINED]),
    )


def _explain(name: str, first: Path, second: Path) -> Place:
    """Say how a file differs in two trees."""
    one, other = first / name, second / name
    kinds = tuple(_kind(path) for path in (one, other))
    if kinds[0] != kinds[1]:
        return Place(name, "", *kinds)
    if kinds[0] != "a file":
        return Place(name, "", *(str(path.readlink()) for path in (one, other)))
    modes = tuple(f"mode {path.stat().st_mode & 0o7777:04o}" for path in (one, other))
    if modes[0] != modes[1] and sha256_of(one) == sha256_of(other):
        return Place(name, "", *modes)
    with open_source(one) as left, open_source(other) as right:
        return content_reason(PurePosixPath(name), left, right).place


def _kind(path: Path) -> str | None:
    if path.is_symlink():
        return "a link"
    return "a file" if path.is_file() else None


def _differing(first: Path, second: Path, *, modes: bool) -> tuple[str, ...]:
    one, other = tree_digests(first, modes=modes), tree_digests(second, modes=modes)
    return tuple(sorted(name for name in one.keys() | other if one.get(name) != other.get(name)))


def _in_build_tree(
    first: HostBuilt, second: HostBuilt, staged: Iterable[str], ninja: Ninja
) -> tuple[Part, tuple[str, ...]] | None:
    """Follow what differs in the stage back to the first files that differ in the build tree."""
    differing = frozenset(_differing(first.build, second.build, modes=False))
    origins = _origins(first.build, staged, differing)
    if not origins:
        return None
    outputs, included = ninja.outputs(), ninja.included()
    roots, seen, layer = set[str](), set[str](), set(origins)
    while layer:
        seen |= layer
        inputs = ninja.inputs(layer & outputs)
        following = set[str]()
        for file in layer:
            causes = (inputs.get(file, frozenset()) | included.get(file, frozenset())) & differing
            roots |= set() if causes else {file}
            following |= causes
        layer = following - seen
    return _earliest(first, roots)


def _origins(build: Path, staged: Iterable[str], differing: frozenset[str]) -> set[str]:
    """Find the files of the build tree that those of the stage were installed from."""
    installed = read_installed(build)
    origins = set[str]()
    for path in staged:
        name = PurePosixPath(path).name
        known = {source for source, target in installed if PurePosixPath(target).name == name}
        origins |= (known & differing) or {
            file for file in differing if PurePosixPath(file).name == name
        }
    return origins


def _earliest(built: HostBuilt, roots: set[str]) -> tuple[Part, tuple[str, ...]]:
    configured = frozenset(
        built.configured.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    )
    parts = {file: _part(built.build / file, file in configured) for file in roots}
    first = min(parts.values(), key=list(Part).index)
    return first, tuple(sorted(file for file, part in parts.items() if part is first))


def _part(path: Path, configured: bool) -> Part:
    """Tell which step makes such a file."""
    if configured:
        return Part.CONFIGURE
    if path.suffix in _OBJECTS:
        return Part.COMPILE
    if path.suffix in _ARCHIVES:
        return Part.ARCHIVE
    with path.open("rb") as stream:
        return Part.GENERATE if identify(stream.read(4096)) is None else Part.LINK

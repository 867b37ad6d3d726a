"""Which files a release consists of, and what they are called.

A pure table: the kinds that a release can be asked for, and the whole set that a release of Bitcoin
Core publishes, 21 files before and 28 after they are codesigned for all of its hosts
(``contrib/guix/libexec/package.sh`` and ``codesign.sh``).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from countermark.hosts import Host
from countermark.packing.placement import order
from counterproof.profiles.artifact import Artifact
from counterproof.target import Platform

__all__ = [
    "EVERY_HOST_KIND",
    "FULL",
    "WITH_PROGRAMS",
    "ArtifactKind",
    "host_artifacts",
    "published",
    "source",
]


class ArtifactKind(enum.StrEnum):
    """What a release can be asked to make; the values are the words of the configuration."""

    BINARIES = "binaries"
    """What users unpack: ``.tar.gz``, for Windows ``.zip``."""
    ZIP = "zip"
    """The same for macOS as ``.zip``."""
    ZST = "zst"
    """The same as ``.tar.zst``, which is made and unpacked faster."""
    UNSIGNED = "unsigned"
    """Programs that a codesigner has still to sign, without any signature."""
    DEBUG = "debug"
    """Debug information, split from the programs."""
    CODESIGNING = "codesigning"
    """What a codesigner is given."""
    SOURCE = "source"
    """The suite, once for all hosts."""


_ZST: Final = (".tar.zst",)
_TAR: Final = (".tar.gz",)
_ZIP: Final = (".zip",)

_SUFFIXES: Final[Mapping[ArtifactKind, Mapping[Platform, tuple[str, ...]]]] = {
    ArtifactKind.BINARIES: {"linux": _TAR, "darwin": _TAR, "windows": _ZIP},
    ArtifactKind.ZIP: {"darwin": _ZIP},
    ArtifactKind.ZST: {"linux": _ZST, "darwin": _ZST, "windows": _ZST},
    ArtifactKind.UNSIGNED: {"darwin": (*_TAR, *_ZIP), "windows": _ZIP},
    ArtifactKind.DEBUG: {"linux": _TAR, "windows": _ZIP},
    ArtifactKind.CODESIGNING: {"darwin": _TAR, "windows": _TAR},
}
"""What each kind is made of for a host; nothing where the host has none of it."""

EVERY_HOST_KIND: Final = tuple(_SUFFIXES)
"""The kinds of which each host has its own."""

WITH_PROGRAMS: Final = (
    ArtifactKind.BINARIES,
    ArtifactKind.ZIP,
    ArtifactKind.ZST,
    ArtifactKind.UNSIGNED,
)
"""The kinds that hold programs for users, which a profile measures."""

FULL: Final = tuple(kind for kind in ArtifactKind if kind is not ArtifactKind.ZST)
"""The kinds that a release of Bitcoin Core has, but for the installer for Windows."""

_PUBLISHED: Final[Mapping[Platform, tuple[ArtifactKind, ...]]] = {
    "linux": (ArtifactKind.BINARIES, ArtifactKind.DEBUG),
    "darwin": (ArtifactKind.UNSIGNED, ArtifactKind.CODESIGNING),
    "windows": (ArtifactKind.UNSIGNED, ArtifactKind.DEBUG, ArtifactKind.CODESIGNING),
}
_CODESIGNED: Final[Mapping[Platform, tuple[ArtifactKind, ...]]] = {
    "linux": (),
    "darwin": (ArtifactKind.BINARIES, ArtifactKind.ZIP),
    "windows": (ArtifactKind.BINARIES,),
}
_MINGW: Final = "x86_64-w64-mingw32"
_WIN64: Final = "win64"
"""How the names of artifacts spell it."""


def host_artifacts(
    kind: ArtifactKind, host: Host, distribution: str, version: str
) -> tuple[Artifact, ...]:
    """Return the files of one kind for a host; none where the host has no such kind."""
    plain = kind in (ArtifactKind.DEBUG, ArtifactKind.CODESIGNING)
    return tuple(
        Artifact(
            distribution=distribution,
            version=version,
            host=_WIN64 if host.triple == _MINGW else host.triple,
            kind="debug" if kind is ArtifactKind.DEBUG else "codesigning" if plain else "binaries",
            unsigned=kind is ArtifactKind.UNSIGNED,
            suffix=suffix,
        )
        for suffix in _SUFFIXES[kind].get(host.platform, ())
    )


def source(distribution: str, version: str) -> Artifact:
    """Return the source archive."""
    return Artifact(distribution=distribution, version=version, kind="source", suffix=".tar.gz")


def published(
    hosts: Iterable[Host],
    distribution: str,
    version: str,
    *,
    codesigned: bool,
    signatures: str | None = None,
) -> tuple[Artifact, ...]:
    """Return all files of a release for ``hosts``, in the order of ``guix-attest``.

    ``codesigned`` adds what is made from detached signatures, and these themselves;
    ``signatures`` is their tag or commit, the version when it is not given.
    """
    found = [source(distribution, version)]
    for host in hosts:
        found += _of_host(host, distribution, version, codesigned=codesigned)
    if codesigned:
        found.append(
            Artifact(
                distribution=distribution,
                version=version,
                kind="codesignatures",
                signatures=signatures or version,
                suffix=".tar.gz",
            )
        )
    return tuple(sorted(found, key=lambda artifact: order(str(artifact))))


def _of_host(
    host: Host, distribution: str, version: str, *, codesigned: bool
) -> Iterator[Artifact]:
    kinds = _PUBLISHED[host.platform] + (_CODESIGNED[host.platform] if codesigned else ())
    for kind in kinds:
        yield from host_artifacts(kind, host, distribution, version)
    if host.platform == "windows":
        for unsigned in (True, False) if codesigned else (True,):
            yield Artifact(
                distribution=distribution,
                version=version,
                host=_WIN64,
                kind="setup",
                unsigned=unsigned,
                suffix=".exe",
            )

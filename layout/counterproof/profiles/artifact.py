"""The names of published files, taken apart.

``DISTRIBUTION-VERSION[-HOST][-KIND].SUFFIX``, as Bitcoin Core's ``contrib/guix`` names what it
makes: ``bitcoin-30.2-arm64-apple-darwin-unsigned.tar.gz``, ``bitcoin-30.2-win64-setup.exe``. The
same without a suffix is the name of a directory that an archive was unpacked to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

from counterproof.profiles.triple import target_for

__all__ = ["Artifact", "Kind"]

Kind: TypeAlias = Literal["binaries", "source", "debug", "setup", "codesigning", "codesignatures"]
"""What a published file is for: programs for users, the source, debug symbols, the installer for
Windows, what a codesigner is given, and what a codesigner gives back.
"""


_SUFFIXES: Final = (".tar.gz", ".tar.zst", ".tar", ".zip", ".exe", "")
_STEM: Final = re.compile(
    r"(?P<distribution>[A-Za-z][A-Za-z0-9_+.]*(?:-[A-Za-z][A-Za-z0-9_+.]*)*?)"
    r"-(?P<version>[0-9]+(?:\.[0-9A-Za-z]+)+|[0-9a-f]{12})"
    r"(?:-(?P<rest>.+))?"
)
_UNSIGNED: Final = "-unsigned"
_WIN64: Final = "win64"
_MAX_NAME: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A published file, as far as its name tells; ``str`` gives the name again."""

    distribution: str
    version: str
    """``X.Y[.Z][rcN]`` of a release, or the first 12 digits of a commit."""
    host: str | None = None
    """As the name spells it: a triple, or ``win64``."""
    kind: Kind
    unsigned: bool = False
    """True for what is still to be codesigned, and says so."""
    signatures: str | None = None
    """The tag or commit of detached signatures."""
    suffix: str = ""

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Take the name of a file apart; None when it is not such a name."""
        suffix = next(suffix for suffix in _SUFFIXES if name.endswith(suffix))
        match = _STEM.fullmatch(name.removesuffix(suffix)) if len(name) <= _MAX_NAME else None
        if match is None:
            return None
        distribution, version, rest = match["distribution"], match["version"], match["rest"] or ""
        if signatures := _signatures(rest):
            return cls(
                distribution=distribution,
                version=version,
                kind="codesignatures",
                signatures=signatures,
                suffix=suffix,
            )
        unsigned = rest.endswith(_UNSIGNED)
        rest = rest.removesuffix(_UNSIGNED)
        host, kind = _host_and_kind(rest, suffix)
        if host is not None and _triple(host) is None:
            return None
        return cls(
            distribution=distribution,
            version=version,
            host=host,
            kind=kind,
            unsigned=unsigned,
            suffix=suffix,
        )

    @property
    def triple(self) -> str | None:
        """The host's triple."""
        return None if self.host is None else _triple(self.host)

    @property
    def stem(self) -> str:
        """The name of the one directory in the archive: distribution and version."""
        return f"{self.distribution}-{self.version}"

    def __str__(self) -> str:
        parts = [self.stem]
        parts += [self.host] if self.host else []
        parts += [] if self.kind in ("binaries", "source") else [self.kind]
        parts += [self.signatures] if self.signatures else []
        return "-".join(parts) + _UNSIGNED * self.unsigned + self.suffix


def _signatures(rest: str) -> str | None:
    head, _, tail = rest.partition("-")
    return tail or None if head == "codesignatures" else None


def _host_and_kind(rest: str, suffix: str) -> tuple[str | None, Kind]:
    """Split what stands behind the version."""
    for kind in ("debug", "setup", "codesigning"):
        if rest.endswith(f"-{kind}"):
            return rest.removesuffix(f"-{kind}"), kind
    if rest:
        return rest, "binaries"
    return None, "source" if suffix else "binaries"


def _triple(host: str) -> str | None:
    if host == _WIN64:
        return "x86_64-w64-mingw32"
    return host if target_for(host) else None

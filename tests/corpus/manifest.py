"""The manifest: which published archives the corpus is made of, and what each is there for."""

from __future__ import annotations

import enum
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["MANIFEST", "Archive", "Registry", "read_manifest"]

MANIFEST: Final = Path(__file__).with_name("packages.toml")


class Registry(enum.StrEnum):
    """Where an archive was published, which decides the client that downloads it."""

    PYPI = "pypi"
    NPM = "npm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One published archive."""

    registry: Registry
    name: str
    """The package's name in its registry."""
    version: str
    file: str
    """What the registry's client calls the file that it downloads."""
    sha256: str
    """Of the whole archive, in hexadecimal."""
    classes: tuple[str, ...]
    """The classes of :mod:`classes` that it must hold; more may be in it."""

    @property
    def folder(self) -> str:
        """Where its images are unpacked: the file name without its extension."""
        return self.file.removesuffix(".tgz").removesuffix(".whl")


def read_manifest(path: Path = MANIFEST) -> tuple[Archive, ...]:
    """Read the archives in the order of the file; a missing key raises :class:`KeyError`."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["archive"]
    return tuple(
        Archive(
            registry=Registry(entry["registry"]),
            name=entry["name"],
            version=entry["version"],
            file=entry["file"],
            sha256=entry["sha256"],
            classes=tuple(entry["classes"]),
        )
        for entry in entries
    )

"""One dependency as it is found on this machine: its settings, and what its source is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import ConfigurationError
from countermark.settings import DependencySettings
from countermark.source import describe_source

__all__ = ["Dependency", "describe_dependency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """What is built before the suite."""

    settings: DependencySettings
    """With an absolute path for a source."""
    digest: str
    """SHA-256 in 64 digits: that which the archive must have, or over the files of a directory."""
    archive: bool
    """Whether the source is an archive, which need not be there yet."""

    @property
    def name(self) -> str:
        """What others call it."""
        return self.settings.name

    @property
    def source(self) -> Path:
        """The directory or the archive."""
        return Path(self.settings.source)

    def __str__(self) -> str:
        return f"{self.name} {self.settings.version}" if self.settings.version else self.name


def describe_dependency(
    settings: DependencySettings, *, out: Path, environment: Mapping[str, str]
) -> Dependency:
    """Look at the source of a dependency; an archive is not read: its digest must be declared.

    Raises :class:`ConfigurationError` when there is neither a source nor a way to get it, or an
    archive without a digest, and what :func:`describe_source` does.
    """
    source = Path(settings.source)
    if source.is_dir():
        described = describe_source(source, out=out, environment=environment)
        return Dependency(settings=settings, digest=described.digest, archive=False)
    if settings.sha256 is not None:
        return Dependency(settings=settings, digest=settings.sha256, archive=True)
    if source.is_file() or settings.url is not None:
        raise ConfigurationError(
            f"dependency '{settings.name}': no sha256 is given for {source.name}",
            hint="Run 'countermark fetch', which prints the digest of what it got; compare it with "
            "what the makers publish, and write it down as sha256 = '...'.",
        )
    raise ConfigurationError(
        f"dependency '{settings.name}': there is no {source}",
        hint="Put its source there, or say where it is with url and sha256.",
    )

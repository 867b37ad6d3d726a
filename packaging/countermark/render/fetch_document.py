"""The JSON document of ``fetch``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from countermark.dependencies.fetching import Fetched, State
from countersign.escaping import printable

__all__ = ["FetchDocument", "fetch_document"]


class SourceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The source of one dependency."""

    name: str
    version: str | None
    source: str
    url: str | None
    state: Literal["there", "fetched", "directory", "undeclared", "failed"]
    declared_sha256: str | None
    sha256: str | None
    """Of the archive; null for a directory, and for one that failed."""
    size: int | None
    problem: str | None
    hint: str | None


class FetchDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``fetch`` did."""

    schema: Literal["countermark.fetch/1"] = "countermark.fetch/1"
    good: bool
    """Whether every archive is there and is the declared one."""
    sources: tuple[SourceEntry, ...]


def fetch_document(results: Iterable[Fetched]) -> FetchDocument:
    """Return what ``fetch`` prints."""
    everything = tuple(results)
    bad = (State.FAILED, State.UNDECLARED)
    return FetchDocument(
        good=not any(each.state in bad for each in everything),
        sources=tuple(map(_source, everything)),
    )


def _source(fetched: Fetched) -> SourceEntry:
    settings, error = fetched.settings, fetched.error
    return SourceEntry(
        name=settings.name,
        version=settings.version,
        source=printable(settings.source),
        url=settings.url,
        state=fetched.state.value,
        declared_sha256=settings.sha256,
        sha256=fetched.sha256,
        size=fetched.size,
        problem=None if error is None else printable(" ".join(str(error).split())),
        hint=(getattr(error, "hint", "") or None) if error else None,
    )

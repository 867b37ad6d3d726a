"""Getting the archives of dependencies: the one thing in this package that uses the network."""

from __future__ import annotations

import contextlib
import enum
import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote, urlsplit

from countermark.errors import (
    ConfigurationError,
    CountermarkError,
    DifferentError,
    WorkError,
    foreseen,
)
from countermark.files import publish, sha256_of
from countermark.settings import DependencySettings

__all__ = ["Fetched", "State", "fetch"]

_LARGEST: Final = 2 << 30
"""Bytes that an archive may have."""
_PATIENCE: Final = 60
"""Seconds that a server may be silent."""
_PIECE: Final = 1 << 18
_WEB: Final = ("http", "https")


class State(enum.StrEnum):
    """What became of a source."""

    THERE = "there"
    """It was there already, with the declared digest."""
    FETCHED = "fetched"
    """It was got, and has the declared digest."""
    DIRECTORY = "directory"
    """It is a directory, of which nothing is to be got."""
    UNDECLARED = "undeclared"
    """It is there, and nobody has said which digest it must have."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of the source of one dependency."""

    settings: DependencySettings
    state: State
    sha256: str | None = None
    """Of the archive, in 64 digits."""
    size: int | None = None
    error: Exception | None = None
    """Why it failed."""


def fetch(dependencies: Iterable[DependencySettings]) -> Iterator[Fetched]:
    """Get what is missing, one after another, and yield what became of each.

    A file gets its name when it is whole and has the declared digest; one that is there is only
    looked at. What fails does not stop the others.
    """
    for each in dependencies:
        try:
            yield _fetched(each)
        except (CountermarkError, OSError, HTTPException, ValueError) as error:
            yield Fetched(settings=each, state=State.FAILED, error=_explained(error, each))


def _fetched(dependency: DependencySettings) -> Fetched:
    source = Path(dependency.source)
    if source.is_dir():
        return Fetched(settings=dependency, state=State.DIRECTORY)
    state = State.THERE
    if not source.exists():
        _download(dependency, source)
        state = State.FETCHED
    found = sha256_of(source)
    if dependency.sha256 is None:
        state = State.UNDECLARED
    elif found != dependency.sha256:
        raise _different(f"{source} has", found, dependency.sha256)
    return Fetched(settings=dependency, state=state, sha256=found, size=source.stat().st_size)


def _download(dependency: DependencySettings, target: Path) -> None:
    if dependency.url is None:
        raise ConfigurationError(
            f"there is no {target}, and no url to get it from",
            hint="Give its url, or put the archive there.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream, _open(dependency.url) as source:
            found = _copy(source, stream, dependency.url)
        if dependency.sha256 is not None and found != dependency.sha256:
            raise _different(f"{dependency.url} gives", found, dependency.sha256)
        publish(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def _open(url: str) -> Iterator[IO[bytes]]:
    """Open what a URL names; a redirection leads to the web only, never to a file."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        path = Path(unquote(parts.path))
        if not path.is_file():
            raise WorkError(f"{url}: there is no such file", hint="Correct the url.")
        with path.open("rb") as stream:
            yield stream
        return
    if parts.scheme not in _WEB:
        raise ConfigurationError(
            f"{url}: nothing is got by '{parts.scheme}'", hint="Give an https: or a file: URL."
        )
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    request = urllib.request.Request(url, headers={"User-Agent": "countermark"})
    with opener.open(request, timeout=_PATIENCE) as answer:
        yield answer


def _copy(source: IO[bytes], target: IO[bytes], url: str) -> str:
    """Copy everything, as far as that is bounded, and return its SHA-256."""
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if size > _LARGEST:
            raise WorkError(f"{url}: has more than {_LARGEST >> 30} GiB", hint="Correct the url.")
        digest.update(piece)
        target.write(piece)
    return digest.hexdigest()


def _different(what: str, found: str, wanted: str) -> DifferentError:
    return DifferentError(
        f"{what} the SHA-256\n  {found}, not\n  {wanted}",
        hint="It is another version, or was changed. If it is the right one after all, correct "
        "sha256 in the configuration; if not, delete it and fetch it again.",
    )


def _explained(error: Exception, dependency: DependencySettings) -> Exception:
    """Give trouble of the network the words that a user can act on."""
    if isinstance(error, CountermarkError):
        return error
    hint = f"Check the url and the network, or put the archive at {dependency.source} yourself."
    if isinstance(error, urllib.error.HTTPError):
        return WorkError(f"{dependency.url}: {error.code} {error.reason}", hint=hint)
    if isinstance(error, urllib.error.URLError):
        return WorkError(f"{dependency.url}: {error.reason}", hint=hint)
    if isinstance(error, OSError) and error.filename:
        return foreseen(error)
    return WorkError(f"{dependency.url}: {error or type(error).__name__}", hint=hint)

"""The contents of files that both sides have, two at a time, in one more pass of each."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from countermark.difference.packing import Pair
from countermark.difference.reading import Content, read_contents
from counterproof.errors import TreeError
from countersign.source import Source, open_source

__all__ = ["PairedContents", "pair_contents"]

_CHUNK: Final = 1 << 18


class PairedContents(NamedTuple):
    """The contents of a member on both sides, to be looked at before the next is asked for."""

    path: PurePosixPath
    first: Source
    second: Source


def pair_contents(
    first: Path, second: Path, pairs: Iterable[Pair], prefixes: tuple[str | None, str | None]
) -> Iterator[PairedContents]:
    """Give the contents of ``pairs``, in the order of the first archive.

    Where both have the same order, one member of each is kept at a time; what stands earlier in the
    second waits in a temporary file. Raises :class:`TreeError`, also for what was changed since it
    was listed.
    """
    wanted: dict[PurePosixPath, list[Pair]] = {}
    for pair in pairs:
        wanted.setdefault(_stored(pair.first.entry.path, prefixes[0]), []).append(pair)
    counts = Counter(
        _stored(pair.second.entry.path, prefixes[1]) for each in wanted.values() for pair in each
    )
    with (
        closing(read_contents(first, frozenset(wanted).__contains__)) as contents,
        _Waiting.open(second, counts) as others,
    ):
        while wanted:
            content = next(contents, None)
            if content is None:
                raise _changed(first, next(iter(wanted)))
            for pair in wanted.pop(content.path, ()):
                with others.take(_stored(pair.second.entry.path, prefixes[1])) as other:
                    yield PairedContents(pair.path, content.source, other)


def _stored(path: PurePosixPath, prefix: str | None) -> PurePosixPath:
    return path if prefix is None else PurePosixPath(prefix, path)


def _changed(source: Path, path: PurePosixPath) -> TreeError:
    return TreeError(str(source), "it was changed while it was compared", member=str(path))


class _Waiting:
    """The contents of the second side: those that are wanted later wait in files."""

    def __init__(
        self,
        source: Path,
        contents: Iterator[Content],
        wanted: Counter[PurePosixPath],
        folder: Path,
    ) -> None:
        self._source = source
        self._contents = contents
        self._wanted = wanted
        self._folder = folder
        self._kept: dict[PurePosixPath, Path] = {}
        self._numbers = count()

    @classmethod
    @contextmanager
    def open(cls, source: Path, wanted: Counter[PurePosixPath]) -> Iterator[_Waiting]:
        """Walk ``source``; ``wanted`` tells how often each member will be taken."""
        with (
            tempfile.TemporaryDirectory(prefix="countermark-") as folder,
            closing(read_contents(source, frozenset(wanted).__contains__)) as contents,
        ):
            yield cls(source, contents, wanted, Path(folder))

    @contextmanager
    def take(self, path: PurePosixPath) -> Iterator[Source]:
        """Give one content for as long as the context lasts."""
        self._wanted[path] -= 1
        content = None if path in self._kept else self._advance(path)
        if content is not None:
            yield content
            return
        kept = self._kept[path]
        with open_source(kept) as source:
            yield source
        if not self._wanted[path]:
            kept.unlink()
            del self._kept[path]

    def _advance(self, path: PurePosixPath) -> Source | None:
        """Walk on to a member; None when it is kept now, because it is wanted again."""
        for here, source in self._contents:
            if here == path and not self._wanted[here]:
                return source
            self._keep(here, source)
            if here == path:
                return None
        raise _changed(self._source, path)

    def _keep(self, path: PurePosixPath, content: Source) -> None:
        place = self._folder / str(next(self._numbers))
        with place.open("wb") as file:
            for at in range(0, content.size, _CHUNK):
                file.write(content.view(at, min(_CHUNK, content.size - at)))
        self._kept[path] = place

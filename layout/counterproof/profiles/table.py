"""A TOML table that is read key by key, and in which every key must be known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from counterproof.errors import ProfileError

__all__ = ["Table", "nearest"]

Word = TypeVar("Word", bound=str)


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Propose the one of ``words`` that ``word`` was most likely meant to be."""
    return next(iter(difflib.get_close_matches(word, sorted(words), n=1)), None)


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a profile; every method raises :class:`ProfileError` with the key's path."""

    source: str
    """The file, as errors name it."""
    path: str
    """The table's own place in the file; empty for the file itself."""
    values: Mapping[str, object]

    def allow(self, *known: str) -> None:
        """Check that no key stands here but the known ones."""
        for key in self.values:
            if key not in known:
                raise self.error(key, "unknown key", nearest=nearest(key, known))

    def text(self, key: str, default: str | None = None) -> str:
        """Give a string; without a default it must be there."""
        value = self._value(key, default)
        if not isinstance(value, str):
            raise self.error(key, f"must be a text, not {_type_name(value)}")
        if not value.strip():
            raise self.error(key, "must not be empty")
        return value

    def optional(self, key: str) -> str | None:
        """Give a string, or None when it is not there."""
        return self.text(key) if key in self.values else None

    def truth(self, key: str, *, default: bool, other: str | None = None) -> bool:
        """Give true or false; ``other`` is a word that may stand here too, for the message."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            words = "true or false" if other is None else f"true, false or {other!r}"
            raise self.error(key, f"must be {words}, not {_shown(value)}")
        return value

    def choice(self, key: str, choices: Sequence[Word], default: Word | None = None) -> Word:
        """Give one of ``choices``."""
        return self._chosen(key, self.text(key, default), choices)

    def some(
        self, key: str, choices: Sequence[Word], default: Sequence[Word] | None = None
    ) -> tuple[Word, ...]:
        """Give the listed ones of ``choices``, in the order of ``choices``; all by default."""
        meant = "all" if default is None else " and ".join(default)
        chosen = {
            self._chosen(key, item, choices)
            for item in self.texts(key, choices if default is None else default, meant)
        }
        return tuple(item for item in choices if item in chosen)

    def texts(self, key: str, default: Sequence[str] = (), meant: str = "none") -> tuple[str, ...]:
        """Give a list of strings that is not empty; ``meant`` says what its absence stands for."""
        value = self.values.get(key)
        if value is None:
            return tuple(default)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.error(key, f"must be a list of texts, not {_type_name(value)}")
        if not value:
            raise self.error(key, f"must not be empty; leave it out to mean {meant}")
        return tuple(value)

    def inner(self, key: str) -> Table:
        """Give the table ``key``, which must be there."""
        value = self._value(key, None)
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, not {_type_name(value)}")
        return Table(self.source, self._place(key), value)

    def tables(self, key: str) -> Iterator[tuple[str, Table]]:
        """Give the tables in the table ``key`` with their keys; none when it is absent."""
        if key in self.values:
            outer = self.inner(key)
            for name in outer.values:
                yield name, outer.inner(name)

    def error(self, key: str, problem: str, *, nearest: str | None = None) -> ProfileError:
        """Say what is wrong with ``key``, or with the table itself when ``key`` is empty."""
        return ProfileError(
            self.source, self._place(key) if key else self.path, problem, nearest=nearest
        )

    def _value(self, key: str, default: object) -> object:
        value = self.values.get(key, default)
        if value is None:
            raise self.error(key, "is missing")
        return value

    def _chosen(self, key: str, word: str, choices: Sequence[Word]) -> Word:
        for choice in choices:
            if choice == word:
                return choice
        listed = ", ".join(choices)
        problem = f"{word!r} is not one of {listed}"
        raise self.error(key, problem, nearest=nearest(word, choices))

    def _place(self, key: str) -> str:
        plain = key.replace("-", "").replace("_", "").isalnum() and key.isascii()
        shown = key if plain else ascii(key)
        return f"{self.path}.{shown}" if self.path else shown


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else _type_name(value)


def _type_name(value: object) -> str:
    """Name a value's type as TOML's users do."""
    names: dict[type, str] = {
        str: "a text",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date")

"""Finding profiles by name or path, together with what they extend."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from counterproof.errors import ProfileError, UnknownProfileError
from counterproof.profiles.inheritance import joined
from counterproof.profiles.parsing import profile_of
from counterproof.profiles.profile import SCHEMA, Profile
from counterproof.profiles.table import Table, nearest

__all__ = ["load_profile", "parse_profile", "profile_names"]

_PROFILES: Final = Path(__file__).parent
_SUFFIX: Final = ".toml"
_MAX_BYTES: Final = 1 << 20
"""A profile has a few thousand bytes."""
_MAX_FILES: Final = 8
"""Files that one profile may be made of: itself and what it extends, one after the other."""


class _Loaded(NamedTuple):
    """A profile and the values that it was made of, for those who extend it."""

    profile: Profile
    values: Mapping[str, object]


def profile_names() -> tuple[str, ...]:
    """Name the built-in profiles, sorted."""
    return tuple(sorted(path.stem for path in _PROFILES.glob(f"*{_SUFFIX}")))


def load_profile(name_or_path: str | Path) -> Profile:
    """Load a built-in profile by its name, or any profile by the path of its file.

    A text is a path when it has a slash or ends in ``.toml``; a similar name is proposed, never
    taken. Raises :class:`ProfileError` with the file, the key's path and the nearest valid name.
    """
    if isinstance(name_or_path, Path) or _is_path(name_or_path):
        return _load_file(Path(name_or_path), ()).profile
    names = profile_names()
    if name_or_path not in names:
        raise UnknownProfileError(name_or_path, nearest=_nearest(name_or_path, names))
    return _load_built_in(name_or_path).profile


def _nearest(name: str, names: tuple[str, ...]) -> str | None:
    """Propose a name that is spelled alike, or of releases, which are numbers, the nearest one."""
    releases = [known for known in names if known.isdecimal()]
    if name.isascii() and name.isdecimal() and len(name) < 5:
        return min(releases, key=lambda known: abs(int(known) - int(name)), default=None)
    return nearest(name, names)


def parse_profile(text: str, source: str, folder: Path | None = None) -> Profile:
    """Read the TOML ``text`` of a profile; errors name it as ``source``.

    A file that it extends is looked for from ``folder``, without which it may only extend a
    built-in profile.
    """
    return _parse(text, source, folder, ()).profile


def _load_file(path: Path, heirs: tuple[Path, ...]) -> _Loaded:
    if path.exists() and not path.is_file():
        raise ProfileError(str(path), "", "is not a regular file")
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES + 1).decode()
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise ProfileError(str(path), "", problem or str(error)) from error
    if len(text) > _MAX_BYTES:
        raise ProfileError(str(path), "", f"is longer than {_MAX_BYTES} bytes")
    return _parse(text, str(path), path.parent, (*heirs, path))


def _parse(text: str, source: str, folder: Path | None, heirs: tuple[Path, ...]) -> _Loaded:
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProfileError(source, "", f"is not TOML: {error}") from error
    table = Table(source, "", _placed(values, folder))
    table.choice("schema", (SCHEMA,))
    if "extends" in values:
        table = joined(_extended(table, folder, heirs).values, table)
    return _Loaded(profile_of(table), table.values)


def _placed(values: dict[str, object], folder: Path | None) -> dict[str, object]:
    """Let a file of hardening be looked for beside the profile that names it."""
    named = values.get("hardening")
    if folder is None or not isinstance(named, str) or not named.endswith(_SUFFIX):
        return values
    return {**values, "hardening": str(folder / named)}


def _extended(table: Table, folder: Path | None, heirs: tuple[Path, ...]) -> _Loaded:
    """Load the profile that is extended; none may come twice."""
    name = table.text("extends")
    if not _is_path(name):
        names = profile_names()
        if name not in names:
            problem = f"there is no profile {name!r}; a file is named by a relative path"
            raise table.error("extends", problem, nearest=nearest(name, names))
        return _load_built_in(name)
    if folder is None or Path(name).is_absolute() or not name.isprintable():
        raise table.error("extends", "must be a built-in profile or a path from this file's folder")
    path = folder / name
    if any(_same(path, heir) for heir in heirs):
        raise table.error("extends", f"{name!r} extends this profile in turn")
    if len(heirs) >= _MAX_FILES:
        raise table.error("extends", f"more than {_MAX_FILES} profiles extend each other")
    return _load_file(path, heirs)


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # which the reading of it will tell
        return False


@cache
def _load_built_in(name: str) -> _Loaded:
    """Load a profile of ours; one that extends another is read with it, and many of them are."""
    return _load_file(_PROFILES / (name + _SUFFIX), ())


def _is_path(name: str) -> bool:
    return "/" in name or name.endswith(_SUFFIX)

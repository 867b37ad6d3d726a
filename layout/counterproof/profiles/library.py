"""Finding profiles by name or path, and reading them strictly."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Final, get_args

from counterproof.errors import ProfileError, UnknownProfileError
from counterproof.profiles.pattern import Pattern, plain_path_problem
from counterproof.profiles.profile import SCHEMA, Directory, ListedFile, Profile, Program, Unlisted
from counterproof.profiles.table import Table, nearest
from counterproof.target import PLATFORMS

__all__ = ["load_profile", "parse_profile", "profile_names"]

_PROFILES: Final = Path(__file__).parent
_SUFFIX: Final = ".toml"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_DIRECTORIES: Final[tuple[Directory, ...]] = get_args(Directory)
_UNLISTED: Final[tuple[Unlisted, ...]] = get_args(Unlisted)


def profile_names() -> tuple[str, ...]:
    """Name the built-in profiles, sorted."""
    return tuple(sorted(path.stem for path in _PROFILES.glob(f"*{_SUFFIX}")))


def load_profile(name_or_path: str | Path) -> Profile:
    """Load a built-in profile by its name, or any profile by the path of its file.

    A text is a path when it has a slash or ends in ``.toml``; a similar name is proposed, never
    taken. Raises :class:`ProfileError` with the file, the key's path and the nearest valid name.
    """
    if isinstance(name_or_path, Path) or "/" in name_or_path or name_or_path.endswith(_SUFFIX):
        return _load_file(Path(name_or_path))
    names = profile_names()
    if name_or_path not in names:
        raise UnknownProfileError(name_or_path, nearest=nearest(name_or_path, names))
    return _load_file(_PROFILES / (name_or_path + _SUFFIX))


def parse_profile(text: str, source: str) -> Profile:
    """Read the TOML ``text`` of a profile; errors name it as ``source``."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProfileError(source, "", f"is not TOML: {error}") from error
    table = Table(source, "", values)
    table.choice("schema", (SCHEMA,))
    table.allow(
        "schema", "name", "title", "description", "libexec", "unlisted", "programs", "files"
    )
    profile = Profile(
        name=_name(table, "name", table.text("name")),
        title=table.text("title"),
        description=" ".join(table.text("description").split()),
        libexec=_path(table, "libexec"),
        unlisted=table.choice("unlisted", _UNLISTED, "refused"),
        programs=tuple(_program(name, inner) for name, inner in table.tables("programs")),
        files=tuple(_listed_file(text, inner) for text, inner in table.tables("files")),
    )
    if profile.unlisted == "refused" and not profile.programs:
        raise table.error("programs", "is missing, and unlisted files are refused")
    return profile


def _load_file(path: Path) -> Profile:
    if path.exists() and not path.is_file():
        raise ProfileError(str(path), "", "is not a regular file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise ProfileError(str(path), "", problem or str(error)) from error
    return parse_profile(text, str(path))


def _program(name: str, table: Table) -> Program:
    table.allow("directory", "required", "platforms")
    return Program(
        name=_name(table, "", name),
        directory=table.choice("directory", _DIRECTORIES),
        required=table.truth("required", default=False),
        platforms=table.some("platforms", PLATFORMS),
    )


def _listed_file(text: str, table: Table) -> ListedFile:
    table.allow("required", "platforms")
    try:
        pattern = Pattern.parse(text)
    except ValueError as error:
        raise table.error("", str(error)) from error
    return ListedFile(
        pattern=pattern,
        required=table.truth("required", default=False),
        platforms=table.some("platforms", PLATFORMS),
    )


def _name(table: Table, key: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise table.error(key, f"{name!r} is not a name: use letters, digits and . _ + -")
    if name.endswith(".exe"):
        raise table.error(key, "programs are named without .exe; Windows adds it")
    return name


def _path(table: Table, key: str) -> PurePosixPath:
    text = table.text(key, "libexec")
    problem = plain_path_problem(text)
    if problem or "*" in text:
        raise table.error(key, problem or "must be one path, without '*'")
    return PurePosixPath(text)

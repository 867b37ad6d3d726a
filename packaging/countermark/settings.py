"""``countermark.toml``: its types, its strict reading, its JSON schema.

The types are the one source: reading, the list of known keys, the schema and the written-out
effective configuration all come from them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec

from countermark.errors import ConfigurationError, nearest
from countermark.hosts import HOSTS, find_host

__all__ = [
    "FILE_NAME",
    "CMakeValue",
    "DependencySettings",
    "HostSettings",
    "Settings",
    "ToolSettings",
    "cmake_word",
    "format_settings",
    "json_schema",
    "parse_settings",
    "read_settings",
]

FILE_NAME: Final = "countermark.toml"

T = TypeVar("T")

_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Uri = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9+.-]*:[!-~]+$", max_length=4096)]

CMakeValue = bool | int | str
"""A CMake cache entry; true and false become ON and OFF."""


def cmake_word(value: CMakeValue) -> str:
    """Return a cache entry as CMake is told it."""
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return str(value)


class HostSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is particular to one host."""

    toolchain: _Text | None = None
    """``zig``, ``native``, ``mingw-w64``, ``clang``, ``depends``, or a CMake toolchain file,
    relative to the configuration file."""
    preset: _Text | None = None
    """A configure preset of the suite to start from."""
    profile: _Text | None = None
    cmake: dict[str, CMakeValue] = {}
    """Cache entries for this host, over the common ones."""
    minimum: _Text | None = None
    """The oldest system the programs start on: a version of macOS, of glibc, or of Windows NT."""
    linker: _Text | None = None
    """For macOS with the default toolchain: ``zig``, or ``lld`` for ``ld64.lld``."""
    sdk: _Text | None = None
    """For macOS: the version of the SDK that the programs shall name."""
    sdk_path: _Text | None = None
    """Where the SDK, or the root of another system, is for a toolchain that needs one."""
    prefix: _Text | tuple[_Text, ...] = ()
    """Where the suite's libraries for this host are installed, relative to the file."""
    environment: dict[str, str] = {}
    """Variables that the programs which build for this host are given."""


class ToolSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A program of this machine that the suite's build runs, such as a code generator."""

    program: _Text | None = None
    """Its path, relative to the configuration file, or a name that PATH leads to."""
    dependency: _Text | None = None
    """The dependency whose build for this machine brings it."""
    variable: _Text | None = None
    """The cache entry that is given its path."""
    version: _Text | None = None
    """The version that it must give itself."""


class DependencySettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A library, or a tool, that is built before the suite."""

    name: _Text
    source: _Text
    """A directory or an archive, relative to the configuration file."""
    version: _Text | None = None
    url: _Uri | None = None
    """Where ``countermark fetch`` finds the archive."""
    sha256: _Sha256 | None = None
    """The digest of the archive."""
    recipe: Literal["cmake", "headers", "c", "commands"] = "cmake"
    native: bool = False
    """Whether it is built for this machine, too, for its tools."""
    hosts: tuple[_Text, ...] | None = None
    """The hosts that need it; all when not given."""
    needs: tuple[_Text, ...] = ()
    """The dependencies that must be there first."""
    cmake: dict[str, CMakeValue] = {}
    """Cache entries of its build."""
    directory: _Text | None = None
    """For ``cmake``: where in the source the project is, when not at its top."""
    headers: tuple[_Text, ...] = ()
    """For ``headers`` and ``c``: files and directories of the source to put into ``include``."""
    sources: tuple[_Text, ...] = ()
    """For ``c``: the files to compile."""
    definitions: tuple[_Text, ...] = ()
    """For ``c``: ``NAME`` or ``NAME=VALUE``, for the preprocessor."""
    library: _Text | None = None
    """For ``c``: the library's name, ``sqlite3`` for ``libsqlite3.a``."""
    package: _Text | None = None
    """For ``headers`` and ``c``: the name that CMake's ``find_package`` shall find it by."""
    targets: tuple[_Text, ...] = ()
    """The targets that the package shall have, such as ``Boost::headers``."""
    commands: tuple[_Text, ...] = ()
    """For ``commands``: lines for the shell that build and install it."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A release, as written down by the people who make it."""

    suite: _Text | None = None
    """The CMake source tree, relative to the file; the file's own directory when not given."""
    name: _Text | None = None
    """The first part of every artifact's name; the suite's directory name when not given."""
    version: _Text | None = None
    """The release's version; from the suite's git tag or commit when not given."""
    source_date_epoch: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Seconds since 1970 that stand for every time; the suite's commit when not given."""
    out: _Text | None = None
    """The directory for the artifacts, relative to the file; ``dist`` when not given."""
    components: tuple[_Text, ...] = ()
    """Install components to stage; all when not given."""
    artifacts: tuple[_Text, ...] = ()
    """The kinds of files to make; ``binaries`` when not given."""
    profile: _Text | None = None
    """What a stage must hold; found out from its programs when not given."""
    style: _Text | None = None
    """Whose byte layout signatures follow; ``macos26`` when not given."""
    toolchain: _Text | None = None
    """The toolchain of every host that names none; ``zig`` when not given."""
    preset: _Text | None = None
    """The configure preset of every host that names none."""
    record: bool = True
    """Whether archives hold the build record, from which ``rebuild`` makes the same again."""
    source_uri: _Uri | None = None
    """Where the suite's repository is, for the statement of provenance:
    ``git+https://github.com/bitcoin/bitcoin``."""
    builder: _Uri | None = None
    """What stands for the machine and the people that build, in the statement of provenance."""
    cmake: dict[str, CMakeValue] = {}
    """Cache entries for every host."""
    hosts: dict[str, HostSettings] = {}
    """The hosts to build for, by triple; this machine and Apple's arm64 when not given."""
    tools: dict[str, ToolSettings] = {}
    """Programs of this machine that the build runs, by name."""
    dependencies: tuple[DependencySettings, ...] = ()
    """What is built before the suite."""


def read_settings(file: Path) -> Settings:
    """Read ``file`` strictly.

    Raises :class:`ConfigurationError` with the line, or the path of the key, and the nearest
    valid name.
    """
    try:
        if file.exists() and not file.is_file():
            raise ConfigurationError(f"{file}: is not a regular file")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file}: cannot be read: {error}") from error
    return parse_settings(text, str(file))


def parse_settings(text: str, origin: str) -> Settings:
    """Read the TOML document ``text``; ``origin`` names it in errors."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{origin}: {error}") from error
    if _holds_nul(document):
        raise ConfigurationError(f"{origin}: no value may hold the character U+0000")
    _refuse_unknown_keys(document, origin)
    for at, value, kind in _entries(document):
        _convert(value, kind, at, origin)
    return _convert(document, Settings, "", origin)


def _convert(value: object, kind: type[T], at: str, origin: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{origin}: {_in_toml_words(str(error), at)}") from error


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, value and type of what stands under keys that msgspec's errors do not name."""
    parts = tuple(_parts(document))
    for at, table in [("", document), *((f"{at}.", table) for at, table, _ in parts)]:
        for key, kind in (("cmake", CMakeValue), ("environment", str)):
            entries = table.get(key) if isinstance(table, dict) else None
            if isinstance(entries, dict):
                yield from ((f"{at}{key}.{name}", value, kind) for name, value in entries.items())
    yield from parts


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, value and type of the tables that a file may hold several of."""
    for key, kind in (("hosts", HostSettings), ("tools", ToolSettings)):
        named = document.get(key)
        if isinstance(named, dict):
            yield from ((f"{key}.{name}", table, kind) for name, table in named.items())
    dependencies = document.get("dependencies")
    if isinstance(dependencies, list):
        for number, table in enumerate(dependencies):
            yield f"dependencies[{number}]", table, DependencySettings


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_nul, (*value.keys(), *value.values())))
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def _refuse_unknown_keys(document: Mapping[str, Any], origin: str) -> None:
    _refuse_unknown(document, Settings.__struct_fields__, "", origin)
    hosts = document.get("hosts", {})
    for triple in hosts if isinstance(hosts, dict) else ():
        try:
            find_host(triple)
        except ConfigurationError as error:
            raise ConfigurationError(f"{origin}: hosts: {error}", hint=error.hint) from error
    for at, table, kind in _parts(document):
        if isinstance(table, dict):
            _refuse_unknown(table, kind.__struct_fields__, f"{at}.", origin)


def _refuse_unknown(table: Mapping[str, Any], known: tuple[str, ...], at: str, origin: str) -> None:
    for key in table:
        if key not in known:
            raise ConfigurationError(
                f"{origin}: unknown key '{at}{key}'{nearest(key, known)}",
                hint=f"Known keys here: {', '.join(known)}.",
            )


_TOML_WORDS: Final = {
    "`str`": "a string",
    "`int`": "an integer",
    "`float`": "a float",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a table",
}


def _in_toml_words(problem: str, at: str) -> str:
    """Turn msgspec's ``Expected `str | null`, got `int` - at `$.name``` into TOML's words.

    ``at`` is the path of the value that msgspec was given.
    """
    problem = problem.replace("`str` of length >= 1", "a string that is not empty")
    what, _, where = problem.replace(" | null", "").partition(" - at `$")
    where = (at + where.rstrip("`")).removeprefix(".")
    what = what.replace("`bool | int | str`", "a string, an integer, true or false")
    for ours, theirs in _TOML_WORDS.items():
        what = what.replace(ours, theirs)
    what = what[:1].lower() + what[1:]
    return f"{where}: {what}" if where else what


def format_settings(settings: Settings) -> str:
    """Return the TOML document that reads as ``settings``."""
    import tomli_w

    return tomli_w.dumps(_without_none(msgspec.to_builtins(settings)))


def _without_none(table: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not set: TOML has no word for it."""
    return {key: _plain(value) for key, value in table.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return _without_none(value)
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of ``countermark.toml``, for editors and for the documentation."""
    schema = msgspec.json.schema(Settings)
    settings = schema["$defs"]["Settings"]
    settings["properties"]["hosts"]["propertyNames"] = {"enum": list(HOSTS)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FILE_NAME,
        **schema,
    }

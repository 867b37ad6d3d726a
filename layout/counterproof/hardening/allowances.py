"""What programs of a release series may ask of the systems they run on, and export to them.

A TOML file of a series: ``[elf]``, ``[macho]`` and ``[pe]``, each key of which may be left out and
is then not checked. A file can extend another, as profiles do. Those in ``tables/`` are named by
their series; :attr:`Profile.hardening` names one of them, or a file of one's own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from counterproof.errors import ProfileError
from counterproof.profiles.inheritance import joined
from counterproof.profiles.table import Table, nearest

__all__ = [
    "ANY",
    "SCHEMA",
    "Allowances",
    "ElfAllowances",
    "MachOAllowances",
    "PeAllowances",
    "load_allowances",
]

SCHEMA: Final = "countermark.hardening/1"
ANY: Final = "any"
"""Stands for every architecture that is not named."""

_TABLES: Final = Path(__file__).parent / "tables"
_SUFFIX: Final = ".toml"
_MAX_BYTES: Final = 1 << 20
_MAX_FILES: Final = 8
"""Files that may extend each other, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfAllowances:
    """For ELF; architectures are named as :mod:`countersign.image` does."""

    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The newest version of each library's symbols, by architecture; other libraries have none.

    When no library is named, all versions may be asked for.
    """
    exports: frozenset[str] | None = None
    exports_unchecked: frozenset[str] = frozenset()
    """Architectures whose programs may export anything."""
    libraries: frozenset[str] | None = None
    interpreters: Mapping[str, str] = field(default_factory=dict)
    abis: Mapping[str, str] = field(default_factory=dict)
    """The system and its oldest version, such as ``linux 3.2.0``."""
    unfortified_architectures: frozenset[str] = frozenset()
    unfortified_programs: frozenset[str] = frozenset()
    """Programs that call nothing that can be fortified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachOAllowances:
    """For Mach-O."""

    libraries: frozenset[str] | None = None
    """File names, without their directories."""
    minimum: str | None = None
    sdk: str | None = None
    linker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeAllowances:
    """For PE."""

    libraries: frozenset[str] | None = None
    """As the linker writes them: capitals count."""
    subsystem: str | None = None
    manifest: bool = False
    """True when every program has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """All that a series allows."""

    name: str
    title: str
    elf: ElfAllowances = ElfAllowances()
    macho: MachOAllowances = MachOAllowances()
    pe: PeAllowances = PeAllowances()


def load_allowances(name_or_path: str) -> Allowances:
    """Load a built-in table by its name, or any by the path of its file.

    A text is a path when it has a slash or ends in ``.toml``. Raises :class:`ProfileError` with the
    file and the key's path.
    """
    if "/" in name_or_path or name_or_path.endswith(_SUFFIX):
        return _allowances(_read(Path(name_or_path), 0))
    return _built_in(name_or_path)


@cache
def _built_in(name: str) -> Allowances:
    return _allowances(_read_built_in(name, 0))


def _read_built_in(name: str, depth: int) -> Table:
    names = sorted(path.stem for path in _TABLES.glob(f"*{_SUFFIX}"))
    if name not in names:
        problem = f"there is no table of hardening {name!r}"
        raise ProfileError(repr(name), "hardening", problem, nearest=nearest(name, names))
    return _read(_TABLES / (name + _SUFFIX), depth)


def _read(path: Path, depth: int) -> Table:
    """Read a file and what it extends."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode()
        table = Table(str(path), "", tomllib.loads(text))
    except OSError as error:
        raise ProfileError(str(path), "", error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise ProfileError(str(path), "", f"is not TOML: {error}") from error
    table.choice("schema", (SCHEMA,))
    extended = table.optional("extends")
    if extended is None:
        return table
    if depth >= _MAX_FILES:
        raise table.error("extends", f"more than {_MAX_FILES} files extend each other")
    if extended.endswith(_SUFFIX):
        return joined(_read(path.parent / extended, depth + 1).values, table)
    return joined(_read_built_in(extended, depth + 1).values, table)


def _allowances(table: Table) -> Allowances:
    table.allow("schema", "name", "title", "extends", "elf", "macho", "pe")
    return Allowances(
        name=table.text("name"),
        title=table.text("title"),
        elf=_elf(table.inner("elf")) if "elf" in table.values else ElfAllowances(),
        macho=_macho(table.inner("macho")) if "macho" in table.values else MachOAllowances(),
        pe=_pe(table.inner("pe")) if "pe" in table.values else PeAllowances(),
    )


def _elf(table: Table) -> ElfAllowances:
    table.allow(
        *("versions", "exports", "exports_unchecked", "libraries", "interpreters", "abis"),
        *("unfortified_architectures", "unfortified_programs"),
    )
    return ElfAllowances(
        versions={name: _texts(inner) for name, inner in table.tables("versions")},
        exports=_names(table, "exports"),
        exports_unchecked=frozenset(table.texts("exports_unchecked")),
        libraries=_names(table, "libraries"),
        interpreters=_texts(table.inner("interpreters")) if "interpreters" in table.values else {},
        abis=_texts(table.inner("abis")) if "abis" in table.values else {},
        unfortified_architectures=frozenset(table.texts("unfortified_architectures")),
        unfortified_programs=frozenset(table.texts("unfortified_programs")),
    )


def _macho(table: Table) -> MachOAllowances:
    table.allow("libraries", "minimum", "sdk", "linker")
    return MachOAllowances(
        libraries=_names(table, "libraries"),
        minimum=table.optional("minimum"),
        sdk=table.optional("sdk"),
        linker=table.optional("linker"),
    )


def _pe(table: Table) -> PeAllowances:
    table.allow("libraries", "subsystem", "manifest")
    return PeAllowances(
        libraries=_names(table, "libraries"),
        subsystem=table.optional("subsystem"),
        manifest=table.truth("manifest", default=False),
    )


def _names(table: Table, key: str) -> frozenset[str] | None:
    return frozenset(table.texts(key)) if key in table.values else None


def _texts(table: Table) -> dict[str, str]:
    return {key: table.text(key) for key in table.values}

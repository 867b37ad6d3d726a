"""What CMake is told about packages, programs and libraries that are not there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["FATES", "Answers", "Brought", "Variable", "write_answers"]

FATES: Final = "packages"
"""The file that CMake tells what became of every package: ``found`` on this machine, ``answered``
for, or ``missing``."""

_PKG_CONFIG: Final = """\
#!/bin/sh
# Has every module that is named in the file beside it.
for word; do
    case $word in
    --version) echo 2.0; exit 0 ;;
    -*) ;;
    *)
        name=${word%%[ <>=!]*}
        if ! grep -qxF -e "$name" "$0.modules"; then
            echo "No package '$name' found" >&2
            exit 1
        fi ;;
    esac
done
"""


@dataclass(frozen=True, slots=True, order=True)
class Variable:
    """A cache entry that a search left empty, and that is filled with something of no use."""

    name: str
    kind: str
    """The command that searched: ``find_library``, ``find_path``, ``find_file``,
    ``find_program``."""


class Brought(NamedTuple):
    """Something that a package brings, as was found out when it did not."""

    package: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is answered for, over what every package gets that the suite calls REQUIRED."""

    packages: frozenset[str] = frozenset()
    """Packages that are found although they are not called REQUIRED."""
    guesses: frozenset[str] = frozenset()
    """Targets that the package whose name they begin with may have to bring."""
    targets: frozenset[Brought] = frozenset()
    commands: frozenset[Brought] = frozenset()
    """CMake commands that packages bring; they do nothing."""
    variables: frozenset[Variable] = frozenset()
    modules: frozenset[str] = frozenset()
    """Modules that ``pkg-config`` finds."""
    entries: frozenset[tuple[str, str]] = frozenset()
    """Cache entries that CMake itself asks for, and so will ask a release for."""
    fetched: frozenset[str] = frozenset()
    """What the suite would download with FetchContent; it is empty."""

    @property
    def names(self) -> frozenset[str]:
        """All that something was learnt of."""
        brought = {each.name for each in self.targets | self.commands}
        return self.packages | self.modules | brought | {each.name for each in self.variables}


def write_answers(answers: Answers, room: Path) -> Path:
    """Write the file that ``provider.cmake`` needs, and all that it names; return it."""
    nothing, empty = room / "nothing", room / "empty"
    nothing.mkdir(exist_ok=True)
    empty.mkdir(exist_ok=True)
    (empty / "CMakeLists.txt").write_bytes(b"")
    (room / "library.a").write_bytes(b"")
    (room / FATES).write_bytes(b"")
    _write_program(room / "program", "#!/bin/sh\n")
    _write_program(room / "pkg-config", _PKG_CONFIG)
    modules = "".join(f"{name}\n" for name in sorted(answers.modules))
    (room / "pkg-config.modules").write_text(modules, encoding="utf-8")
    bound = sorted(f"={each.package}={each.name}" for each in answers.targets)
    values = {
        "find_library": room / "library.a",
        "find_path": nothing,
        "find_file": empty / "CMakeLists.txt",
        "find_program": room / "program",
    }
    lines = [
        f"set(COUNTERMARK_ANSWERED {' '.join(sorted(answers.packages))})",
        f"set(COUNTERMARK_TARGETS {' '.join([*sorted(answers.guesses), *bound])})",
        f"set(COUNTERMARK_NOTHING [==[{nothing}]==])",
        f"set(COUNTERMARK_FATES [==[{room / FATES}]==])",
        f"set(PKG_CONFIG_EXECUTABLE [==[{room / 'pkg-config'}]==] CACHE FILEPATH [==[]==])",
        *(f"macro({each.name})\nendmacro()" for each in sorted(answers.commands)),
        *(
            f"set({each.name} [==[{values[each.kind]}]==] CACHE FILEPATH [==[]==] FORCE)"
            for each in sorted(answers.variables)
        ),
        *(
            f"set(FETCHCONTENT_SOURCE_DIR_{name.upper()} [==[{empty}]==] CACHE PATH [==[]==])"
            for name in sorted(answers.fetched)
        ),
    ]
    file = room / "answers.cmake"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def _write_program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)

"""Programs that stand for a compiler's tools, one for each, in a directory of their own.

CMake, make and whatever else a project is built by call them as they would call GCC's or Clang's:
``cc``, ``c++``, ``ar``, ``ranlib``, ``strip``, and ``install_name_tool`` or ``windres``.

Also a program, for CMake without countermark::

    python wrappers.py DIRECTORY ZIG TARGET [PROGRAM SDK LIBRARIES]
"""

from __future__ import annotations

import hashlib
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["IN_BUILD_TREE", "Change", "Wrappers", "changes_in"]

IN_BUILD_TREE: Final = "countermark-toolchain"
"""Where zig.cmake has them written when it is not told of any."""

_RUN: Final = Path(__file__).with_name("run.py")
_FILTERED: Final = ("cc", "c++", "strip")
_OF_SYSTEM: Final = {"macos": ("install_name_tool",), "windows": ("windres",)}
_NOTICES: Final = "notices"
_ZIGS_OWN: Final = ("ar", "ranlib", "objcopy", "dlltool")


class Change(NamedTuple):
    """An argument of a compiler that zig was not given as it was."""

    argument: str
    instead: str
    """What took its place; empty if nothing did."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrappers:
    """The tools for one target in one directory."""

    directory: Path
    python: Path
    zig: Path
    target: str
    """What is compiled for, in zig's words."""
    lld: tuple[str, ...] = ()
    """What links in place of zig: a program, the SDK that images name, and zig's libraries."""

    @property
    def notices(self) -> Path:
        """Where the wrappers tell which arguments they changed."""
        return self.directory / _NOTICES

    def scripts(self) -> dict[str, str]:
        """Return the content of each wrapper by its name."""
        system = self.target.split("-")[1].partition(".")[0]
        filtered = (*_FILTERED, *_OF_SYSTEM.get(system, ()))
        filter_ = (str(self.python), "-I", "-S", str(_RUN))
        linker = ("lld", *self.lld) if self.lld else ()
        given = (str(self.zig), self.target, str(self.notices))
        about = f"arguments filtered by {_digest()}"
        return {
            **{name: _script(about, *filter_, *linker, name, *given) for name in filtered},
            **{name: _script("zig's own", str(self.zig), name) for name in _ZIGS_OWN},
        }

    def write(self) -> None:
        """Write every wrapper; a file that is as it should be is left alone."""
        self.notices.mkdir(parents=True, exist_ok=True)
        for name, script in self.scripts().items():
            path = self.directory / name
            if not path.is_file() or path.read_text(encoding="utf-8") != script:
                path.unlink(missing_ok=True)
                path.write_text(script, encoding="utf-8")
            path.chmod(0o755)

    def forget(self) -> None:
        """Forget which arguments were changed: all is compiled anew."""
        shutil.rmtree(self.notices, ignore_errors=True)
        self.notices.mkdir(parents=True)

    def changes(self) -> tuple[Change, ...]:
        """Return each argument that was changed; sorted."""
        return changes_in(self.directory)


def changes_in(directory: Path) -> tuple[Change, ...]:
    """Return each argument that wrappers in ``directory`` changed; sorted."""
    notices = directory / _NOTICES
    texts = (path.read_bytes().decode(errors="replace") for path in notices.glob("*"))
    return tuple(sorted(_change(text) for text in texts))


def _change(text: str) -> Change:
    argument, _, rest = text.partition("\0")
    instead, _, why = rest.partition("\0")
    return Change(argument, instead, why)


def _script(about: str, *words: str) -> str:
    """Return a program that calls another one; a line "#!" could hold neither spaces nor all."""
    return f'#!/bin/sh\n# {about}\nexec {shlex.join(words)} "$@"\n'


def _digest() -> str:
    """Return the SHA-256 over what decides about arguments.

    In a wrapper it tells CMake, and a compiler cache, that another filter is another compiler.
    """
    modules = sorted(_RUN.parent.glob("*.py"))
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()


if __name__ == "__main__":
    place, zig, target, *lld = sys.argv[1:]
    Wrappers(
        directory=Path(place),
        python=Path(sys.executable),
        zig=Path(zig),
        target=target,
        lld=tuple(lld),
    ).write()

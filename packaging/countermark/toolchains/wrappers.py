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

from .arguments import always, prefix_map
from .target import Target

__all__ = ["IN_BUILD_TREE", "Change", "Wrappers", "changes_in", "main"]

IN_BUILD_TREE: Final = "countermark-toolchain"
"""Where zig.cmake has them written when it is not told of any."""

_RUN: Final = Path(__file__).with_name("run.py")
_COMPILERS: Final = ("cc", "c++")
_FILTERED: Final = (*_COMPILERS, "strip")
_OF_SYSTEM: Final = {"macos": ("install_name_tool",), "windows": ("windres",)}
_NOTICES: Final = "notices"
_ZIGS_OWN: Final = ("ar", "ranlib", "objcopy", "dlltool")


_PLAIN: Final = """\
# Nearly all that is compiled needs no filter, and a shell is there in a tenth of Python's time.
compiles='' source='' value=''
for word do
    if test "$value"; then
        value=
        continue
    fi
    case $word in
        -c) compiles=yes ;;
        -o | -MF | -MT | -MQ | -isystem | -include) value=yes ;;
        -D_LIBCPP_HARDENING_MODE* | -D_WIN32_WINNT*) compiles=never ;;
        -W[lap],* | -fuse-ld=* | -flto* | -ffat-lto-objects*) compiles=never ;;
        -[DIOUWf]?* | -std=* | -pthread | -MD | -MMD | -MP | -g0 | -w | --target=*) ;;
        -mbranch-protection=*) ;;
        -* | @* | '') compiles=never ;;
        *) source=yes ;;
    esac
    test "$compiles" != never || break
done
if test "$compiles$source" = yesyes; then
    exec {plain}
fi
"""
"""Before a compiler's call of the filter: what it would leave as it is goes straight to zig."""


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
            **{
                name: _script(about, *filter_, *linker, name, *given, first=self._plain(name))
                for name in filtered
            },
            **{name: _script("zig's own", str(self.zig), name) for name in _ZIGS_OWN},
        }

    def _plain(self, name: str) -> str:
        """Return how a compiler's wrapper begins."""
        if name not in _COMPILERS:
            return ""
        target = Target(self.target)
        front = shlex.join((str(self.zig), name, f"--target={target.name}", *always(target)))
        behind = shlex.quote(prefix_map(str(self.zig.parent)))
        return _PLAIN.format(plain=f'{front} "$@" {behind}')

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


def _script(about: str, *words: str, first: str = "") -> str:
    """Return a program that calls another one; a line "#!" could hold neither spaces nor all."""
    return f'#!/bin/sh\n# {about}\n{first}exec {shlex.join(words)} "$@"\n'


def _digest() -> str:
    """Return the SHA-256 over what decides about arguments.

    In a wrapper it tells CMake, and a compiler cache, that another filter is another compiler.
    """
    modules = sorted(_RUN.parent.glob("*.py"))
    return hashlib.sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()


def main(words: list[str]) -> None:
    """Write the wrappers for ``DIRECTORY ZIG TARGET [LLD SDK LIBRARIES]``."""
    place, zig, target, *lld = words
    Wrappers(
        directory=Path(place),
        python=Path(sys.executable),
        zig=Path(zig),
        target=target,
        lld=tuple(lld),
    ).write()

"""What zig links every program for macOS with, in a directory where another linker finds it.

zig builds its C++ library and the run-time functions of its compiler when they are first needed,
and keeps them in its cache; only a link tells where. ``libSystem`` is a stub, a list of what is in
macOS's own, in the format TBD version 4.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.errors import WorkError
from countermark.process import Command, Runner
from countersign.escaping import printable

__all__ = ["MacosLibraries", "sdk_version", "without_unknown_targets"]

_ARCHIVES: Final = ("libc++.a", "libc++abi.a", "libcompiler_rt.a")
_STUB: Final = "libSystem.tbd"
_OTHER_NAMES: Final = ("c", "dbm", "dl", "info", "m", "poll", "proc", "pthread", "rpcsvc")
"""Libraries that are parts of libSystem: links lead there in Apple's SDK, too."""
_FLAGS: Final = ("-g0", "-UNDEBUG", "-fno-sanitize=undefined", "-s")
"""What compilers are called with in any build, so that zig builds its libraries once for all."""
_IN_CACHE: Final = re.compile(r"/o/([0-9a-f]{32})/(lib[a-z_+]+\.a)(?= |$)", re.MULTILINE)
_EDITION: Final = "1"
"""Another one for directories that are filled otherwise."""

_ARCHITECTURES: Final = frozenset(
    (
        *("i386", "x86_64", "x86_64h", "armv4t", "armv5", "armv6", "armv6m", "armv7", "armv7em"),
        *("armv7k", "armv7m", "armv7s", "arm64", "arm64e", "arm64_32"),
    )
)
"""All that ld64.lld knows; it refuses a stub that names another."""
_TARGETS: Final = re.compile(r"^( *(?:- )?targets: *)\[([^\]]*)\]", re.MULTILINE)
_ANY_TARGETS: Final = re.compile(r"""\btargets\b["' ]*:""")
_TARGET: Final = re.compile(r"([A-Za-z0-9_.]+)-[a-z]+(?:-[a-z]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class MacosLibraries:
    """The libraries for one target of one zig."""

    zig: Path
    target: str
    """What is compiled for, in zig's words."""
    directory: Path

    @classmethod
    def below(cls, cache: Path, zig: Path, digest: str, target: str) -> MacosLibraries:
        """Name the directory in a cache; ``digest`` is that of zig's package."""
        key = hashlib.sha256(f"{_EDITION} {digest} {target}".encode()).hexdigest()[:16]
        return cls(zig=zig, target=target, directory=cache / "macos" / f"{target}-{key}")

    def fill(self, environment: Mapping[str, str], runner: Runner) -> None:
        """Fill the directory unless it is there; zig may take minutes to build what goes into it.

        ``environment`` is the one that zig is run in, with its cache. Raises
        :class:`~countermark.errors.CommandError` when zig fails, :class:`WorkError` when it
        answers otherwise than is known, and :class:`OSError`.
        """
        if self.directory.is_dir():
            return
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.directory.parent, prefix="unfinished-") as place:
            made = Path(place, "libraries")
            made.mkdir()
            for archive in self._archives(Path(place), environment, runner):
                shutil.copyfile(archive, made / archive.name)
            stub = (_darwin(self.zig) / _STUB).read_text(encoding="utf-8")
            (made / _STUB).write_text(without_unknown_targets(stub), encoding="utf-8")
            for name in _OTHER_NAMES:
                (made / f"lib{name}.tbd").symlink_to(_STUB)
            try:
                made.rename(self.directory)
            except OSError:
                if not self.directory.is_dir():  # else another run was faster
                    raise

    def _archives(
        self, work: Path, environment: Mapping[str, str], runner: Runner
    ) -> tuple[Path, ...]:
        """Link a program with zig, which then says what it takes for it."""
        log = work / "log.txt"
        command = Command(
            argv=(
                *(str(self.zig), "c++", f"--target={self.target}", *_FLAGS),
                *("-v", "-x", "c++", "-", "-o", str(work / "program")),
            ),
            environment=environment,
            text="int main() {}\n",
        )
        runner.run(command, what=f"asking zig for its libraries for {self.target}", log=log)
        cache = Path(environment["ZIG_LOCAL_CACHE_DIR"])
        answer = log.read_text(encoding="utf-8", errors="surrogateescape")
        found = {name: cache / "o" / key / name for key, name in _IN_CACHE.findall(answer)}
        for name in _ARCHIVES:
            if name not in found or not found[name].is_file():
                raise WorkError(
                    f"zig does not say where its {name} for {self.target} is",
                    hint="Leave out linker = 'lld': zig's own linker finds it.",
                )
        return tuple(found[name] for name in _ARCHIVES)


def sdk_version(zig: Path) -> str:
    """Return the version of the macOS SDK that zig's headers and its stub come from.

    Raises :class:`WorkError` when the package of zig does not tell.
    """
    file = _darwin(zig) / "SDKSettings.json"
    try:
        version = str(json.loads(file.read_bytes())["Version"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WorkError(f"{file} does not tell the version of zig's SDK: {error}") from error
    return version


def _darwin(zig: Path) -> Path:
    return zig.parent / "lib" / "libc" / "darwin"


def without_unknown_targets(stub: str) -> str:
    """Return a stub without the targets whose architecture ld64.lld does not know.

    Raises :class:`WorkError` for one that is not laid out as zig's are: then no text is the right
    one.
    """
    if len(_TARGETS.findall(stub)) != len(_ANY_TARGETS.findall(stub)):
        raise _odd_stub("targets that are no list")
    return _TARGETS.sub(_known, stub)


def _known(match: re.Match[str]) -> str:
    kept: list[str] = []
    for target in match[2].split(","):
        parts = _TARGET.fullmatch(target.strip())
        if parts is None:
            raise _odd_stub(f"the target '{printable(target.strip())}'")
        if parts[1] in _ARCHITECTURES:
            kept.append(parts[0])
    if not kept:
        raise _odd_stub("a part with no target that ld64.lld knows")
    return f"{match[1]}[ {', '.join(kept)} ]"


def _odd_stub(problem: str) -> WorkError:
    return WorkError(
        f"zig's stub of libSystem holds {problem}, which ld64.lld would not take",
        hint="Leave out linker = 'lld': zig's own linker takes it.",
    )

"""A compiler's driver that links by ``ld64.lld``: compile what is a source, then be the linker."""

import os
import sys

from .arguments import filter_arguments
from .ld64 import Linker, compiler_arguments, link_arguments, links, sources
from .target import Target
from .verdict import Notice

__all__ = ["Driver"]

_APPLES = {"aarch64": "arm64"}


class Driver:
    """One call of a driver, for C or for C++."""

    __slots__ = ("_linker", "_probing", "_program", "_target", "_tool", "_zig")

    def __init__(self, lld: list[str], call: list[str], *, probing: bool) -> None:
        """Take ``PROGRAM SDK LIBRARIES`` of the linker, and ``TOOL ZIG TARGET`` of the call."""
        self._program, sdk, libraries = lld
        self._tool, self._zig, target = call
        self._target = Target(target)
        self._probing = probing
        architecture = _APPLES.get(self._target.architecture, self._target.architecture)
        self._linker = Linker(architecture, self._target.minimum, sdk, libraries)

    def links(self, arguments: list[str]) -> bool:
        """Tell whether this call is one for the linker."""
        return links(arguments) and sources(arguments) is not None

    def changes(self, arguments: list[str]) -> tuple[list[str], list[Notice]]:
        """Return what the linker is given, and what of ``arguments`` was left out."""
        cxx = self._tool == "c++"
        return link_arguments(arguments, self._linker, cxx=cxx, probing=self._probing)

    def link(self, arguments: list[str], words: list[str]) -> int:
        """Link; return only when something had to be compiled, or the linker cannot be run."""
        files = sources(arguments) or []
        if "-v" in arguments:
            print(self._program, *words, file=sys.stderr, flush=True)
        if not files:
            os.execv(self._program, [self._program, *words])
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as place:
            objects = {file: f"{place}/{number}.o" for number, file in enumerate(files)}
            for file, compiled in objects.items():
                given = [*compiler_arguments(arguments), "-c", file, "-o", compiled]
                given, _ = filter_arguments(
                    given, self._target, zig=self._zig.rpartition("/")[0], probing=self._probing
                )
                code = os.spawnv(os.P_WAIT, self._zig, [self._zig, self._tool, *given])
                if code:
                    return code
            words = [objects.get(word, word) for word in words]
            return os.spawnv(os.P_WAIT, self._program, [self._program, *words])

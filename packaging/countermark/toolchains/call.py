"""What stands in the place of a compiler: change the arguments, note what was changed, be zig.

Started for every file that is compiled, by a wrapper of :mod:`countermark.toolchains.wrappers`.
"""

import os
import sys

from .arguments import filter_arguments, is_probe, split_words
from .target import Target
from .verdict import Notice, RefusedError

__all__ = ["main"]

_PRIME = (1 << 128) - 159
_DEEPEST = 8
"""Response files that may stand in one another; more is a circle."""


def main(words: list[str]) -> int:
    """Do what ``TOOL ZIG TARGET NOTICES ARGUMENT...`` says; return only when it cannot be done.

    ``lld PROGRAM SDK LIBRARIES`` may come first: then that program links, and not zig.
    """
    lld, words = (words[1:4], words[4:]) if words[0] == "lld" else ([], words)
    tool, zig, target, notices, *arguments = words
    try:
        if tool == "windres":
            from .resources import resource_arguments

            return _become(zig, "rc", resource_arguments(arguments, target.partition("-")[0]))
        if tool == "strip":
            _note(("strip", "", "symbols are left out while linking, and nowhere else"), notices)
            return 0
        if tool == "install_name_tool":
            raise RefusedError("no name can be changed after linking: set it while linking")
        return _compile(words[:4], _expanded(arguments), lld)
    except (OSError, RefusedError) as error:
        print(f"{tool}: error: {error}", file=sys.stderr)
        return 1


def _compile(call: list[str], arguments: list[str], lld: list[str]) -> int:
    tool, zig, target, notices = call
    probing = is_probe(os.getcwd(), arguments)  # noqa: PTH109  # pathlib is slow to import
    if lld:
        from .ld64_driver import Driver

        driver = Driver(lld, [tool, zig, target], probing=probing)
        if driver.links(arguments):
            words, changes = driver.changes(arguments)
            _note_all(changes, notices)
            return driver.link(arguments, words)
    home = zig.rpartition("/")[0]
    arguments, changes = filter_arguments(arguments, Target(target), zig=home, probing=probing)
    _note_all(changes, notices)
    return _become(zig, tool, arguments)


def _become(zig: str, tool: str, arguments: list[str]) -> int:
    os.execv(zig, [zig, tool, *arguments])


def _expanded(arguments: list[str], depth: int = 0) -> list[str]:
    """Put the content of response files in their places, for zig reads them otherwise."""
    result: list[str] = []
    for argument in arguments:
        if argument.startswith("@") and os.path.isfile(argument[1:]):  # noqa: PTH113
            if depth == _DEEPEST:
                raise RefusedError(f"{argument}: response files stand in one another")
            result += _expanded(split_words(_content(argument[1:])), depth + 1)
        else:
            result.append(argument)
    return result


def _content(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:  # noqa: PTH123
        return stream.read()


def _note_all(changes: list[Notice], directory: str) -> None:
    for change in changes:
        _note(change, directory)


def _note(notice: Notice, directory: str) -> None:
    """Leave a file that tells of a change, one for each, however many compilers run at once."""
    content = "\0".join(notice).encode(errors="surrogateescape")
    name = f"{int.from_bytes(content, 'big') % _PRIME:032x}"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        descriptor = os.open(f"{directory}/{name}", flags, 0o666)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)

"""windres's arguments, put as those of ``zig rc``, which are those of Microsoft's RC.EXE.

Sources: windres(1) of GNU binutils 2.40; what ``zig rc /?`` of 0.17.1 says.
"""

from .verdict import RefusedError

__all__ = ["resource_arguments"]

_WITH_VALUE = {
    "-i": "input",
    "--input": "input",
    "-o": "output",
    "--output": "output",
    "-J": "input-format",
    "--input-format": "input-format",
    "-O": "output-format",
    "--output-format": "output-format",
    "-D": "d",
    "--define": "d",
    "-U": "u",
    "--undefine": "u",
    "-I": "i",
    "--include-dir": "i",
    "-l": "l",
    "--language": "l",
    "-c": "c",
    "--codepage": "c",
    "-F": "",
    "--target": "",
    "--preprocessor": "",
    "--preprocessor-arg": "",
}
"""What each option with a value is for: the same of rc, or nothing, for rc does it by itself."""
_ALONE = frozenset(("--use-temp-file", "--no-use-temp-file", "-v", "--verbose", "-r"))
_SHORT = frozenset(option for option in _WITH_VALUE if len(option) == 2)


def resource_arguments(arguments: list[str], architecture: str) -> list[str]:
    """Return what ``zig rc`` is to be given instead of ``arguments``.

    Raises :class:`RefusedError` for an option that has no counterpart.
    """
    options: list[str] = []
    places: dict[str, str] = {}
    files: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in _ALONE:
            continue
        if not argument.startswith("-") or argument == "-":
            files.append(argument)
            continue
        name, value = _option(argument)
        if name not in _WITH_VALUE:
            raise RefusedError(f"{argument}: zig's resource compiler has nothing like it")
        value = next(rest, "") if value is None else value
        meaning = _WITH_VALUE[name]
        if meaning in ("d", "u", "i", "l", "c"):
            options += (f"/{meaning}", value)
        elif meaning:
            places[meaning] = value
    source = places.get("input") or (files.pop(0) if files else "")
    output = places.get("output") or (files.pop(0) if files else "")
    return [
        *("/:auto-includes", "gnu", "/:target", architecture),
        *("/:output-format", places.get("output-format") or _format_of(output)),
        *(("/:input-format", places["input-format"]) if "input-format" in places else ()),
        *options,
        *("/fo", output),
        # A source path that begins with a slash reads like an option; "--" ends the options.
        *("--", source),
    ]


def _option(argument: str) -> tuple[str, str | None]:
    """Split ``--define=X`` and ``-DX``; the value is None when it is the next argument."""
    if argument.startswith("--"):
        name, equals, value = argument.partition("=")
        return name, value if equals else None
    if len(argument) > 2 and argument[:2] in _SHORT:
        return argument[:2], argument[2:].removeprefix("=")
    return argument, None


def _format_of(output: str) -> str:
    """Return the format that a file's name calls for, as windres chooses it."""
    return "res" if output.endswith(".res") else "coff"

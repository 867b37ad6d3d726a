"""Options that say what is released, spelled once; each has its ``COUNTERMARK_`` variable."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from countermark.config import Options, resolve
from countermark.configuration import Configuration

__all__ = ["machine_options", "resolve_options", "suite_options"]

Function = TypeVar("Function", bound=Callable[..., Any])


def assignments(
    _context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Read words of the form NAME=VALUE, for click's option ``callback``."""
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        name = name.partition(":")[0]
        if not equals or not name:
            raise click.BadParameter(f"'{word}' is not NAME=VALUE")
        pairs.append((name, value))
    return tuple(pairs)


_SUITE_OPTIONS = (
    click.argument("suite", required=False, type=click.Path(path_type=Path)),
    click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="COUNTERMARK_CONFIG",
        metavar="FILE",
        help="The configuration  [default: countermark.toml in the suite, or here]",
    ),
    click.option(
        "--host",
        "hosts",
        multiple=True,
        envvar="COUNTERMARK_HOST",
        metavar="TRIPLE",
        help="A host to build for, or 'all'; may be repeated  "
        "[default: this machine and arm64-apple-darwin]",
    ),
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        envvar="COUNTERMARK_OUT",
        metavar="DIR",
        help="The directory for the artifacts  [default: dist]",
    ),
    click.option(
        "--name",
        envvar="COUNTERMARK_NAME",
        help="The first part of artifact names  [default: the suite's directory]",
    ),
    click.option(
        "--version",
        envvar="COUNTERMARK_VERSION",
        help="The release's version  [default: the suite's git tag or commit]",
    ),
    click.option(
        "--toolchain",
        envvar="COUNTERMARK_TOOLCHAIN",
        metavar="NAME|FILE",
        help="'zig', 'native', 'mingw-w64', 'clang', 'depends', or a CMake toolchain file  "
        "[default: zig]",
    ),
    click.option(
        "--preset",
        envvar="COUNTERMARK_PRESET",
        help="A configure preset of the suite to start from.",
    ),
    click.option(
        "--component",
        "components",
        multiple=True,
        envvar="COUNTERMARK_COMPONENT",
        metavar="NAME",
        help="An install component to stage; may be repeated  [default: all]",
    ),
    click.option(
        "--artifact",
        "artifacts",
        multiple=True,
        envvar="COUNTERMARK_ARTIFACT",
        metavar="KIND",
        help="What to make: binaries, zip, zst, unsigned, debug, codesigning, source, or 'full': "
        "all but zst; may be repeated  [default: binaries]",
    ),
    click.option(
        "--profile",
        envvar="COUNTERMARK_PROFILE",
        metavar="NAME|FILE",
        help="What a stage must hold  [default: found out from its programs]",
    ),
    click.option(
        "--style",
        envvar="COUNTERMARK_STYLE",
        help="Whose byte layout signatures follow  [default: macos26]",
    ),
    click.option(
        "-D",
        "cmake",
        multiple=True,
        callback=assignments,
        metavar="NAME=VALUE",
        help="A CMake cache entry for every host; may be repeated.",
    ),
)


_MACHINE_OPTIONS = (
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Commands of a build that run at a time, of dependencies too  [default: as many as "
        "there are processors and memory for]",
    ),
    click.option(
        "-l",
        "--load",
        type=click.FloatRange(min=0, min_open=True),
        metavar="L",
        help="Begin no further command of a build while the machine's load is above L.",
    ),
)


def suite_options(function: Function) -> Function:
    """Give a command the options that say what is released."""
    for option in reversed(_SUITE_OPTIONS):
        function = option(function)
    return function


def machine_options(function: Function) -> Function:
    """Give a command the options that say how much of this machine a build may use.

    Their variables are read with the configuration, for commands that build without them.
    """
    for option in reversed(_MACHINE_OPTIONS):
        function = option(function)
    return function


def resolve_options(**values: Any) -> Configuration:  # noqa: ANN401  # click's own keywords
    """Resolve what :func:`suite_options` collected."""
    return resolve(Options(**values), os.environ, Path.cwd())

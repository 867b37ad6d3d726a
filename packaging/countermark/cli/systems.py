"""The options ``--target`` and ``--host``: the Macs that a verdict is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from countersign.system import HOSTS, RELEASES

__all__ = ["system_options"]

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--target",
        metavar="macos:N[..M]",
        default=f"macos:{RELEASES[-1]}",
        show_default=True,
        help="The macOS releases that must accept it: one, or all of a range.",
    ),
    click.option(
        "--host",
        "hosts",
        multiple=True,
        type=click.Choice(list(HOSTS)),
        help="The Macs that must accept it; may be repeated  [default: both]",
    ),
)


def system_options(function: Function) -> Function:
    """Give a command the options that :func:`countersign.system.parse_target` reads."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function

"""The option ``--format``, which every command with a result has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

__all__ = ["VARIABLE", "Format", "format_option"]

VARIABLE: Final = "COUNTERMARK_FORMAT"


if TYPE_CHECKING:
    _Choice = click.Choice[str]
else:
    _Choice = click.Choice  # which takes no type before click 8.2


class Format(_Choice):
    """A choice of formats that says so when a variable, and not the user, made a wrong one."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  # as click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Take a format, or raise :class:`click.BadParameter`."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if value == os.environ.get(VARIABLE):
                message = f"{error.message} The variable {VARIABLE} says so; --format overrides it."
                raise click.BadParameter(message, ctx, param) from error
            raise


format_option = click.option(
    "--format",
    "output",
    type=Format(["text", "json"]),
    default="text",
    show_default=True,
    envvar=VARIABLE,
    help="How results are printed on standard output.",
)

"""The option ``--format``, which every command with a result has."""

from __future__ import annotations

import click

__all__ = ["format_option"]

format_option = click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    envvar="COUNTERMARK_FORMAT",
    help="How results are printed on standard output.",
)

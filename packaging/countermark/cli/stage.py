"""``countermark stage``: install what was built."""

from __future__ import annotations

from typing import Any

import click

from countermark.cli.flow import progress_options, run_flow
from countermark.cli.formats import format_option
from countermark.cli.options import resolve_options, suite_options
from countermark.flow import STAGE_STEPS

__all__ = ["command"]


@click.command("stage")
@suite_options
@progress_options
@format_option
def command(quiet: bool, output: str, **values: Any) -> int:  # noqa: ANN401
    """Install the built SUITE into a stage for every host, and print the stages.

    \b
    Example: countermark stage --host arm64-apple-darwin
    """
    return run_flow(resolve_options(**values), STAGE_STEPS, quiet=quiet, output=output)

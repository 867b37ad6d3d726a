"""``countermark release``: the whole flow, or a description of it."""

from __future__ import annotations

from typing import Any

import click

from countermark.cli.flow import progress_options, run_flow
from countermark.cli.formats import format_option
from countermark.cli.options import machine_options, resolve_options, suite_options
from countermark.flow import ALL_STEPS

__all__ = ["command"]


@click.command("release")
@suite_options
@machine_options
@click.option("--plan", is_flag=True, help="Only say what would be done, by the same code.")
@progress_options
@format_option
def command(plan: bool, quiet: bool, output: str, **values: Any) -> int:  # noqa: ANN401
    """Build, stage, sign, check and pack SUITE for every host.

    SUITE is a CMake source tree; without it the one in the current directory is taken, or the
    small suite that countermark brings.

    \b
    Example: countermark release ~/src/bitcoin --host x86_64-linux-gnu --toolchain native
    """
    configuration = resolve_options(**values)
    if plan:
        from countermark.cli.flow import show_plan

        return show_plan(configuration, output)
    return run_flow(configuration, ALL_STEPS, quiet=quiet, output=output)

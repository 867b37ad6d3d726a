"""``countermark build``: configure and compile."""

from __future__ import annotations

from typing import Any

import click

from countermark.cli.flow import progress_options, run_flow
from countermark.cli.formats import format_option
from countermark.cli.options import machine_options, resolve_options, suite_options
from countermark.flow import BUILD_STEPS

__all__ = ["command"]


@click.command("build")
@suite_options
@machine_options
@progress_options
@format_option
def command(quiet: bool, output: str, **values: Any) -> int:  # noqa: ANN401
    """Configure and compile SUITE for every host.

    \b
    Example: countermark build --host arm64-apple-darwin
    """
    return run_flow(resolve_options(**values), BUILD_STEPS, quiet=quiet, output=output)

"""``countermark pack``: check the stages and pack those that are accepted."""

from __future__ import annotations

from typing import Any

import click

from countermark.cli.flow import progress_options, run_flow
from countermark.cli.formats import format_option
from countermark.cli.options import resolve_options, suite_options
from countermark.flow import PACK_STEPS

__all__ = ["command"]


@click.command("pack")
@suite_options
@progress_options
@format_option
def command(quiet: bool, output: str, **values: Any) -> int:  # noqa: ANN401
    """Check the stages of SUITE, pack those that are accepted, and write SHA256SUMS.

    \b
    Example: countermark pack --host arm64-apple-darwin
    """
    return run_flow(resolve_options(**values), PACK_STEPS, quiet=quiet, output=output)

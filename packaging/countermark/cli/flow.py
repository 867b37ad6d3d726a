"""Running the flow from the command line: progress while it runs, the result at its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import click

from countermark.cli.exits import Exit, exit_of_error
from countermark.configuration import Configuration
from countermark.flow import describe, perform, prepare
from countermark.pipeline import HostOutcome, Outcome, Progress, Silent, Step
from countermark.render.text import describe_failures, describe_plan, describe_release

__all__ = ["exit_of_hosts", "flow_progress", "progress_options", "run_flow", "show_plan"]

progress_options: Final = click.option(
    "-q", "--quiet", is_flag=True, envvar="COUNTERMARK_QUIET", help="Print results and errors only."
)


def run_flow(
    configuration: Configuration, steps: tuple[Step, ...], *, quiet: bool, output: str
) -> int:
    """Take ``steps`` for every host, show what came of it, and return the exit code."""
    plan = prepare(configuration)
    with flow_progress(quiet) as progress:
        release = perform(plan, steps, progress)
    if output == "json":
        from countermark.manifest import canonical_json

        sys.stdout.write(canonical_json(release.manifest).decode())
    else:
        click.echo(describe_release(release))
    failures = describe_failures(release)
    if failures:
        click.echo(failures, err=True)
    return exit_of_hosts(release.hosts)


def show_plan(configuration: Configuration, output: str) -> int:
    """Describe what :func:`run_flow` would do."""
    plan = prepare(configuration)
    descriptions = describe(plan)
    if output == "json":
        from countermark.render.document import plan_document
        from countermark.render.encoding import to_json

        sys.stdout.write(to_json(plan_document(plan, descriptions)))
    else:
        click.echo(describe_plan(plan, descriptions))
    return 0


def flow_progress(quiet: bool) -> AbstractContextManager[Progress]:
    """Give what shows how far the flow is, on standard error."""
    if quiet:
        return nullcontext(Silent())
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from countermark.render.live import LiveProgress

        return LiveProgress(colour=not os.environ.get("NO_COLOR"))
    from countermark.render.lines import LineProgress

    return LineProgress(sys.stderr)


def exit_of_hosts(outcomes: Iterable[HostOutcome]) -> Exit:
    """Return the worst code among the hosts of a run."""
    codes = [Exit.GOOD]
    for outcome in outcomes:
        if outcome.outcome is Outcome.REJECTED:
            codes.append(Exit.BAD)
        elif outcome.error is not None:
            codes.append(exit_of_error(outcome.error))
    return max(codes)

"""``countermark layout smoke``: do the programs of this tree run?"""

from __future__ import annotations

from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.reports import print_report, report_option

__all__ = ["command"]


@click.command("smoke")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    metavar="NAME|FILE",
    envvar="COUNTERMARK_PROFILE",
    help="What it should hold  [default: by its name or programs]",
)
@click.option(
    "--host",
    metavar="TRIPLE",
    envvar="COUNTERMARK_HOST",
    help="What its programs run on  [default: the host in its name, or most programs']",
)
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each program may take.",
)
@report_option
def command(path: Path, profile: str | None, host: str | None, seconds: float, output: str) -> int:
    """Run the programs of the directory or archive PATH: versions, wrapper, node, IPC.

    An archive is unpacked to a temporary place. Programs for another Linux run under qemu, those
    for Windows under wine, where these are installed. They may do whatever the user may: run
    nothing here that you would not run.

    Exits 1 when a test failed, 3 when none could be made.

    \b
    Example: countermark layout smoke dist/bitcoin-1.0.0-x86_64-linux-gnu.tar.gz
    """
    from countermark.smoketests import smoke_test
    from counterproof import load_profile
    from counterproof.profiles.detection import Asked
    from counterproof.smoke.trial import Outcome, trials_verdict

    asked = Asked(profile=load_profile(profile) if profile else None, host=host)
    tested = smoke_test(path, asked, seconds)
    if output == "text":
        from countermark.render.measure import describe_measure
        from countermark.render.smoke import describe_trials

        click.echo(describe_measure(tested.measure), err=True)
        click.echo(f"programs are run {tested.launcher.how}", err=True)
        click.echo(describe_trials(tested.trials))
    else:
        print_report(output, trials_verdict(path, tested.trials), title="countermark layout smoke")
    outcomes = {trial.outcome for trial in tested.trials}
    if Outcome.FAILED in outcomes:
        return Exit.BAD
    return Exit.GOOD if Outcome.PASSED in outcomes else Exit.UNDONE

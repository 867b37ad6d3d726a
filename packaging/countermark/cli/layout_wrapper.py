"""``countermark layout wrapper``: what would ``bitcoin COMMAND`` run?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option

__all__ = ["command"]


@click.command("wrapper")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    metavar="NAME|FILE",
    envvar="COUNTERMARK_PROFILE",
    help="Whose commands the wrapper has  [default: by its name or programs]",
)
@click.option(
    "--host",
    metavar="TRIPLE",
    envvar="COUNTERMARK_HOST",
    help="What it would run on  [default: the host in its name, or most programs']",
)
@click.option("--by-name", is_flag=True, help="As if a shell had found the wrapper in PATH.")
@format_option
def command(path: Path, profile: str | None, host: str | None, by_name: bool, output: str) -> int:
    """Predict what each command of the wrapper in PATH, a directory or an archive, would run.

    Nothing is run: names, modes, links and images tell where the wrapper finds a program, and what
    users see where it finds none. Ends with 1 when a command cannot do what it is there for.

    \b
    Example: countermark layout wrapper stage --host arm64-apple-darwin
    """
    from countermark.predictions import predict_commands
    from counterproof import load_profile
    from counterproof.profiles.detection import Asked

    asked = Asked(profile=load_profile(profile) if profile else None, host=host)
    predicted = predict_commands(path, asked, "name" if by_name else "path")
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.wrapper_document import wrapper_document

        sys.stdout.write(to_json(wrapper_document(predicted)))
    else:
        from countermark.render.measure import describe_measure
        from countermark.render.wrapper import describe_commands

        click.echo(describe_measure(predicted.measure), err=True)
        click.echo(describe_commands(predicted))
    return Exit.GOOD if predicted.accepted else Exit.BAD

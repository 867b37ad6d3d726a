"""``countermark init``: a first configuration for a suite that has none."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countermark.cli.exits import Exit
from countermark.cli.flow import progress_options
from countermark.cli.formats import format_option

if TYPE_CHECKING:
    from countermark.initial.survey import Survey

__all__ = ["command"]


@click.command("init")
@click.argument("checkout", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Where to write it, '-' for standard output  [default: countermark.toml in CHECKOUT]",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@progress_options
@format_option
def command(checkout: Path, target: Path | None, force: bool, quiet: bool, output: str) -> int:
    """Write a countermark.toml for CHECKOUT, a CMake source tree, from what CMake says of it.

    A copy of CHECKOUT is configured for each platform; nothing is compiled or downloaded. What the
    suite needs and this machine does not have is named in the file.

    \b
    Example: countermark init ~/src/bitcoin
    """
    from countermark.initial.survey import survey_suite
    from countermark.initial.writing import configuration_text

    file = _file(checkout, target)
    if file is not None:
        _refuse_existing(file, force=force)
    survey = survey_suite(checkout, os.environ, _nothing if quiet else _say)
    text = configuration_text(survey, file)
    if file is not None:
        _write(file, text)
    _show(survey, file, text, output)
    return _end(survey)


def _file(checkout: Path, target: Path | None) -> Path | None:
    """Return the file to write, from the root; None for standard output."""
    from countermark.settings import FILE_NAME

    if target is None:
        return checkout.resolve() / FILE_NAME
    return None if str(target) == "-" else target.parent.resolve() / target.name


def _refuse_existing(file: Path, *, force: bool) -> None:
    from countermark.errors import ConfigurationError

    if not force and (file.exists() or file.is_symlink()):
        raise ConfigurationError(
            f"{file} is there already",
            hint="Give another file with --output, or --force to write over it.",
        )


def _write(file: Path, text: str) -> None:
    from countermark.files import write_whole

    write_whole(file, text.encode(), temporary=file.parent)


def _show(survey: Survey, file: Path | None, text: str, output: str) -> None:
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.init_document import init_document

        sys.stdout.write(to_json(init_document(survey, file, text)))
    elif file is None:
        sys.stdout.write(text)
    else:
        from countermark.render.initial import describe_survey

        click.echo(describe_survey(survey, file))


def _end(survey: Survey) -> int:
    if survey.stopped is None:
        return Exit.GOOD
    from countermark.render.initial import describe_stop

    click.echo(describe_stop(survey.stopped), err=True)
    return Exit.UNDONE


def _say(text: str) -> None:
    click.echo(f"countermark: {text}", err=True)


def _nothing(_text: str) -> None:
    pass

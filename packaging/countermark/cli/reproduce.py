"""``countermark reproduce``: build the same several times, otherwise each time, and compare."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from countermark.cli.exits import Exit
from countermark.cli.flow import progress_options
from countermark.cli.formats import format_option
from countermark.cli.options import resolve_options, suite_options
from countermark.reproduction.reproducing import reproduce
from countermark.reproduction.variations import choose

__all__ = ["command"]


@click.command("reproduce")
@suite_options
@click.option(
    "--times",
    type=click.IntRange(min=2, max=99),
    default=2,
    show_default=True,
    metavar="N",
    help="How many builds are compared; each after the first is varied in its own way.",
)
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME,...",
    help="What is varied, by name; with - in front, all but that; or 'none'  [default: all]",
)
@click.option(
    "--bisect/--no-bisect",
    default=True,
    help="Whether to find out, with more builds, which variation makes a difference.  "
    "[default: --bisect]",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="A new directory to work in, which stays; a temporary one is taken away.",
)
@progress_options
@format_option
def command(
    times: int,
    vary: tuple[str, ...],
    bisect: bool,
    keep: Path | None,
    quiet: bool,
    output: str,
    **values: Any,  # noqa: ANN401
) -> int:
    """Build SUITE several times under varied conditions, and compare what comes out.

    The builds are made from copies, in other directories, by another user, with another umask,
    locale, clock and so on, as far as this machine lets that be varied; what is not varied is named
    with the reason. When archives differ, the first step that made them differ is named, and the
    variation that it depends on. Exits with 1 when anything differs. Nothing is written into SUITE
    or to --out.

    \b
    Example: countermark reproduce --host x86_64-linux-gnu --toolchain native
    """
    variations = choose(word for words in vary for word in words.split(",") if word)
    result = reproduce(
        resolve_options(**values),
        os.environ,
        times=times,
        variations=variations,
        bisect=bisect,
        keep=keep,
        tell=(lambda _: None) if quiet else (lambda words: click.echo(words, err=True)),
    )
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.reproduce_document import reproduce_document

        sys.stdout.write(to_json(reproduce_document(result)))
    else:
        from countermark.render.reproduction import describe_reproduction

        click.echo(describe_reproduction(result))
    return Exit.GOOD if result.equal else Exit.BAD

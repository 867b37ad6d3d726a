"""``countermark bench``: how fast is signing here, and how fast are others?"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import click

from countermark.bench import Benched, bench, describe_machine
from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.formats import format_option
from countermark.cli.size import parse_size
from countermark.contenders import find_peers
from countermark.errors import CountermarkError
from countermark.subjects import file_subject, made_subject
from countersign.escaping import printable

__all__ = ["command"]

_DEFAULT_SIZE: Final = 200_000_000
"""Bytes; the size of a large library."""


@click.command("bench")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path(path_type=Path))
@click.option(
    "--size",
    callback=parse_size,
    metavar="BYTES|200MB",
    help="The size of the image that is made when no FILE is given  [default: 200MB]",
)
@click.option("--runs", type=click.IntRange(1, 1000), default=5, show_default=True)
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
    metavar="DIR",
    help="Where to work, on the disk to be measured  [default: the system's place for such files]",
)
@format_option
def command(
    files: tuple[Path, ...], size: int | None, runs: int, directory: Path | None, output: str
) -> int:
    """Sign and verify Mach-O files, and measure what it takes beside what cannot be avoided.

    Each is measured as a whole process: countermark, cp, Python's start-up, and each other signer
    that is found (ldid, zsign, rcodesign, codesign, apple-platform-py). What they write is
    verified. Those that sign in place are given a copy that does not count. FILE is not changed.

    \b
    Example: countermark bench --size 50MB --runs 3
    """
    if files and size is not None:
        raise click.UsageError("--size is for the image that is made when no FILE is given")
    place = (directory or Path(tempfile.gettempdir())).absolute()
    peers = find_peers(os.environ)
    benched: list[Benched] = []
    problems: list[CountermarkError] = []
    wanted = [partial(file_subject, file) for file in files]
    for find in wanted or [partial(made_subject, _DEFAULT_SIZE if size is None else size)]:
        try:
            figures = bench(
                find(),
                peers,
                runs=runs,
                directory=place,
                environment=os.environ,
                progress=_tell,
            )
            benched.append(figures)
        except CountermarkError as error:
            problems.append(error)
    _show(benched, problems, place=place, runs=runs, output=output)
    return max(map(exit_of_error, problems), default=Exit.GOOD)


def _tell(what: str) -> None:
    """Say what is being done, to somebody who waits at a terminal."""
    if sys.stderr.isatty():
        click.echo(printable(what), err=True)


def _show(
    benched: list[Benched],
    problems: list[CountermarkError],
    *,
    place: Path,
    runs: int,
    output: str,
) -> None:
    machine = describe_machine()
    if output == "json":
        from countermark.render.bench_document import bench_document
        from countermark.render.encoding import to_json

        document = bench_document(benched, problems, machine=machine, directory=place, runs=runs)
        sys.stdout.write(to_json(document))
    elif benched:
        from countermark.render.bench import describe_bench

        click.echo(describe_bench(benched, machine=machine, runs=runs))
    if problems:
        from countermark.render.trouble import describe_error

        for problem in problems:
            click.echo(describe_error(problem), err=True)

"""``countermark inspect``: everything that is in a signature."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.inspections import Inspected, inspect_paths

__all__ = ["command"]


@click.command("inspect")
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH)
@click.option("--hashes", is_flag=True, help="Show every page's hash, and check it.")
@click.option(
    "--cdhashes",
    is_flag=True,
    help="Print only the cdhashes, one on a line, with architecture, hash type and path.",
)
@format_option
def command(paths: tuple[Path, ...], hashes: bool, cdhashes: bool, output: str) -> int:
    """Show everything in the signatures of PATHS: files, directories or archives.

    Names are those that codesign -d prints. A signature that cannot be read, or is not what was
    sealed, is shown as far as it goes, with the rules it breaks, and ends with 1. The JSON document
    holds the cdhashes in any case.

    \b
    Example: countermark inspect bitcoin
    """
    inspected = inspect_paths(paths, hashes=hashes)
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.inspect_document import inspect_document

        sys.stdout.write(to_json(inspect_document(inspected, hashes=hashes)))
    else:
        _print(inspected, hashes=hashes, cdhashes=cdhashes)
    if inspected.problems:
        from countermark.render.trouble import describe_error

        for problem in inspected.problems:
            click.echo(describe_error(problem), err=True)
    good = all(file.sound for file in inspected.files)
    return max(Exit.GOOD if good else Exit.BAD, *map(exit_of_error, inspected.problems), Exit.GOOD)


def _print(inspected: Inspected, *, hashes: bool, cdhashes: bool) -> None:
    if cdhashes:
        from countermark.render.cdhashes import cdhash_lines, missing_cdhashes

        for line in cdhash_lines(inspected.files):
            click.echo(line)
        for line in missing_cdhashes(inspected.files):
            click.echo(line, err=True)
        return
    from countermark.render.inspection import describe_inspection

    blocks = (describe_inspection(file, hashes=hashes) for file in inspected.files)
    text = "\n\n".join(blocks)
    click.echo(text, nl=bool(text))

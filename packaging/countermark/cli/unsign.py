"""``countermark unsign``: Mach-O files as their linker would have written them unsigned."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.changes import unsign_paths
from countermark.cli.changes import exit_of_changes, place, show_errors
from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countersign.escaping import printable

__all__ = ["command"]


@click.command("unsign")
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH)
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to put the file without signature  [default: in its place]",
)
@click.option("--force", is_flag=True, help="Remove even a signature made with a certificate.")
@format_option
def command(paths: tuple[Path, ...], target: Path | None, force: bool, output: str) -> int:
    """Remove the signature of every Mach-O in PATHS, and give the exact unsigned bytes back.

    PATHS are files, directories, .tar, .tar.gz, .tar.zst or .zip archives. In place, a signature
    made with a certificate is kept unless forced.

    \b
    Example: countermark unsign bitcoin -o bitcoin.unsigned
    """
    changes = tuple(unsign_paths(paths, output=target, force=force))
    if output == "json":
        from countermark.render.change_documents import unsign_document
        from countermark.render.encoding import to_json

        sys.stdout.write(to_json(unsign_document(changes)))
    else:
        for change in changes:
            if change.result is not None:
                word = "unsigned" if change.result.changed else "unchanged"
                archs = " ".join(change.result.archs)
                click.echo(f"{word:9}  {printable(place(change))}  {archs}".rstrip())
    show_errors(changes)
    return exit_of_changes(changes) if changes else Exit.GOOD

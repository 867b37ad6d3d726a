"""``countermark verify``: are these signatures what macOS demands?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.signatures import verify_paths

__all__ = ["command"]


@click.command("verify")
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH)
@format_option
def command(paths: tuple[Path, ...], output: str) -> int:
    """Check every Mach-O in PATHS: files, directories, or .tar, .tar.gz, .tar.zst or .zip archives.

    Images and archives are told by content. A path in which there is no Mach-O is an error.

    \b
    Example: countermark verify dist/bitcoin-1.0.0-arm64-apple-darwin.tar.gz
    """
    verified = verify_paths(paths)
    if output == "json":
        from countermark.render.document import verify_document
        from countermark.render.encoding import to_json

        sys.stdout.write(to_json(verify_document(verified.verdict, verified.problems)))
    else:
        from countermark.render.verdict import describe_verdict

        text = describe_verdict(verified.verdict)
        click.echo(text, nl=bool(text))
    if verified.problems:
        from countermark.render.text import describe_error

        for problem in verified.problems:
            click.echo(describe_error(problem), err=True)
    good = verified.verdict.accepted or not verified.verdict.files
    return max(Exit.GOOD if good else Exit.BAD, *map(exit_of_error, verified.problems), Exit.GOOD)

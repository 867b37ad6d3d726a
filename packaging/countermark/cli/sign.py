"""``countermark sign``: ad-hoc signatures for Mach-O files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.changes import Change, sign_paths
from countermark.cli.changes import exit_of_changes, place, show_errors
from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.cli.signing_options import Request, request_settings, signing_options
from countersign.acceptance import Check
from countersign.escaping import printable
from countersign.signer import Signed

__all__ = ["command"]


@click.command("sign")
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH)
@signing_options
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to put the signed file or archive  [default: in its place]",
)
@click.option(
    "--check",
    type=click.Choice([check.value for check in Check]),
    default=Check.PATCHED.value,
    show_default=True,
    help="Which pages of the result are read and hashed again before it is put in place.",
)
@format_option
def command(
    paths: tuple[Path, ...],
    target: Path | None,
    check: str,
    output: str,
    **request: Request,
) -> int:
    """Sign every Mach-O in PATHS ad-hoc: files, directories, .tar, .tar.gz, .tar.zst or .zip.

    In directories and archives images are found by content. Each file, and each archive, is
    replaced as a whole or not at all.

    \b
    Example: countermark sign stage/bin/bitcoin stage/libexec
    """
    settings = request_settings(request)
    signing = sign_paths(paths, settings, output=target, check=Check(check))
    changes = tuple(signing if output == "json" else map(_shown, signing))
    if output == "json":
        from countermark.render.change_documents import sign_document
        from countermark.render.encoding import to_json

        sys.stdout.write(to_json(sign_document(changes)))
    _warn_of_links(changes)
    show_errors(changes)
    return exit_of_changes(changes) if changes else Exit.GOOD


def _shown(change: Change[Signed]) -> Change[Signed]:
    """Print what became of a file as soon as it is known."""
    if change.result is not None:
        click.echo(_line(change, change.result))
    return change


def _line(change: Change[Signed], signed: Signed) -> str:
    cdhashes = "  ".join(f"{each.arch} {each.cdhash}" for each in signed.slices)
    return f"{_word(signed):9}  {printable(place(change))}  {cdhashes}"


def _word(signed: Signed) -> str:
    if signed.changed:
        return "signed"
    return "kept" if signed.identifier is None else "unchanged"


def _warn_of_links(changes: tuple[Change[Signed], ...]) -> None:
    for change in changes:
        links = change.result.other_links if change.result else 0
        if links:
            names = "1 other name" if links == 1 else f"{links} other names"
            text = f"{change.path} has {names} elsewhere, which still stand for the old file"
            click.echo(f"countermark: warning: {printable(text)}", err=True)

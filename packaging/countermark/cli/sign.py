"""``countermark sign``: ad-hoc signatures for Mach-O files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.formats import format_option
from countermark.signatures import Signing, sign_paths
from countersign.errors import ReadError, SigningError, WriteError
from countersign.escaping import printable
from countersign.signer import Signed
from countersign.style import Style

__all__ = ["command"]


@click.command("sign")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--style",
    type=click.Choice([style.value for style in Style]),
    default=Style.MACOS26.value,
    show_default=True,
    envvar="COUNTERMARK_STYLE",
    help="Whose byte layout the signature follows.",
)
@click.option("--identifier", metavar="ID", help="The name in the signature  [default: the file's]")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to put the signed file  [default: in its place]",
)
@click.option("--force", is_flag=True, help="Replace even a signature made with a certificate.")
@format_option
def command(
    paths: tuple[Path, ...],
    style: str,
    identifier: str | None,
    target: Path | None,
    force: bool,
    output: str,
) -> int:
    """Sign every Mach-O in PATHS ad-hoc: files, or directories that are searched by content.

    Each file is replaced as a whole or not at all.

    \b
    Example: countermark sign stage/bin/bitcoin stage/libexec
    """
    signings = tuple(
        sign_paths(paths, style=Style(style), identifier=identifier, output=target, force=force)
    )
    if output == "json":
        from countermark.render.document import sign_document, to_json

        sys.stdout.write(to_json(sign_document(signings)))
    else:
        for signing in signings:
            if signing.signed is not None:
                click.echo(_line(signing.signed))
    for signing in signings:
        if signing.error is not None:
            click.echo(f"countermark: error: {_problem(signing)}", err=True)
            click.echo(f"  hint: {signing.error.hint}", err=True)
    return max((_exit(signing) for signing in signings), default=Exit.GOOD)


def _problem(signing: Signing) -> str:
    """Say what is wrong, and name the file once."""
    text = str(signing.error)
    return printable(text if str(signing.path) in text else f"{signing.path}: {text}")


def _exit(signing: Signing) -> Exit:
    """A file that cannot carry a signature is bad; one that cannot be written is work undone."""
    if signing.error is None:
        return Exit.GOOD
    judged = isinstance(signing.error, SigningError)
    undone = isinstance(signing.error, ReadError | WriteError)
    return Exit.BAD if judged and not undone else exit_of_error(signing.error)


def _line(signed: Signed) -> str:
    cdhashes = "  ".join(f"{each.arch} {each.cdhash}" for each in signed.slices)
    path = printable(str(signed.path))
    return f"{'signed' if signed.changed else 'unchanged':9}  {path}  {cdhashes}"

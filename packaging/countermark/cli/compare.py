"""``countermark compare``: where two files differ, and whether only in their signatures."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.comparisons import compare_paths
from countermark.errors import ConfigurationError
from countersign.errors import IncomparableError, NotSignableError

__all__ = ["command"]


@click.command("compare")
@click.argument("old", type=ANY_PATH)
@click.argument("new", type=ANY_PATH)
@click.option(
    "--modulo-signature",
    is_flag=True,
    help="Leave signatures out: the files must be the same Mach-O apart from them.",
)
@format_option
def command(old: Path, new: Path, modulo_signature: bool, output: str) -> int:
    """Compare the files OLD and NEW, and print everything that differs.

    Of Mach-O files, first whether the code is the same, then what their signatures say otherwise,
    and which load commands, sections, pages and symbols differ. With --modulo-signature, signatures
    are left out: offsets count from the start of each slice without its own, and equal files prove
    that one is the other plus a signature.

    \b
    Example: countermark compare signed/bitcoin unsigned/bitcoin --modulo-signature
    """
    try:
        comparison = compare_paths(old, new, modulo_signature=modulo_signature)
    except IncomparableError as error:
        click.echo(f"countermark: error: {old} and {new}: {error}", err=True)
        return Exit.BAD
    except NotSignableError as error:
        raise ConfigurationError(
            f"{old} and {new} cannot be compared without signatures: {error}",
            hint="Leave --modulo-signature out to compare them byte by byte.",
        ) from error
    if output == "json":
        from countermark.render.compare_document import compare_document
        from countermark.render.encoding import to_json

        document = compare_document(old, new, comparison, modulo_signature=modulo_signature)
        sys.stdout.write(to_json(document))
    else:
        from countermark.render.comparison import describe_comparison

        click.echo(describe_comparison(comparison, modulo_signature=modulo_signature))
    return Exit.GOOD if comparison.bytes.equal else Exit.BAD

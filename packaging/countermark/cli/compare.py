"""``countermark compare``: where two files differ, and whether only in their signatures."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.errors import ConfigurationError, missing
from countersign.comparison import MAX_DIFFERENCES, Compared, compare
from countersign.errors import IncomparableError, NotSignableError

__all__ = ["command"]


@click.command("compare")
@click.argument("first", metavar="A", type=ANY_PATH)
@click.argument("second", metavar="B", type=ANY_PATH)
@click.option(
    "--modulo-signature",
    is_flag=True,
    help="Leave signatures out: the files must be the same Mach-O apart from them.",
)
@format_option
def command(first: Path, second: Path, modulo_signature: bool, output: str) -> int:
    """Compare the files A and B, and print every range of bytes that differs.

    With --modulo-signature, offsets count from the start of each slice without its signature, and
    equal files prove that one is the other plus a signature.

    \b
    Example: countermark compare signed/bitcoin unsigned/bitcoin --modulo-signature
    """
    for path in (first, second):
        if not path.exists():
            raise missing(path)
    try:
        compared = compare(first, second, modulo_signature=modulo_signature)
    except IncomparableError as error:
        click.echo(f"countermark: error: {first} and {second}: {error}", err=True)
        return Exit.BAD
    except NotSignableError as error:
        raise ConfigurationError(
            f"{first} and {second} cannot be compared without signatures: {error}",
            hint="Leave --modulo-signature out to compare them byte by byte.",
        ) from error
    if output == "json":
        from countermark.render.change_documents import compare_document
        from countermark.render.encoding import to_json

        document = compare_document(first, second, compared, modulo_signature=modulo_signature)
        sys.stdout.write(to_json(document))
    else:
        click.echo(_text(compared, modulo_signature=modulo_signature))
    return Exit.GOOD if compared.equal else Exit.BAD


def _text(compared: Compared, *, modulo_signature: bool) -> str:
    if compared.equal:
        return "the same but for signatures" if modulo_signature else "the same"
    lines = [
        f"{each.offset:#12x}  {each.size:12,} bytes  {each.where}" for each in compared.differences
    ]
    total = sum(each.size for each in compared.differences)
    more = "" if compared.complete else f" in the first {MAX_DIFFERENCES} ranges alone"
    return "\n".join([f"{total:,} bytes differ{more}", *lines])

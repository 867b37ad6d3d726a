"""``countermark compare``: why two files, archives or trees differ, and whether in signatures."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.errors import ConfigurationError, missing
from countersign.errors import IncomparableError, NotSignableError

__all__ = ["command"]


@click.command("compare")
@click.argument("old", type=ANY_PATH)
@click.argument("new", type=ANY_PATH)
@click.option(
    "--modulo-signature",
    is_flag=True,
    help="Leave signatures out: files must be the same Mach-O apart from them; of archives and"
    " trees, every file must be the same, or the same program apart from its signature.",
)
@click.option(
    "--diffoscope",
    is_flag=True,
    help="Of archives and trees, run diffoscope on the first file that differs, and pass on what it"
    " says.",
)
@format_option
def command(old: Path, new: Path, modulo_signature: bool, diffoscope: bool, output: str) -> int:
    """Compare OLD and NEW, and print everything that differs, the cause first.

    Both may be files, or archives and directories in any combination; these are compared member by
    member: which there are, what is in them, their modes, and between archives of a kind also
    order, owners, times, headers and compression. Each cause is a rule; `countermark explain X13`
    tells more of it.

    Of Mach-O files, first whether the code is the same, then what their signatures say otherwise,
    and which load commands, sections, pages and symbols differ. With --modulo-signature, signatures
    are left out: offsets count from the start of each slice without its own, and equal files prove
    that one is the other plus a signature.

    \b
    Example: countermark compare mine.tar.gz theirs.tar.gz
    Example: countermark compare unsigned.tar.gz signed.tar.gz --modulo-signature
    Example: countermark compare signed/bitcoin unsigned/bitcoin --modulo-signature
    """
    from countermark.difference.comparing import is_tree

    for path in (old, new):
        if not path.exists():
            raise missing(path)
    if is_tree(old) or is_tree(new):
        return _compare_trees(old, new, modulo_signature, diffoscope, output)
    if diffoscope:
        raise ConfigurationError(
            "--diffoscope is for archives and directories",
            hint=f"Run it yourself: diffoscope {old} {new}",
        )
    return _compare_files(old, new, modulo_signature, output)


def _compare_trees(
    old: Path, new: Path, modulo_signature: bool, diffoscope: bool, output: str
) -> int:
    from countermark.difference.comparing import compare_trees
    from countermark.difference.diffoscope import diffoscope_command, find_diffoscope, show_member

    program = find_diffoscope(os.environ) if diffoscope else None
    comparison = compare_trees(old, new)
    equal = comparison.equal(modulo_signature=modulo_signature)
    more = diffoscope_command(comparison, os.environ) if not equal else None
    shown = show_member(comparison, program, os.environ) if program is not None else None
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.tree_document import compare_trees_document

        document = compare_trees_document(
            comparison, modulo_signature=modulo_signature, command=more, shown=shown
        )
        sys.stdout.write(to_json(document))
    else:
        from countermark.render.tree_comparison import describe_shown, describe_trees

        click.echo(describe_trees(comparison, modulo_signature=modulo_signature))
        if program is not None:
            click.echo(describe_shown(shown))
        elif more is not None:
            click.echo(f"to see more: {more}")
    return Exit.GOOD if equal else Exit.BAD


def _compare_files(old: Path, new: Path, modulo_signature: bool, output: str) -> int:
    from countermark.difference.files import compare_paths

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

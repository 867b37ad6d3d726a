"""``countermark explain``: what a rule, an error, a file or a log of a Mac means."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.formats import format_option

if TYPE_CHECKING:
    from countermark.explanation import Explanation

__all__ = ["command"]


class _Words(click.Command):
    """A command whose words may be negative numbers: ``-67061`` is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = [each[1:] if re.fullmatch(r"-\d+", each) else each for each in args]
        return super().parse_args(ctx, words)


@click.command("explain", cls=_Words)
@click.argument("words", metavar="WORD|PATH...", nargs=-1, required=True)
@click.option("--member", metavar="NAME", help="Tell only of this member of an archive.")
@format_option
def command(words: tuple[str, ...], member: str | None, output: str) -> int:
    """Tell what each WORD means: a rule by its id or name, or an error of Apple's.

    Of a PATH it tells the story: who linked and signed the file, what is wrong with it, which bytes
    changed and in which functions, what a Mac shows, and what mends it. Directories and archives
    are looked into; of several files only those that are refused have their story told.

    \b
    Example: countermark explain R27 page-size errSecCSUnsigned -67061
    Example: countermark explain dist/bitcoin-1.0.0-arm64-apple-darwin.tar.gz --member bin/bitcoin
    """
    from countermark.explanation import explain

    explanation = explain(words, member=member)
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.explain_document import explain_document

        sys.stdout.write(to_json(explain_document(explanation)))
    else:
        from countermark.render.explanation import describe_explanation

        text = describe_explanation(explanation)
        click.echo(text, nl=bool(text))
    _report(explanation)
    good = Exit.GOOD if explanation.good else Exit.BAD
    return max(good, *map(exit_of_error, explanation.problems), Exit.GOOD)


def _report(explanation: Explanation) -> None:
    if explanation.problems:
        from countermark.render.text import describe_error

        for problem in explanation.problems:
            click.echo(describe_error(problem), err=True)

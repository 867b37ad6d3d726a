"""``countermark explain``: what a rule, an error, a file or a log of a Mac means."""

from __future__ import annotations

import re
import sys

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option

__all__ = ["command"]


class _Words(click.Command):
    """A command whose words may be negative numbers: ``-67061`` is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = [each[1:] if re.fullmatch(r"-\d+", each) else each for each in args]
        return super().parse_args(ctx, words)


@click.command("explain", cls=_Words)
@click.argument("words", metavar="WORD...", nargs=-1, required=True)
@format_option
def command(words: tuple[str, ...], output: str) -> int:
    """Tell what each WORD means: a rule by its id or name, or an error of Apple's.

    \b
    Example: countermark explain R27 page-size errSecCSUnsigned -67061
    """
    from countermark.errors import ConfigurationError, nearest
    from countermark.glossary import known_words, look_up

    meanings = []
    for word in words:
        meaning = look_up(word)
        if meaning is None:
            raise ConfigurationError(
                f"nothing is known of {word!r}{nearest(word, known_words())}",
                hint="Give a rule's id or name, or the name or number of an error of Apple's.",
            )
        meanings.append(meaning)
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.explain_document import explain_document

        sys.stdout.write(to_json(explain_document(meanings)))
    else:
        from countermark.render.glossary import describe_meaning

        click.echo("\n\n".join(map(describe_meaning, meanings)))
    return Exit.GOOD

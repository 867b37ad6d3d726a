"""``countermark explain``: what a rule, an error, a file or a log of a Mac means."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.cli.systems import system_options

if TYPE_CHECKING:
    from countermark.explanation import Explanation

__all__ = ["command"]


class _Words(click.Command):
    """A command whose words may be negative numbers: ``-67061`` is no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = [each[1:] if re.fullmatch(r"-\d+", each) else each for each in args]
        return super().parse_args(ctx, words)


@click.command("explain", cls=_Words)
@click.argument("words", metavar="WORD|PATH|-...", nargs=-1, required=True)
@click.option("--member", metavar="NAME", help="Tell only of this member of an archive.")
@click.option(
    "--image", metavar="FILE", type=ANY_PATH, help="The file that a crash report or log is about."
)
@system_options
@format_option
def command(
    words: tuple[str, ...],
    member: str | None,
    image: Path | None,
    target: str,
    hosts: tuple[str, ...],
    output: str,
) -> int:
    """Tell what each WORD means: a rule by its id or name, or an error of Apple's.

    Of a PATH it tells the story: who linked and signed the file, what is wrong with it, which bytes
    changed and in which functions, what a Mac shows, and what mends it. Directories and archives
    are looked into; of several files only those that are refused have their story told.

    A PATH may also be a crash report of a Mac or a log, and - is standard input: what the kernel,
    AMFI, dyld or codesign said is recognised, and the rule behind it named. With --image, the place
    that it names is looked at in that file.

    \b
    Example: countermark explain R27 page-size errSecCSUnsigned -67061
    Example: countermark explain dist/bitcoin-1.0.0-arm64-apple-darwin.tar.gz --member bin/bitcoin
    Example: countermark explain bitcoin-2026-01-01.ips --image bin/bitcoin
    """
    from countermark.explanation import STANDARD_INPUT, explain
    from countersign.system import parse_target

    explanation = explain(
        words,
        standard_input=_standard_input() if STANDARD_INPUT in words else None,
        member=member,
        image=image,
        system=parse_target(target, hosts),
    )
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


def _standard_input() -> bytes:
    from countersign.sightings.reader import MAX_REPORT

    return sys.stdin.buffer.read(MAX_REPORT)


def _report(explanation: Explanation) -> None:
    if explanation.problems:
        from countermark.render.trouble import describe_error

        for problem in explanation.problems:
            click.echo(describe_error(problem), err=True)

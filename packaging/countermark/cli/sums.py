"""``countermark sums``: is this the release that people signed for?"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from countermark.cli import sums_sign
from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.paths import ANY_PATH
from countermark.cli.reports import print_report, report_option

__all__ = ["command"]

_THRESHOLD: Final = 3
"""Bitcoin Core's verify.py, --min-good-sigs, has the same."""


@click.group("sums")
def command() -> None:
    """Check lists of digests and who signed them, and sign them.

    \b
    Example: countermark sums verify SHA256SUMS --keys builder-keys
    """


@command.command("verify")
@click.argument("path", metavar="SUMS|DIR", type=ANY_PATH)
@click.option(
    "--keys",
    required=True,
    type=ANY_PATH,
    envvar="COUNTERMARK_KEYS",
    metavar="DIR|FILE",
    help="The public keys whose signatures count: a folder of *.gpg, *.asc and *.pgp files, such "
    "as builder-keys of guix.sigs, or one file.",
)
@click.option(
    "--threshold",
    type=click.IntRange(min=1),
    default=_THRESHOLD,
    show_default=True,
    envvar="COUNTERMARK_THRESHOLD",
    metavar="N",
    help="How many people must have signed.",
)
@click.option(
    "--signatures",
    multiple=True,
    type=ANY_PATH,
    metavar="FILE",
    help="Detached signatures of SUMS; may be repeated  [default: SUMS.asc, .sig or .gpg]",
)
@click.option(
    "--directory",
    type=ANY_PATH,
    metavar="DIR",
    help="Where the listed files are  [default: beside SUMS]",
)
@click.option(
    "--allow-missing",
    is_flag=True,
    help="Accept that only some of the listed files are there; one at least must be.",
)
@report_option
def verify(
    path: Path,
    keys: Path,
    threshold: int,
    signatures: tuple[Path, ...],
    directory: Path | None,
    allow_missing: bool,
    output: str,
) -> int:
    """Check who signed SUMS, such as SHA256SUMS, and that every file it lists is there and matches.

    A signature counts when it is good and by a key in the folder that is neither revoked, expired
    nor weak; each person counts once. For a directory, SHA256SUMS in it is taken, or what most
    signers have in VERSION/SIGNER/all.SHA256SUMS, as in guix.sigs. Nothing is asked of the network.

    \b
    Example: countermark sums verify SHA256SUMS --keys builder-keys --threshold 3
    """
    from countermark.openpgp.keyring import read_keyring
    from countermark.sums.sources import find_sources
    from countermark.sums.verification import verify_sums

    sources = find_sources(path, signatures)
    verified = verify_sums(
        sources,
        read_keyring(keys),
        directory=directory or sources.directory,
        threshold=threshold,
        allow_missing=allow_missing,
        now=datetime.now(UTC),
        workers=os.cpu_count() or 1,
    )
    if output == "text":
        from countermark.render.sums import describe_sums

        click.echo(describe_sums(verified))
    elif output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.sums_document import sums_document

        sys.stdout.write(to_json(sums_document(verified)))
    else:
        print_report(output, verified.verdict, verified.problems, title="countermark sums verify")
    good = Exit.GOOD if verified.verdict.accepted else Exit.BAD
    return max(good, *map(exit_of_error, verified.problems), Exit.GOOD)


command.add_command(sums_sign.command)

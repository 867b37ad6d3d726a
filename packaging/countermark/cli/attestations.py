"""``countermark attestations``: do all builders say the same, and are they enough?"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import VARIABLE, Format
from countermark.cli.paths import ANY_PATH
from countermark.errors import ConfigurationError
from countersign.escaping import printable

if TYPE_CHECKING:
    from countermark.attestations.report import TreeReport

__all__ = ["command"]


@click.command("attestations")
@click.argument("tree", type=ANY_PATH, metavar="DIR", envvar=["COUNTERMARK_SIGS", "GUIX_SIGS_REPO"])
@click.option(
    "--version",
    metavar="V|all",
    help="The version to judge, or all of them  [default: the newest]",
)
@click.option(
    "--keys",
    type=ANY_PATH,
    envvar="COUNTERMARK_KEYS",
    metavar="DIR",
    help="The builders' public keys, each called like its builder  [default: DIR/builder-keys]",
)
@click.option("--no-signatures", is_flag=True, help="Count every attestation, whoever wrote it.")
@click.option(
    "--threshold",
    "thresholds",
    nargs=2,
    type=click.IntRange(0, 1000),
    default=(3, 6),
    show_default=True,
    metavar="N N",
    help="How many builders must agree on noncodesigned.SHA256SUMS and on all.SHA256SUMS; 0 asks "
    "for nothing.",
)
@click.option(
    "--collect",
    "directory",
    type=ANY_PATH,
    metavar="DIR",
    help="If nothing is wrong, write DIR/SHA256SUMS, and the good signatures of it into "
    "DIR/SHA256SUMS.asc, as they are published.",
)
@click.option(
    "--format",
    "output",
    type=Format(["text", "json", "html", "sarif", "junit", "github"]),
    default="text",
    show_default=True,
    envvar=VARIABLE,
    help="How results are printed; html is one page that needs nothing else.",
)
def command(
    tree: Path,
    version: str | None,
    keys: Path | None,
    no_signatures: bool,
    thresholds: tuple[int, int],
    directory: Path | None,
    output: str,
) -> int:
    """Tabulate what builders attest in DIR, such as a clone of guix.sigs: who agrees, on what.

    An attestation counts when its signature is good by the key that is called like the builder, and
    neither expired nor revoked. Exits 1 when builders differ, when a signature is bad or another
    builder's, or when fewer than --threshold agree on a file of the release.

    \b
    Example: countermark attestations guix.sigs --version 31.1
    """
    from countermark.attestations.report import report_tree
    from countermark.attestations.tree import KEYS

    if directory is not None and (no_signatures or version == "all"):
        raise ConfigurationError(
            "--collect takes the checked signatures of one version",
            hint="Leave --no-signatures out, and name one --version.",
        )

    report = report_tree(
        tree,
        version=version,
        keys=None if no_signatures else keys or tree / KEYS,
        thresholds={"noncodesigned": thresholds[0], "all": thresholds[1]},
        now=datetime.now(UTC),
    )
    if output == "json":
        from countermark.render.attestations_document import attestations_document
        from countermark.render.encoding import to_json

        sys.stdout.write(to_json(attestations_document(report)))
    elif output == "html":
        from countermark.render.attestations_page import attestations_page

        sys.stdout.write(attestations_page(report))
    elif output == "text":
        from countermark.render.attestations import describe_attestations

        click.echo(describe_attestations(report))
    else:
        from countermark.cli.reports import print_report

        print_report(output, report.verdict, title="countermark attestations")
    if directory is not None and report.verdict.accepted:
        _collect(report, directory)
    return Exit.GOOD if report.verdict.accepted else Exit.BAD


def _collect(report: TreeReport, directory: Path) -> None:
    from countermark.attestations.collecting import collect

    collected = collect(report.versions[-1], directory)
    names = ", ".join(map(printable, collected.builders))
    click.echo(f"{collected.sums}, signed by {len(collected.builders)}: {names}", err=True)

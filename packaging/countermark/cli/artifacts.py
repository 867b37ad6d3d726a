"""``countermark artifacts``: is everything there that a release is to have?"""

from __future__ import annotations

from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.paths import ANY_PATH
from countermark.cli.reports import print_report, report_option

__all__ = ["command"]


@click.command("artifacts")
@click.argument("path", type=ANY_PATH)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="TRIPLE",
    help="A host that it is to be for, or 'all'; may be repeated  [default: those of its manifest, "
    "or all]",
)
@click.option(
    "--codesigned",
    is_flag=True,
    help="It is to have what is made of detached signatures, and these themselves.",
)
@click.option("--name", help="The first part of its names  [default: that of most files]")
@click.option("--version", help="Its version  [default: that of most files]")
@report_option
def command(
    path: Path,
    hosts: tuple[str, ...],
    codesigned: bool,
    name: str | None,
    version: str | None,
    output: str,
) -> int:
    """Check that PATH holds every file of a release, by their names.

    PATH is the directory of a release, or a list of digests such as SHA256SUMS. What countermark
    made is measured by its manifest. Any other release, or with --host or --codesigned, is measured
    by what Bitcoin Core publishes: 21 files for all hosts, 28 when they are codesigned. Contents
    are not looked at.

    \b
    Example: countermark artifacts bitcoin-core-31.0 --codesigned
    """
    from countermark.hosts import HOSTS, find_host
    from countermark.packing.completeness import Asked, take_stock

    triples = [each for word in hosts for each in (HOSTS if word == "all" else (word,))]
    asked = Asked(
        name=name,
        version=version,
        hosts=tuple(map(find_host, dict.fromkeys(triples))),
        codesigned=codesigned,
    )
    stock = take_stock(path, asked)
    if output == "text":
        count = f"{stock.present} of {len(stock.expected)} files are there"
        click.echo(f"{stock.name} {stock.version}, {stock.measure}: {count}", err=True)
    print_report(output, stock.verdict, title="countermark artifacts")
    return Exit.GOOD if stock.verdict.accepted else Exit.BAD

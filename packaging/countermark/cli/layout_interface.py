"""``countermark layout interface``: can old clients talk to new programs?"""

from __future__ import annotations

from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.paths import ANY_PATH
from countermark.cli.reports import print_report, report_option

__all__ = ["command"]


@click.command("interface")
@click.argument("old", type=ANY_PATH)
@click.argument("new", type=ANY_PATH)
@click.option(
    "--import",
    "imports",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Where schemas are that the others import by /NAME; may be repeated  [default: the trees]",
)
@report_option
def command(old: Path, new: Path, imports: tuple[Path, ...], output: str) -> int:
    """Compare the Cap'n Proto schemas of OLD and NEW: source trees, archives or files.

    Anything but growth is a finding. Ends with 1 when clients of OLD would break, with 2 when a
    schema does not compile. Schemas in directories of tests and examples are left out.

    \b
    Example: countermark layout interface bitcoin-30.0.tar.gz bitcoin-31.0.tar.gz
    """
    from countermark.interfaces import compare_interfaces

    verdict = compare_interfaces(old, new, imports)
    print_report(output, verdict, title="countermark layout interface")
    return Exit.GOOD if verdict.accepted else Exit.BAD

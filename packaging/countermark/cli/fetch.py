"""``countermark fetch``: get the sources of dependencies; no other command uses the network."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.dependencies.fetching import Fetched, State, fetch
from countermark.errors import DifferentError

__all__ = ["command"]


@click.command("fetch")
@click.argument("suite", required=False, type=ANY_PATH)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="COUNTERMARK_CONFIG",
    metavar="FILE",
    help="The configuration  [default: countermark.toml in the suite, or here]",
)
@format_option
def command(suite: Path | None, config: Path | None, output: str) -> int:
    """Get the archives of SUITE's dependencies that are not there yet, and check all of them.

    No other command uses the network. Exits 1 when an archive is not the declared one, or no
    sha256 is declared for it, and 3 when one cannot be had.

    \b
    Example: countermark fetch ~/src/bitcoin
    """
    from countermark.config import Options, named_dependencies

    dependencies = named_dependencies(Options(suite=suite, config=config), Path.cwd())
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.fetch_document import fetch_document

        results = tuple(fetch(dependencies))
        sys.stdout.write(to_json(fetch_document(results)))
        return _exit(results)
    from countermark.render.fetched import describe_fetched

    results = ()
    for each in fetch(dependencies):
        results = (*results, each)
        click.echo(describe_fetched(each), err=each.error is not None)
    if not results:
        click.echo("no dependencies are declared: there is nothing to fetch")
    return _exit(results)


def _exit(results: Iterable[Fetched]) -> Exit:
    """Return the worst code among the sources."""
    return max((_code(each) for each in results), default=Exit.GOOD)


def _code(fetched: Fetched) -> Exit:
    if fetched.state is State.UNDECLARED or isinstance(fetched.error, DifferentError):
        return Exit.BAD
    return Exit.GOOD if fetched.error is None else exit_of_error(fetched.error)

"""``countermark verify``: are these signatures what macOS demands?"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.paths import ANY_PATH
from countermark.cli.reports import print_report, report_option
from countermark.cli.systems import system_options
from countermark.errors import ConfigurationError
from countermark.signatures import verify_paths
from countersign.demands import Demands
from countersign.signature import Kind
from countersign.system import parse_target

__all__ = ["command"]

_TEAM: Final = re.compile(r"[A-Z0-9]{10}")


def _teams(
    _context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]
) -> tuple[str, ...]:
    for word in words:
        if not _TEAM.fullmatch(word):
            raise click.BadParameter(f"'{word}' is no team: ten capital letters and digits")
    return words


def _patterns(
    _context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]
) -> tuple[str, ...]:
    if "" in words:
        raise click.BadParameter("a pattern is empty; no identifier is")
    return words


_OF_PROGRAMS: Final = ("target", "hosts", "require_signed", "kinds", "identifiers", "teams")
"""Parameters that say what every Mach-O must be, which nothing asks of a whole release."""


def _refuse_demands() -> None:
    """Refuse to leave out without a word what was demanded."""
    context = click.get_current_context()
    if any(
        context.get_parameter_source(name) is not ParameterSource.DEFAULT for name in _OF_PROGRAMS
    ):
        raise ConfigurationError(
            "with --keys, a whole release is checked, without demands on its Mach-O files",
            hint="Check twice: once with --keys, and once without it but with the demands.",
        )


@click.command("verify")
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH)
@system_options
@click.option("--require-signed", is_flag=True, help="Reject what is not signed, on any Mac.")
@click.option(
    "--require-kind",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in Kind]),
    help="Reject signatures of another kind; may be repeated.",
)
@click.option(
    "--require-identifier",
    "identifiers",
    multiple=True,
    metavar="PATTERN",
    callback=_patterns,
    help="Reject identifiers that do not match, such as 'org.example.*'; may be repeated.",
)
@click.option(
    "--require-team",
    "teams",
    multiple=True,
    metavar="ID",
    callback=_teams,
    help="Reject what no certificate of this team signed; may be repeated.",
)
@click.option(
    "--keys",
    type=ANY_PATH,
    metavar="DIR|FILE",
    help="Check the whole release in the directory PATHS: who of the owners of these public keys "
    "signed it, and all that is in it.",
)
@click.option(
    "--threshold",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    envvar="COUNTERMARK_THRESHOLD",
    metavar="N",
    help="With --keys: how many people must have signed.",
)
@report_option
def command(
    paths: tuple[Path, ...],
    target: str,
    hosts: tuple[str, ...],
    require_signed: bool,
    kinds: tuple[str, ...],
    identifiers: tuple[str, ...],
    teams: tuple[str, ...],
    keys: Path | None,
    threshold: int,
    output: str,
) -> int:
    """Check every Mach-O in PATHS: files, directories, or .tar, .tar.gz, .tar.zst or .zip archives.

    Images and archives, also in one another, are told by content. A path in which there is no
    Mach-O is an error. With --keys, everything about a release is checked: digests and who signed
    them, completeness, provenance, and the layout, signatures and hardening of every archive.

    \b
    Example: countermark verify dist/bitcoin-1.0.0-arm64-apple-darwin.tar.gz
    Example: countermark verify dist --keys builder-keys
    """
    demands = Demands(
        signed=require_signed,
        kinds=tuple(map(Kind, kinds)),
        identifiers=identifiers,
        teams=teams,
    )
    if keys is not None:
        from countermark.cli.verify_release import verify_release

        _refuse_demands()
        return verify_release(paths, keys, threshold, output)
    verified = verify_paths(paths, system=parse_target(target, hosts), demands=demands)
    if verified.problems:
        from countermark.render.trouble import describe_error

        for problem in verified.problems:
            click.echo(describe_error(problem), err=True)
    print_report(output, verified.verdict, verified.problems, title="countermark verify")
    good = verified.verdict.accepted or not verified.verdict.files
    return max(Exit.GOOD if good else Exit.BAD, *map(exit_of_error, verified.problems), Exit.GOOD)

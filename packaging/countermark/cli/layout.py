"""``countermark layout``: is this tree what users should get?"""

from __future__ import annotations

from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.reports import print_report, report_option

__all__ = ["command"]


@click.group("layout")
def command() -> None:
    """Check a stage or an archive against a profile, and show profiles.

    \b
    Example: countermark layout check dist/bitcoin-1.0.0-arm64-apple-darwin.tar.gz
    """


@command.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    metavar="NAME|FILE",
    envvar="COUNTERMARK_PROFILE",
    help="What it must hold  [default: found out from its programs]",
)
@click.option(
    "--host",
    metavar="TRIPLE",
    envvar="COUNTERMARK_HOST",
    help="What its programs must run on  [default: the host in its name]",
)
@report_option
def check(path: Path, profile: str | None, host: str | None, output: str) -> int:
    """Check the directory or archive PATH: files, modes, formats, architectures, signatures.

    \b
    Example: countermark layout check stage --profile multiprocess --host arm64-apple-darwin
    """
    from countermark.layouts import check_layout

    checked = check_layout(path, profile, host)
    if output == "text":
        found = " (detected)" if checked.detected else ""
        click.echo(f"profile {checked.profile.name}{found}, host {checked.host.triple}", err=True)
    print_report(output, checked.verdict, title="countermark layout check")
    return Exit.GOOD if checked.verdict.accepted else Exit.BAD


@command.command("list")
def list_profiles() -> None:
    """List the built-in profiles.

    \b
    Example: countermark layout list
    """
    from counterproof import load_profile, profile_names

    names = profile_names()
    width = max(map(len, names))
    for name in names:
        click.echo(f"{name:{width}}  {load_profile(name).title}")


@command.command("show")
@click.argument("profile")
def show(profile: str) -> None:
    """Show PROFILE, a name or a .toml file: its paths, and which of them must be there.

    \b
    Example: countermark layout show multiprocess
    """
    from countermark.render.profile import describe_profile
    from counterproof import load_profile

    click.echo(describe_profile(load_profile(profile)))

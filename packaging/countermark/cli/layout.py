"""``countermark layout``: is this tree what users should get?"""

from __future__ import annotations

from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.reports import print_report, report_option
from counterproof.target import FORMS, STANDARDS, STATES, Form, Standard, State

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
    help="What it must hold  [default: by the version in its name, or by its programs]",
)
@click.option(
    "--host",
    metavar="TRIPLE",
    envvar="COUNTERMARK_HOST",
    help="What its programs must run on  [default: the host in its name, or most programs']",
)
@click.option(
    "--form",
    type=click.Choice(FORMS),
    help="What kind of tree it is: an install tree, a build tree, the content of an archive, an "
    "application bundle, or what the installer for Windows unpacks  [default: by its structure]",
)
@click.option(
    "--state",
    type=click.Choice(STATES),
    help="How far it must be signed  [default: by its name and its signatures]",
)
@click.option(
    "--standard",
    type=click.Choice(STANDARDS),
    help="What it is measured by: what Guix makes of a release is complete and hardened, a local "
    "build need not be  [default: guix-release for archives of a release series]",
)
@report_option
def check(
    path: Path,
    profile: str | None,
    host: str | None,
    form: Form | None,
    state: State | None,
    standard: Standard | None,
    output: str,
) -> int:
    """Check the directory or archive PATH: files, modes, formats, architectures, signatures.

    What is not said is found out, and told on standard error.

    \b
    Example: countermark layout check stage --profile multiprocess --host arm64-apple-darwin
    """
    from countermark.layouts import check_layout
    from countermark.render.measure import describe_measure
    from counterproof import load_profile
    from counterproof.profiles.detection import Asked

    asked = Asked(
        profile=load_profile(profile) if profile else None,
        host=host,
        form=form,
        state=state,
        standard=standard,
    )
    checked = check_layout(path, asked)
    if output == "text":
        click.echo(describe_measure(checked.measure), err=True)
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

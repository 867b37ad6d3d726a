"""``countermark layout``: is this tree what users should get?"""

from __future__ import annotations

from pathlib import Path

import click

from countermark.cli import layout_interface, layout_smoke, layout_wrapper
from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.cli.reports import print_report, report_option
from counterproof.target import FORMS, STANDARDS, STATES, Form, Standard, State

__all__ = ["command"]


@click.group("layout")
def command() -> None:
    """Check a tree or an archive against a profile, and show profiles.

    \b
    Example: countermark layout check dist/bitcoin-1.0.0-arm64-apple-darwin.tar.gz
    """


@command.command("check")
@click.argument("paths", nargs=-1, required=True, type=ANY_PATH)
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
    paths: tuple[Path, ...],
    profile: str | None,
    host: str | None,
    form: Form | None,
    state: State | None,
    standard: Standard | None,
    output: str,
) -> int:
    """Check trees and archives: files, modes, programs, signatures, wrapper and hardening.

    A directory of archives is checked as a release, each archive for itself. What is not said is
    found out, and told on standard error.

    \b
    Example: countermark layout check stage --profile multiprocess --host arm64-apple-darwin
    """
    from countermark.layouts import check_layouts
    from counterproof import load_profile
    from counterproof.profiles.detection import Asked

    asked = Asked(
        profile=load_profile(profile) if profile else None,
        host=host,
        form=form,
        state=state,
        standard=standard,
    )
    checked = check_layouts(paths, asked)
    if output == "text":
        from countermark.render.measure import describe_measures

        click.echo(describe_measures(checked), err=True, nl=bool(checked.layouts))
    if checked.problems:
        from countermark.render.trouble import describe_error

        for problem in checked.problems:
            click.echo(describe_error(problem), err=True)
    print_report(output, checked.verdict, checked.problems, title="countermark layout check")
    good = checked.verdict.accepted or not checked.verdict.files
    return max(Exit.GOOD if good else Exit.BAD, *map(exit_of_error, checked.problems), Exit.GOOD)


@command.command("list")
@format_option
def list_profiles(output: str) -> None:
    """List the built-in profiles.

    \b
    Example: countermark layout list
    """
    from counterproof import load_profile, profile_names

    profiles = [load_profile(name) for name in profile_names()]
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.profile_documents import list_document

        click.echo(to_json(list_document(profiles)), nl=False)
        return
    from countermark.render.profile import describe_profiles

    click.echo(describe_profiles(profiles))


@command.command("show")
@click.argument("profile")
@format_option
def show(profile: str, output: str) -> None:
    """Show PROFILE, a name or a .toml file: its paths, and which of them must be there.

    What it extends is shown as if it stood in it.

    \b
    Example: countermark layout show 31
    """
    from counterproof import load_profile

    shown = load_profile(profile)
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.profile_documents import show_document

        click.echo(to_json(show_document(shown)), nl=False)
        return
    from countermark.render.profile import describe_profile

    click.echo(describe_profile(shown))


@command.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@format_option
def diff(old: str, new: str, output: str) -> None:
    """Show what profile NEW demands and OLD does not, and the other way round, by platform.

    Both are names or .toml files. Differences are no failure: the command ends with 0.

    \b
    Example: countermark layout diff 30 31
    """
    from counterproof import load_profile
    from counterproof.profiles.difference import differences

    before, after = load_profile(old), load_profile(new)
    found = differences(before, after)
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.profile_documents import diff_document

        click.echo(to_json(diff_document(before, after, found)), nl=False)
        return
    from countermark.render.profile import describe_differences

    click.echo(describe_differences(before, after, found))


command.add_command(layout_wrapper.command)
command.add_command(layout_smoke.command)
command.add_command(layout_interface.command)

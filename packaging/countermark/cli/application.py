"""The group of all commands, each imported when it is called or its help is asked for."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from importlib import import_module
from types import FrameType
from typing import Final

import click

from countermark import __version__
from countermark.cli.exits import FORESEEN, Exit, exit_of_error

__all__ = ["application", "run"]

_COMMANDS: Final = {
    "fetch": ("fetch", "Get the sources of the suite's dependencies."),
    "init": ("init", "Write a first countermark.toml for a suite."),
    "release": ("release", "Build, stage, sign, check and pack everything."),
    "build": ("build", "Configure and compile the suite."),
    "stage": ("stage", "Install the built suite into a stage."),
    "sign": ("sign", "Sign Mach-O files ad-hoc."),
    "unsign": ("unsign", "Remove signatures and give the exact unsigned bytes back."),
    "compare": ("compare", "Compare two files, with or without their signatures."),
    "verify": ("verify", "Check the signatures of Mach-O files."),
    "explain": ("explain", "Tell what a rule, an error, a file or a Mac's log means."),
    "inspect": ("inspect", "Show everything in the signatures of Mach-O files."),
    "layout": ("layout", "Check a stage or an archive against a profile."),
    "pack": ("pack", "Check the stages and pack them."),
    "attest": ("attest", "Attest to what was built, as one of many builders."),
    "artifacts": ("artifacts", "Check that a release has all of its files."),
    "attestations": ("attestations", "See which builders agree, and whether they are enough."),
    "sums": ("sums", "Check who signed a release, and that its files match."),
    "reproduce": ("reproduce", "Build the same several times, each otherwise, and compare."),
    "rebuild": ("rebuild", "Build an artifact again from its record, and compare."),
    "provenance": ("provenance", "Write, sign, show and verify what a release was made from."),
    "config": ("config", "Show the effective configuration, or its JSON schema."),
    "doctor": ("doctor", "Check every tool and host, and say what is missing."),
    "bench": ("bench", "Measure signing and verifying beside other signers."),
}
"""Module and one line of help; the order is that of the flow."""


class _Commands(click.Group):
    """A group that imports a command's module only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"countermark.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from countermark.errors import nearest

        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command '{args[0]}'{nearest(args[0], _COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="countermark %(version)s")
def application() -> None:
    """Take a CMake source tree to a release that can be trusted, without a Mac.

    \b
    Example: countermark release --host all
    """


def run(arguments: list[str]) -> int:
    """Run a command line and return its exit code; every foreseeable error ends here."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)
    try:
        result = application.main(arguments, prog_name="countermark", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        with contextlib.suppress(OSError):
            error.show()
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort):
        _say("countermark: interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return Exit.UNDONE
    except Exception as error:
        return _end(error)
    finally:
        _drop_what_nobody_takes()
    return int(result or 0)


def _end(error: Exception) -> int:
    """Say what went wrong, when it is something that a user can act on."""
    from countermark.errors import foreseen
    from countermark.render.trouble import describe_error

    problem = foreseen(error)
    if not isinstance(problem, FORESEEN):
        raise error
    _say(describe_error(problem))
    return exit_of_error(problem)


def _say(text: str) -> None:
    """Tell the user; when standard error takes nothing, the exit code has to do."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


def _drop_what_nobody_takes() -> None:
    """Let output that can no longer be written go nowhere: Python would fail on it at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt

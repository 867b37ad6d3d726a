"""Options that say who signs, and how the key is opened; a passphrase is never an argument."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from countermark.cli.paths import ANY_PATH
from countermark.errors import ConfigurationError

if TYPE_CHECKING:
    from countermark.openpgp.signing import Signer

__all__ = ["PASSPHRASE", "chosen_signer", "signer_options"]

PASSPHRASE = "COUNTERMARK_PASSPHRASE"

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--key",
        type=ANY_PATH,
        envvar="COUNTERMARK_KEY",
        metavar="FILE",
        help="Sign with the OpenPGP secret key in this file.",
    ),
    click.option(
        "--passphrase-file",
        type=ANY_PATH,
        envvar="COUNTERMARK_PASSPHRASE_FILE",
        metavar="FILE",
        help="The first line of this file opens the key  [default: what the variable "
        f"{PASSPHRASE} holds, or what is typed in]",
    ),
    click.option(
        "--gpg",
        envvar="COUNTERMARK_GPG",
        metavar="KEYID",
        help="Sign with this key of GnuPG's, which its agent or a card holds.",
    ),
)


def signer_options(function: Function) -> Function:
    """Add the options, as ``key``, ``passphrase_file`` and ``gpg``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def chosen_signer(key: Path | None, passphrase_file: Path | None, gpg: str | None) -> Signer:
    """Open the key that the options name.

    Raises :class:`ConfigurationError` unless there is exactly one, or when it cannot sign.
    """
    from countermark.openpgp.signing import open_signer

    if key is not None and gpg is not None:
        raise ConfigurationError(
            "--key and --gpg name two keys", hint="Give one of them; see also COUNTERMARK_KEY."
        )
    return open_signer(
        key=key,
        gpg=gpg,
        passphrase=lambda: _passphrase(key, passphrase_file),
        environment=os.environ,
    )


def _passphrase(key: Path | None, file: Path | None) -> str:
    if file is not None:
        with file.open(encoding="utf-8", errors="surrogateescape") as stream:
            return stream.readline(4096).rstrip("\r\n")
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"{key} is locked, and there is no terminal to ask for its passphrase on",
            hint=f"Give --passphrase-file, or set {PASSPHRASE}.",
        )
    answer: str = click.prompt(f"Passphrase of {key}", hide_input=True, err=True)
    return answer

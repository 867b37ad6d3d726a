"""Detached OpenPGP signatures by a key in a file, or by GnuPG with its agent or a card.

GnuPG is told to use SHA-256, as ``contrib/guix/guix-attest`` does. Sequoia chooses SHA-512 for
every key and cannot be told otherwise through pysequoia; GnuPG verifies both.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from countermark.errors import ConfigurationError, MissingToolError, WorkError, missing
from countersign.escaping import printable

if TYPE_CHECKING:
    from pysequoia import Cert, PySigner, Tsk

__all__ = ["Signer", "open_signer"]

_MOST_BYTES: Final = 16 << 20
"""Of a key file; certificates with thousands of certifications are smaller."""
_ENCRYPTED: Final = "encrypted"
"""What pysequoia's message holds when a secret key needs a passphrase."""


class Signer(Protocol):
    """A key that signs."""

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the primary key, in upper hexadecimal digits."""
        ...

    def sign_detached(self, data: bytes) -> bytes:
        """Return an armored detached signature of ``data``. Raises :class:`WorkError`."""
        ...


def open_signer(
    *,
    key: Path | None = None,
    gpg: str | None = None,
    passphrase: Callable[[], str],
    environment: Mapping[str, str],
) -> Signer:
    """Make a signing key ready: the secret key in the file ``key``, or GnuPG's key ``gpg``.

    ``passphrase`` is asked only when the file is locked; GnuPG asks by itself, through its agent.
    Raises :class:`ConfigurationError` for a key that cannot sign, and :class:`MissingToolError`.
    """
    if gpg is not None:
        return _open_gpg(gpg, environment)
    if key is None:
        raise ConfigurationError(
            "there is no key to sign with",
            hint="Give a secret key in a file with --key, or a key of GnuPG's with --gpg.",
        )
    return _open_key_file(key, passphrase)


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyFile:
    """A secret key that pysequoia read."""

    path: Path
    certificate: Cert
    signer: PySigner

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint.upper()

    def sign_detached(self, data: bytes) -> bytes:
        from pysequoia import Sig, SignatureMode, sign, verify

        try:
            signature = sign(self.signer, data, mode=SignatureMode.DETACHED)
            verify(data, store=lambda _ids: [self.certificate], signature=Sig.from_bytes(signature))
        except RuntimeError as error:
            raise WorkError(
                f"{self.path}: nobody could check a signature by this key: {_reason(error)}",
                hint="Check that the key may sign and has neither expired nor been revoked.",
            ) from error
        return signature


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gpg:
    """A key of GnuPG's, which may be on a card."""

    program: Path
    fingerprint: str
    environment: Mapping[str, str]

    def sign_detached(self, data: bytes) -> bytes:
        options = ("--detach-sign", "--digest-algo", "sha256", "--armor", "--output", "-")
        return _run_gpg(
            (str(self.program), "--local-user", self.fingerprint, *options), self.environment, data
        )


def _open_key_file(path: Path, passphrase: Callable[[], str]) -> _KeyFile:
    try:
        from pysequoia import Tsk
    except ImportError as error:
        raise MissingToolError(
            "signing with a key in a file needs pysequoia",
            hint="Install it with: python -m pip install 'countermark[attest]'.",
        ) from error
    if not path.is_file():
        raise missing(path) if not path.exists() else _no_key(path, "it is no file")
    with path.open("rb") as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise _no_key(path, f"it has more than {_MOST_BYTES >> 20} MiB")
    try:
        secret = Tsk.from_bytes(content)
    except RuntimeError as error:
        raise _no_key(path, _reason(error)) from error
    return _KeyFile(
        path=path,
        certificate=secret.extract_certificate(),
        signer=_unlock(path, secret, passphrase),
    )


def _unlock(path: Path, secret: Tsk, passphrase: Callable[[], str]) -> PySigner:
    try:
        return secret.signer()
    except RuntimeError as error:
        if _ENCRYPTED not in _reason(error):
            raise _no_key(path, _reason(error)) from error
    try:
        return secret.signer(passphrase())
    except RuntimeError as error:
        raise ConfigurationError(
            f"{path}: the passphrase does not open this key",
            hint="Check the passphrase, and where it comes from.",
        ) from error


def _no_key(path: Path, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not a secret key that can sign: {problem}",
        hint="Export one with: gpg --export-secret-keys --armor KEYID.",
    )


def _reason(error: RuntimeError) -> str:
    """Return what pysequoia says, without the backtrace of Rust."""
    return printable(str(error).partition("\n")[0])[:200]


def _open_gpg(name: str, environment: Mapping[str, str]) -> _Gpg:
    from countermark.tools import find_program

    program = find_program("gpg", environment)
    if program is None:
        raise MissingToolError(
            "gpg is not installed",
            hint="Install GnuPG (for example: apt-get install gnupg), or sign with --key FILE.",
        )
    listing = ("--batch", "--with-colons", "--fixed-list-mode", "--list-secret-keys", "--", name)
    try:
        told = _run_gpg((str(program), *listing), environment, b"")
    except WorkError as error:
        raise ConfigurationError(
            f"gpg has no secret key {printable(name)[:100]!r}",
            hint="See the keys with: gpg --list-secret-keys.",
        ) from error
    records = [line.split(":") for line in told.decode(errors="replace").splitlines()]
    keys = [record for record in records if record[0] == "sec"]
    prints = [record[9] for record in records if record[0] == "fpr" and len(record) > 9]
    if len(keys) != 1 or not prints:
        raise ConfigurationError(
            f"gpg has {len(keys)} secret keys that fit {printable(name)[:100]!r}",
            hint="Name one by its whole fingerprint.",
        )
    return _Gpg(program=program, fingerprint=prints[0], environment=environment)


def _run_gpg(argv: tuple[str, ...], environment: Mapping[str, str], data: bytes) -> bytes:
    """Run GnuPG and return what it prints; its agent may ask the user, so that nothing hurries."""
    try:
        done = subprocess.run(argv, input=data, capture_output=True, check=False, env=environment)
    except OSError as error:
        raise MissingToolError(f"{argv[0]} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        last = printable(lines[-1])[:200] if lines else f"exit {done.returncode}"
        raise WorkError(
            f"gpg could not do it: {last}",
            hint="Try gpg --detach-sign by hand; to ask on a terminal it needs GPG_TTY.",
        )
    return done.stdout

"""Writing a builder's attestation into a tree such as Bitcoin Core's guix.sigs.

``VERSION/SIGNER/noncodesigned.SHA256SUMS`` lists what anyone can build, ``all.SHA256SUMS`` what
codesigners' signatures are needed for too; each has a detached signature beside it. Order, format
and the refusals are those of Bitcoin Core's contrib/guix/guix-attest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from countermark.attestations.outputs import Fragment, Output, Outputs, format_lines
from countermark.errors import ConfigurationError, WorkError, missing
from countermark.files import read_ordinary, write_whole
from countersign.escaping import printable

if TYPE_CHECKING:
    from countermark.openpgp.signing import Signer

__all__ = ["ALL", "NONCODESIGNED", "Attested", "AttestedFile", "Kept", "attest", "write_parts"]

NONCODESIGNED: Final = "noncodesigned.SHA256SUMS"
ALL: Final = "all.SHA256SUMS"

Kept: TypeAlias = Literal["written", "there"]
"""Whether a file was written, or was there before."""

_SIGNER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,99}")
_MOST_MORE: Final = 1 << 20
"""Bytes by which a list may be longer that is compared with what would be written."""
_SHOWN: Final = 8
"""Lines of a difference that are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedFile:
    """One list of digests and its signature."""

    path: Path
    outputs: int
    sums: Kept
    signature: Kept | None
    """None when it has no signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What a builder's directory holds now."""

    distribution: str
    version: str
    signer: str
    fingerprint: str | None
    """The primary key that signed; None without signatures."""
    files: tuple[AttestedFile, ...]
    left_out: tuple[str, ...]
    """Files of the source that nothing is said of, by name."""


def attest(outputs: Outputs, tree: Path, name: str, signer: Signer | None) -> Attested:
    """Write what ``name`` attests to below ``tree``, and sign what has no signature yet.

    Everything is made ready before anything is written, and what is there already stays. Raises
    :class:`ConfigurationError` for a tree or a name that cannot be, and :class:`WorkError` when
    something else was attested to before.
    """
    if not tree.is_dir():
        raise missing(tree) if not tree.exists() else _no_tree(tree)
    if not _SIGNER.fullmatch(name):
        raise ConfigurationError(
            f"{printable(name)[:100]!r} cannot be the name of a signer's directory",
            hint="Take letters, digits, '-', '_' and '.', as the key in builder-keys/ is called.",
        )
    directory = tree / outputs.version / name
    contents = dict(_contents(outputs.fragments))
    for file, content in contents.items():
        _expect_same(directory / file, format_lines(content))
    unsigned = [file for file in contents if signer and not _signature(directory / file).exists()]
    signatures = {
        file: signer.sign_detached(format_lines(contents[file])) for file in unsigned if signer
    }
    directory.mkdir(parents=True, exist_ok=True)
    return Attested(
        distribution=outputs.distribution,
        version=outputs.version,
        signer=name,
        fingerprint=signer.fingerprint if signer else None,
        files=tuple(
            _write(directory / file, content, signatures.get(file))
            for file, content in contents.items()
        ),
        left_out=outputs.left_out,
    )


def write_parts(outputs: Outputs, directory: Path) -> tuple[Path, ...]:
    """Write the ``SHA256SUMS.part`` of every host below ``directory``, for guix-attest to read."""
    paths = []
    for fragment in outputs.fragments:
        path = directory / fragment.directory / "SHA256SUMS.part"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, bytes(fragment), temporary=path.parent)
        paths.append(path)
    return tuple(paths)


def _contents(fragments: Sequence[Fragment]) -> Iterator[tuple[str, set[Output]]]:
    """Yield the lists that can be written; that of everything only when there is more to it."""
    everything = {output for fragment in fragments for output in fragment.outputs}
    plain = [fragment for fragment in fragments if not fragment.codesigned]
    if plain:
        yield NONCODESIGNED, {output for fragment in plain for output in fragment.outputs}
    if len(plain) < len(fragments):
        yield ALL, everything


def _expect_same(path: Path, content: bytes) -> None:
    """Refuse to touch an attestation that says something else, and a signature of nothing."""
    signature = _signature(path)
    if not path.exists():
        if signature.exists():
            raise WorkError(
                f"{signature} is there without {path.name}",
                hint="Remove it: it is the signature of something else.",
            )
        return
    old = read_ordinary(path, len(content) + _MOST_MORE)
    if old == content:
        return
    before, now = (text.decode(errors="replace").splitlines() for text in (old, content))
    changes = [
        printable(line)
        for line in unified_diff(before, now, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]
    told = "".join(f"\n  {line}" for line in changes[:_SHOWN])
    more = f"\n  and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    raise WorkError(
        f"{path} attests to something else ('-' there, '+' here):{told}{more}",
        hint="Was it made of some hosts only? If it is not published, remove it and its .asc, "
        "and attest again.",
    )


def _write(path: Path, outputs: set[Output], signature: bytes | None) -> AttestedFile:
    sums: Kept = "there" if path.exists() else "written"
    if sums == "written":
        write_whole(path, format_lines(outputs), temporary=path.parent)
    if signature is not None:
        write_whole(_signature(path), signature, temporary=path.parent)
    before: Kept | None = "there" if _signature(path).exists() else None
    return AttestedFile(
        path=path,
        outputs=len(outputs),
        sums=sums,
        signature="written" if signature is not None else before,
    )


def _signature(path: Path) -> Path:
    return path.with_name(f"{path.name}.asc")


def _no_tree(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not a directory", hint="Name a clone of guix.sigs, or a directory like it."
    )

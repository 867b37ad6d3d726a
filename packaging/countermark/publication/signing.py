"""Signing a release where it lies: its list of digests, and what is said of how it was made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from countermark.errors import ConfigurationError, RejectedError
from countermark.files import write_whole
from countermark.openpgp.armor import blocks, packets
from countermark.provenance.checking import find_statements
from countermark.provenance.signing import sign_provenance
from countermark.provenance.strictjson import read_bounded
from countermark.provenance.writing import unfinished
from countermark.sums.files import FileState, check_files
from countermark.sums.reading import parse_sums
from countermark.sums.sources import SIGNATURES, SUMS
from countersign.escaping import listed

if TYPE_CHECKING:
    from countermark.openpgp.signing import Signer

__all__ = ["SignedRelease", "sign_release"]

_BLOCK: Final = re.compile(
    rb"-----BEGIN PGP SIGNATURE-----.*?-----END PGP SIGNATURE-----", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRelease:
    """What was signed, and by whom."""

    fingerprint: str
    """Of the primary key that signed."""
    files: int
    """How many files the signed list names; all of them are there and match."""
    written: tuple[Path, ...]
    """The files of signatures."""


def sign_release(directory: Path, signer: Signer, *, workers: int) -> SignedRelease:
    """Sign ``SHA256SUMS`` in ``directory``, and the statement of provenance that may lie there.

    Signatures of others stay; an earlier one by the same key is replaced. Nobody should sign what
    is not so: raises :class:`RejectedError` when a listed file is missing or differs, and
    :class:`ConfigurationError` when there is no list or it cannot be followed.
    """
    path = directory / SUMS
    if not path.is_file():
        raise ConfigurationError(
            f"there is no {SUMS} in {directory}",
            hint="Name the directory that countermark release or countermark pack has filled.",
        )
    content = read_bounded(path)
    count = _expect_true(directory, content, workers)
    signature = signer.sign_detached(content)
    # The statement first: when it is not so, nothing is signed.
    envelope = [sign_provenance(directory, signer)] if find_statements(directory) else []
    target = directory / SIGNATURES
    kept = _without_key_of(signature, read_bounded(target)) if target.exists() else b""
    with unfinished(directory) as temporary:
        write_whole(target, kept + signature, temporary=temporary)
    return SignedRelease(fingerprint=signer.fingerprint, files=count, written=(target, *envelope))


def _expect_true(directory: Path, content: bytes, workers: int) -> int:
    sums = parse_sums(content)
    if not sums.sound:
        raise ConfigurationError(
            f"{directory / SUMS} cannot be followed: {sums.findings[0].message}",
            hint=sums.findings[0].fix,
        )
    checked = check_files(sums.entries, directory, workers=workers)
    wrong = [each for each in checked if each.state is not FileState.MATCHES]
    if wrong:
        named = listed([f"{each.entry.name} ({each.state})" for each in wrong])
        raise RejectedError(
            f"{directory}: not what {SUMS} lists: {named}",
            hint="Make the release again; do not sign for what was changed or is not there.",
        )
    return len(checked)


def _without_key_of(signature: bytes, present: bytes) -> bytes:
    """Return the armored signatures that are there, but for those by the key that signs now."""
    own = _issuers(signature)
    kept = (block[0] for block in _BLOCK.finditer(present) if not _issuers(block[0]) <= own)
    return b"".join(block.rstrip() + b"\n" for block in kept)


def _issuers(armored: bytes) -> set[str]:
    """Return the fingerprints of the keys, often subkeys, that signatures name as theirs."""
    from pysequoia import Sig

    found = (packet.encoded for block in blocks(armored) for packet in packets(block.content))
    issuers: set[str] = set()
    for encoded in found:
        try:
            issuers.add(Sig.from_bytes(encoded).issuer_fingerprint or "")
        except RuntimeError:  # damaged: it is nobody's, and stays for a check to name
            issuers.add("")
    return issuers

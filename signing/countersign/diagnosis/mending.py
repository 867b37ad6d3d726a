"""What makes a refused file good again: tried where it can be, not merely advised."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath
from typing import Final

from countersign.diagnosis.story import Mending
from countersign.errors import (
    ChangedError,
    ReadError,
    RejectedError,
    SignatureKeptError,
    SigningError,
)
from countersign.findings import FileVerdict, Finding, Severity
from countersign.rulebook import directory, seal, superblob
from countersign.settings import Settings
from countersign.source import Source

__all__ = ["advise", "find_mending"]

MAX_TRIED: Final = 64 << 20
"""Bytes of a file that is signed in memory to see whether that helps."""

_SIGNATURE: Final = frozenset(
    ["A1", *(rule.id for book in (superblob, directory, seal) for rule in book.RULES)]
)
"""Rules of the signature alone, which a new signature keeps."""


def find_mending(source: Source, verdict: FileVerdict) -> Mending | None:
    """Find what makes the file good; None for one that is accepted.

    Raises :class:`ReadError` and :class:`ChangedError`.
    """
    if verdict.accepted:
        return None
    path = shlex.quote(verdict.path)
    try:
        return _try(source, verdict, f"countermark sign {path}", Settings())
    except SignatureKeptError as kept:
        mending = _try(source, verdict, f"countermark sign --force {path}", Settings(force=True))
        if mending.command is None:
            return mending
        return replace(mending, advice=f"It needs --force, for {kept}.")


def advise(findings: Iterable[Finding]) -> str:
    """Say what the rules advise that were broken; empty where nothing is refused."""
    errors = (finding for finding in findings if finding.severity is Severity.ERROR)
    return " ".join(dict.fromkeys(finding.fix for finding in errors))


def _try(source: Source, verdict: FileVerdict, command: str, settings: Settings) -> Mending:
    try:
        tried = _sign(source, verdict, settings)
    except (ChangedError, ReadError, SignatureKeptError):
        raise
    except RejectedError as error:
        return Mending(command=None, advice=advise(error.findings))
    except SigningError as error:
        fixes = advise(_findings(verdict))
        return Mending(command=None, advice=f"{fixes} As it is, it cannot be signed: {error}.")
    others = advise(each for each in _findings(verdict) if each.rule not in _SIGNATURE)
    if others and not tried:
        return Mending(command=None, advice=others)
    return Mending(command=command, advice="", tried=tried)


def _sign(source: Source, verdict: FileVerdict, settings: Settings) -> bool:
    """Sign the file in memory, or if it is large plan to; tell which. Raises when it cannot be."""
    name = PurePath(verdict.member or verdict.path).name
    if source.size <= MAX_TRIED:
        from countersign.signer import sign_bytes

        sign_bytes(source.read(0, source.size), name, settings)
        return True
    from countersign.embedding import plan_embedding
    from countersign.reading import read_image

    plan_embedding(read_image(source), name, settings)
    return False


def _findings(verdict: FileVerdict) -> list[Finding]:
    return [*verdict.findings, *(each for one in verdict.slices for each in one.findings)]

"""Checking what is said of a release: who says it, and whether it is so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from countermark.errors import ConfigurationError, WorkError
from countermark.provenance.envelope import PAYLOAD_TYPE, Envelope, EnvelopeError, open_envelope
from countermark.provenance.names import ENVELOPE, STATEMENT, is_artifact_of
from countermark.provenance.signers import signature_findings
from countermark.provenance.statement import Statement, StatementError, parse_statement
from countermark.provenance.strictjson import StrictJsonError, read_bounded
from countermark.rulebook import provenance as rules
from counterproof.rules import breach
from countersign.escaping import printable
from countersign.findings import FileVerdict, Finding

if TYPE_CHECKING:
    from countermark.openpgp.keyring import Keyring

__all__ = ["Demanded", "check_listed", "check_provenance", "find_statements"]


class Demanded(NamedTuple):
    """What is asked of a statement besides being true."""

    keyring: Keyring | None
    """The keys that count; None when signatures are not to be checked, which is warned of."""
    now: datetime
    """The moment at which keys must not have expired."""
    threshold: int = 1
    """How many people must have signed."""
    allow_missing: bool = False
    """Whether files may be missing that a statement names."""


def find_statements(directory: Path) -> tuple[str, ...]:
    """Return ``NAME-VERSION`` of each release of which something is said in ``directory``, sorted.

    Raises :class:`WorkError` when the directory cannot be read.
    """
    try:
        names = [path.name for path in directory.iterdir()]
    except OSError as error:
        raise WorkError(f"{directory} cannot be read: {error.strerror}") from error
    return tuple(
        sorted(
            {
                name.removesuffix(suffix)
                for suffix in (ENVELOPE, STATEMENT)
                for name in names
                if name.endswith(suffix)
            }
        )
    )


def check_provenance(directory: Path, demanded: Demanded) -> tuple[FileVerdict, ...]:
    """Check every statement in ``directory``: its signatures, and all that it says of the files.

    The verdicts are of the statements, of the files that they name or should, and of the SBOMs.
    Raises :class:`ConfigurationError` when there is no statement, and :class:`OSError` and
    :class:`WorkError` for what cannot be read.
    """
    labels = find_statements(directory)
    if not labels:
        raise ConfigurationError(
            f"{directory} holds no statement (*{ENVELOPE} or *{STATEMENT})",
            hint="Name the directory of a release; countermark provenance write makes one.",
        )
    return tuple(each for label in labels for each in _check(directory, label, demanded))


def _check(directory: Path, label: str, demanded: Demanded) -> Iterator[FileVerdict]:
    path = directory / f"{label}{ENVELOPE}"
    plain = directory / f"{label}{STATEMENT}"
    if path.is_file():
        payload, findings = _open(path, demanded)
        if payload is not None and plain.is_file() and read_bounded(plain) != payload:
            message = f"it is not the statement that is signed in {path.name}"
            yield FileVerdict(str(plain), findings=(breach(rules.TWO_STATEMENTS, message),))
    else:
        path, payload = plain, read_bounded(plain)
        rule = rules.NOT_CHECKED if demanded.keyring is None else rules.UNSIGNED
        findings = [breach(rule, "nobody has signed it")]
    if payload is None:
        yield FileVerdict(str(path), findings=tuple(findings))
        return
    yield from _check_payload(path, payload, findings, demanded)


def _open(path: Path, demanded: Demanded) -> tuple[bytes | None, list[Finding]]:
    """Return what is in an envelope, and what is wrong with the envelope and its signatures."""
    try:
        envelope = open_envelope(read_bounded(path))
    except StrictJsonError as error:
        return None, [breach(rules.STRICT_JSON, printable(str(error)))]
    except EnvelopeError as error:
        return None, [breach(rules.ENVELOPE, printable(str(error)))]
    return envelope.payload, [*_envelope_findings(envelope, demanded)]


def _envelope_findings(envelope: Envelope, demanded: Demanded) -> Iterator[Finding]:
    if envelope.payload_type != PAYLOAD_TYPE:
        shown = printable(envelope.payload_type)[:100]
        yield breach(rules.ENVELOPE, f"its payload type is {shown!r}, not {PAYLOAD_TYPE}")
    if demanded.keyring is None:
        count = len(envelope.signatures)
        yield breach(rules.NOT_CHECKED, f"none of its {count} signatures was checked")
    else:
        yield from signature_findings(
            envelope, demanded.keyring, threshold=demanded.threshold, now=demanded.now
        )


def _check_payload(
    path: Path, payload: bytes, findings: list[Finding], demanded: Demanded
) -> Iterator[FileVerdict]:
    """Check what is said, whoever says it: a bad signature must not hide a changed file."""
    from countermark.provenance.matching import match_statement

    statement = _parse(payload, findings)
    if statement is None:
        yield FileVerdict(str(path), findings=tuple(findings))
        return
    matched = match_statement(statement, path.parent, allow_missing=demanded.allow_missing)
    yield FileVerdict(str(path), findings=(*findings, *matched.findings))
    yield from matched.files


def _parse(payload: bytes, findings: list[Finding]) -> Statement | None:
    """Return the statement; when it is none, add that to the findings."""
    try:
        return parse_statement(payload)
    except StrictJsonError as error:
        findings.append(breach(rules.STRICT_JSON, printable(str(error))))
    except StatementError as error:
        findings.append(breach(rules.STATEMENT, printable(str(error))))
    return None


def check_listed(
    directory: Path, keyring: Keyring, digests: Mapping[str, str], *, now: datetime
) -> tuple[FileVerdict, ...]:
    """Check that every signed statement in ``directory`` says the same as a list of digests.

    ``digests`` are SHA-256 in hexadecimal digits by file name. One good signature will do, for
    the list has its own; no file is read but the envelopes. Raises :class:`OSError`.
    """
    return tuple(
        _check_listed(path, Demanded(keyring, now), digests)
        for path in sorted(directory.glob(f"*{ENVELOPE}"))
        if path.is_file()
    )


def _check_listed(path: Path, demanded: Demanded, digests: Mapping[str, str]) -> FileVerdict:
    payload, findings = _open(path, demanded)
    statement = _parse(payload, findings) if payload is not None else None
    if statement is not None:
        stated = {each.name: each.digest.get("sha256") for each in statement.subject}
        findings += _differences(stated, digests, path.name.removesuffix(ENVELOPE))
    return FileVerdict(str(path), findings=tuple(findings))


def _differences(
    stated: Mapping[str, str | None], digests: Mapping[str, str], label: str
) -> Iterator[Finding]:
    """Yield what a statement about ``NAME-VERSION`` says otherwise than a list of digests."""
    for name, digest in digests.items():
        shown = printable(name)
        if name not in stated:
            if is_artifact_of(label, name):
                yield breach(rules.UNSTATED, f"{shown} is listed, and the statement names it not")
        elif stated[name] is None:
            yield breach(rules.WEAK_DIGEST, f"the statement gives no SHA-256 of {shown}")
        elif stated[name] != digest:
            message = f"{shown} is {printable(str(stated[name]))[:100]} to the statement, and "
            yield breach(rules.SUBJECT, f"{message}{digest} to the list")

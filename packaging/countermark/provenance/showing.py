"""What a statement or an SBOM says, for people, without believing any of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from countermark.errors import ConfigurationError, WorkError, missing
from countermark.provenance.envelope import EnvelopeError, open_envelope
from countermark.provenance.names import ENVELOPE, STATEMENT
from countermark.provenance.statement import Statement, StatementError, parse_statement
from countermark.provenance.strictjson import StrictJsonError, parse_strict, read_bounded

__all__ = ["Bill", "BillComponent", "Document", "read_document"]

_Text = Annotated[str, msgspec.Meta(max_length=8192)]


class BillComponent(msgspec.Struct, frozen=True):
    """A component of an SBOM, as far as it is shown."""

    name: _Text
    type: _Text = ""
    version: _Text = ""
    scope: _Text = ""
    components: list[BillComponent] = []


class _BillMetadata(msgspec.Struct, frozen=True):
    timestamp: _Text = ""
    component: BillComponent | None = None


class Bill(msgspec.Struct, frozen=True, rename="camel"):
    """An SBOM, as far as it is shown."""

    bom_format: _Text
    spec_version: _Text
    serial_number: _Text = ""
    metadata: _BillMetadata = _BillMetadata()
    components: list[BillComponent] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What was read."""

    path: Path
    statement: Statement | None = None
    bill: Bill | None = None
    keyids: tuple[str, ...] | None = None
    """What an envelope says of its signers, which nobody has checked; None without one."""


def read_document(path: Path) -> Document:
    """Read an envelope, a statement or an SBOM; of a directory, its one envelope or statement.

    Raises :class:`ConfigurationError` when there is none, and :class:`WorkError` for a document
    that is none of these.
    """
    if path.is_dir():
        path = _only_document(path)
    if not path.is_file():
        raise missing(path)
    content = read_bounded(path)
    try:
        document = parse_strict(content)
        if not isinstance(document, dict):
            raise WorkError(f"{path}: it is no JSON object")
        if "payloadType" in document:
            envelope = open_envelope(content)
            return Document(
                path=path,
                statement=parse_statement(envelope.payload),
                keyids=tuple(each.keyid for each in envelope.signatures),
            )
        if "bomFormat" in document:
            return Document(path=path, bill=msgspec.convert(document, Bill))
        return Document(path=path, statement=parse_statement(content))
    except (EnvelopeError, StatementError, StrictJsonError, msgspec.ValidationError) as error:
        raise WorkError(
            f"{path}: {error}", hint="Name an envelope, a statement or a CycloneDX SBOM."
        ) from error


def _only_document(directory: Path) -> Path:
    for suffix in (ENVELOPE, STATEMENT):
        found = sorted(directory.glob(f"*{suffix}"))
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigurationError(
                f"{directory} holds {len(found)} of *{suffix}", hint="Name one of them."
            )
    raise ConfigurationError(
        f"{directory} holds no statement (*{ENVELOPE} or *{STATEMENT})",
        hint="Name the directory of a release; countermark provenance write makes one.",
    )

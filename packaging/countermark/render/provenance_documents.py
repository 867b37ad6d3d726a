"""The JSON documents of ``provenance``; what it finds is a document of ``verify``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from countersign.escaping import printable

if TYPE_CHECKING:
    from countermark.provenance.showing import Bill, BillComponent, Document
    from countermark.provenance.statement import Statement

__all__ = ["ProvenanceShown", "ProvenanceWritten", "shown_document", "written_document"]


class ProvenanceWritten(msgspec.Struct, frozen=True, kw_only=True):
    """What ``provenance write`` and ``provenance sign`` did."""

    schema: Literal["countermark.provenance-written/1"] = "countermark.provenance-written/1"
    written: tuple[str, ...]
    """Paths of documents."""


class StatedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file or an image that a statement names."""

    name: str
    sha256: str | None


class StatementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement says."""

    name: str | None
    version: str | None
    builder: str
    build_type: str
    signers: tuple[str, ...] | None
    """What an envelope says of the keys; null for a statement without one."""
    subjects: tuple[StatedFile, ...]
    source: str | None
    """The URI that is stated."""
    commit: str | None


class BillEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an SBOM says."""

    name: str | None
    version: str | None
    specification: str
    serial_number: str
    components: int
    """How many there are, those in others too."""


class ProvenanceShown(msgspec.Struct, frozen=True, kw_only=True):
    """What ``provenance show`` read; nothing of it was checked."""

    schema: Literal["countermark.provenance-shown/1"] = "countermark.provenance-shown/1"
    path: str
    statement: StatementEntry | None
    sbom: BillEntry | None
    vouches_for: tuple[str, ...]
    vouches_not_for: tuple[str, ...]


def written_document(paths: Iterable[Path]) -> ProvenanceWritten:
    """Return what ``provenance write`` and ``sign`` print."""
    return ProvenanceWritten(written=tuple(printable(str(path)) for path in paths))


def shown_document(document: Document) -> ProvenanceShown:
    """Return what ``provenance show`` prints."""
    from countermark.render.provenance import not_vouched, vouched

    statement, bill = document.statement, document.bill
    return ProvenanceShown(
        path=printable(str(document.path)),
        statement=_statement(statement, document.keyids) if statement is not None else None,
        sbom=_bill(bill) if bill is not None else None,
        vouches_for=vouched(document),
        vouches_not_for=not_vouched(document),
    )


def _statement(statement: Statement, keyids: tuple[str, ...] | None) -> StatementEntry:
    definition = statement.predicate.build_definition
    parameters = definition.external_parameters
    commits = (each.digest.get("gitCommit") for each in definition.resolved_dependencies)
    return StatementEntry(
        name=_text(parameters.get("name")),
        version=_text(parameters.get("version")),
        builder=printable(statement.predicate.run_details.builder.id),
        build_type=printable(definition.build_type),
        signers=None if keyids is None else tuple(map(printable, keyids)),
        subjects=tuple(
            StatedFile(name=printable(each.name), sha256=_text(each.digest.get("sha256")))
            for each in statement.subject
        ),
        source=_text(parameters.get("source")),
        commit=_text(next(filter(None, commits), None)),
    )


def _bill(bill: Bill) -> BillEntry:
    described = bill.metadata.component
    return BillEntry(
        name=printable(described.name) if described else None,
        version=printable(described.version) if described else None,
        specification=printable(f"{bill.bom_format} {bill.spec_version}"),
        serial_number=printable(bill.serial_number),
        components=sum(map(_count, bill.components)),
    )


def _count(component: BillComponent) -> int:
    return 1 + sum(map(_count, component.components))


def _text(value: object) -> str | None:
    return printable(value) if isinstance(value, str) else None

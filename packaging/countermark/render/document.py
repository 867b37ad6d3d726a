"""Results as JSON documents: their types, from which their schemas are made, and their writing.

Each command prints one document, which names its own schema; the manifest and the figures of
``bench`` have modules of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from countermark.describe import Describer
from countermark.doctor import Examined
from countermark.manifest import Manifest
from countermark.plan import ReleasePlan
from countermark.render.attest_document import AttestDocument
from countermark.render.attestations_document import AttestationsDocument
from countermark.render.bench_document import BenchDocument
from countermark.render.change_documents import SignDocument, UnsignDocument
from countermark.render.compare_document import CompareDocument
from countermark.render.explain_document import ExplainDocument
from countermark.render.fetch_document import FetchDocument
from countermark.render.finding_entry import FindingEntry, finding_entry
from countermark.render.init_document import InitDocument
from countermark.render.inspect_document import InspectDocument
from countermark.render.problem import ProblemEntry, problem_entry
from countermark.render.profile_documents import DiffDocument, ListDocument, ShowDocument
from countermark.render.provenance_documents import ProvenanceShown, ProvenanceWritten
from countermark.render.reproduce_document import RebuildDocument, ReproduceDocument
from countermark.render.sums_document import SumsDocument
from countermark.render.sums_sign_document import SumsSignDocument
from countermark.render.tree_document import CompareTreesDocument
from countermark.render.wrapper_document import WrapperDocument
from countermark.reproduction.record import BuildRecord
from countersign.escaping import printable
from countersign.findings import FileVerdict, SliceVerdict, Verdict

if TYPE_CHECKING:
    from countermark.publication.checking import Answer, CheckedRelease

__all__ = [
    "DOCUMENTS",
    "doctor_document",
    "plan_document",
    "release_document",
    "schema_of",
    "verify_document",
]


class SliceEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture of a Mach-O."""

    arch: str
    signed: bool
    kind: Literal["ad-hoc", "linker", "cms"] | None
    accepted: bool
    identifier: str | None
    cdhash: str | None
    flags: tuple[str, ...]
    page_size: int | None
    findings: tuple[FindingEntry, ...]


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file, or one member of an archive."""

    path: str
    member: str | None
    accepted: bool
    findings: tuple[FindingEntry, ...]
    slices: tuple[SliceEntry, ...]


class VerifyDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``verify`` and ``layout check`` found."""

    schema: Literal["countermark.verify/1"] = "countermark.verify/1"
    accepted: bool
    files: tuple[FileEntry, ...]
    problems: tuple[ProblemEntry, ...] = ()


class AnswerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about one question that is asked of a release."""

    question: Literal["sums", "completeness", "provenance", "layout", "pairs"]
    good: bool
    said: str


class VerifyReleaseDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``verify --keys`` found about a whole release."""

    schema: Literal["countermark.verify-release/1"] = "countermark.verify-release/1"
    accepted: bool
    answers: tuple[AnswerEntry, ...]
    files: tuple[FileEntry, ...]
    problems: tuple[ProblemEntry, ...]


class StepEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One step that would be taken."""

    step: str
    lines: tuple[str, ...]


class PlannedHost(msgspec.Struct, frozen=True, kw_only=True):
    """One host of a plan."""

    host: str
    toolchain: str
    archives: tuple[str, ...]
    steps: tuple[StepEntry, ...]


class PlanDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``release --plan`` says would be done."""

    schema: Literal["countermark.plan/1"] = "countermark.plan/1"
    name: str
    version: str
    source_date_epoch: int
    suite: str
    out: str
    source: str | None
    """The name of the source archive; null when it is not asked for."""
    hosts: tuple[PlannedHost, ...]


class ExaminedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked for."""

    name: str
    found: bool
    needed: bool
    detail: str
    fix: str


class DoctorDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``doctor`` saw."""

    schema: Literal["countermark.doctor/1"] = "countermark.doctor/1"
    good: bool
    examined: tuple[ExaminedEntry, ...]


DOCUMENTS: Final[dict[str, type[msgspec.Struct]]] = {
    "countermark.build-record/1": BuildRecord,
    "countermark.attest/1": AttestDocument,
    "countermark.attestations/1": AttestationsDocument,
    "countermark.compare-trees/1": CompareTreesDocument,
    "countermark.compare/1": CompareDocument,
    "countermark.bench/1": BenchDocument,
    "countermark.doctor/1": DoctorDocument,
    "countermark.explain/1": ExplainDocument,
    "countermark.fetch/1": FetchDocument,
    "countermark.init/1": InitDocument,
    "countermark.inspect/1": InspectDocument,
    "countermark.layout-diff/1": DiffDocument,
    "countermark.layout-list/1": ListDocument,
    "countermark.layout-show/1": ShowDocument,
    "countermark.manifest/1": Manifest,
    "countermark.plan/1": PlanDocument,
    "countermark.rebuild/1": RebuildDocument,
    "countermark.reproduce/1": ReproduceDocument,
    "countermark.provenance-shown/1": ProvenanceShown,
    "countermark.provenance-written/1": ProvenanceWritten,
    "countermark.sign/1": SignDocument,
    "countermark.sums/1": SumsDocument,
    "countermark.sums-sign/1": SumsSignDocument,
    "countermark.unsign/1": UnsignDocument,
    "countermark.verify/1": VerifyDocument,
    "countermark.verify-release/1": VerifyReleaseDocument,
    "countermark.wrapper/1": WrapperDocument,
}
"""Every document that a command prints or puts into an archive, by the name of its schema."""


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON schema of a document; ``schema`` must be there, and nothing unknown."""
    schema = msgspec.json.schema(DOCUMENTS[name])
    for definition in schema["$defs"].values():
        if "properties" in definition:  # which an enumeration has not
            definition["additionalProperties"] = False
            definition["required"] = list(definition["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name, **schema}


def verify_document(verdict: Verdict, problems: Iterable[Exception] = ()) -> VerifyDocument:
    """Return what ``verify`` prints; ``problems`` are what could not be checked."""
    entries = tuple(map(problem_entry, problems))
    return VerifyDocument(
        accepted=verdict.accepted and not entries,
        files=tuple(map(_file, verdict.files)),
        problems=entries,
    )


def release_document(checked: CheckedRelease) -> VerifyReleaseDocument:
    """Return what ``verify --keys`` prints."""
    return VerifyReleaseDocument(
        accepted=checked.accepted,
        answers=tuple(map(_answer, checked.answers)),
        files=tuple(map(_file, checked.verdict.files)),
        problems=tuple(map(problem_entry, checked.problems)),
    )


def plan_document(plan: ReleasePlan, describers: Iterable[Describer]) -> PlanDocument:
    """Return what ``release --plan`` prints."""
    configuration = plan.configuration
    return PlanDocument(
        name=configuration.name,
        version=configuration.version,
        source_date_epoch=configuration.source_date_epoch,
        suite=str(configuration.suite),
        out=str(configuration.out),
        source=plan.source.name if plan.packs_source else None,
        hosts=tuple(map(_planned_host, describers)),
    )


def doctor_document(examined: Iterable[Examined]) -> DoctorDocument:
    """Return what ``doctor`` prints."""
    entries = tuple(
        ExaminedEntry(
            name=one.name, found=one.found, needed=one.needed, detail=one.detail, fix=one.fix
        )
        for one in examined
    )
    return DoctorDocument(good=all(e.found for e in entries if e.needed), examined=entries)


def _answer(answer: Answer) -> AnswerEntry:
    entry = {"question": answer.question, "good": answer.good, "said": answer.said}
    return msgspec.convert(entry, AnswerEntry)


def _planned_host(describer: Describer) -> PlannedHost:
    return PlannedHost(
        host=describer.plan.triple,
        toolchain=describer.plan.build.toolchain.kind.value,
        archives=tuple(each.path.name for each in describer.plan.archives),
        steps=tuple(
            StepEntry(step=each.step.value, lines=each.lines) for each in describer.descriptions
        ),
    )


def _file(file: FileVerdict) -> FileEntry:
    return FileEntry(
        path=printable(file.path),
        member=printable(file.member) if file.member is not None else None,
        accepted=file.accepted,
        findings=tuple(map(finding_entry, file.findings)),
        slices=tuple(map(_slice, file.slices)),
    )


def _slice(thin: SliceVerdict) -> SliceEntry:
    return msgspec.convert(
        {
            "arch": thin.arch,
            "signed": thin.signed,
            "kind": thin.kind,
            "accepted": thin.accepted,
            "identifier": thin.identifier,
            "cdhash": thin.cdhash,
            "flags": thin.flags,
            "page_size": thin.page_size,
            "findings": tuple(map(finding_entry, thin.findings)),
        },
        SliceEntry,
    )

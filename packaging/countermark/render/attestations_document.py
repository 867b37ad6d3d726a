"""The JSON document of ``attestations``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from countermark.attestations.agreement import Agreement, Cluster
from countermark.attestations.report import ListReport, TreeReport, VersionReport
from countermark.attestations.testimony import Testimony
from countermark.attestations.tree import LISTS
from countermark.render.finding_entry import FindingEntry, finding_entry
from countersign.escaping import printable

__all__ = ["AttestationsDocument", "attestations_document"]


class ClusterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Builders whose lists are the same, byte for byte."""

    builders: tuple[str, ...]
    good: int
    """How many keys stand behind them."""
    files: int
    differing: tuple[str, ...]
    """Files of which they say something else than most, or of which no digest prevails."""
    missing: tuple[str, ...]
    """Files of the release that they have not."""
    extra: tuple[str, ...]
    """Files that do not belong to the release."""


class DigestEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is said of a file."""

    sha256: str
    builders: tuple[str, ...]
    good: int


class AgreedFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file, with all that is said of it."""

    name: str
    release: bool
    """True when it belongs to the release: two keys list it, or nobody's list has two."""
    matching: int
    """How many builders whose signature is good agree; 0 when no majority does."""
    digests: tuple[DigestEntry, ...]


class ListEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What all builders say in one list."""

    list: Literal["noncodesigned", "all"]
    builders: int
    threshold: int
    matching: int
    """How many agree on the file on which the fewest do."""
    reached: bool
    clusters: tuple[ClusterEntry, ...]
    """The largest first."""
    files: tuple[AgreedFile, ...]


class AttestationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One builder's list."""

    path: str
    builder: str
    list: Literal["noncodesigned", "all"]
    counts: bool
    signature: str
    """``good``, ``unsigned``, ``bad``, ``foreign key``, ``unknown key``, ``without weight``,
    ``unreadable`` or ``not checked``.
    """
    fingerprint: str | None
    detail: str
    findings: tuple[FindingEntry, ...]


class VersionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What the attestations of one version amount to."""

    version: str
    outcome: Literal[
        "something is wrong", "too few builders", "ready to codesign", "ready to upload"
    ]
    accepted: bool
    lists: tuple[ListEntry, ...]
    attestations: tuple[AttestationEntry, ...]
    findings: tuple[FindingEntry, ...]
    """About the version as a whole."""


class AttestationsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``attestations`` found."""

    schema: Literal["countermark.attestations/1"] = "countermark.attestations/1"
    tree: str
    keys: str | None
    """The folder of the builders' keys; null when signatures were not checked."""
    accepted: bool
    versions: tuple[VersionEntry, ...]
    findings: tuple[FindingEntry, ...]
    """About the keys."""


def attestations_document(report: TreeReport) -> AttestationsDocument:
    """Return what ``attestations`` prints."""
    return AttestationsDocument(
        tree=printable(str(report.tree)),
        keys=printable(str(report.keys)) if report.keys is not None else None,
        accepted=report.verdict.accepted,
        versions=tuple(map(_version, report.versions)),
        findings=tuple(finding_entry(each) for file in report.keyring for each in file.findings),
    )


def _version(version: VersionReport) -> VersionEntry:
    whole, *files = version.files
    return VersionEntry(
        version=printable(version.version),
        outcome=version.outcome.value,
        accepted=version.accepted,
        lists=tuple(_list(version.lists[name]) for name in LISTS if name in version.lists),
        attestations=tuple(
            _attestation(each, tuple(map(finding_entry, file.findings)))
            for each, file in zip(version.testimonies, files, strict=True)
        ),
        findings=tuple(map(finding_entry, whole.findings)),
    )


def _attestation(each: Testimony, findings: tuple[FindingEntry, ...]) -> AttestationEntry:
    return AttestationEntry(
        path=printable(each.path),
        builder=printable(each.builder),
        list=each.list,
        counts=each.counts,
        signature=each.standing.value,
        fingerprint=each.key,
        detail=printable(each.detail),
        findings=findings,
    )


def _list(report: ListReport) -> ListEntry:
    agreement = report.agreement
    release = set(agreement.release)
    return ListEntry(
        list=report.list,
        builders=len(report.testimonies),
        threshold=report.threshold,
        matching=agreement.least,
        reached=report.reached,
        clusters=tuple(map(_cluster, agreement.clusters)),
        files=tuple(
            AgreedFile(
                name=printable(name),
                release=name in release,
                matching=agreement.matching(name),
                digests=tuple(_digests(agreement, name)),
            )
            for name in agreement.voices
        ),
    )


def _cluster(cluster: Cluster) -> ClusterEntry:
    return ClusterEntry(
        builders=tuple(map(printable, cluster.builders)),
        good=cluster.voices,
        files=len(cluster.digests),
        differing=tuple(map(printable, cluster.differing)),
        missing=tuple(map(printable, cluster.missing)),
        extra=tuple(map(printable, cluster.extra)),
    )


def _digests(agreement: Agreement, name: str) -> Iterator[DigestEntry]:
    for digest, good in agreement.voices[name].items():
        builders = (b.builder for b in agreement.ballots if b.digests.get(name) == digest)
        yield DigestEntry(sha256=digest, builders=tuple(map(printable, builders)), good=good)

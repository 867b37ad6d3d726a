"""What a tree of attestations amounts to: versions, agreement, thresholds, and what is wrong."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from countermark.attestations.agreement import Agreement, Cluster
from countermark.attestations.testimony import Standing, Testimony, hear
from countermark.attestations.tree import LISTS, Folder, ListName, find_versions, read_version
from countermark.errors import ConfigurationError
from countermark.rulebook.attestations import (
    DIFFERS,
    EXTRA,
    NOT_A_SUBSET,
    ODD_FILE,
    PARTIAL,
    SHARED_KEY,
    TOO_FEW,
    UNDECIDED,
)
from counterproof.profiles.artifact import Artifact
from counterproof.rules import breach
from countersign.escaping import listed, printable
from countersign.findings import FileVerdict, Finding, Severity, Verdict

if TYPE_CHECKING:
    from countermark.openpgp.keyring import Keyring

__all__ = ["ListReport", "Outcome", "Thresholds", "TreeReport", "VersionReport", "report_tree"]

Thresholds = Mapping[ListName, int]
"""How many builders must agree on every file of a list; 0 asks for nothing."""


class Outcome(enum.StrEnum):
    """How far a version has come; the value is for people."""

    WRONG = "something is wrong"
    """A finding of severity error stands that is not about numbers."""
    WAITING = "too few builders"
    CODESIGN = "ready to codesign"
    """What anyone can build has its threshold; what codesigners sign has not."""
    UPLOAD = "ready to upload"


@dataclass(frozen=True, kw_only=True)
class ListReport:
    """What all builders say in one of the two lists of a version."""

    list: ListName
    threshold: int
    testimonies: tuple[Testimony, ...]
    """Those that say something, by builder; at least one."""

    @cached_property
    def agreement(self) -> Agreement:
        """Who agrees with whom."""
        return Agreement.of(testimony.ballot for testimony in self.testimonies)

    @cached_property
    def below(self) -> tuple[str, ...]:
        """The files of the release that too few builders agree on."""
        return self.agreement.below(self.threshold)

    @property
    def reached(self) -> bool:
        """True when enough builders agree on every file."""
        return not self.below


@dataclass(frozen=True, kw_only=True)
class VersionReport:
    """What the attestations of one version amount to."""

    version: str
    thresholds: Thresholds
    lists: Mapping[ListName, ListReport]
    """Without those that nobody has written yet."""
    testimonies: tuple[Testimony, ...]
    files: tuple[FileVerdict, ...]
    """First the version as a whole, then every list."""

    @property
    def accepted(self) -> bool:
        """True when no finding of severity error stands."""
        return all(file.accepted for file in self.files)

    def reached(self, name: ListName) -> bool:
        """Tell whether enough builders agree on a list, or nothing was asked of it."""
        report = self.lists.get(name)
        return report.reached if report else self.thresholds[name] == 0

    @property
    def outcome(self) -> Outcome:
        """Say how far it has come."""
        errors = {
            finding.rule
            for file in self.files
            for finding in file.findings
            if finding.severity is Severity.ERROR
        }
        if errors - {TOO_FEW.id}:
            return Outcome.WRONG
        if not self.reached("noncodesigned"):
            return Outcome.WAITING
        return Outcome.UPLOAD if "all" in self.lists and self.reached("all") else Outcome.CODESIGN


@dataclass(frozen=True, kw_only=True)
class TreeReport:
    """What was looked at in a tree."""

    tree: Path
    keys: Path | None
    """Where the builders' keys are; None when signatures were not checked."""
    versions: tuple[VersionReport, ...]
    """The oldest first."""
    keyring: tuple[FileVerdict, ...]
    """What is wrong with the keys themselves, by file."""

    @property
    def verdict(self) -> Verdict:
        """Everything that was found."""
        files = (file for version in self.versions for file in version.files)
        return Verdict((*self.keyring, *files))


def report_tree(
    tree: Path,
    *,
    version: str | None,
    keys: Path | None,
    thresholds: Thresholds,
    now: datetime,
) -> TreeReport:
    """Judge the newest version of a tree, the one that is named, or ``all``.

    ``keys`` holds the builders' keys, ``SIGNER.gpg`` each; without it signatures are not checked.
    Raises :class:`CountermarkError` and :class:`OSError` when there is nothing to judge.
    """
    versions = find_versions(tree, version)
    keyring = _read_keys(keys) if keys else None
    reports = [
        _report(tree, read_version(tree, each), keyring, thresholds, now) for each in versions
    ]
    return TreeReport(
        tree=tree,
        keys=keys,
        versions=tuple(reports),
        keyring=tuple(_doubts(keyring)) if keyring else (),
    )


def _read_keys(keys: Path) -> Keyring:
    from countermark.openpgp.keyring import read_keyring

    if not keys.exists():
        raise ConfigurationError(
            f"there are no keys at {keys}, so that no signature could be checked",
            hint="Name the folder of the builders' keys with --keys, or say --no-signatures.",
        )
    return read_keyring(keys)


def _doubts(keyring: Keyring) -> Iterator[FileVerdict]:
    """Yield what is wrong with the keys, file by file."""
    findings: dict[str, list[Finding]] = defaultdict(list)
    for problem in keyring.problems:
        findings[problem.file].append(problem.finding)
    folder = keyring.path if keyring.path.is_dir() else keyring.path.parent
    for file, found in sorted(findings.items()):
        yield FileVerdict(str(folder / file), findings=tuple(found))


def _report(
    tree: Path, folder: Folder, keyring: Keyring | None, thresholds: Thresholds, now: datetime
) -> VersionReport:
    heard = [hear(stored, folder.version, keyring, now) for stored in folder.lists]
    lists = {}
    for name in LISTS:
        mine = tuple(each for each in heard if each.list == name and each.digests)
        if mine:
            lists[name] = ListReport(list=name, threshold=thresholds[name], testimonies=mine)
    whole = [
        *(finding for report in lists.values() for finding in _about_list(report)),
        *_missing_lists(lists, thresholds),
        *_shared_keys(heard),
        *(breach(ODD_FILE, f"{printable(path)[:200]} is read by nobody") for path in folder.odd),
    ]
    found = _comparisons(lists.values(), heard)
    files = [FileVerdict(path=str(tree / folder.version), findings=tuple(whole))]
    files += (
        FileVerdict(
            path=str(tree / each.path), findings=(*each.findings, *found.get(each.path, ()))
        )
        for each in heard
    )
    return VersionReport(
        version=folder.version,
        thresholds=thresholds,
        lists=lists,
        testimonies=tuple(heard),
        files=tuple(files),
    )


def _about_list(report: ListReport) -> Iterator[Finding]:
    agreement = report.agreement
    for name in agreement.undecided:
        told = agreement.voices[name]
        yield breach(
            UNDECIDED,
            f"{report.list}: {printable(name)[:200]}: {len(told)} digests, and no one of them is "
            f"said by more builders than the others ({max(told.values())})",
        )
    if report.below:
        hosts = listed(_hosts(report.below))
        yield breach(
            TOO_FEW,
            f"{report.list}: {agreement.least} of {report.threshold} builders agree on "
            f"{len(report.below)} of {len(agreement.release)} files ({hosts})",
        )


def _hosts(names: Iterable[str]) -> list[str]:
    """Name the hosts that files are for, as their names spell them."""
    artifacts = ((name, Artifact.parse(name)) for name in names)
    hosts = (artifact.host or artifact.kind if artifact else name for name, artifact in artifacts)
    return list(dict.fromkeys(hosts))


def _missing_lists(
    lists: Mapping[ListName, ListReport], thresholds: Thresholds
) -> Iterator[Finding]:
    for name in LISTS:
        if name not in lists and thresholds[name]:
            yield breach(TOO_FEW, f"{name}: nobody has attested yet; {thresholds[name]} must")


def _shared_keys(testimonies: Iterable[Testimony]) -> Iterator[Finding]:
    builders: dict[str, set[str]] = defaultdict(set)
    for each in testimonies:
        if each.standing is Standing.GOOD and each.person:
            builders[each.person].add(each.builder)
    for key, names in sorted(builders.items()):
        if len(names) > 1:
            yield breach(SHARED_KEY, f"{listed(sorted(names))} sign with {key}")


def _comparisons(
    reports: Iterable[ListReport], testimonies: Sequence[Testimony]
) -> Mapping[str, list[Finding]]:
    """Return what is to be said of single lists, by their paths."""
    found: dict[str, list[Finding]] = defaultdict(list)
    for report in reports:
        paths = {testimony.builder: testimony for testimony in report.testimonies}
        for cluster in report.agreement.clusters:
            for builder in cluster.builders:
                testimony = paths[builder]
                found[testimony.path] += _against(report.agreement, cluster, testimony)
    by_list = {(each.builder, each.list): each for each in testimonies}
    for (builder, name), testimony in by_list.items():
        other = by_list.get((builder, "noncodesigned"))
        if name == "all" and other is not None and testimony.digests:
            found[testimony.path] += _subset(other, testimony)
    return found


def _against(agreement: Agreement, cluster: Cluster, testimony: Testimony) -> Iterator[Finding]:
    """Compare one list with what most say."""
    wrong = [name for name in cluster.differing if agreement.prevailing[name] is not None]
    if wrong:
        others = max(agreement.matching(name) for name in wrong)
        yield breach(
            DIFFERS,
            f"says something else than {others} others of {len(wrong)} of "
            f"{len(cluster.digests)} files: {listed(wrong)}",
            severity=_weight(testimony),
        )
    if cluster.missing:
        yield breach(
            PARTIAL,
            f"{len(agreement.release) - len(cluster.missing)} of {len(agreement.release)} files; "
            f"nothing of {listed(_hosts(cluster.missing))}",
        )
    if cluster.extra:
        yield breach(
            EXTRA, f"{len(cluster.extra)} files that the release has not: {listed(cluster.extra)}"
        )


def _weight(testimony: Testimony) -> Severity:
    """What does not count can accuse nobody, and need not be right."""
    return Severity.ERROR if testimony.counts else Severity.WARNING


def _subset(plain: Testimony, everything: Testimony) -> Iterator[Finding]:
    gone = [name for name in plain.digests if name not in everything.digests]
    other = [
        name
        for name, digests in plain.digests.items()
        if name in everything.digests and everything.digests[name] != digests
    ]
    if other or gone:
        parts = [f"{len(other)} files differ: {listed(other)}"] if other else []
        parts += [f"{len(gone)} files are missing: {listed(gone)}"] if gone else []
        yield breach(
            NOT_A_SUBSET,
            f"of noncodesigned.SHA256SUMS, {'; '.join(parts)}",
            severity=_weight(everything),
        )

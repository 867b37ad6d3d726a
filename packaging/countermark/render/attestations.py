"""What a tree of attestations amounts to, as text: the answer first, then who and what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from countermark.attestations.agreement import Agreement, Cluster
from countermark.attestations.report import ListReport, TreeReport, VersionReport
from countermark.attestations.testimony import Standing, Testimony
from countermark.attestations.tree import LISTS
from countermark.render.table import table
from countermark.render.verdict import describe_verdict
from countersign.escaping import listed, printable
from countersign.findings import FileVerdict, Severity, Verdict

__all__ = ["cluster_name", "cluster_words", "contradictions", "count", "describe_attestations"]

_COLUMNS: Final = ("version", "list", "builders", "agree", "good", "needed", "files", "")
_NUMBERS: Final = ("builders", "agree", "good", "needed", "files")


def describe_attestations(report: TreeReport) -> str:
    """Return one version in full, or a table of several with what is wrong in them."""
    unchecked = () if report.keys else ("signatures were not checked: everybody counts", "")
    if len(report.versions) == 1:
        version = report.versions[0]
        parts = [*unchecked, *_version(version), *_found(report)]
    else:
        rows = [row for version in report.versions for row in _rows(version)]
        overview = table(_COLUMNS, rows, right=_NUMBERS)
        parts = [*unchecked, overview, "", *_found(report)]
    return "\n".join(parts).rstrip()


def count(number: int, word: str) -> str:
    """Return a number with its word, in the plural where it is not one."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def cluster_name(number: int) -> str:
    """Name the clusters A, B, C and so on, behind Z by numbers."""
    return chr(ord("A") + number) if number < 26 else f"#{number + 1}"


def cluster_words(cluster: Cluster, agreement: Agreement) -> str:
    """Say in a few words how a cluster stands to the release."""
    size = len(agreement.release)
    words = [f"{size - len(cluster.missing)} of {size} files"]
    words += [f"DIFFERS in {len(cluster.differing)}"] if cluster.differing else ["the same bytes"]
    words += [f"{len(cluster.extra)} that nobody else has"] if cluster.extra else []
    return ", ".join(words) if any(cluster[1:]) else count(size, "file")


def contradictions(version: VersionReport) -> str:
    """Say in one sentence whether builders say different things of one file."""
    told = [
        f"{name}: {words}"
        for name, report in version.lists.items()
        if (words := _contradiction(report.agreement))
    ]
    if not version.lists:
        return "Nobody says anything that can be read."
    return f"Builders contradict each other. {'; '.join(told)}." if told else _NO_CONTRADICTION


_NO_CONTRADICTION: Final = "No builder contradicts another one."


def _contradiction(agreement: Agreement) -> str:
    differing = [cluster for cluster in agreement.clusters if cluster.differing]
    if not differing:
        return ""
    if agreement.undecided:
        return f"no digest has a majority for {listed(agreement.undecided)}"
    silent = " (does not count)"
    builders = [
        f"{ballot.builder}{'' if ballot.key else silent}"
        for cluster in differing
        for ballot in cluster.ballots
    ]
    files = {file for cluster in differing for file in cluster.differing}
    return f"{listed(builders)} in {count(len(files), 'file')}"


def _rows(version: VersionReport) -> Iterator[tuple[str, ...]]:
    """One row for each list of a version."""
    for name in LISTS:
        report = version.lists.get(name)
        outcome = version.outcome.value if name == LISTS[-1] else ""
        head = printable(version.version)
        if report is None:
            yield head, name, "-", "-", "-", str(version.thresholds[name]), "-", outcome
            continue
        agreement = report.agreement
        yield (
            head,
            name,
            str(len(report.testimonies)),
            str(len(agreement.clusters[0].ballots)),
            str(agreement.least),
            str(report.threshold),
            str(len(agreement.release)),
            outcome,
        )


def _version(version: VersionReport) -> Iterator[str]:
    yield f"{printable(version.version)}: {version.outcome.value.upper()}"
    yield contradictions(version)
    for name in LISTS:
        report = version.lists.get(name)
        yield ""
        if report is None:
            yield f"{name}: nobody has attested yet"
            continue
        yield from _list(report)
    yield ""


def _list(report: ListReport) -> Iterator[str]:
    agreement = report.agreement
    mark = "reached" if report.reached else "NOT REACHED"
    yield (
        f"{report.list}: {agreement.least} agree, {report.threshold} needed ({mark}); "
        f"{count(len(report.testimonies), 'builder')}, "
        f"{count(len(agreement.release), 'file')}"
    )
    for number, cluster in enumerate(agreement.clusters):
        yield f"  {cluster_name(number)}  {cluster_words(cluster, agreement)}"
        yield from _wrapped(map(printable, cluster.builders))
    yield from _silent(report.testimonies)
    yield from _matrix(agreement)


def _wrapped(names: Iterator[str]) -> Iterator[str]:
    from textwrap import wrap

    for line in wrap(", ".join(names), 92, break_long_words=False, break_on_hyphens=False):
        yield f"     {line}"


def _silent(testimonies: Sequence[Testimony]) -> Iterator[str]:
    """Name those whose attestation does not count, and why."""
    for each in testimonies:
        if not each.counts:
            good = each.standing in (Standing.GOOD, Standing.UNCHECKED)
            reason = "the list has errors" if good else f"signature {each.standing.value}"
            yield f"  does not count: {printable(each.builder)} ({reason})"


def _matrix(agreement: Agreement) -> Iterator[str]:
    """Show the files of which not everybody says the same, one column for each cluster."""
    clusters = agreement.clusters
    uneven = [
        name
        for name in agreement.voices
        if len({cluster.digests.get(name) for cluster in clusters}) > 1
    ]
    if not uneven:
        return
    heading = ("", *map(cluster_name, range(len(clusters))))
    rows = [(printable(name)[:100], *_letters(name, clusters)) for name in uneven]
    yield ""
    yield from (f"  {line}" for line in table(heading, rows, right=()).splitlines())


def _letters(name: str, clusters: Sequence[Cluster]) -> Iterator[str]:
    """Give equal digests equal letters: that of the first cluster that says so."""
    first: dict[str, str] = {}
    for number, cluster in enumerate(clusters):
        digest = cluster.digests.get(name)
        yield "-" if digest is None else first.setdefault(digest, cluster_name(number))


def _found(report: TreeReport) -> Iterator[str]:
    """Describe the findings; of several versions, errors only."""
    many = len(report.versions) > 1
    files = map(_only_errors, report.verdict.files) if many else report.verdict.files
    told = tuple(file for file in files if file.findings)
    if told:
        yield describe_verdict(Verdict(told))
    if many:
        yield _sum(report)


def _only_errors(file: FileVerdict) -> FileVerdict:
    kept = tuple(each for each in file.findings if each.severity is Severity.ERROR)
    return file._replace(findings=kept)


def _sum(report: TreeReport) -> str:
    outcomes = Counter(version.outcome for version in report.versions)
    words = ", ".join(f"{number} {outcome.value}" for outcome, number in outcomes.most_common())
    lists = sum(len(version.testimonies) for version in report.versions)
    return f"{count(len(report.versions), 'version')}, {count(lists, 'list')}: {words}"

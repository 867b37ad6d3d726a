"""Whether a statement says what is so, of every file that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from countermark.files import sha256_of
from countermark.provenance.bill import check_bill
from countermark.provenance.names import SBOM, is_artifact_of
from countermark.provenance.release import Source
from countermark.provenance.sbom import MEDIA_TYPE
from countermark.provenance.statement import (
    ANNOTATION,
    BUILD_TYPE,
    BuildDefinition,
    Resource,
    Statement,
    external_parameters,
    resolved_dependencies,
    subjects_of,
)
from countermark.provenance.strictjson import read_bounded
from countermark.provenance.survey import SurveyedFile, survey_file
from countermark.reproduction.record import BuildRecord
from countermark.rulebook.provenance import (
    BYPRODUCT,
    FOREIGN_BUILD,
    MISSING,
    OUTSIDE,
    PARAMETERS,
    SUBJECT,
    UNREADABLE,
    UNSIGNED_PAIR,
    UNSTATED,
    WEAK_DIGEST,
)
from counterproof.errors import TreeError
from counterproof.rules import breach
from counterproof.trees.safety import name_problem
from countersign.escaping import listed, printable
from countersign.findings import FileVerdict, Finding, Severity

__all__ = ["Matched", "match_statement"]

_SHOWN: Final = 200
_MEMBER: Final = "#"


class Matched(NamedTuple):
    """What came of comparing a statement with the files beside it."""

    findings: tuple[Finding, ...]
    """About the statement itself."""
    files: tuple[FileVerdict, ...]
    """About the files that it names, and those that it should."""


def match_statement(
    statement: Statement, directory: Path, *, allow_missing: bool = False
) -> Matched:
    """Compare a statement with the files in ``directory``.

    Of a release by countermark everything is compared: each file, each image in it with and
    without its signatures, the parameters of the build, and the SBOM; of any other the digests of
    the files. What ``allow_missing`` leaves out is noted. Raises :class:`OSError` for a file that
    cannot be read.
    """
    definition = statement.predicate.build_definition
    ours = definition.build_type == BUILD_TYPE
    stated, findings = _by_file(statement.subject, members=ours)
    looked = [_look(directory / name, name, into=ours) for name in stated]
    if all(each.sha256 is None for each in looked):
        findings.append(breach(MISSING, f"none of the {len(looked):,} files is there"))
    around = _Around(
        release=tuple(each.survey for each in looked if each.survey is not None),
        absent=frozenset(each.name for each in looked if each.survey is None),
        allow_missing=allow_missing,
    )
    files = [verdict for each in looked for verdict in _verdicts(each, stated[each.name], around)]
    if not ours:
        kind = printable(definition.build_type)[:_SHOWN]
        findings.append(breach(FOREIGN_BUILD, f"its build type is {kind}"))
        return Matched(tuple(findings), tuple(files))
    findings += _parameter_findings(definition, around)
    files += _unstated(statement, directory, stated)
    files += (
        _byproduct_verdict(each, directory, around)
        for each in statement.predicate.run_details.byproducts
    )
    return Matched(tuple(findings), tuple(files))


_Stated = dict[str, Resource]
"""What is stated of one file: of its images by their paths, and of itself by an empty one."""


class _Looked(NamedTuple):
    """A file that is named, as it is."""

    name: str
    path: Path
    sha256: str | None
    """None when it is not there."""
    survey: SurveyedFile | None
    """None when it was not looked into."""
    problem: str = ""
    """Why it could not be looked into."""


class _Around(NamedTuple):
    """All files that are named."""

    release: tuple[SurveyedFile, ...]
    """Those that were looked into."""
    absent: frozenset[str]
    """The names of those that were not."""
    allow_missing: bool

    @property
    def complete(self) -> bool:
        """False when something may be stated that no file here can tell."""
        return not (self.absent and self.allow_missing)


def _by_file(
    subjects: Iterable[Resource], *, members: bool
) -> tuple[dict[str, _Stated], list[Finding]]:
    """Sort subjects by the file that they are about; what must not be followed is a finding.

    With ``members`` the images in an archive have names behind a ``#``.
    """
    found: dict[str, _Stated] = {}
    findings: list[Finding] = []
    for subject in subjects:
        name, _, member = subject.name.partition(_MEMBER) if members else (subject.name, "", "")
        problem = _refusal(name) or (name_problem(member) if member else None)
        if problem is None and member in found.get(name, {}):
            problem = "it is named twice"
        if problem is not None:
            shown = printable(subject.name)[:_SHOWN]
            findings.append(breach(OUTSIDE, f"the subject {shown!r}: {problem}"))
        else:
            found.setdefault(name, {})[member] = subject
    return found, findings


def _is_inside(path: Path) -> bool:
    """Tell whether a path is that of a file which its links do not lead out of its directory."""
    return path.is_file() and path.resolve().parent == path.parent.resolve()


def _refusal(name: str) -> str | None:
    """Say why a name is none of a file in the directory; None when it is one."""
    return name_problem(name) or ("it stands in another directory" if "/" in name else None)


def _look(path: Path, name: str, *, into: bool) -> _Looked:
    if not _is_inside(path):
        return _Looked(name, path, None, None)
    if not into:
        return _Looked(name, path, sha256_of(path), None)
    try:
        survey = survey_file(path)
    except TreeError as error:
        return _Looked(name, path, sha256_of(path), None, error.problem)
    return _Looked(name, path, survey.sha256, survey)


def _verdicts(looked: _Looked, stated: _Stated, around: _Around) -> Iterator[FileVerdict]:
    """Compare a file, and everything in it, with what is stated; images only where they differ."""
    path = str(looked.path)
    if looked.sha256 is None:
        yield FileVerdict(path, findings=(_missing_finding(looked.path, around),))
        return
    if looked.survey is None:
        whole = Resource(name=looked.name, digest={"sha256": looked.sha256})
        findings = tuple(_digest_findings(stated.get(""), whole))
        if looked.problem:
            findings += (breach(UNREADABLE, printable(looked.problem)),)
        yield FileVerdict(path, findings=findings)
        return
    expected = {
        subject.name.partition(_MEMBER)[2]: subject
        for subject in subjects_of(looked.survey, around.release)
    }
    for member in sorted({*stated, *expected}):
        findings = tuple(_subject_findings(stated.get(member), expected.get(member), around))
        if findings or not member:
            yield FileVerdict(path, member=member or None, findings=findings)


def _missing_finding(path: Path, around: _Around) -> Finding:
    """Say that a file is not there, which may be by choice, or is there as something else."""
    if path.exists() or path.is_symlink():
        return breach(MISSING, "it is no ordinary file of this directory")
    severity = Severity.NOTE if around.allow_missing else None
    return breach(MISSING, "it is not there", severity=severity)


def _subject_findings(
    stated: Resource | None, expected: Resource | None, around: _Around
) -> Iterator[Finding]:
    """Compare a file or an image with what is stated of it."""
    if expected is None:
        yield breach(MISSING, "there is no such image in the archive")
        return
    digest = tuple(_digest_findings(stated, expected))
    yield from digest
    if stated is not None and not digest:
        names = tuple(_wrong_facts(_facts(stated), _facts(expected), around.absent))
        if names:
            yield breach(UNSIGNED_PAIR, f"the statement gives it another {listed(names)}")


def _digest_findings(stated: Resource | None, expected: Resource) -> Iterator[Finding]:
    if stated is None:
        yield breach(UNSTATED, "the statement does not name it")
        return
    given, found = stated.digest.get("sha256"), expected.digest["sha256"]
    if given is None:
        yield breach(WEAK_DIGEST, "the statement gives no SHA-256 of it")
    elif given != found:
        shown, what = printable(given)[:_SHOWN], _explanation(stated, expected)
        yield breach(SUBJECT, f"its SHA-256 is {found}, and {shown} is stated{what}")


def _explanation(stated: Resource, expected: Resource) -> str:
    """Say what is the same in spite of another digest."""
    said, found = _facts(stated), _facts(expected)
    for name, meaning in (
        ("contents", "its files are the same, so only how they are packed differs"),
        ("unsignedContents", "without signatures its files are the same"),
        ("unsigned", "without its signatures it is the same"),
    ):
        if name in found and said.get(name) == found[name]:
            return f": {meaning}"
    return ""


def _wrong_facts(
    said: dict[str, Any], found: dict[str, Any], absent: Collection[str]
) -> Iterator[str]:
    """Name what is stated otherwise; of an unsigned file that is not there nothing can be told."""
    for name in sorted({*said, *found}):
        if said.get(name) != found.get(name) and not _is_of(said.get(name), absent):
            yield name


def _is_of(fact: object, absent: Collection[str]) -> bool:
    """Tell whether a fact is about a file that was not looked into, and is missing at its place."""
    name = fact.get("name") if isinstance(fact, dict) else None
    return isinstance(name, str) and name in absent


def _facts(resource: Resource) -> dict[str, Any]:
    facts = resource.annotations.get(ANNOTATION, {})
    return facts if isinstance(facts, dict) else {"annotation": facts}


def _parameter_findings(definition: BuildDefinition, around: _Around) -> Iterator[Finding]:
    """Compare what is stated of the build with what the archives tell."""
    told = [each.record for each in around.release if each.record is not None]
    records = {record.host: record for record in told}
    wrong = [record.host for record in told if records[record.host] != record]
    if not records and around.complete:
        yield breach(PARAMETERS, "no archive tells what it was made from")
    if records:
        wrong += _wrong_parameters(definition, dict(sorted(records.items())), around)
        wrong += _wrong_dependencies(definition, records, around)
    if wrong:
        yield breach(PARAMETERS, f"the archives tell of another {listed(sorted(set(wrong)))}")


def _wrong_parameters(
    definition: BuildDefinition, records: Mapping[str, BuildRecord], around: _Around
) -> Iterator[str]:
    """Name the parameters that differ; hosts may be stated whose archives are missing by choice."""
    given = definition.external_parameters
    expected = external_parameters(records, _source(definition))
    for name in sorted({*given, *expected}):
        said, found = given.get(name), expected.get(name)
        if name == "hosts" and isinstance(said, dict) and not around.complete:
            said = {host: value for host, value in said.items() if host in records}
        if said != found:
            yield name


def _wrong_dependencies(
    definition: BuildDefinition, records: Mapping[str, BuildRecord], around: _Around
) -> Iterator[str]:
    given = definition.resolved_dependencies
    expected = tuple(resolved_dependencies(records, _source(definition)))
    yield from (each.name for each in expected if each not in given)
    if around.complete:
        yield from (each.name for each in given if each not in expected)


def _source(definition: BuildDefinition) -> Source:
    """Return where the suite is said to come from, for which only the signers can vouch."""
    uri = definition.external_parameters.get("source", "")
    commits = (each.digest.get("gitCommit") for each in definition.resolved_dependencies)
    commit = next((each for each in commits if each is not None), None)
    return Source(uri=uri if isinstance(uri, str) else "", commit=commit)


def _unstated(
    statement: Statement, directory: Path, stated: Collection[str]
) -> Iterator[FileVerdict]:
    """Yield what belongs to the release by its name, and is not named by the statement."""
    parameters = statement.predicate.build_definition.external_parameters
    label = f"{parameters.get('name')}-{parameters.get('version')}"
    known = {*stated, *(each.name for each in statement.predicate.run_details.byproducts)}
    for path in sorted(directory.iterdir()):
        belongs = is_artifact_of(label, path.name) or path.name == f"{label}{SBOM}"
        if belongs and path.name not in known and path.is_file():
            finding = breach(UNSTATED, "the statement does not name it")
            yield FileVerdict(str(path), findings=(finding,))


def _byproduct_verdict(byproduct: Resource, directory: Path, around: _Around) -> FileVerdict:
    problem = _refusal(byproduct.name)
    if problem is not None:
        shown = printable(byproduct.name)[:_SHOWN]
        finding = breach(OUTSIDE, f"the byproduct {shown!r}: {problem}")
        return FileVerdict(str(directory), findings=(finding,))
    path = directory / byproduct.name
    if not _is_inside(path):
        return FileVerdict(str(path), findings=(breach(BYPRODUCT, "it is not there"),))
    content = read_bounded(path)
    digest = hashlib.sha256(content).hexdigest()
    if byproduct.digest.get("sha256") != digest:
        message = f"its SHA-256 is {digest}, which is not what is stated"
        return FileVerdict(str(path), findings=(breach(BYPRODUCT, message),))
    bill = byproduct.media_type == MEDIA_TYPE
    return FileVerdict(
        str(path),
        findings=tuple(check_bill(content, around.release, around.absent) if bill else ()),
    )

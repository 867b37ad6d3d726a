"""Checking all that a release says of itself, with nothing but the keys of those one trusts.

Each question is answered by the room that knows: who signed and do the files match, is everything
there, what is said of its making and is it so, are the programs what users should get, and are the
signed and the unsigned archives of one build. No answer keeps another one from being asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from countermark.difference.comparing import compare_trees
from countermark.errors import CountermarkError, foreseen
from countermark.files import read_ordinary
from countermark.layouts import check_layouts, holds_programs, release_in
from countermark.manifest import Manifest, read_manifest
from countermark.packing.completeness import Asked as AskedFiles
from countermark.packing.completeness import take_stock
from countermark.provenance.checking import Demanded, check_provenance, find_statements
from countermark.provenance.names import ENVELOPE, SBOM, STATEMENT
from countermark.rulebook.publication import MANIFEST, NO_PROVENANCE, UNSIGNED_PAIR
from countermark.rulebook.sums import UNLISTED_FILE
from countermark.sums.reading import LARGEST_LIST, parse_sums
from countermark.sums.sources import SUMS, find_sources
from countermark.sums.verification import verify_sums
from countermark.workspace import Workspace
from counterproof.errors import LayoutError
from counterproof.profiles.artifact import Artifact
from counterproof.profiles.detection import Asked
from counterproof.rules import breach
from countersign.errors import SigningError
from countersign.escaping import listed
from countersign.findings import FileVerdict, Severity, Verdict

if TYPE_CHECKING:
    from countermark.openpgp.keyring import Keyring

__all__ = ["Answer", "CheckedRelease", "Trust", "check_release", "is_release"]


_ABOUT: Final = (SBOM, STATEMENT, ENVELOPE, "manifest.json", "countermark-effective.toml")
"""What the names of files end in that no list of digests holds, for they are about the release."""


class Trust(NamedTuple):
    """Whom one believes."""

    keyring: Keyring
    threshold: int
    """How many people must have signed the list of digests."""
    now: datetime
    """The moment at which keys must not have expired."""


class Answer(NamedTuple):
    """What was found about one question."""

    question: str
    said: str
    """The answer in a few words."""
    files: tuple[FileVerdict, ...] = ()
    problems: tuple[Exception, ...] = ()
    """Why it could not be answered, or not wholly."""

    @property
    def good(self) -> bool:
        """True when it could be answered, and the answer rejects nothing."""
        return not self.problems and all(file.accepted for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRelease:
    """All answers about a release."""

    directory: Path
    answers: tuple[Answer, ...]

    @property
    def verdict(self) -> Verdict:
        """All findings, each file once."""
        files: dict[tuple[str, str | None], FileVerdict] = {}
        for file in (file for each in self.answers for file in each.files):
            known = files.setdefault((file.path, file.member), file)
            if known is not file:
                findings = (*known.findings, *file.findings)
                slices = known.slices or file.slices
                files[file.path, file.member] = known._replace(findings=findings, slices=slices)
        return Verdict(files=tuple(files.values()))

    @property
    def problems(self) -> tuple[Exception, ...]:
        """All that could not be done."""
        return tuple(problem for each in self.answers for problem in each.problems)

    @property
    def accepted(self) -> bool:
        """True when every question could be answered, and every answer is good."""
        return all(each.good for each in self.answers)


def is_release(path: Path) -> bool:
    """Tell whether a path is the directory of a release: one with a list of digests in it."""
    return (path / SUMS).is_file()


def check_release(directory: Path, trust: Trust, *, workers: int) -> CheckedRelease:
    """Check the release in ``directory``; ``workers`` files are hashed at once.

    What cannot be done is a problem of its answer, and does not hinder the others. Only files that
    are as listed are looked into.
    """
    sums = _answer("sums", lambda: _sums(directory, trust, workers))
    archives = tuple(_archives_as_listed(directory, sums))
    questions: tuple[tuple[str, Callable[[], Answer]], ...] = (
        ("completeness", lambda: _completeness(directory)),
        ("provenance", lambda: _provenance(directory, trust)),
        ("layout", lambda: _layout(archives)),
        ("pairs", lambda: _pairs(archives)),
    )
    answers = (sums, *(_answer(name, ask) for name, ask in questions))
    return CheckedRelease(directory=directory, answers=answers)


def _archives_as_listed(directory: Path, sums: Answer) -> Iterator[Path]:
    """Yield the archives of a release, but for those that nobody has vouched for."""
    good = {file.path for file in sums.files if file.accepted}
    yield from (path for path in release_in(directory) or {} if str(path) in good)


def _answer(question: str, ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except (CountermarkError, LayoutError, SigningError, OSError) as error:
        return Answer(question, "could not be checked", problems=(foreseen(error),))


def _sums(directory: Path, trust: Trust, workers: int) -> Answer:
    verified = verify_sums(
        find_sources(directory / SUMS),
        trust.keyring,
        directory=directory,
        threshold=trust.threshold,
        allow_missing=False,
        now=trust.now,
        workers=workers,
    )
    signed = f"{_count(verified.good, 'good signature')}, {trust.threshold} needed"
    match = f"{verified.matching} of {_count(len(verified.files), 'file')} match"
    said = f"{signed}; {match}"
    others = tuple(name for name in verified.unlisted if not name.endswith(_ABOUT))
    verdict = replace(verified, unlisted=others, stated=()).verdict
    return Answer("sums", said, verdict.files, verified.problems)


def _completeness(directory: Path) -> Answer:
    """Compare with the manifest, where there is one: it tells what was to be made."""
    manifest = read_manifest(Workspace(out=directory))
    strange = tuple(_called_like_listed(directory))
    if manifest is None:
        said = "without a manifest, complete is what the sums list"
        return Answer("completeness", said, strange)
    stock = take_stock(directory, AskedFiles())
    said = f"{stock.present} of {_count(len(stock.expected), 'file')} that its manifest plans"
    finding = _manifest_finding(directory, manifest)
    files = (*stock.verdict.files, *strange)
    return Answer("completeness", said, files if finding is None else (*files, finding))


def _digests_listed(directory: Path) -> dict[str, str]:
    """Return what the list says, whoever signed it."""
    return parse_sums(read_ordinary(directory / SUMS, LARGEST_LIST + 1)).digests


def _called_like_listed(directory: Path) -> Iterator[FileVerdict]:
    """Yield what is called like a file of this release, so that users take it, and is not listed.

    The manifest may name it: nobody has signed that.
    """
    names = _digests_listed(directory)
    stems = {artifact.stem for artifact in map(Artifact.parse, names) if artifact is not None}
    for path in sorted(directory.iterdir()):
        artifact = Artifact.parse(path.name)
        if artifact and artifact.suffix and artifact.stem in stems and path.name not in names:
            message = f"it is called like a file of this release, and {SUMS} does not list it"
            finding = breach(UNLISTED_FILE, message, severity=Severity.ERROR)
            yield FileVerdict(str(path), findings=(finding,))


def _manifest_finding(directory: Path, manifest: Manifest) -> FileVerdict | None:
    """Tell whether the manifest names other digests than the list."""
    listed_digests = _digests_listed(directory)
    rows = (*manifest.artifacts, *(row for host in manifest.hosts for row in host.artifacts))
    others = [row.name for row in rows if listed_digests.get(row.name, row.sha256) != row.sha256]
    if not others:
        return None
    finding = breach(MANIFEST, f"it has other digests of {listed(others)} than {SUMS}")
    return FileVerdict(path=str(Workspace(out=directory).manifest), findings=(finding,))


def _provenance(directory: Path, trust: Trust) -> Answer:
    """Check what is said of the making; one person may say it, for the files are vouched for."""
    if not find_statements(directory):
        finding = breach(NO_PROVENANCE, "nothing is said of how it was made")
        none = FileVerdict(str(directory), findings=(finding,))
        return Answer("provenance", "none", (none, *_unvouched_bills(directory, ())))
    files = check_provenance(directory, Demanded(keyring=trust.keyring, now=trust.now))
    files = (*files, *_unvouched_bills(directory, files))
    good = all(file.accepted for file in files)
    return Answer("provenance", "signed, and true of the files" if good else "not as said", files)


def _unvouched_bills(directory: Path, checked: Iterable[FileVerdict]) -> Iterator[FileVerdict]:
    """Yield the SBOMs that are neither listed nor named by a statement."""
    known = {file.path for file in checked}
    names = _digests_listed(directory)
    for path in sorted(directory.glob(f"*{SBOM}")):
        if str(path) not in known and path.name not in names:
            message = "nobody has signed for this SBOM"
            finding = breach(UNLISTED_FILE, message, severity=Severity.WARNING)
            yield FileVerdict(str(path), findings=(finding,))


def _layout(archives: Sequence[Path]) -> Answer:
    trees = [path for path in archives if holds_programs(path)]
    checked = check_layouts(trees, Asked())
    files = checked.verdict.files
    accepted = sum(file.accepted for file in files)
    said = (
        f"{_count(len(checked.layouts), 'archive')}: layout, signatures and hardening of"
        f" {accepted} of {_count(len(files), 'file')} accepted"
        if trees
        else "no archive of programs is as listed"
    )
    return Answer("layout", said, files, checked.problems)


def _pairs(archives: Sequence[Path]) -> Answer:
    """Compare each unsigned archive with that of the same host which users get."""
    pairs = list(_unsigned_pairs(archives))
    if not pairs:
        return Answer("pairs", "no unsigned archive beside a signed one")
    files = tuple(_judge_pair(unsigned, signed) for unsigned, signed in pairs)
    equal = sum(file.accepted for file in files)
    said = f"{equal} of {_count(len(files), 'pair')} equal but for signatures"
    return Answer("pairs", said, files)


def _unsigned_pairs(archives: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    for path in archives:
        artifact = Artifact.parse(path.name)
        if artifact and artifact.unsigned and artifact.suffix != ".exe":
            signed = path.with_name(str(replace(artifact, unsigned=False)))
            if signed in archives:
                yield path, signed


def _judge_pair(unsigned: Path, signed: Path) -> FileVerdict:
    comparison = compare_trees(unsigned, signed)
    if comparison.equal(modulo_signature=True):
        return FileVerdict(path=str(unsigned))
    first = comparison.causes[0]
    message = f"it differs from {signed.name}: {first.rule.id} {first.rule.name}"
    return FileVerdict(path=str(unsigned), findings=(breach(UNSIGNED_PAIR, message),))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"

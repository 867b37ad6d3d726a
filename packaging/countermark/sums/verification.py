"""Is a release what enough people signed for?

A list of digests counts when as many people as the threshold says have signed it, each with a good
signature by a key of a folder that the user trusts; a release is good when every file of the list
is there and matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from countermark.errors import ConfigurationError, missing
from countermark.openpgp.checking import CheckedSignature, check_signatures, count_people_once
from countermark.openpgp.findings import signature_finding
from countermark.openpgp.keyring import Keyring
from countermark.openpgp.uncovered import armor_remarks
from countermark.provenance.checking import (
    check_listed,
)
from countermark.rulebook.signatures import OTHER_LIST, THRESHOLD, UNCOVERED
from countermark.rulebook.sums import DIGEST_MISMATCH, MISSING_FILE, OUTSIDE, UNLISTED_FILE
from countermark.sums.files import (
    FileState,
    ListedFile,
    check_files,
    unlisted_files,
    unreadable,
)
from countermark.sums.sources import Sources
from counterproof.rules import breach
from countersign.escaping import listed, printable
from countersign.findings import FileVerdict, Finding, Severity, Verdict

__all__ = ["Signing", "VerifiedSums", "verify_sums"]


class Signing(NamedTuple):
    """A signature and the file that it stands in."""

    path: Path
    signature: CheckedSignature


@dataclass(frozen=True, kw_only=True)
class VerifiedSums:
    """What was found about a release; it has no slots, so that the verdict is reached once."""

    sources: Sources
    directory: Path
    keyring: Keyring
    threshold: int
    signings: tuple[Signing, ...]
    files: tuple[ListedFile, ...]
    unlisted: tuple[str, ...]
    allow_missing: bool
    stated: tuple[FileVerdict, ...]
    """Whether signed statements of provenance beside the files say the same as the list."""

    @property
    def good(self) -> int:
        """How many people signed, each with a good signature."""
        return sum(each.signature.counts for each in self.signings)

    @property
    def matching(self) -> int:
        """How many files match."""
        return sum(each.state is FileState.MATCHES for each in self.files)

    @property
    def problems(self) -> tuple[Exception, ...]:
        """What could not be done: files that cannot be read."""
        return tuple(unreadable(each) for each in self.files if each.state is FileState.UNREADABLE)

    @property
    def accepted(self) -> bool:
        """True when everything could be checked, and everything is as it should be."""
        return self.verdict.accepted and not self.problems

    @cached_property
    def verdict(self) -> Verdict:
        """All findings, by the file that each is about."""
        return Verdict(
            files=(
                FileVerdict(path=str(self.sources.path), findings=tuple(self._of_the_list())),
                *_by_file((each.path, signature_finding(each.signature)) for each in self.signings),
                *_by_file(self._uncovered()),
                *_by_file(
                    (self.keyring.place(each.file), each.finding) for each in self.keyring.problems
                ),
                *_by_file(
                    (self.directory / each.entry.name, self._of_a_file(each))
                    for each in self.files
                    if each.state is not FileState.UNREADABLE
                ),
                *_by_file(self._of_unlisted()),
                *self.stated,
            )
        )

    def _uncovered(self) -> Iterator[tuple[Path, Finding]]:
        for each in self.sources.lists:
            for path, armored in each.signatures:
                yield from ((path, breach(UNCOVERED, said)) for said in armor_remarks(armored))

    def _of_the_list(self) -> Iterator[Finding]:
        yield from self.sources.sums.findings
        if self.good < self.threshold:
            there = len(set(self.keyring.persons.values()))
            signed = f"{self.good} of {self.threshold} people who are needed have signed"
            folder = printable(self.keyring.path.name)
            yield breach(THRESHOLD, f"{signed}; there are keys of {there} in {folder}")
        if self.allow_missing and all(each.state is FileState.MISSING for each in self.files):
            message = f"none of {len(self.files):,} files is in {printable(str(self.directory))}"
            yield breach(MISSING_FILE, message)

    def _of_a_file(self, file: ListedFile) -> Finding | None:
        name = printable(file.entry.name)
        if file.state is FileState.DIFFERS:
            message = f"{file.entry.algorithm} is {file.found}, {file.entry.digest} is listed"
            return breach(DIGEST_MISMATCH, message)
        if file.state is FileState.MISSING:
            severity = Severity.NOTE if self.allow_missing else None
            return breach(MISSING_FILE, f"{name} is not there", severity=severity)
        if file.state is FileState.REFUSED:
            return breach(OUTSIDE, f"{name}: {file.detail}")
        return None

    def _of_unlisted(self) -> Iterator[tuple[Path, Finding]]:
        for other in self.sources.others:
            yield other, breach(OTHER_LIST, f"it differs from {self.sources.path}")
        if self.unlisted:
            yield self.directory, breach(UNLISTED_FILE, f"not listed: {listed(self.unlisted)}")


def verify_sums(
    sources: Sources,
    keyring: Keyring,
    *,
    directory: Path,
    threshold: int,
    allow_missing: bool,
    now: datetime,
    workers: int,
) -> VerifiedSums:
    """Check who signed a list, and whether the files below ``directory`` are those it lists.

    With ``allow_missing`` a file that is not there is a note; one at least must be there.
    ``workers`` files are hashed at once. Raises :class:`ConfigurationError` when ``directory`` is
    none.
    """
    if not directory.exists():
        raise missing(directory)
    if not directory.is_dir():
        raise ConfigurationError(
            f"{directory} is no directory", hint="Name the directory of the listed files."
        )
    signings = [
        Signing(path, one)
        for each in sources.lists
        for path, armored in each.signatures
        for one in check_signatures(each.content, armored, keyring, now=now)
    ]
    counted = count_people_once((each.signature for each in signings), keyring)
    files = check_files(sources.sums.entries, directory, workers=workers)
    return VerifiedSums(
        sources=sources,
        directory=directory,
        keyring=keyring,
        threshold=threshold,
        signings=tuple(
            each._replace(signature=one) for each, one in zip(signings, counted, strict=True)
        ),
        files=tuple(files),
        unlisted=tuple(unlisted_files(sources.sums.entries, directory, sources.files)),
        allow_missing=allow_missing,
        stated=check_listed(directory, keyring, _sha256(sources), now=now),
    )


def _sha256(sources: Sources) -> dict[str, str]:
    entries = sources.sums.entries
    return {each.name: each.digest for each in entries if each.algorithm == "sha256"}


def _by_file(found: Iterable[tuple[Path, Finding | None]]) -> Iterator[FileVerdict]:
    """Put findings about one file together; a file without any is good."""
    findings: dict[Path, list[Finding]] = {}
    for path, finding in found:
        findings.setdefault(path, []).extend([finding] if finding else [])
    for path, those in findings.items():
        yield FileVerdict(path=str(path), findings=tuple(those))

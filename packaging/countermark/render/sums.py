"""A checked release as text: who signed, which files match, and what a pass does not say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countermark.openpgp.checking import CheckedSignature
from countermark.render.paragraphs import paragraph
from countermark.render.problem import problem_entry
from countermark.render.table import table
from countermark.render.verdict import finding_line, remedies
from countermark.rulebook import signatures
from countermark.rulebook.sums import DIGEST_MISMATCH, MISSING_FILE, OUTSIDE
from countermark.sums.files import FileState, ListedFile
from countermark.sums.verification import Signing, VerifiedSums
from countersign.escaping import printable
from countersign.findings import FileVerdict, Finding, Severity

__all__ = ["describe_sums"]

_NAME: Final = 44
"""Characters of a signer's name that are shown."""

_LAST: Final = (FileState.MISSING, FileState.REFUSED, FileState.UNREADABLE, FileState.DIFFERS)
"""What is wrong stands last, next to the sum, where a terminal shows it."""


_TABLED: Final = frozenset(
    rule.id for rule in signatures.RULES if rule is not signatures.UNCOVERED
) | {DIGEST_MISMATCH.id, MISSING_FILE.id, OUTSIDE.id}
"""Rules whose breaches show in the tables of signatures and of files."""


def describe_sums(verified: VerifiedSums) -> str:
    """Return everything that was found, and what follows from it."""
    return "\n".join(
        [
            *_signers(verified),
            "",
            *_files(verified),
            *_others(verified),
            *remedies(_worth_a_remedy(verified)),
            *_unread(verified),
            _sum(verified),
            *_meaning(verified),
        ]
    )


def _signers(verified: VerifiedSums) -> Iterator[str]:
    keys = f"{_count(len(verified.keyring.certificates), 'key')} in {verified.keyring.path}"
    yield f"{printable(str(verified.sources.path))}: signatures, checked with {printable(keys)}"
    yield ""
    ordered = sorted(verified.signings, key=lambda each: not each.signature.counts)
    yield table(("signature", "made", "by", "key", ""), [_signer(each) for each in ordered])


def _signer(signing: Signing) -> tuple[str, ...]:
    signature = signing.signature
    state = signature.state.value if signature.counts else f"{signature.state.value}: not counted"
    made = f"{signature.created:%Y-%m-%d}" if signature.created else "-"
    key = signature.fingerprint or signature.issuer or "-"
    return state, made, _name(signature), key, printable(signature.detail)


def _name(signature: CheckedSignature) -> str:
    return printable(signature.certificate.name)[:_NAME] if signature.certificate else "-"


def _files(verified: VerifiedSums) -> Iterator[str]:
    if not _listed(verified):
        return
    yield f"files in {printable(str(verified.directory))}"
    yield ""
    ordered = sorted(_listed(verified), key=_place)
    yield table(("file", "size", "name", ""), [_file(each) for each in ordered])
    yield ""


def _listed(verified: VerifiedSums) -> list[ListedFile]:
    """Leave out what may be missing."""
    return [
        each
        for each in verified.files
        if not (verified.allow_missing and each.state is FileState.MISSING)
    ]


def _place(file: ListedFile) -> int:
    return _LAST.index(file.state) + 1 if file.state in _LAST else 0


def _file(file: ListedFile) -> tuple[str, ...]:
    good = file.state is FileState.MATCHES
    state = file.state.value if good else file.state.value.upper()
    size = "-" if file.size is None else f"{file.size:,}"
    found = f"{file.entry.algorithm} is {file.found}" if file.state is FileState.DIFFERS else ""
    return state, size, printable(file.entry.name), found or file.detail


def _others(verified: VerifiedSums) -> Iterator[str]:
    """Yield the findings that stand in neither table."""
    told = {str(path) for path in _told(verified)}
    found = [
        f"{printable(file.path)}: {finding_line(finding)}"
        for file in verified.verdict.files
        for finding in file.findings
        if file.path not in told or finding.rule not in _TABLED
    ]
    yield from (*found, *([""] if found else []))


def _told(verified: VerifiedSums) -> Iterator[object]:
    yield from (each.path for each in verified.signings)
    yield from (verified.directory / each.entry.name for each in verified.files)


def _worth_a_remedy(verified: VerifiedSums) -> Iterator[FileVerdict]:
    for file in verified.verdict.files:
        findings = tuple(each for each in file.findings if _asks_for_something(each))
        yield file._replace(findings=findings)


def _asks_for_something(finding: Finding) -> bool:
    return finding.severity is not Severity.NOTE


def _unread(verified: VerifiedSums) -> Iterator[str]:
    for problem in map(problem_entry, verified.problems):
        yield f"{problem.message}. {problem.fix}"


def _sum(verified: VerifiedSums) -> str:
    verdict = "accepted" if verified.accepted else "REJECTED"
    signed = f"{_count(verified.good, 'good signature')}, {verified.threshold} needed"
    files = f"{verified.matching:,} of {_count(len(verified.files), 'file')} match"
    left_out = len(verified.files) - len(_listed(verified))
    missing = f", {left_out:,} are not here (--allow-missing)" if left_out else ""
    agree = sum(each.accepted for each in verified.stated)
    statements = _count(len(verified.stated), "statement")
    stated = f"; {agree} of {statements} of provenance agree" if verified.stated else ""
    return f"{verdict}: {signed}; {files}{missing}{stated}"


def _meaning(verified: VerifiedSums) -> Iterator[str]:
    """Say what a pass vouches for, and what not; the whole is in docs/how-to."""
    if not verified.accepted:
        return
    yield ""
    yield from paragraph(
        "it says",
        "These people, if the keys are theirs, signed for exactly these files. It does not say "
        "that the files do what they should, nor that they were built from the published source: "
        "for that see who built the same (countermark attestations), or build it yourself.",
        indent=0,
    )


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"

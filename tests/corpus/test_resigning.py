"""Published files signed again: the bytes that Apple's tools and linkers wrote come out.

Run with ``COUNTERMARK_CORPUS=DIRECTORY pytest -m corpus``, after ``fetch.py DIRECTORY``. Every
signature is made anew in its place from its own identifier, flags, entitlements and style; all
else is computed. The padding behind signatures counts as zeros, which is what we write: Apple's
tools leave the end of an older signature there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from classes import Class, Trait
from countermark.render.table import table
from countersign.codedirectory import Flag
from countersign.errors import SigningError
from countersign.findings import Severity
from countersign.settings import Preserve, Settings
from countersign.signer import sign_bytes
from countersign.style import Style
from countersign.unsigner import unsign_bytes
from countersign.verifier import verify_image
from survey import Sample

pytestmark = pytest.mark.corpus

STYLES: Final = {
    Class.CODESIGN_ARM64_4K: (Style.MACOS15, Style.MACOS11),
    Class.CODESIGN_ARM64_16K: (Style.MACOS26,),
    Class.CODESIGN_ARM64_20100: (Style.MACOS10_15,),
    Class.CODESIGN_X86_64: (Style.MACOS15,),
    Class.CODESIGN_X86_64_SHA1: (Style.MACOS15,),
    Class.CODESIGN_X86_64_20100: (Style.MACOS10_15,),
    Class.FOREIGN: (Style.MACOS10_15,),
    **dict.fromkeys(
        (
            Class.LD_PRIME,
            Class.LD64,
            Class.LD64_609,
            Class.CCTOOLS,
            Class.LLVM,
            Class.GO,
            Class.ZIG,
        ),
        (Style.LINKER,),
    ),
}
"""The styles that a class may follow; the first is nearly always the one."""

UNKNOWABLE: Final = {Class.LINKER_OTHER}
"""shellcheck: no linker known here seals no code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of signing one slice again."""

    sample: Sample
    identical: bool
    style: Style | None


def signed_slices(files: dict[Path, list[Sample]]) -> Iterator[Sample]:
    """Give the slices with a signature that can be made without a certificate."""
    for samples in files.values():
        for sample in samples:
            signature = sample.evidence.signature
            if signature is not None and Flag.ADHOC in signature.best.code.flags:
                yield sample


def settings_of(sample: Sample, style: Style) -> Settings:
    """Ask for what the present signature says."""
    signature = sample.evidence.signature
    assert signature is not None
    code = signature.best.code
    if style is Style.LINKER:
        return Settings(style=style, identifier=code.identifier)
    return Settings(
        style=style,
        identifier=code.identifier,
        flags=code.flags & ~Flag.ADHOC,
        preserve=frozenset({Preserve.ENTITLEMENTS}),
    )


def without_padding(sample: Sample) -> bytes:
    """Give the slice with zeros behind its superblob."""
    data, command = bytearray(sample.evidence.data), sample.evidence.thin.signature
    assert command is not None
    assert sample.evidence.signature is not None
    start = command.data_offset + sample.evidence.signature.superblob.length
    data[start : command.data_end] = bytes(command.data_end - start)
    return bytes(data)


def sign_again(sample: Sample) -> Result:
    expected = without_padding(sample)
    for style in STYLES.get(sample.found.name, ()):
        try:
            signed = sign_bytes(sample.evidence.data, "file", settings_of(sample, style))
        except SigningError:
            continue
        if signed == expected:
            return Result(sample=sample, identical=True, style=style)
    return Result(sample=sample, identical=False, style=None)


def fidelity_table(results: Iterable[Result]) -> str:
    """Count by class: slices, identical ones, and by which style."""
    by_class: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_class[result.sample.found.name].append(result)
    rows = []
    for name in Class:
        ours = by_class.get(name, [])
        same = sum(result.identical for result in ours)
        styles = Counter(result.style.value for result in ours if result.style)
        words = ", ".join(f"{style} {count}" for style, count in styles.most_common())
        if ours:
            rows.append((name, str(len(ours)), str(same), f"{same / len(ours):.1%}", words))
    return table(("class", "slices", "identical", "", "style"), rows)


def test_every_signature_is_made_again_to_the_byte(
    files: dict[Path, list[Sample]], capsys: pytest.CaptureFixture[str]
) -> None:
    results = [sign_again(sample) for sample in signed_slices(files)]
    with capsys.disabled():
        print(f"\n{fidelity_table(results)}")
    different = {result.sample.found.name for result in results if not result.identical}
    assert different == UNKNOWABLE
    assert len(results) > 800


def test_whole_universal_files_come_out_the_same(files: dict[Path, list[Sample]]) -> None:
    whole = 0
    for path, samples in files.items():
        signatures = [sample.evidence.signature for sample in samples]
        universal = len(samples) > 1 or samples[0].evidence.in_fat
        if not universal or not all(
            signature and signature.best.code.flags == Flag.ADHOC for signature in signatures
        ):
            continue
        styles = STYLES.get(samples[-1].found.name, ())
        expected = bytearray(path.read_bytes())
        for sample in samples:
            base, command = _base(expected, sample), sample.evidence.thin.signature
            assert command is not None
            expected[base : base + sample.evidence.thin.size] = without_padding(sample)
        outcomes = [
            sign_bytes(path.read_bytes(), "file", settings_of(samples[0], style))
            for style in styles
        ]
        assert bytes(expected) in outcomes, path
        whole += 1
    assert whole > 10


def _base(data: bytearray, sample: Sample) -> int:
    return bytes(data).find(bytes(sample.evidence.data))


def code_files(files: dict[Path, list[Sample]]) -> Iterator[tuple[Path, Sequence[Sample]]]:
    """Give the files that can be signed at all, and are not too large to be signed often."""
    for path, samples in files.items():
        code = not {sample.found.name for sample in samples} & {Class.OBJECT, Class.DSYM}
        if code and path.stat().st_size < 40 << 20:
            yield path, samples


def command_is_last(samples: Sequence[Sample]) -> bool:
    """Tell whether nothing was put behind LC_CODE_SIGNATURE."""
    return all(Trait.COMMAND_NOT_LAST not in sample.found.traits for sample in samples)


@pytest.mark.parametrize("style", [style for style in Style if style is not Style.LINKER])
def test_signing_is_accepted_idempotent_and_independent_of_what_was_there(
    files: dict[Path, list[Sample]], style: Style
) -> None:
    chosen = Settings(style=style, force=True)
    for path, samples in code_files(files):
        data = path.read_bytes()
        signed = sign_bytes(data, "file", chosen)
        verdict = verify_image(signed, path=str(path))
        ours = {
            finding.rule
            for thin in verdict.slices
            for finding in thin.findings
            if finding.severity is not Severity.NOTE
        }
        assert verdict.accepted, path
        assert not ours, path
        assert sign_bytes(signed, "file", chosen) == signed, path
        if command_is_last(samples):
            assert sign_bytes(unsign_bytes(data), "file", chosen) == signed, path


@pytest.mark.parametrize("style", Style)
def test_removing_gives_back_what_was_signed(files: dict[Path, list[Sample]], style: Style) -> None:
    unsigned = {Class.UNSIGNED_ARM64, Class.UNSIGNED_X86_64}
    different: list[str] = []
    tried = 0
    for path, samples in code_files(files):
        if {sample.found.name for sample in samples} <= unsigned:
            data = path.read_bytes()
            tried += 1
            if unsign_bytes(sign_bytes(data, "file", Settings(style=style))) != data:
                different.append(path.name)
    assert different == []
    assert tried > 50


def test_a_changed_byte_of_code_is_not_signed_away(files: dict[Path, list[Sample]]) -> None:
    """The comparison above can fail: another byte gives another signature."""
    sample = next(iter(signed_slices(files)))
    changed = bytearray(sample.evidence.data)
    changed[sample.evidence.thin.size // 2] ^= 1
    style = STYLES[sample.found.name][0]
    signed = sign_bytes(bytes(changed), "file", settings_of(sample, style))
    assert signed != without_padding(sample)

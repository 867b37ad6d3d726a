"""Published files looked into and compared: everything in their signatures can be read.

Run with ``COUNTERMARK_CORPUS=DIRECTORY pytest -m corpus``, after ``fetch.py DIRECTORY``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path
from typing import Final

import pytest

from classes import Class
from countersign.comparison.images import compare_images
from countersign.inspection.facts import SealState
from countersign.inspection.inspector import inspect, inspect_source
from countersign.macho.symbols import read_symbols
from countersign.reading import read_image
from countersign.signature import Kind
from countersign.source import BytesSource
from countersign.style import Style
from countersign.unsigner import unsign_bytes
from countersign.verifier import verify
from countersign.window import Window
from survey import Sample

pytestmark = pytest.mark.corpus

STYLES: Final = {
    Class.CODESIGN_ARM64_4K: {Style.MACOS15},
    Class.CODESIGN_ARM64_16K: {Style.MACOS26},
    Class.CODESIGN_ARM64_20100: {Style.MACOS10_15},
    Class.CODESIGN_X86_64: {Style.MACOS26},
    Class.CODESIGN_X86_64_SHA1: {Style.MACOS26},
    Class.CODESIGN_X86_64_20100: {Style.MACOS10_15},
    Class.CMS_CODESIGN: {Style.MACOS26},
    Class.CMS_OTHER: {None},
}
"""What is recognised; where styles give the same bytes, the newest of them."""


def symbol_names(data: bytes) -> set[str]:
    """Give the names of what is defined in the only slice of a file."""
    (part,) = read_image(BytesSource(data)).parts
    window = Window.over(data).part(part.thin.base, part.thin.base + part.thin.size)
    return {each.name for each in read_symbols(window, part.thin).ranges()}


def test_everything_in_every_signature_is_read(files: dict[Path, list[Sample]]) -> None:
    kinds: Counter[Kind | None] = Counter()
    for path in files:
        found, verdict = inspect(path), verify(path)
        assert found.sound, path
        for thin, judged in zip(found.slices, verdict.slices, strict=True):
            signature = thin.signature
            assert (signature is not None) == judged.signed
            if signature is None:
                continue
            kinds[signature.kind] += 1
            assert signature.best is not None
            assert signature.best.cdhash == judged.cdhash
            assert all(each.text for each in signature.contents.requirements or ()), path
            entitlements = signature.contents.entitlements
            if entitlements is not None and entitlements.der is not None:
                assert entitlements.values == entitlements.der_values
            states = {each.state for one in signature.directories for each in one.special}
            assert states <= {SealState.MATCHES, SealState.OUTSIDE}
    assert kinds[Kind.CMS] == 37
    assert sum(kinds.values()) > 800


def test_styles_are_recognised(files: dict[Path, list[Sample]]) -> None:
    styles: dict[Class, set[Style | None]] = defaultdict(set)
    for path, samples in files.items():
        for sample, thin in zip(samples, inspect(path).slices, strict=True):
            if thin.signature is not None:
                styles[sample.found.name].add(thin.signature.style)
    assert {name: styles[name] for name in STYLES} == STYLES
    rest = {name: found for name, found in styles.items() if name not in (*STYLES, Class.FOREIGN)}
    assert set().union(*rest.values()) == {Style.LINKER}


def test_pages_are_what_was_signed(files: dict[Path, list[Sample]]) -> None:
    for path in islice(files, 0, None, 20):
        for thin in inspect(path, hashes=True).slices:
            directories = thin.signature.directories if thin.signature else ()
            assert all(each.wrong_pages == () for each in directories), path


def test_code_without_its_signature_is_the_same(
    files: dict[Path, list[Sample]], tmp_path: Path
) -> None:
    """One changed byte is found in its page, its section, and its symbol if it has one."""
    named = 0
    signed = (
        path
        for path, (sample, *more) in files.items()
        if not more and sample.evidence.signature is not None
    )
    for path in islice(signed, 0, None, 8):
        data = bytearray(path.read_bytes())
        (tmp_path / "unsigned").write_bytes(unsign_bytes(bytes(data)))
        found = compare_images(path, tmp_path / "unsigned")
        assert found.same_code, path
        (part,) = read_image(BytesSource(bytes(data))).parts
        thin = part.thin
        text = thin.segment("__TEXT")
        assert text is not None
        section = text.sections[0]
        at = thin.base + section.offset + section.size // 2
        data[at] ^= 1
        (tmp_path / "changed").write_bytes(data)
        code = compare_images(path, tmp_path / "changed").slices[0].code
        assert code is not None
        assert (code.commands, code.pages.differing) == ((), 1)
        assert [each.name for each in code.sections] == [f"__TEXT,{section.name}"]
        names = symbol_names(bytes(data))
        if code.symbols is not None and code.symbols.changed.total:
            assert set(code.symbols.changed.names) <= names
            named += 1
    assert named > 10


def test_lief_reads_the_same_symbols(files: dict[Path, list[Sample]]) -> None:
    lief = pytest.importorskip("lief")
    compared = 0
    for path, (_, *more) in islice(files.items(), 0, None, 11):
        if more or path.stat().st_size > 4_000_000:
            continue
        data = path.read_bytes()
        ours = symbol_names(data)
        universal = lief.MachO.parse(list(data))  # which owns what it gives
        theirs = {each.name for each in universal.at(0).symbols}
        assert ours <= theirs, path
        compared += bool(ours)
    assert compared > 10


def test_damaged_copies_are_read_as_far_as_they_go(files: dict[Path, list[Sample]]) -> None:
    for path, (sample, *more) in islice(files.items(), 0, None, 40):
        command, signature = sample.evidence.thin.signature, sample.evidence.signature
        if more or command is None or signature is None:
            continue
        (part,) = read_image(BytesSource(path.read_bytes())).parts
        start = part.thin.base + command.data_offset
        for size in (50, signature.superblob.length // 2):
            data = path.read_bytes()[: start + size]
            (thin,) = inspect_source(BytesSource(data), path="").slices
            assert {each.rule for each in thin.problems} >= {"R23", "R24"}, path
            assert thin.signature is not None
            assert thin.signature.blobs.entries

"""Whatever bytes a file has: they are shown, soon, in text and in JSON, and compared.

The files are those of test_mutations, spoiled in the same ways. A short run is part of the tests;
``-m fuzz`` makes 30,000 files.
"""

from __future__ import annotations

import contextlib
import random
import time
from pathlib import Path

import pytest

from countermark.difference.files import compare_paths
from countermark.inspections import Inspected
from countermark.render.compare_document import compare_document
from countermark.render.comparison import describe_comparison
from countermark.render.encoding import to_json
from countermark.render.inspect_document import inspect_document
from countermark.render.inspection import describe_inspection
from countersign.errors import SigningError
from countersign.inspection.inspector import inspect_image
from countersign.verifier import verify_image
from mutations import mutate, random_mutations
from test_mutations import SECONDS, SEEDS, findings

SHORT = 600
LONG = 30_000


def inspect(data: bytes) -> None:
    """Show everything in a file; what is called damaged is nothing that ``verify`` passes over."""
    start = time.process_time()
    found = inspect_image(data, path="mutant", hashes=True)
    describe_inspection(found, hashes=True)
    to_json(inspect_document(Inspected(files=(found,), problems=()), hashes=True))
    assert time.process_time() - start < SECONDS
    assert found.sound or findings(verify_image(data, path="mutant"))


def compare(folder: Path, good: bytes, data: bytes) -> None:
    old, new = folder / "old", folder / "new"
    old.write_bytes(good)
    new.write_bytes(data)
    start = time.process_time()
    with contextlib.suppress(SigningError):
        comparison = compare_paths(old, new, modulo_signature=False)
        assert comparison.bytes.equal == (good == data)
        describe_comparison(comparison, modulo_signature=False)
        to_json(compare_document(old, new, comparison, modulo_signature=False))
    assert time.process_time() - start < SECONDS


def run(count: int, name: int, folder: Path) -> None:
    chance = random.Random(name)
    for number in range(count):
        good = chance.choice(SEEDS)
        data = mutate(good.data, random_mutations(chance, len(good.data), good.hot))
        inspect(data)
        if number % 4 == 0:
            pair = (good.data, data) if number % 8 else (data, good.data)
            compare(folder, *pair)


def test_spoiled_files_are_shown_and_compared(tmp_path: Path) -> None:
    run(SHORT, 1, tmp_path)


@pytest.mark.fuzz
def test_many_spoiled_files_are_shown_and_compared(tmp_path: Path) -> None:
    run(LONG, 2, tmp_path)

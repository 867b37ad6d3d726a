"""The published files, for all tests that read them."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest

from manifest import read_manifest
from survey import Sample, read_corpus


@pytest.fixture(scope="session")
def files() -> dict[Path, list[Sample]]:
    """The slices of every file of the manifest's archives."""
    directory = os.environ.get("COUNTERMARK_CORPUS")
    if not directory:
        pytest.skip("COUNTERMARK_CORPUS does not name a directory that fetch.py filled")
    folders = {archive.folder for archive in read_manifest()}
    found: dict[Path, list[Sample]] = defaultdict(list)
    for sample in read_corpus(Path(directory)):
        if sample.folder in folders:
            found[sample.path].append(sample)
    return found

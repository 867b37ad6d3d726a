"""Bundles in published archives: what codesign sealed is good, and one changed bit is not.

Run with ``COUNTERMARK_CORPUS=DIRECTORY pytest -m corpus``, after ``fetch.py DIRECTORY``.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from counterproof.trees.entry import Kind
from counterproof.trees.tree import walk
from countersign.bundle.candidates import may_lie_in_bundle
from countersign.bundle.reader import BundleReader
from countersign.findings import Finding
from countersign.source import BytesSource

pytestmark = pytest.mark.corpus

APPS: Final = ("Assistant", "Designer", "Linguist")
"""Those of PySide6, which codesign signed ad-hoc, with Info.plist and resources."""

FRAMEWORKS: Final = 78
"""Its frameworks are signed by the linker, which knows of no bundles: codesign refuses them."""


def archives() -> Iterator[Path]:
    root = os.environ.get("COUNTERMARK_CORPUS")
    if not root:
        pytest.skip("COUNTERMARK_CORPUS names no corpus")
    yield from sorted(Path(root, "archives").iterdir())


def read(archive: Path, changed: PurePosixPath | None = None) -> BundleReader:
    """Read what may be bundles in an archive, and flip a bit of one file."""
    reader = BundleReader()
    for member in walk(archive):
        path = member.entry.path
        if member.entry.kind is Kind.SYMLINK:
            reader.add_link(path, member.entry.link_target or "")
        elif member.entry.kind is Kind.FILE and may_lie_in_bundle(path):
            content = member.content.read(0, member.content.size)
            if path == changed:
                content = bytes([content[0] ^ 1]) + content[1:]
            executable = bool((member.entry.mode or 0) & 0o111)
            reader.add_program(path, BytesSource(content), executable=executable)
    return reader


def test_every_published_bundle_is_judged_as_codesign_would() -> None:
    found: dict[PurePosixPath, tuple[Finding, ...]] = {}
    for archive in archives():
        found |= read(archive).findings()
    good = {path.name for path, findings in found.items() if not findings}
    assert good == set(APPS)
    rules = Counter(each.rule for findings in found.values() for each in findings)
    assert rules == {"B1": FRAMEWORKS}


def test_a_changed_resource_of_a_published_bundle_is_found() -> None:
    (archive,) = (each for each in archives() if each.name.startswith("pyside6_essentials"))
    icon = PurePosixPath("PySide6/Assistant.app/Contents/Resources/assistant.icns")
    found = read(archive, icon).findings()
    (finding,) = found[PurePosixPath("PySide6/Assistant.app/Contents/MacOS/Assistant")]
    assert finding.rule == "R61"
    assert finding.message == "not what was sealed: Resources/assistant.icns"

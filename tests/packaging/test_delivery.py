"""How images travel: AppleDouble files, and archives that nobody looked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.delivery import judge_delivery
from countermark.reach import Companion, Unread
from countersign.appledouble import AppleDouble
from countersign.findings import Enforcer, FileVerdict, Severity

ZIP = Path("a.zip")
IMAGE = FileVerdict(path="a.zip", member="bin/a")
FORK = AppleDouble(resource_fork=True, finder_info=False)
BOTH = AppleDouble(resource_fork=True, finder_info=True)
NOTHING = AppleDouble(resource_fork=False, finder_info=False)


def companion(content: AppleDouble, owner: str = "bin/a") -> Companion:
    return Companion(ZIP, f"._{owner}", owner, content)


def found(files: tuple[FileVerdict, ...]) -> list[tuple[str | None, str, str]]:
    return [(file.member, each.rule, each.message) for file in files for each in file.findings]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (FORK, "a resource fork"),
        (AppleDouble(resource_fork=False, finder_info=True), "Finder information"),
        (BOTH, "a resource fork and Finder information"),
    ],
)
def test_what_codesign_refuses_stands_at_the_image(content: AppleDouble, what: str) -> None:
    other = FileVerdict(path="b.zip", member="bin/a")
    files = judge_delivery([IMAGE, other], [companion(content)], [])
    assert found(files) == [("bin/a", "R60", f"._bin/a gives it {what}")]
    (finding,) = files[0].findings
    assert (finding.severity, finding.apple) == (
        Severity.ERROR,
        "errSecCSInvalidAssociatedFileData",
    )
    assert finding.enforced_by == (Enforcer.CODESIGN_STRICT,)
    assert not files[0].accepted


def test_what_gives_an_image_nothing_is_litter() -> None:
    files = judge_delivery([IMAGE], [companion(NOTHING)], [])
    assert found(files) == [(None, "P9", "AppleDouble files lie in it: ._bin/a")]
    assert all(file.accepted for file in files)


def test_what_belongs_to_no_image_is_litter_told_once() -> None:
    litter = [companion(FORK, f"share/{number}") for number in range(3)]
    files = judge_delivery([IMAGE], [companion(FORK), *litter], [])
    assert found(files) == [
        ("bin/a", "R60", "._bin/a gives it a resource fork"),
        (None, "P9", "AppleDouble files lie in it: ._share/0 and 2 more"),
    ]


def test_in_a_directory_they_are_litter() -> None:
    plain = FileVerdict(path="bin/a")
    lying = [Companion(Path(f"bin/._{name}"), None, None, FORK) for name in "ab"]
    files = judge_delivery([plain], lying, [])
    assert files[0] is plain
    assert files[1].path == "bin"
    assert found(files) == [(None, "P9", "AppleDouble files lie in it: ._a and 1 more")]


def test_an_archive_that_was_not_looked_into_is_warned_of() -> None:
    (file,) = judge_delivery([], [], [Unread(ZIP, "x.xz", "xz is not supported yet")])
    assert (file.path, file.accepted) == ("a.zip", True)
    assert found((file,)) == [("x.xz", "N9", "it was not looked into: xz is not supported yet")]
    assert file.findings[0].severity is Severity.WARNING

"""What lies around images: AppleDouble files, bundles, and archives that nobody looked into."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from bundles import Tree, app, framework, write_tree
from countermark.surroundings import Surroundings
from counterproof.trees.entry import Entry, Kind
from countersign.findings import Enforcer, FileVerdict, Severity
from countersign.source import BytesSource
from delivery import apple_double

ZIP = Path("a.zip")
IMAGE = FileVerdict(path="a.zip", member="in.tar: bin/a")
FORK = apple_double(fork=b"icon")
FINDER = apple_double(finder=b"\1" * 32)
NOTHING = apple_double(attributes=b"quarantine")


def found(files: tuple[FileVerdict, ...]) -> list[tuple[str | None, str, str]]:
    return [(file.member, each.rule, each.message) for file in files for each in file.findings]


def beside(*companions: tuple[str, bytes]) -> Surroundings:
    around = Surroundings()
    for name, content in companions:
        around.pass_head(ZIP, ("in.tar", name), content)
    return around


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (FORK, "a resource fork"),
        (FINDER, "Finder information"),
        (apple_double(fork=b"i", finder=b"\1" * 32), "a resource fork and Finder information"),
    ],
)
def test_what_codesign_refuses_stands_at_the_image(content: bytes, what: str) -> None:
    other = FileVerdict(path="b.zip", member="in.tar: bin/a")
    files = beside(("bin/._a", content)).judge([IMAGE, other])
    assert found(files) == [("in.tar: bin/a", "R60", f"in.tar: bin/._a gives it {what}")]
    (finding,) = files[0].findings
    assert (finding.severity, finding.code) == (Severity.ERROR, -66999)
    assert finding.enforced_by == (Enforcer.CODESIGN_STRICT,)
    assert not files[0].accepted


def test_what_gives_an_image_nothing_is_litter() -> None:
    files = beside(("bin/._a", NOTHING)).judge([IMAGE])
    assert found(files) == [(None, "P9", "AppleDouble files lie in it: in.tar: bin/._a")]
    assert all(file.accepted for file in files)


def test_what_belongs_to_no_image_is_litter_told_once() -> None:
    litter = [(f"share/._{number}", FORK) for number in range(3)]
    files = beside(("bin/._a", FORK), *litter, ("._text", b"text")).judge([IMAGE])
    assert found(files) == [
        ("in.tar: bin/a", "R60", "in.tar: bin/._a gives it a resource fork"),
        (None, "P9", "AppleDouble files lie in it: in.tar: share/._0 and 2 more"),
    ]


def test_in_a_directory_they_are_litter() -> None:
    around = Surroundings()
    for name in ("._a", "._b", "c"):
        around.pass_file(Path("bin") / name, FORK)
    plain = FileVerdict(path="bin/a")
    files = around.judge([plain])
    assert files[0] is plain
    assert files[1].path == "bin"
    assert found(files) == [(None, "P9", "AppleDouble files lie in it: ._a and 1 more")]


def test_an_archive_that_was_not_looked_into_is_warned_of() -> None:
    around = Surroundings()
    around.pass_unread(ZIP, ("x.xz",), "xz is not supported yet")
    around.pass_unread(Path("y.xz"), (), "xz is not supported yet")
    one, two = around.judge([])
    assert (one.path, one.member, one.accepted) == ("a.zip", "x.xz", True)
    assert (two.path, two.member) == ("y.xz", None)
    assert found((one,)) == [("x.xz", "N9", "it was not looked into: xz is not supported yet")]
    assert one.findings[0].severity is Severity.WARNING


PROGRAM = "Program.app/Contents/MacOS/Program"
ICON = "Program.app/Contents/Resources/icon.icns"
WHOLE = app(frameworks={"Thing": framework()})


def packed(tree: Tree) -> Surroundings:
    """Pass by the members of an archive in an archive."""
    around = Surroundings()
    for name, content in tree.items():
        names = ("in.tar", name)
        if isinstance(content, bytes):
            entry = Entry(path=PurePosixPath(name), kind=Kind.FILE, mode=0o755)
            if "MacOS" in name or "Versions" in name:
                around.pass_image(ZIP, names, entry, BytesSource(content))
            else:
                around.pass_member(ZIP, names, entry, [content[:100], content[100:]])
        else:
            entry = Entry(
                path=PurePosixPath(name),
                kind=Kind.SYMLINK,
                mode=None,
                link_target=content.target,
            )
            around.pass_entry(ZIP, names, entry)
    return around


def test_a_bundle_in_an_archive_is_judged_at_its_program() -> None:
    program = FileVerdict(path="a.zip", member=f"in.tar: {PROGRAM}")
    assert found(packed(WHOLE).judge([program])) == []
    ((member, rule, _),) = found(packed(WHOLE | {ICON: b"other"}).judge([program]))
    assert (member, rule) == (f"in.tar: {PROGRAM}", "R61")


def test_a_bundle_in_a_directory_is_judged_at_its_program(tmp_path: Path) -> None:
    write_tree(WHOLE | {ICON: b"other"}, tmp_path)
    around = Surroundings()
    around.pass_names(tmp_path, [tmp_path / "a" / "Info.plist"])
    around.pass_directory(tmp_path)
    program = FileVerdict(path=str(tmp_path / PROGRAM))
    files = around.judge([program])
    assert [(file.path, each.rule) for file in files for each in file.findings] == [
        (str(tmp_path / PROGRAM), "R61")
    ]
    around = Surroundings()
    around.pass_names(tmp_path / "Program.app", [tmp_path / "Info.plist"])
    around.pass_directory(tmp_path / "Program.app")
    assert [each.rule for file in around.judge([program]) for each in file.findings] == ["R61"]


def test_what_is_found_is_said_even_where_the_program_was_not_looked_at(tmp_path: Path) -> None:
    write_tree(WHOLE | {ICON: b"other"}, tmp_path)
    around = Surroundings()
    around.pass_names(tmp_path, [tmp_path / "a" / "Info.plist"])
    around.pass_directory(tmp_path)
    (file,) = [each for each in around.judge([]) if each.findings]
    assert file.path == str(tmp_path / PROGRAM)

"""The front door of bundles: what is taken note of, from an archive and from a directory."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from bundles import Link, Tree, app, framework, moved, write_tree
from countersign.bundle import reader as module
from countersign.bundle.candidates import may_lie_in_bundle
from countersign.bundle.listing import Item, ItemKind, Listing
from countersign.bundle.reader import BundleReader
from countersign.bundle.verdict import with_bundle
from countersign.errors import ReadError
from countersign.findings import Severity
from countersign.source import BytesSource
from countersign.verifier import verify_image

PROGRAM = "Program.app/Contents/MacOS/Program"
ICON = "Program.app/Contents/Resources/icon.icns"
WHOLE = app(frameworks={"Thing": framework()})
THING = "Program.app/Contents/Frameworks/Thing.framework/Versions/A/Thing"


def noted(tree: Tree) -> BundleReader:
    reader = BundleReader()
    for name, content in tree.items():
        path = PurePosixPath(name)
        if isinstance(content, Link):
            reader.add_link(path, content.target)
        else:
            reader.add_program(path, BytesSource(content))
    return reader


def found(reader: BundleReader) -> dict[str, list[str]]:
    return {str(path): [each.rule for each in all] for path, all in reader.findings().items()}


def on_disk(top: Path) -> dict[str, list[str]]:
    reader = BundleReader()
    reader.read_directory(top)
    return found(reader)


def test_the_order_of_the_members_does_not_matter() -> None:
    backwards = dict(reversed(WHOLE.items()))
    assert found(noted(WHOLE)) == found(noted(backwards)) == {PROGRAM: [], THING: []}


def test_a_directory_gives_what_an_archive_gives(tmp_path: Path) -> None:
    write_tree(WHOLE, tmp_path)
    assert on_disk(tmp_path) == {PROGRAM: [], THING: []}
    (tmp_path / ICON).write_bytes(b"other")
    (tmp_path / THING).with_name("more").write_bytes(b"")
    assert on_disk(tmp_path) == {PROGRAM: ["R61"], THING: ["R61"]}


def test_the_top_may_be_the_bundle_itself(tmp_path: Path) -> None:
    write_tree(app(), tmp_path)
    assert on_disk(tmp_path / "Program.app") == {"Contents/MacOS/Program": []}
    write_tree(framework(), tmp_path)
    assert on_disk(tmp_path / "Thing.framework") == {"Versions/A/Thing": []}


def test_what_cannot_be_executed_may_lie_beside_contents(tmp_path: Path) -> None:
    write_tree(app() | {"Program.app/.DS_Store": b"x"}, tmp_path)
    assert on_disk(tmp_path) == {PROGRAM: []}
    (tmp_path / "Program.app/.DS_Store").chmod(0o755)
    assert on_disk(tmp_path) == {PROGRAM: ["B10"]}


def test_a_pipe_is_nothing_that_can_be_sealed(tmp_path: Path) -> None:
    write_tree(app(), tmp_path)
    os.mkfifo(tmp_path / "Program.app/Contents/Resources/pipe")
    assert on_disk(tmp_path) == {PROGRAM: ["B17"]}


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    write_tree(app(), tmp_path)
    reader = BundleReader()
    reader.read_directory(tmp_path)
    (tmp_path / ICON).unlink()
    with pytest.raises(ReadError):
        reader.findings()
    with pytest.raises(ReadError):
        BundleReader().read_directory(tmp_path / "absent")


def test_another_name_of_a_file_is_that_file() -> None:
    reader = noted({path: content for path, content in WHOLE.items() if path != ICON})
    reader.add_file(PurePosixPath("store.d/icon")).update(b"icon")
    reader.add_hard_link(PurePosixPath(ICON), PurePosixPath("store.d/icon"))
    assert found(reader) == {PROGRAM: [], THING: []}


def test_another_name_of_a_file_that_nobody_saw_is_not_decided() -> None:
    reader = noted({path: content for path, content in WHOLE.items() if path != ICON})
    reader.add_hard_link(PurePosixPath(ICON), PurePosixPath("elsewhere"))
    assert found(reader)[PROGRAM] == ["N6"]


def test_directories_need_not_be_named_but_may_be() -> None:
    reader = noted(app())
    for name in ("Program.app/Contents", "Program.app/Contents/Resources/empty"):
        reader.add_directory(PurePosixPath(name))
    assert found(reader) == {PROGRAM: []}
    reader.add_directory(PurePosixPath("Program.app/Empty"))
    assert found(reader) == {PROGRAM: ["B10"]}


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("a.app/Contents/MacOS/a", True),
        ("x/a.framework/a", True),
        ("a/Contents/Info.plist", True),
        ("Versions/A/a", True),
        ("bin/a", False),
        ("a.app", False),
        ("program-1.0/bin/a", False),
        (".git/config", False),
        ("Info.plist", False),
    ],
)
def test_only_what_may_lie_in_a_bundle_is_looked_at(path: str, wanted: bool) -> None:
    assert may_lie_in_bundle(PurePosixPath(path)) is wanted
    assert may_lie_in_bundle(PurePosixPath(path), "a.app")


def test_little_is_kept_of_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT", 100)
    assert found(noted(app())) == {PROGRAM: ["N6"]}


def test_the_findings_join_the_verdict_about_the_program() -> None:
    tree = app() | {ICON: b"other"}
    content = tree[PROGRAM]
    assert isinstance(content, bytes)
    verdict = verify_image(content, path=PROGRAM)
    assert [each.rule for one in verdict.slices for each in one.findings] == ["N5"]
    (findings,) = noted(tree).findings().values()
    joined = with_bundle(verdict, findings)
    assert [each.rule for each in joined.findings] == ["R61"]
    assert [each for one in joined.slices for each in one.findings] == []
    assert (verdict.accepted, joined.accepted) == (True, False)
    assert joined.findings[0].severity is Severity.ERROR


def test_bundles_in_bundles_end() -> None:
    tree: Tree = {}
    for _ in range(30):
        tree = app() | moved(tree, "Program.app/Contents/Resources")
    assert len(found(noted(tree))) == 30


def listing(**links: str) -> Listing:
    items = {"d/f": Item(kind=ItemKind.FILE)}
    return Listing(
        items | {path: Item(kind=ItemKind.LINK, target=to) for path, to in links.items()}
    )


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("", ""),
        ("d", "d"),
        ("d/f", "d/f"),
        ("d/../d/./f", "d/f"),
        ("one", "d/f"),
        ("two", "d/f"),
        ("way/f", "d/f"),
        ("absent", None),
        ("d/absent", None),
        ("d/f/g", None),
        ("..", None),
        ("out", None),
        ("root", None),
        ("loop", None),
    ],
)
def test_links_are_followed_and_never_left(path: str, place: str | None) -> None:
    tree = listing(one="d/f", two="one", way="./d", out="../x", root="/d/f", loop="loop")
    assert tree.resolve(path) == place


def test_a_listing_has_the_directories_that_something_lies_in() -> None:
    tree = listing(a="d")
    assert sorted(tree) == ["", "a", "d", "d/f"]
    assert (tree.children(""), tree.children("d"), tree.children("d/f")) == (["a", "d"], ["f"], ())
    assert tree.is_directory("d")
    assert not tree.is_directory("a")

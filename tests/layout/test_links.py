from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.trees.entry import Entry, Kind
from counterproof.trees.links import Links
from counterproof.trees.safety import leaves_tree


def entry(path: str, target: str | None = None) -> Entry:
    kind = Kind.FILE if target is None else Kind.SYMLINK
    return Entry(path=PurePosixPath(path), kind=kind, mode=0o644, link_target=target)


def end(target: str) -> str | None:
    tree = (
        entry("bin/bitcoin"),
        entry("lib64", "lib"),
        entry("lib/libx.so.1"),
        entry("round", "about"),
        entry("about", "round"),
        entry("bin/link", target),
    )
    found = Links.of(tree).end(PurePosixPath("bin/link"))
    return None if found is None else str(found)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("bitcoin", "bin/bitcoin"),
        ("./bitcoin", "bin/bitcoin"),
        ("../bin/bitcoin", "bin/bitcoin"),
        ("../lib64/libx.so.1", "lib/libx.so.1"),
        ("../lib", "lib"),
        ("..", "."),
        ("absent", None),
        ("../../bin/bitcoin", None),
        ("/bin/bitcoin", None),
        ("link", None),
        ("../round", None),
        ("", "bin"),
    ],
)
def test_a_link_ends_at(target: str, expected: str | None) -> None:
    assert end(target) == expected


@given(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["a", "b/c", "../d", "c/..", "/"])))
def test_no_set_of_links_is_followed_for_ever(targets: dict[str, str]) -> None:
    links = Links.of(entry(path, target) for path, target in targets.items())
    for path in targets:
        found = links.end(PurePosixPath(path))
        assert found is None or found in links.places


@pytest.mark.parametrize(
    ("target", "leaves"),
    [
        ("x", False),
        ("../x", False),
        ("../../x", True),
        ("../..", True),
        ("../bin/../../x", True),
        ("/x", True),
        ("C:x", True),
        ("a\\b", True),
        ("..x", False),
    ],
)
def test_a_link_leaves_the_tree_by_its_text(target: str, leaves: bool) -> None:
    assert leaves_tree(entry("bin/link", target)) is leaves

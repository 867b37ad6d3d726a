from __future__ import annotations

import os
from pathlib import Path

import pytest

from countersign.discovery import find_images, identify_content, identify_file, is_code
from countersign.errors import ReadError
from macho import DSYM, OBJECT, Macho, fat

IMAGE = Macho().build()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("bin/program", "libexec/node", "lib/deep/er/lib.dylib"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(IMAGE)
    (tmp_path / "README").write_text("text")
    (tmp_path / "Main.class").write_bytes(b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(100))
    (tmp_path / "elf").write_bytes(b"\x7fELF\2\1\1".ljust(64, b"\0"))
    return tmp_path


def found(root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in find_images(root)]


def test_images_are_found_by_content_and_sorted(tree: Path) -> None:
    (tree / "universal").write_bytes(fat([("arm64", IMAGE)]))
    expected = ["bin/program", "lib/deep/er/lib.dylib", "libexec/node", "universal"]
    assert found(tree) == expected


@pytest.mark.parametrize("filetype", [OBJECT, DSYM])
@pytest.mark.parametrize("universal", [False, True])
def test_what_holds_no_code_is_passed_over(tree: Path, filetype: int, universal: bool) -> None:
    data = Macho(filetype=filetype).build()
    (tree / "other").write_bytes(fat([("arm64", data)]) if universal else data)
    assert found(tree) == ["bin/program", "lib/deep/er/lib.dylib", "libexec/node"]


def test_a_universal_static_archive_is_none(tree: Path) -> None:
    (tree / "lib.a").write_bytes(fat([("arm64", b"!<arch>\nobject")]))
    assert found(tree) == ["bin/program", "lib/deep/er/lib.dylib", "libexec/node"]
    assert identify_file(tree / "lib.a") is None


@pytest.mark.parametrize("first", [Macho(filetype=OBJECT).build(), b"!<arch>\nobject"])
def test_code_behind_a_slice_that_is_none_is_found(tree: Path, first: bytes) -> None:
    data = fat([("ppc", first), ("arm64", IMAGE)])
    (tree / "mixed").write_bytes(data)
    assert "mixed" in found(tree)
    assert is_code(identify_content(data))


def test_links_are_not_followed(tree: Path) -> None:
    (tree / "link").symlink_to("bin/program")
    (tree / "loop").symlink_to(".")
    (tree / "dangling").symlink_to("nowhere")
    assert found(tree) == ["bin/program", "lib/deep/er/lib.dylib", "libexec/node"]


def test_of_several_hard_links_the_first_is_given(tree: Path) -> None:
    (tree / "bin/again").hardlink_to(tree / "bin/program")
    assert found(tree) == ["bin/again", "lib/deep/er/lib.dylib", "libexec/node"]


def test_pipes_do_not_make_it_wait(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert len(found(tree)) == 3


def test_a_damaged_image_is_still_found(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(IMAGE[:100])
    assert found(tmp_path) == ["cut"]


def test_a_file_stands_for_itself(tree: Path) -> None:
    path = tree / "bin/program"
    assert list(find_images(path)) == [path]


def test_a_missing_root_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="absent"):
        list(find_images(tmp_path / "absent"))

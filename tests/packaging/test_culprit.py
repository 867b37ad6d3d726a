"""The step at which two builds parted, from the directories that they left."""

from __future__ import annotations

import os
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from countermark.reproduction.built import HostBuilt
from countermark.reproduction.culprit import Culprit, Part, find_culprit
from countermark.reproduction.ninja import Ninja
from countermark.tools import find_build_tools

HOST = "arm64-apple-darwin"
ARCHIVE = f"demo-1-{HOST}.tar.gz"
ENVIRONMENT = {"PATH": os.environ["PATH"]}
NINJA = """\
rule make
  command = true
build a.o: make a.c
build b.o: make b.c
build lib.a: make a.o b.o
build word.h: make
build demo: make c.o | lib.a || order
build order: phony other.txt
build other.txt: make
build c.o: make c.c | word.h
"""


def build(directory: Path, **changes: str) -> HostBuilt:
    """Lay out what a build leaves; ``changes`` are contents by place and file."""
    built = HostBuilt(directory, HOST, "demo-1")
    files = {
        built.build / "build.ninja": NINJA,
        **{
            built.build / name: "same"
            for name in ("a.o", "b.o", "c.o", "lib.a", "demo", "word.h", "other.txt", "conf.h")
        },
        built.unsigned / "bin" / "demo": "same",
        built.stage / "bin" / "demo": "signed",
    }
    for place, content in changes.items():
        root, _, name = place.partition("/")
        files[getattr(built, root) / name] = content
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    built.configured.write_text("build.ninja\nconf.h")
    return built


def archive(built: HostBuilt, mtime: int = 0) -> None:
    with tarfile.open(built.out / ARCHIVE, "w:gz") as tar:
        info = tarfile.TarInfo("demo-1/bin/demo")
        info.mtime = mtime
        tar.addfile(info, BytesIO())


def parted(tmp_path: Path, *changed: str, mtime: int = 0) -> Culprit:
    """Build twice, with other contents in the changed places."""
    first = build(tmp_path / "first")
    second = build(tmp_path / "second", **dict.fromkeys(changed, "other"))
    archive(first)
    archive(second, mtime)
    ninja = Ninja(
        program=find_build_tools(ENVIRONMENT).ninja.program,
        environment=ENVIRONMENT,
        tree=first.build,
        made_at=Path("/elsewhere"),
    )
    return find_culprit(first, second, ninja, archive=ARCHIVE)


STAGED = "unsigned/bin/demo"


@pytest.mark.parametrize(
    ("changed", "part", "files"),
    [
        (("build/a.o", "build/lib.a", "build/demo"), Part.COMPILE, ("a.o",)),
        (("build/a.o", "build/c.o", "build/lib.a", "build/demo"), Part.COMPILE, ("a.o", "c.o")),
        (("build/lib.a", "build/demo"), Part.ARCHIVE, ("lib.a",)),
        (("build/word.h", "build/c.o", "build/demo"), Part.GENERATE, ("word.h",)),
        (("build/other.txt", "build/c.o", "build/demo"), Part.COMPILE, ("c.o",)),
        (("build/other.txt",), Part.INSTALL, ("bin/demo",)),
        ((), Part.INSTALL, ("bin/demo",)),
    ],
    ids=[
        "an object",
        "two objects",
        "a static library",
        "a text that a command writes",
        "what is only built before is innocent",
        "what nothing is made from is innocent",
        "nothing in the build tree",
    ],
)
def test_the_first_file_that_differs_is_found(
    tmp_path: Path, changed: tuple[str, ...], part: Part, files: tuple[str, ...]
) -> None:
    culprit = parted(tmp_path, STAGED, *changed)
    assert (culprit.part, culprit.files) == (part, files)
    assert culprit.spoilt == ("bin/demo",)
    assert culprit.places[0].first != culprit.places[0].second


def test_signing_is_found(tmp_path: Path) -> None:
    culprit = parted(tmp_path, "stage/bin/demo")
    assert (culprit.part, culprit.files) == (Part.SIGN, ("bin/demo",))


def test_packing_is_found_and_explained(tmp_path: Path) -> None:
    culprit = parted(tmp_path, mtime=1)
    assert (culprit.part, culprit.files) == (Part.PACK, (ARCHIVE,))
    assert culprit.places


def test_a_mode_is_a_difference(tmp_path: Path) -> None:
    first, second = build(tmp_path / "first"), build(tmp_path / "second")
    (second.unsigned / "bin/demo").chmod(0o600)
    (first.unsigned / "bin/demo").chmod(0o755)
    ninja = Ninja(
        program=find_build_tools(ENVIRONMENT).ninja.program,
        environment=ENVIRONMENT,
        tree=first.build,
        made_at=first.build,
    )
    culprit = find_culprit(first, second, ninja, archive=ARCHIVE)
    assert culprit.part is Part.INSTALL
    assert (culprit.places[0].first, culprit.places[0].second) == ("mode 0755", "mode 0600")


def test_a_file_that_only_one_build_has_is_a_difference(tmp_path: Path) -> None:
    culprit = parted(tmp_path, "unsigned/share/more.txt")
    assert (culprit.part, culprit.files) == (Part.INSTALL, ("share/more.txt",))
    assert culprit.places[0].first is None

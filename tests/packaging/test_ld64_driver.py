"""The programs that stand for a compiler's tools, where ld64.lld links."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from countermark.toolchains.wrappers import Wrappers

MAC = "aarch64-macos.14.0-none"


def program(path: Path) -> Path:
    """Write a program that prints its name and its arguments, and makes what ``-o`` names."""
    path.write_text(
        "#!/bin/sh\n"
        f"printf '%s\\n' {path.name} \"$@\"\n"
        'while test "$#" -gt 0; do test "$1" = -o && touch "$2"; shift; done\n'
        "exit 0\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


@pytest.fixture
def wrappers(tmp_path: Path) -> Wrappers:
    zig, lld = program(tmp_path / "zig"), program(tmp_path / "ld64.lld-19")
    made = Wrappers(
        directory=tmp_path / "tools",
        python=Path(sys.executable),
        zig=zig,
        target=MAC,
        lld=(str(lld), "14.5", str(tmp_path / "a cache")),
    )
    made.write()
    return made


def call(wrappers: Wrappers, tool: str, *arguments: str) -> list[str]:
    """Call a tool beside its directory and return what ran, each with its arguments."""
    done = subprocess.run(
        (str(wrappers.directory / tool), *arguments),
        check=True,
        capture_output=True,
        text=True,
        cwd=wrappers.directory.parent,
        env={"PATH": os.defpath},
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "arguments",
    [
        ("-c", "a.c", "-o", "a.o"),
        ("-E", "a.c"),
        ("--version",),
        ("-v",),
        ("-###", "a.o"),
        ("-x", "c", "-", "-o", "a"),
        ("-Wl,-v",),
    ],
)
def test_zig_does_all_but_link(wrappers: Wrappers, arguments: tuple[str, ...]) -> None:
    assert call(wrappers, "cc", *arguments)[:3] == ["zig", "cc", f"--target={MAC}"]


@pytest.mark.parametrize(("tool", "libraries"), [("cc", 0), ("c++", 2)])
def test_lld_links(wrappers: Wrappers, tmp_path: Path, tool: str, libraries: int) -> None:
    given = call(wrappers, tool, "-O2", "a b.o", "-o", "a")
    assert given[:7] == [
        *("ld64.lld-19", "-arch", "arm64", "-platform_version", "macos", "14.0", "14.5")
    ]
    assert given[given.index("a b.o") :][:4] == ["a b.o", "-o", "a", f"-L{tmp_path}/a cache"]
    assert len({"-lc++", "-lc++abi"}.intersection(given)) == libraries


def test_what_is_in_a_response_file_is_linked_too(wrappers: Wrappers, tmp_path: Path) -> None:
    (tmp_path / "a.rsp").write_text('"b c.o" -Wl,--as-needed -o a', encoding="utf-8")
    given = call(wrappers, "cc", "@a.rsp")
    assert given[0] == "ld64.lld-19"
    assert "b c.o" in given
    assert wrappers.changes() == (("-Wl,--as-needed", "", "it is about ELF"),)


def test_a_source_is_compiled_by_zig_first(wrappers: Wrappers, tmp_path: Path) -> None:
    given = call(wrappers, "cc", "-DX=1", "a.c", "b.o", "-lz", "-o", "a")
    compiled, linked = given[: given.index("ld64.lld-19")], given[given.index("ld64.lld-19") :]
    made = compiled[compiled.index("-o") + 1]
    assert {"-DX=1", "-c", "a.c"} <= set(compiled)
    assert "-lz" not in compiled
    assert linked[linked.index("b.o") - 1] == made
    assert not Path(made).exists()


def test_nothing_is_linked_of_a_source_that_cannot_be_compiled(
    wrappers: Wrappers, tmp_path: Path
) -> None:
    wrappers.zig.write_text("#!/bin/sh\nexit 7\n", encoding="utf-8")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        call(wrappers, "cc", "a.c", "-o", "a")
    assert caught.value.returncode == 7
    assert caught.value.stdout == ""


def test_a_link_tells_its_command_when_it_is_asked(wrappers: Wrappers, tmp_path: Path) -> None:
    done = subprocess.run(
        (str(wrappers.directory / "cc"), "-v", "a.o"),
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stderr.startswith(f"{tmp_path}/ld64.lld-19 -arch arm64 ")


def test_what_would_give_something_else_is_refused(wrappers: Wrappers, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        call(wrappers, "cc", "-r", "a.o", "-o", "b.o")
    assert caught.value.stderr.startswith("cc: error: -r: ")

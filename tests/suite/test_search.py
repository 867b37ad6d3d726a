"""Where the wrapper looks for a program, in which order, and what it says when there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Place = Callable[[Path], Path]

FINAL = "(the search ends here)"


def ran(done: subprocess.CompletedProcess[str]) -> str:
    """Say which program the wrapper became."""
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0")[1]


def failure(name: str, program: str, *places: str) -> str:
    lines = "".join(f"  {place}\n" for place in places)
    return (
        f"Error: Cannot find a '{program}' that can be run. Tried:\n{lines}"
        f"Try '{name} --help' for more information.\n"
    )


def test_libexec_shadows_bin(wrapper: Path, tmp_path: Path, run: Run, place: Place) -> None:
    internal = place(tmp_path / "libexec/bitcoin-node")
    place(tmp_path / "bin/bitcoin-node")
    assert ran(run(wrapper, "node")) == str(internal)


def test_bin_is_next_when_libexec_has_no_such_file(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    place(tmp_path / "libexec/bitcoin-gui")
    beside = place(tmp_path / "bin/bitcoin-node")
    assert ran(run(wrapper, "node")) == str(beside)


def test_bin_is_next_when_libexec_has_a_dangling_symlink(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    link = tmp_path / "libexec/bitcoin-node"
    link.parent.mkdir()
    link.symlink_to("nowhere")
    done = run(wrapper, "node")
    assert done.stderr == failure(
        str(wrapper),
        "bitcoin-node",
        f"{link}: a symbolic link to nothing",
        f"{wrapper.parent}/bitcoin-node: not found",
    )
    beside = place(tmp_path / "bin/bitcoin-node")
    assert ran(run(wrapper, "node")) == str(beside)


def test_a_symlink_to_the_program_is_the_program(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    place(tmp_path / "elsewhere/real")
    link = tmp_path / "libexec/bitcoin-node"
    link.parent.mkdir()
    link.symlink_to("../elsewhere/real")
    assert ran(run(wrapper, "node")) == str(link)


def not_executable(path: Path, place: Place) -> str:
    place(path).chmod(0o644)
    return "not executable"


def directory(path: Path, place: Place) -> str:
    path.mkdir(parents=True)
    return "a directory"


def pipe(path: Path, place: Place) -> str:
    path.parent.mkdir()
    os.mkfifo(path, 0o755)
    return "not a regular file"


def file_for_a_directory(path: Path, place: Place) -> str:
    path.parent.write_text("")
    return "cannot be reached: Not a directory"


def script(path: Path, place: Place) -> str:
    place(path).write_text("#!/bin/sh\nexit 0\n")
    return "not a program for this machine: a script"


@pytest.mark.parametrize("spoil", [not_executable, directory, pipe, file_for_a_directory, script])
def test_what_is_there_but_wrong_ends_the_search(
    wrapper: Path, tmp_path: Path, run: Run, place: Place, spoil: Callable[[Path, Place], str]
) -> None:
    place(tmp_path / "bin/bitcoin-node")
    internal = tmp_path / "libexec/bitcoin-node"
    problem = spoil(internal, place)
    done = run(wrapper, "node")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == failure(str(wrapper), "bitcoin-node", f"{internal}: {problem} {FINAL}")


def test_error_names_every_place(wrapper: Path, tmp_path: Path, run: Run) -> None:
    done = run(wrapper, "-M", "gui")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == failure(
        str(wrapper),
        "bitcoin-qt",
        f"{tmp_path}/libexec/bitcoin-qt: not found",
        f"{tmp_path}/bin/bitcoin-qt: not found",
    )


def test_a_directory_of_another_name_has_no_libexec(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    place(tmp_path / "libexec/bitcoin-node")
    flat = tmp_path / "flat"
    flat.mkdir()
    moved = wrapper.rename(flat / "bitcoin")
    done = run(moved, "node")
    assert done.stderr == failure(str(moved), "bitcoin-node", f"{flat}/bitcoin-node: not found")
    sibling = place(flat / "bitcoin-node")
    assert ran(run(moved, "node")) == str(sibling)


def test_a_symlink_from_elsewhere_finds_the_tree(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    internal = place(tmp_path / "libexec/bitcoin-node")
    link = tmp_path / "links/btc"
    link.parent.mkdir()
    link.symlink_to(wrapper)
    assert ran(run(link, "node")) == str(internal)


def test_a_renamed_wrapper_finds_the_tree(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    internal = place(tmp_path / "libexec/bitcoin-node")
    assert ran(run(wrapper.rename(wrapper.with_name("money")), "node")) == str(internal)


def test_a_relative_name_finds_the_tree(wrapper: Path, tmp_path: Path, place: Place) -> None:
    internal = place(tmp_path / "libexec/bitcoin-node")
    done = subprocess.run(["./bitcoin", "node"], cwd=wrapper.parent, capture_output=True, text=True)
    assert ran(done) == str(internal)


def test_a_wrapper_found_on_path_finds_its_tree(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    internal = place(tmp_path / "libexec/bitcoin-node")
    (tmp_path / "first").mkdir()
    (tmp_path / "first/bitcoin").write_text("not executable, so no shell would run it")
    assert ran(run("bitcoin", "node", PATH=f"{tmp_path}/first:{wrapper.parent}")) == str(internal)


def test_path_comes_last_when_the_wrapper_has_a_bare_name(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    other = place(tmp_path / "other/bitcoin-tx")
    path = f"{wrapper.parent}:{other.parent}"
    assert ran(run("bitcoin", "tx", PATH=path)) == str(other)
    beside = place(tmp_path / "bin/bitcoin-tx")
    assert ran(run("bitcoin", "tx", PATH=f"{other.parent}:{wrapper.parent}")) == str(beside)


def test_path_is_not_asked_when_the_wrapper_has_a_directory(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    other = place(tmp_path / "other/bitcoin-tx")
    done = run(wrapper, "tx", PATH=f"{wrapper.parent}:{other.parent}")
    assert done.returncode == 1
    assert str(other) not in done.stderr


def test_path_skips_what_cannot_be_executed_and_names_it(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    place(tmp_path / "one/bitcoin-tx").chmod(0o644)
    (tmp_path / "two/bitcoin-tx").mkdir(parents=True)
    path = f"{wrapper.parent}:{tmp_path}/one:{tmp_path}/two:{tmp_path}/absent"
    done = run("bitcoin", "tx", PATH=path)
    assert done.stderr == failure(
        "bitcoin",
        "bitcoin-tx",
        f"{tmp_path}/libexec/bitcoin-tx: not found",
        f"{tmp_path}/bin/bitcoin-tx: not found",
        f"{tmp_path}/bin/bitcoin-tx: not found",
        f"{tmp_path}/one/bitcoin-tx: not executable",
        f"{tmp_path}/two/bitcoin-tx: a directory",
        f"{tmp_path}/absent/bitcoin-tx: not found",
    )
    three = place(tmp_path / "three/bitcoin-tx")
    assert ran(run("bitcoin", "tx", PATH=f"{path}:{three.parent}")) == str(three)


def test_a_script_on_path_is_refused_and_not_skipped(
    wrapper: Path, tmp_path: Path, run: Run, place: Place
) -> None:
    bad = tmp_path / "one/bitcoin-tx"
    script(bad, place)
    place(tmp_path / "two/bitcoin-tx")
    done = run("bitcoin", "tx", PATH=f"{wrapper.parent}:{bad.parent}:{tmp_path}/two")
    assert done.returncode == 1
    assert f"  {bad}: not a program for this machine: a script {FINAL}\n" in done.stderr


def test_a_wrapper_with_a_false_name_says_so_and_asks_path(
    wrapper: Path, tmp_path: Path, place: Place
) -> None:
    def call(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["nobody", "tx"],
            executable=wrapper,
            env={"PATH": str(path)},
            capture_output=True,
            text=True,
        )

    assert call(tmp_path).stderr == failure(
        "nobody",
        "bitcoin-tx",
        "beside 'nobody': the directory of this program is not known",
        f"{tmp_path}/bitcoin-tx: not found",
    )
    assert ran(call(place(tmp_path / "other/bitcoin-tx").parent))


@pytest.mark.parametrize("name", ["with space", "Zürich-币 'quoted'", "line\nbreak"])
def test_any_directory_name_will_do(
    wrapper: Path, tmp_path: Path, run: Run, place: Place, name: str
) -> None:
    tree = tmp_path / name
    internal = place(tree / "libexec/bitcoin-node")
    shutil.move(wrapper.parent, tree / "bin")
    assert ran(run(tree / "bin/bitcoin", "node", "an argument")) == str(internal)


@pytest.mark.parametrize(
    ("libexec", "below"),
    [("lib/bitcoin", "lib/bitcoin"), ("lib", "lib"), ("bin/internal", "bin/internal")],
)
def test_the_libexec_directory_is_a_setting_of_the_build(
    tmp_path_factory: pytest.TempPathFactory,
    build_suite: Callable[..., Path],
    install_suite: Callable[..., Path],
    run: Run,
    place: Place,
    libexec: str,
    below: str,
) -> None:
    directory = tmp_path_factory.mktemp("libexec")
    option = f"-DCMAKE_INSTALL_LIBEXECDIR={libexec}"
    binary = build_suite(directory / "build", option, target="bitcoin")
    tree = install_suite(binary, directory / "installed", "--component", "bitcoin")
    moved = tree.rename(directory / "moved")
    internal = place(moved / below / "bitcoin-node")
    place(moved / "libexec/bitcoin-node")
    assert ran(run(moved / "bin/bitcoin", "node")) == str(internal)

"""The predictions against the reference suite's wrapper, built and run in every broken tree."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broken_trees import FAULTS, STRUCTURES, put
from commands import ROOT
from counterproof.profiles.library import load_profile
from counterproof.profiles.triple import target_for
from counterproof.survey import survey
from counterproof.wrapper.prediction import Ending, Predictor
from real_wrapper import PROBE, disagreement, give_away, run_wrapper

WRAPPER = load_profile("32").wrapper
TARGET = target_for(f"{platform.machine()}-linux-gnu")
NAME = "bitcoin-node"
CLOSED = "libexec is closed"
TREES = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            name == CLOSED and os.geteuid() != 0,
            reason="only root can look into what its owner may not enter",
        ),
    )
    for name in STRUCTURES
]

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or TARGET is None, reason="runs programs for Linux on Linux"
)


@dataclass(frozen=True)
class Built:
    """Where that is which is put into every tree."""

    folder: Path

    @property
    def wrapper(self) -> bytes:
        return (self.folder / "suite/bin/bitcoin").read_bytes()

    @property
    def program(self) -> bytes:
        return (self.folder / "probe").read_bytes()


def tool(name: str) -> str:
    """Prefer the environment's own tool: the tests may run without it being on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is needed to build the reference wrapper")
    return found


def checked(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    compiler, cmake, ninja = tool("cc"), tool("cmake"), tool("ninja")
    make = f"-DCMAKE_MAKE_PROGRAM={ninja}"
    checked(cmake, "-S", ROOT / "src", "-B", folder / "suite", "-G", "Ninja", make)
    checked(cmake, "--build", folder / "suite", "--target", "bitcoin")
    source = folder / "probe.c"
    source.write_text(PROBE)
    checked(compiler, "-o", folder / "probe", source)
    return Built(folder)


@pytest.fixture(scope="module")
def tops() -> Iterator[Iterator[Path]]:
    """Give new directories that anybody may enter."""
    with tempfile.TemporaryDirectory(prefix="cm", dir="/tmp") as folder:
        Path(folder).chmod(0o755)

        def make() -> Iterator[Path]:
            for number in count():
                top = Path(folder, str(number))
                top.mkdir(0o755)
                yield top

        yield make()


def hold(top: Path, started: Path, in_path: Path | None = None, *, only: str = "") -> None:
    """Run every command in every mode, or that ``only``, and compare.

    With ``in_path`` the wrapper is started by its name, and every program is there too.
    """
    assert WRAPPER is not None
    assert TARGET is not None
    at = PurePosixPath(started.relative_to(top))
    predictor = Predictor(survey(top), TARGET, WRAPPER, at=at)
    assert predictor.dialect.name == "reference"
    give_away(top)
    argv0 = started if in_path is None else started.name
    path = f"{started.parent}:{in_path}" if in_path else ""
    compared = 0
    for one in predictor.predict_all("name" if in_path else "path"):
        if only in ("", one.command):
            ran = run_wrapper(argv0, one, program=started, path=path)
            assert disagreement(one, ran, top, in_path) is None
            compared += 1
    assert compared == (3 if only else 30)


@pytest.mark.parametrize("structure", TREES)
def test_every_command_in_every_mode_does_what_was_predicted(
    built: Built, tops: Iterator[Path], structure: str
) -> None:
    top = next(tops)
    hold(top, STRUCTURES[structure](top, built.wrapper, built.program))


@pytest.mark.parametrize("structure", TREES)
def test_a_wrapper_that_was_found_in_path_asks_path_last(
    built: Built, tops: Iterator[Path], structure: str
) -> None:
    top, others = next(tops), next(tops)
    for command in WRAPPER.commands if WRAPPER else ():
        for name in {command.monolithic, command.multiprocess}:
            put(others / name, built.program)
    hold(top, STRUCTURES[structure](top, built.wrapper, built.program), others)


@pytest.mark.parametrize("beside", ["absent", "a program", "not executable"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_in_libexec_ends_as_predicted(
    built: Built, tops: Iterator[Path], fault: str, beside: str
) -> None:
    top = next(tops)
    started = put(top / "bin/bitcoin", built.wrapper)
    FAULTS[fault](top / "libexec" / NAME, built.program)
    FAULTS[beside](top / "bin" / NAME, built.program)
    hold(top, started, only="node")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_beside_the_wrapper_ends_as_predicted(
    built: Built, tops: Iterator[Path], fault: str
) -> None:
    top = next(tops)
    started = put(top / "flat/bitcoin", built.wrapper)
    FAULTS[fault](top / "flat" / NAME, built.program)
    hold(top, started, only="node")


def test_what_would_run_is_what_the_wrapper_says_it_would(
    built: Built, tops: Iterator[Path]
) -> None:
    assert WRAPPER is not None
    assert TARGET is not None
    top = next(tops)
    started = STRUCTURES["in both"](top, built.wrapper, built.program)
    give_away(top)
    predictor = Predictor(survey(top), TARGET, WRAPPER, at=PurePosixPath("bin/bitcoin"))
    running = [one for one in predictor.predict_all() if one.ending is Ending.RUNS]
    assert len(running) == 15
    for one in running:
        ran = run_wrapper(started, one, "--print-exec", program=started)
        assert (ran.code, ran.out.split()[0]) == (0, str(top / one.places[-1].path))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    structure=st.sampled_from(sorted(set(STRUCTURES) - {CLOSED})),
    faults=st.dictionaries(
        st.sampled_from(["bitcoin-node", "bitcoind"]), st.sampled_from(sorted(FAULTS)), max_size=2
    ),
    directory=st.sampled_from(["bin", "libexec", "flat", "lib"]),
)
def test_any_structure_with_any_faults_ends_as_predicted(
    built: Built, tops: Iterator[Path], structure: str, faults: dict[str, str], directory: str
) -> None:
    top = next(tops)
    started = STRUCTURES[structure](top, built.wrapper, built.program)
    for name, fault in faults.items():
        place = top / directory / name
        if place.parent.is_dir() and not place.is_symlink():
            place.unlink(missing_ok=True)
            FAULTS[fault](place, built.program)
    hold(top, started, only="node")

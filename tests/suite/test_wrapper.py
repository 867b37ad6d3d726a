"""The wrapper's command line: commands, options before the command, and which program they mean."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Place = Callable[[Path], Path]

COMMANDS = ("node", "gui", "wallet", "rpc", "tx", "util", "help")


def test_without_a_command_it_prints_usage_and_exits_1(wrapper: Path, run: Run) -> None:
    done = run(wrapper)
    assert done.returncode == 1
    assert done.stdout.startswith(f"Usage: {wrapper} ")
    assert f"Run '{wrapper} help'" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("argument", ["help", "-h", "--help"])
def test_help_names_every_command_and_option(wrapper: Path, run: Run, argument: str) -> None:
    done = run(wrapper, argument)
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout
    for option in ("-m, --multiprocess", "-M, --monolithic", "--print-exec", "-v, --version"):
        assert option in done.stdout


@pytest.mark.parametrize("arguments", [["-v"], ["--version"], ["-v", "node"], ["-m", "-v", "tx"]])
def test_version_wins_over_a_command(wrapper: Path, run: Run, arguments: list[str]) -> None:
    done = run(wrapper, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "Bitcoin reference suite version v1.0.0 bitcoin"


def test_help_wins_over_a_command(wrapper: Path, run: Run) -> None:
    done = run(wrapper, "-h", "node")
    assert done.returncode == 0
    assert "--print-exec" in done.stdout


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("nodes", "Unrecognized command: 'nodes'"),
        ("NODE", "Unrecognized command: 'NODE'"),
        ("-x", "Unknown option: -x"),
        ("-multiprocess", "Unknown option: -multiprocess"),
        ("-", "Unknown option: -"),
        ("--print-exec=yes", "Unknown option: --print-exec=yes"),
    ],
)
def test_unknown_words_are_refused_by_name(
    wrapper: Path, run: Run, argument: str, message: str
) -> None:
    done = run(wrapper, argument)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: {message}\nTry '{wrapper} --help' for more information.\n"


@pytest.mark.parametrize(
    ("mode", "command", "expected"),
    [
        ("-m", "node", ["bitcoin-node"]),
        ("-M", "node", ["bitcoind"]),
        ("-m", "gui", ["bitcoin-gui"]),
        ("-M", "gui", ["bitcoin-qt"]),
        ("--multiprocess", "wallet", ["bitcoin-wallet"]),
        ("--monolithic", "wallet", ["bitcoin-wallet"]),
        ("-m", "rpc", ["bitcoin-cli", "-named"]),
        ("-M", "rpc", ["bitcoin-cli", "-named"]),
        ("-m", "tx", ["bitcoin-tx"]),
        ("-M", "util", ["bitcoin-util"]),
    ],
)
def test_each_command_has_its_program(
    wrapper: Path, run: Run, place: Place, mode: str, command: str, expected: list[str]
) -> None:
    program = place(wrapper.with_name(expected[0]))
    done = run(wrapper, mode, "--print-exec", command, "-x")
    assert done.stdout == " ".join([str(program), *expected[1:], "-x"]) + "\n"
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-m", "-M", "node"], "bitcoind"),
        (["-M", "-m", "node"], "bitcoin-node"),
        (["-M", "-m", "--monolithic", "node"], "bitcoind"),
        (["", "-M", "", "node"], "bitcoind"),
        (["-M", "node", "-m"], "bitcoind"),
        (["-m", "node", "-M", "-v", "-h", "--print-exec", "help"], "bitcoin-node"),
    ],
)
def test_last_mode_before_the_command_wins(
    wrapper: Path, run: Run, place: Place, arguments: list[str], expected: str
) -> None:
    place(wrapper.with_name("bitcoind"))
    place(wrapper.with_name("bitcoin-node"))
    ran = Path(run(wrapper, *arguments).stdout.split("\0")[1])
    assert ran.name == expected


@pytest.mark.parametrize(
    ("arguments", "multiprocess"),
    [
        (["node"], False),
        (["node", "-ipcbind=unix"], True),
        (["node", "-ipcbind"], True),
        (["node", "--ipcbind=unix"], True),
        (["node", "-x", "-ipcconnect=unix"], True),
        (["gui", "-ipcfd=3"], True),
        (["gui", "--ipcfd", "3"], True),
        (["node", "-ipcbinder=unix"], False),
        (["node", "stop", "-ipcbind=unix"], False),
        (["node", "-", "-ipcbind=unix"], False),
        (["node", "ipcbind=unix"], False),
        (["-m", "node"], True),
    ],
)
def test_ipc_arguments_choose_multiprocess_in_a_monolithic_build(
    suite_without_ipc: Path,
    tmp_path: Path,
    run: Run,
    place: Place,
    arguments: list[str],
    multiprocess: bool,
) -> None:
    wrapper = shutil.copy(suite_without_ipc / "bin/bitcoin", tmp_path / "bitcoin")
    for name in ("bitcoind", "bitcoin-node", "bitcoin-qt", "bitcoin-gui"):
        place(tmp_path / name)
    ran = Path(run(wrapper, *arguments).stdout.split("\0")[1]).name
    assert (ran in ("bitcoin-node", "bitcoin-gui")) is multiprocess


@pytest.mark.parametrize("option", ["-ipcbind=unix", "--ipcconnect=unix", "-ipcfd=3"])
def test_monolithic_on_request_beats_ipc_arguments(
    wrapper: Path, run: Run, place: Place, option: str
) -> None:
    program = place(wrapper.with_name("bitcoind"))
    assert run(wrapper, "-M", "--print-exec", "node", option).stdout == f"{program} {option}\n"


def test_a_multiprocess_build_runs_bitcoin_node_by_default(suite: Path, run: Run) -> None:
    done = run(suite / "bin/bitcoin", "node", "-version")
    assert done.stdout.splitlines()[0] == "Bitcoin reference node version v1.0.0 bitcoin-node"


def test_a_monolithic_build_runs_bitcoind_by_default(suite_without_ipc: Path, run: Run) -> None:
    done = run(suite_without_ipc / "bin/bitcoin", "node", "-version")
    assert done.stdout.splitlines()[0] == "Bitcoin reference node version v1.0.0 bitcoind"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_an_error(wrapper: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([wrapper, "--version"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert b"standard output could not be written" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels fill in a name")
def test_without_any_arguments_it_is_called_bitcoin(wrapper: Path) -> None:
    done = subprocess.run([], executable=wrapper, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("Usage: ")

"""The wallet: finds a node, says who it is, and refuses an interface that it cannot use."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from os import geteuid
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[bytes]]
FakeNode = Callable[[bytes | None], Path]


@pytest.fixture
def program(suite: Path) -> Path:
    return suite / "libexec/bitcoin-wallet"


def failure(done: subprocess.CompletedProcess[str]) -> str:
    """Give the first line of the error."""
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr.splitlines()[0].removeprefix("Error: ")


@pytest.mark.parametrize("dashes", ["-", "--"])
def test_version_names_the_program_last(program: Path, run: Run, dashes: str) -> None:
    done = run(program, f"{dashes}version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Bitcoin reference wallet version v1.0.0 bitcoin-wallet\n"


def test_help_names_the_options(program: Path, run: Run) -> None:
    done = run(program, "-help")
    assert done.returncode == 0
    assert "-ipcconnect=unix[:PATH]" in done.stdout


def test_node_and_wallet_of_one_release_work_together(
    suite: Path, short_directory: Path, run: Run, start: Start
) -> None:
    wrapper = suite / "bin/bitcoin"
    start(wrapper, "node", f"-datadir={short_directory}", "-ipcbind=unix")
    expected = "wallet: v1.0.0\nwallet interface: 1.1\nnode: v1.0.0\nnode interface: 1.2\n"
    for options in (
        [f"-datadir={short_directory}"],
        [f"-datadir={short_directory}", "-ipcconnect=unix"],
        [f"-datadir={short_directory}", "--ipcconnect=unix:node.sock"],
        [f"-ipcconnect=unix:{short_directory}/node.sock"],
    ):
        done = run(wrapper, "wallet", *options)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", expected)


@pytest.mark.parametrize("interface", ["1.1", "1.2", "1.3", "1.9999"])
def test_the_same_or_a_higher_minor_interface_works(
    program: Path, run: Run, fake_node: FakeNode, interface: str
) -> None:
    path = fake_node(f"node v7.8.9 interface {interface}\n".encode())
    done = run(program, f"-ipcconnect=unix:{path}")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"node: v7.8.9\nnode interface: {interface}\n" in done.stdout


@pytest.mark.parametrize("interface", ["0.9", "2.0", "2.1", "11.1"])
def test_another_major_interface_is_refused(
    program: Path, run: Run, fake_node: FakeNode, interface: str
) -> None:
    path = fake_node(f"node v7.8.9 interface {interface}\n".encode())
    assert failure(run(program, f"-ipcconnect=unix:{path}")) == (
        f"the node v7.8.9 offers interface {interface}, this wallet (v1.0.0) needs 1.1"
    )


def test_a_lower_minor_interface_is_refused(program: Path, run: Run, fake_node: FakeNode) -> None:
    path = fake_node(b"node v0.1.0 interface 1.0\n")
    assert failure(run(program, f"-ipcconnect=unix:{path}")) == (
        "the node v0.1.0 offers interface 1.0, this wallet (v1.0.0) needs 1.1 or a later minor one"
    )


@pytest.mark.parametrize(
    "answer",
    [
        b"\n",
        b"node\n",
        b"node v1.0.0\n",
        b"node v1.0.0 interface 1\n",
        b"node v1.0.0 interface 1.2.3\n",
        b"node v1.0.0 interface 99999.0\n",
        b"node " + b"v" * 33 + b" interface 1.2\n",
        b"node \x1b[31m interface 1.2\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"error no\n",
        b"x" * 4096,
        bytes(range(256)),
    ],
)
def test_an_answer_that_is_none_is_refused(
    program: Path, run: Run, fake_node: FakeNode, answer: bytes
) -> None:
    path = fake_node(answer)
    assert failure(run(program, f"-ipcconnect=unix:{path}")) == (
        f"what listens on {path} does not answer like a node"
    )


@pytest.mark.parametrize("answer", [b"", b"node v1.0.0 inter"])
def test_a_node_that_hangs_up_is_named(
    program: Path, run: Run, fake_node: FakeNode, answer: bytes
) -> None:
    path = fake_node(answer)
    assert failure(run(program, f"-ipcconnect=unix:{path}")) == (
        f"the node at {path} closed the connection without an answer"
    )


def test_a_node_that_says_nothing_is_given_five_seconds(
    program: Path, run: Run, fake_node: FakeNode
) -> None:
    path = fake_node(None)
    assert failure(run(program, f"-ipcconnect=unix:{path}")) == (
        f"the node at {path} does not answer (waited 5 seconds)"
    )


def test_without_a_node_it_says_how_to_start_one(
    program: Path, run: Run, short_directory: Path
) -> None:
    done = run(program, f"-datadir={short_directory}")
    assert failure(done) == f"no node is running: there is no {short_directory}/node.sock"
    assert "bitcoin node -ipcbind=unix" in done.stderr
    assert list(short_directory.iterdir()) == []


def test_a_stale_socket_is_no_node(program: Path, run: Run, short_directory: Path) -> None:
    path = short_directory / "node.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stale:
        stale.bind(str(path))
    done = run(program, f"-datadir={short_directory}")
    assert failure(done) == f"no node is running: nobody listens on {path}"


def test_permission_denied_is_named(program: Path, short_directory: Path) -> None:
    path = short_directory / "closed/node.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        path.parent.chmod(0)
        # Root may do anything, so it asks as somebody else, from where that user may go.
        with tempfile.TemporaryDirectory(dir="/tmp") as public:
            Path(public).chmod(0o755)
            short_directory.chmod(0o755)
            copy = shutil.copy(program, public)
            done = subprocess.run(
                [copy, f"-ipcconnect=unix:{path}", f"-datadir={public}"],
                user=65534 if geteuid() == 0 else None,
                capture_output=True,
                text=True,
            )
        path.parent.chmod(0o700)
    assert failure(done) == f"permission denied: {path} belongs to another user's node"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-ipcconnect"], "-ipcconnect needs an address"),
        (["-ipcconnect=tcp:1"], "the address 'tcp:1' is not one"),
        (["-ipcbind=unix"], "unknown argument '-ipcbind=unix'"),
        (["-ipcconnect=unix:" + "/x" * 60], "the socket path is 120 bytes long"),
    ],
)
def test_wrong_arguments_are_refused(
    program: Path, run: Run, tmp_path: Path, arguments: list[str], message: str
) -> None:
    assert failure(run(program, f"-datadir={tmp_path}", *arguments)).startswith(message)


def test_a_wallet_without_ipc_works_alone(suite_without_ipc: Path, run: Run) -> None:
    done = run(suite_without_ipc / "bin/bitcoin", "wallet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "wallet: v1.0.0\nnode: none, no IPC in this build (it was configured with ENABLE_IPC=OFF)\n"
    )
    refused = run(suite_without_ipc / "bin/bitcoin-wallet", "-ipcconnect=unix")
    assert failure(refused).startswith("-ipcconnect: no IPC in this build")

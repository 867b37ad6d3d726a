"""The node: starts, answers on its socket, endures bad clients, stops when told to."""

from __future__ import annotations

import contextlib
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[bytes]]

ANSWER = b"node v1.0.0 interface 1.2\n"
HELLO = b"hello test 1.0\n"


@pytest.fixture
def program(suite: Path) -> Path:
    return suite / "libexec/bitcoin-node"


@pytest.fixture
def listening(program: Path, short_directory: Path, start: Start) -> Path:
    """Start a node and give its socket."""
    start(program, f"-datadir={short_directory}", "-ipcbind=unix")
    return short_directory / "node.sock"


@contextlib.contextmanager
def connected(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(30)
        client.connect(str(path))
        yield client


def everything(client: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(4096):
            received += part
    return received


def ask(path: Path, line: bytes = HELLO) -> bytes:
    with connected(path) as client:
        client.sendall(line)
        return everything(client)


@pytest.mark.parametrize("dashes", ["-", "--"])
def test_version_names_the_program_last(program: Path, run: Run, dashes: str) -> None:
    done = run(program, f"{dashes}version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Bitcoin reference node version v1.0.0 bitcoin-node\n"


@pytest.mark.parametrize("dashes", ["-", "--"])
def test_help_names_the_options(program: Path, run: Run, dashes: str) -> None:
    done = run(program, f"{dashes}help")
    assert done.returncode == 0
    assert "-ipcbind=unix[:PATH]" in done.stdout


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("-what", "unknown argument '-what'"),
        ("stop", "unknown argument 'stop'"),
        ("-datadir", "-datadir needs a directory"),
        ("-datadir=", "-datadir needs a directory"),
        ("-ipcbind", "-ipcbind needs an address"),
        ("-ipcconnect=unix", "unknown argument '-ipcconnect=unix'"),
        ("-ipcbind=tcp", "-ipcbind: the address 'tcp' is not one: use unix or unix:PATH"),
        ("-ipcbind=unix:", "-ipcbind: the address 'unix:' is not one: use unix or unix:PATH"),
    ],
)
def test_wrong_arguments_are_refused(
    program: Path, run: Run, short_directory: Path, argument: str, message: str
) -> None:
    done = run(program, argument, HOME=str(short_directory))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {message}")
    assert list(short_directory.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_and_removes_the_socket(
    program: Path, short_directory: Path, start: Start, number: signal.Signals
) -> None:
    node = start(program, f"-datadir={short_directory}", "-ipcbind=unix")
    assert (short_directory / "node.sock").exists()
    node.send_signal(number)
    output, _ = node.communicate(timeout=30)
    assert (node.returncode, output) == (0, b"bitcoin-node has stopped\n")
    assert list(short_directory.iterdir()) == []


def test_it_runs_without_a_socket_until_a_signal(
    program: Path, tmp_path: Path, start: Start
) -> None:
    node = start(program, f"--datadir={tmp_path}")
    assert node.poll() is None
    node.terminate()
    assert node.wait(timeout=30) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_wrapper_starts_and_stops_it(suite: Path, short_directory: Path, start: Start) -> None:
    node = start(suite / "bin/bitcoin", "node", f"-datadir={short_directory}", "-ipcbind=unix")
    assert ask(short_directory / "node.sock") == ANSWER
    node.terminate()
    assert node.wait(timeout=30) == 0


def test_only_the_own_user_can_connect(listening: Path) -> None:
    assert stat.S_IMODE(listening.stat().st_mode) == 0o600


def test_a_new_data_directory_is_private(
    program: Path, short_directory: Path, start: Start
) -> None:
    start(program, f"-datadir={short_directory}/new", "-ipcbind=unix")
    assert stat.S_IMODE((short_directory / "new").stat().st_mode) == 0o700


def test_a_data_directory_that_cannot_be_made_is_an_error(
    program: Path, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    missing, file = tmp_path / "no/new", tmp_path / "file"
    assert run(program, f"-datadir={missing}").stderr == (
        f"Error: the data directory {missing} cannot be used: No such file or directory\n"
    )
    assert run(program, f"-datadir={file}").stderr == (
        f"Error: the data directory {file} cannot be used: Not a directory\n"
    )


def test_home_holds_the_default_data_directory(
    program: Path, short_directory: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(short_directory))
    start(program, "-ipcbind=unix")
    assert ask(short_directory / ".countermark-suite/node.sock") == ANSWER


def test_without_a_home_a_data_directory_must_be_named(program: Path) -> None:
    done = subprocess.run([program], env={}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "Error: there is no home directory; use -datadir=DIR\n"


@pytest.mark.parametrize("absolute", [True, False])
def test_the_socket_may_have_another_path(
    program: Path, short_directory: Path, start: Start, absolute: bool
) -> None:
    path = short_directory / "my socket ü"
    name = path if absolute else path.name
    start(program, f"-datadir={short_directory}", f"-ipcbind=unix:{name}")
    assert ask(path) == ANSWER


def test_a_second_node_on_the_socket_is_refused(program: Path, listening: Path, run: Run) -> None:
    done = run(program, f"-datadir={listening.parent}", "-ipcbind=unix")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: cannot listen on {listening}: another node answers")
    assert ask(listening) == ANSWER


def test_of_many_nodes_that_start_at_once_one_listens(program: Path, short_directory: Path) -> None:
    command = [str(program), f"-datadir={short_directory}", "-ipcbind=unix"]
    with contextlib.ExitStack() as stack:
        nodes = [
            stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            for _ in range(6)
        ]
        stop = time.monotonic() + 30
        while sum(node.poll() is None for node in nodes) > 1:
            assert time.monotonic() < stop, "more than one node stays"
            time.sleep(0.01)
        try:
            assert ask(short_directory / "node.sock") == ANSWER
        finally:
            for node in nodes:
                node.terminate()
    assert sorted(node.returncode for node in nodes) == [0, 1, 1, 1, 1, 1]


def test_a_stale_socket_is_replaced(program: Path, short_directory: Path, start: Start) -> None:
    killed = start(program, f"-datadir={short_directory}", "-ipcbind=unix")
    killed.kill()
    killed.wait(timeout=30)
    assert (short_directory / "node.sock").exists()
    start(program, f"-datadir={short_directory}", "-ipcbind=unix")
    assert ask(short_directory / "node.sock") == ANSWER


def test_a_file_in_place_of_the_socket_is_left_alone(
    program: Path, short_directory: Path, run: Run
) -> None:
    path = short_directory / "node.sock"
    path.write_text("precious")
    done = run(program, f"-datadir={short_directory}", "-ipcbind=unix")
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: cannot listen on {path}: something that is not a socket is there; move it away\n"
    )
    assert path.read_text() == "precious"


def test_a_socket_of_another_node_is_left_at_the_end(
    program: Path, short_directory: Path, start: Start
) -> None:
    first = start(program, f"-datadir={short_directory}", "-ipcbind=unix")
    path = short_directory / "node.sock"
    path.rename(short_directory / "moved.sock")
    start(program, f"-datadir={short_directory}", "-ipcbind=unix")
    first.terminate()
    assert first.wait(timeout=30) == 0
    assert ask(path) == ANSWER


def test_a_path_that_is_too_long_names_the_limit(
    program: Path, short_directory: Path, run: Run
) -> None:
    limit = 108 if sys.platform == "linux" else 104
    path = short_directory / ("x" * limit)
    done = run(program, f"-datadir={short_directory}", f"-ipcbind=unix:{path}")
    assert done.returncode == 1
    size = len(str(path))
    assert f"is {size} bytes long, and this system wants less than {limit}" in done.stderr
    assert str(path) in done.stderr


def test_the_longest_path_works(program: Path, short_directory: Path, start: Start) -> None:
    limit = 108 if sys.platform == "linux" else 104
    room = limit - 1 - len(str(short_directory / "x")) + 1
    path = short_directory / ("x" * room)
    start(program, f"-datadir={short_directory}", f"-ipcbind=unix:{path}")
    assert ask(path) == ANSWER


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"\0\n",
        b"hello\n",
        b"hello test\n",
        b"hello test 1\n",
        b"hello test 1.\n",
        b"hello test 1.0 \n",
        b"hello test 1.0\r\n",
        b"hello test 12345.0\n",
        b"hello test -1.0\n",
        b"hello  1.0\n",
        b"hello " + b"x" * 33 + b" 1.0\n",
        b"hello t\xc3\xbcst 1.0\n",
        b"GET / HTTP/1.1\r\nHost: node\r\n\r\n",
        b"hello test 1.0\0\n",
    ],
)
def test_a_hello_that_is_none_gets_an_error(listening: Path, line: bytes) -> None:
    assert ask(listening, line).startswith(b"error this is not a hello")
    assert ask(listening) == ANSWER


def test_an_endless_line_is_cut_off(listening: Path) -> None:
    assert ask(listening, b"x" * 128).startswith(b"error the line is too long")
    with connected(listening) as client, contextlib.suppress(ConnectionError):
        for _ in range(1000):
            client.sendall(b"x" * 4096)
    assert ask(listening) == ANSWER


def test_a_hello_in_pieces_is_understood(listening: Path) -> None:
    with connected(listening) as client:
        for byte in HELLO:
            client.sendall(bytes([byte]))
        assert everything(client) == ANSWER


def test_any_version_of_the_interface_may_ask(listening: Path) -> None:
    assert ask(listening, b"hello future 9999.9999\n") == ANSWER


def test_clients_that_leave_do_no_harm(listening: Path) -> None:
    for line in (b"", b"hel", HELLO):
        for _ in range(20):
            with connected(listening) as client:
                client.sendall(line)
    assert ask(listening) == ANSWER


def test_a_crowd_of_silent_clients_does_not_shut_others_out(listening: Path) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(connected(listening))
        assert ask(listening) == ANSWER


def test_a_silent_client_is_sent_away_in_time(listening: Path) -> None:
    began = time.monotonic()
    with connected(listening) as client:
        client.sendall(b"hello")
        assert everything(client) == b""
    assert 4 < time.monotonic() - began < 25


def test_a_signal_stops_it_in_the_middle_of_a_talk(
    program: Path, short_directory: Path, start: Start
) -> None:
    node = start(program, f"-datadir={short_directory}", "-ipcbind=unix")
    with connected(short_directory / "node.sock") as client:
        client.sendall(b"hello")
        node.terminate()
        assert node.wait(timeout=30) == 0
        assert everything(client) == b""


def test_a_monolithic_node_has_no_ipc(
    suite_without_ipc: Path, tmp_path: Path, run: Run, start: Start
) -> None:
    program = suite_without_ipc / "bin/bitcoind"
    assert run(program, "-version").stdout == "Bitcoin reference node version v1.0.0 bitcoind\n"
    done = run(program, f"-datadir={tmp_path}", "-ipcbind=unix")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: -ipcbind: no IPC in this build (it was configured with ENABLE_IPC=OFF)\n"
    )
    node = start(program, f"-datadir={tmp_path}")
    node.send_signal(signal.SIGINT)
    assert node.wait(timeout=30) == 0

"""The embedded reference suite, built and installed once per session by the native compiler."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":  # these tests are about POSIX programs
    collect_ignore_glob = ["test_*.py"]

SOURCE = Path(__file__).resolve().parents[2] / "src"
DEADLINE = 30.0

PROBE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    printf("%ld", (long)getpid());
    putchar('\0');
    for (int i = 0; i < argc; i++) {
        fwrite(argv[i], 1, strlen(argv[i]) + 1, stdout);
    }
    fflush(stdout);
    if (getenv("PROBE_WAIT") != NULL) {
        pause();
    }
    const char *code = getenv("PROBE_EXIT");
    return code != NULL ? atoi(code) : 0;
}
"""


def tool(name: str) -> str:
    """Prefer the environment's own tool: the tests may run without it being on PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is needed to build the suite: pip install {name}")
    return found


def checked(*command: str | Path) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert "warning:" not in done.stdout + done.stderr, done.stdout + done.stderr


def build(directory: Path, *options: str, target: str = "all", source: Path = SOURCE) -> Path:
    cmake = tool("cmake")
    ninja = f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}"
    checked(cmake, "-S", source, "-B", directory, "-G", "Ninja", ninja, *options)
    checked(cmake, "--build", directory, "--target", target)
    return directory


def install(binary: Path, prefix: Path, *options: str) -> Path:
    checked(tool("cmake"), "--install", binary, "--prefix", prefix, *options)
    return prefix


@pytest.fixture(scope="session")
def build_suite() -> Callable[..., Path]:
    return build


@pytest.fixture(scope="session")
def install_suite() -> Callable[..., Path]:
    return install


@pytest.fixture(scope="session")
def suite_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("ipc") / "build")


@pytest.fixture(scope="session")
def suite(suite_build: Path) -> Path:
    return install(suite_build, suite_build.parent / "installed")


@pytest.fixture(scope="session")
def suite_without_ipc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("mono")
    binary = build(directory / "build", "-DENABLE_IPC=OFF")
    return install(binary, directory / "installed")


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that prints its process id and its arguments, each ended by a NUL."""
    source = tmp_path_factory.mktemp("probe") / "probe.c"
    source.write_text(PROBE)
    program = source.with_suffix("")
    checked(os.environ.get("CC", "cc"), "-o", program, source)
    return program


@pytest.fixture(scope="session")
def place(probe: Path) -> Callable[[Path], Path]:
    """Put the probe at a path, as the program that the wrapper is to find there."""

    def put(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(probe, path)
        return path

    return put


@pytest.fixture
def wrapper(suite: Path, tmp_path: Path) -> Path:
    """A wrapper alone in tmp_path/bin."""
    (tmp_path / "bin").mkdir()
    return Path(shutil.copy(suite / "bin/bitcoin", tmp_path / "bin/bitcoin"))


@pytest.fixture(scope="session")
def run() -> Callable[..., subprocess.CompletedProcess[str]]:
    def call(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )

    return call


@pytest.fixture
def short_directory() -> Iterator[Path]:
    """Where a socket's path stays below the limit of about a hundred bytes."""
    with tempfile.TemporaryDirectory(prefix="cm", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a program and wait for its first line, which says that it is ready."""
    running: list[subprocess.Popen[bytes]] = []

    def launch(*command: str | Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        running.append(process)
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], DEADLINE)[0], "no sign of life"
        # The line is written at once, and what is left is for communicate().
        first = os.read(process.stdout.fileno(), 4096).decode()
        assert " listens on " in first or " is running" in first, first
        return process

    yield launch
    for process in running:
        with process:
            process.kill()


@pytest.fixture
def fake_node(short_directory: Path) -> Iterator[Callable[..., Path]]:
    """Listen on a socket and answer every client with the same bytes; None stays silent."""
    done = threading.Event()
    threads: list[threading.Thread] = []

    def serve(listener: socket.socket, answer: bytes | None) -> None:
        with listener:
            client, _ = listener.accept()
            with client:
                if answer is None:
                    done.wait(DEADLINE)
                    return
                assert client.recv(128) == b"hello bitcoin-wallet 1.1\n"
                client.sendall(answer)

    def listen(answer: bytes | None) -> Path:
        path = short_directory / "fake.sock"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.settimeout(DEADLINE)
        listener.bind(str(path))
        listener.listen()
        threads.append(threading.Thread(target=serve, args=(listener, answer)))
        threads[-1].start()
        return path

    yield listen
    done.set()
    for thread in threads:
        thread.join()

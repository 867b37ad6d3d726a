"""Starting programs that nobody vouches for: with a time limit, bounded output, and a sure end.

Each program leads a process group of its own, and the whole group is killed when its test is over.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from counterproof.rulebook.smoke import SIGNAL, STARTS, TIME_LIMIT
from counterproof.smoke.trial import Failed

__all__ = ["Ended", "Started", "run", "start"]

_MOST_OUTPUT: Final = 4 << 20
"""Bytes that a program may print on one stream."""
_GLANCE: Final = 0.02
"""Seconds between two looks at a program that runs."""
_SHOWN: Final = 300
"""Characters of a program's last line that a message shows at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended, and what it printed."""

    status: int
    """The exit code; negative: the signal that killed it."""
    out: str
    err: str

    @property
    def first_line(self) -> str:
        """The first line of its standard output, or nothing."""
        return next(iter(self.out.splitlines()), "").strip()

    def __str__(self) -> str:
        said = _last_line(self.err) or _last_line(self.out)
        return f"{_status(self.status)}: {said}" if said else _status(self.status)


def run(
    argv: Sequence[str], *, environment: Mapping[str, str], directory: Path, seconds: float
) -> Ended:
    """Run a program to its end, and until everything that it started has closed its output.

    Raises :class:`Failed` when it cannot be started, takes longer than ``seconds``, or prints
    without end.
    """
    deadline = time.monotonic() + seconds
    process = _popen(argv, environment, directory, subprocess.PIPE, subprocess.PIPE)
    with process:
        try:
            printed = _collect(process, deadline)
            status = process.wait(max(deadline - time.monotonic(), _GLANCE))
        except subprocess.TimeoutExpired as error:
            raise Failed(TIME_LIMIT, f"it did not end within {seconds:g} s") from error
        finally:
            _kill_group(process)
    out, err = (bytes(each).decode(errors="replace") for each in printed)
    return Ended(status=status, out=out, err=err)


@dataclass(slots=True, kw_only=True)
class Started:
    """A program that runs until it is told to end."""

    process: subprocess.Popen[bytes]
    log: Path
    """Where its output goes."""
    seconds: float
    """How long it is waited for, each time."""
    _began: float = field(default_factory=time.monotonic)

    @property
    def printed(self) -> str:
        """What it has printed so far, or the end of it."""
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _MOST_OUTPUT))
            return file.read(_MOST_OUTPUT).decode(errors="replace")

    def wait_until(self, ready: Callable[[], bool], what: str) -> None:
        """Wait until ``ready`` says so.

        Raises :class:`Failed` when the program ends before, or takes too long; ``what`` says what
        was waited for.
        """
        deadline = time.monotonic() + self.seconds
        while not ready():
            status = self.process.poll()
            if status is not None:
                said = _last_line(self.printed)
                raise Failed(STARTS, f"it ended ({_status(status)}) before {what}: {said}")
            self._check_time(deadline, f"it did not reach {what} within {self.seconds:g} s")
            time.sleep(_GLANCE)

    def terminate(self) -> None:
        """Ask it to end, as a service manager does."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)

    def wait(self, after: str) -> None:
        """Wait for its good end, ``after`` what was done to end it; raises :class:`Failed`."""
        deadline = time.monotonic() + self.seconds
        while (status := self.process.poll()) is None:
            self._check_time(deadline, f"it did not end within {self.seconds:g} s after {after}")
            time.sleep(_GLANCE)
        if status != 0:
            said = _last_line(self.printed)
            raise Failed(SIGNAL, f"after {after} it ended with {_status(status)}: {said}")

    def _check_time(self, deadline: float, problem: str) -> None:
        if time.monotonic() > deadline:
            raise Failed(TIME_LIMIT, problem)
        if self.log.stat().st_size > _MOST_OUTPUT:
            raise Failed(TIME_LIMIT, f"it printed more than {_MOST_OUTPUT >> 20} MiB")


@contextmanager
def start(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    seconds: float,
    log: Path,
) -> Iterator[Started]:
    """Start a program that goes on by itself; it is killed at the latest when the context ends.

    Raises :class:`Failed` when it cannot be started.
    """
    with log.open("wb") as output:
        process = _popen(argv, environment, directory, output, subprocess.STDOUT)
    with process:
        try:
            yield Started(process=process, log=log, seconds=seconds)
        finally:
            _kill_group(process)


def _popen(
    argv: Sequence[str],
    environment: Mapping[str, str],
    directory: Path,
    out: int | IO[bytes],
    err: int,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
    except OSError as error:
        raise Failed(STARTS, f"it cannot be run: {error.strerror or error}") from error


def _collect(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytearray, bytearray]:
    """Read both streams to their ends."""
    printed = (bytearray(), bytearray())
    with selectors.DefaultSelector() as selector:
        for stream, taken in zip((process.stdout, process.stderr), printed, strict=True):
            assert stream is not None
            selector.register(stream, selectors.EVENT_READ, taken)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, 1 << 16)
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
                if len(key.data) > _MOST_OUTPUT:
                    problem = f"it printed more than {_MOST_OUTPUT >> 20} MiB"
                    raise Failed(TIME_LIMIT, problem)
    return printed


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # Killing the leader's group also reaches what it left behind; it may be gone altogether.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_SHOWN] if lines else ""


def _status(status: int) -> str:
    if status >= 0:
        return f"exit {status}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"

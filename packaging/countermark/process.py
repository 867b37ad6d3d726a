"""Programs of the system: every one that countermark runs is started here."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from countermark.capacity import memory_kills
from countermark.errors import CommandError, MissingToolError, StoppedError
from countermark.first_error import failure_lines, first_error
from countermark.killed import advice, killed_program

__all__ = ["Command", "Ended", "Runner", "answer", "hint_for", "measure"]

_PIECE: Final = 4096
"""Bytes of a line that are read at once: what a program prints may have no lines."""
_GRACE: Final = 5.0
"""Seconds that a program has to end after SIGTERM."""
_GLANCE: Final = 0.001
"""Seconds between two looks at a program that is watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program with its arguments and its whole environment."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path | None = None
    """Where it runs; this process's own directory when None."""
    text: str = ""
    """What it reads from its standard input."""

    def __str__(self) -> str:
        return shlex.join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended that was measured."""

    seconds: float
    """From before its start to behind its end, by the wall clock."""
    problem: str
    """Why it did not end well, with the last line that it printed; empty when it did."""


class Runner:
    """Runs programs, several at a time from several threads, and stops them all when told.

    Each program leads its own process group, so that what it started ends with it.
    """

    def __init__(self, kept: tuple[int, ...] = ()) -> None:
        """``kept`` are descriptors that every program inherits."""
        self._kept = kept
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(self, command: Command, *, what: str, log: Path, hint: str = "") -> None:
        """Run ``command`` to its end; its output is appended to ``log``, behind the command itself.

        ``what`` names the work in an error. Raises :class:`CommandError` with the lines that
        matter, :class:`MissingToolError`, or :class:`StoppedError`.
        """
        with log.open("ab") as stream, tempfile.TemporaryFile() as source:
            ending = _Ending(
                what=what, log=log, start=_begin(stream, command), hint=hint, kills=memory_kills()
            )
            source.write(command.text.encode(errors="surrogateescape"))
            source.seek(0)
            process = self._start(command, source.fileno(), stream.fileno(), stream.fileno())
            status = self._wait(process)
        self._require(status == 0, status, ending)

    @contextlib.contextmanager
    def feed(
        self, command: Command, target: IO[bytes], *, what: str, log: Path
    ) -> Iterator[IO[bytes]]:
        """Run a filter: what is written to the stream that this gives comes out in ``target``.

        What the program says on its standard error is appended to ``log``. Raises what
        :meth:`run` does, at the end of the block.
        """
        taken = False
        with log.open("ab") as stream:
            ending = _Ending(
                what=what, log=log, start=_begin(stream, command), kills=memory_kills()
            )
            process = self._start(command, subprocess.PIPE, target.fileno(), stream.fileno())
            try:
                with contextlib.suppress(BrokenPipeError):  # the program's own end says why
                    with _input_of(process) as pipe:
                        yield pipe
                    taken = True
            except BaseException:
                self._drop(process)
                raise
            status = self._wait(process)
        self._require(taken and status == 0, status, ending)

    def _start(
        self, command: Command, source: int, output: int, errors: int
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise StoppedError
            try:
                process = subprocess.Popen(
                    command.argv,
                    env=command.environment,
                    cwd=command.directory,
                    stdin=source,
                    stdout=output,
                    stderr=errors,
                    start_new_session=True,
                    pass_fds=self._kept,
                )
            except OSError as error:
                raise MissingToolError(f"{command.argv[0]} cannot be run: {error}") from error
            self._running.add(process)
            return process

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait()
        finally:
            self._drop(process)

    def _drop(self, process: subprocess.Popen[bytes]) -> None:
        """Forget a program, which is ended when it has not come to its own end."""
        with self._lock:
            self._running.discard(process)
        if process.returncode is None:
            _end(process)

    def _require(self, good: bool, status: int, ending: _Ending) -> None:
        if self._stopped:
            raise StoppedError
        if not good:
            raise ending.error(status)

    def refuse_stopped(self) -> None:
        """Raise :class:`StoppedError` when no other program may begin."""
        if self._stopped:
            raise StoppedError

    def stop(self) -> None:
        """End every program that runs, and let no other begin."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        for process in running:
            _end(process)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """What is known of a program before its end, for an error that tells of it."""

    what: str
    log: Path
    start: int
    """Where in the log its output begins."""
    kills: int | None
    """How many programs the system had ended for want of memory before."""
    hint: str = ""

    def error(self, status: int) -> CommandError:
        """Return the error of a program that ended badly, with the lines that matter."""
        lines = failure_lines(_lines(self.log, self.start))
        return CommandError(
            self.what,
            status=_status(status),
            log=self.log,
            tail=first_error(lines),
            hint=self._hint(killed_program(lines, status)),
        )

    def _hint(self, killed: str | None) -> str:
        """Say so when the disk is full, or memory was: compilers often do not."""
        if killed is None:
            return hint_for(self.log, self.hint)
        now = memory_kills()
        return advice(killed, None if now is None or self.kills is None else now - self.kills)


def _begin(log: IO[bytes], command: Command) -> int:
    """Write the command into the log and return where its output will begin."""
    log.write(f"$ {command}\n".encode(errors="surrogateescape"))
    log.flush()
    return log.tell()


def _input_of(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdin is None:
        raise ValueError("the program was not started with a pipe")
    return process.stdin


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started: politely first, then whatever is left.

    Ninja puts each compiler into a process group of its own and ends it when it is told to end
    itself, so it must be given the time: the leader being gone is not enough.
    """
    deadline = time.monotonic() + _GRACE
    _signal_group(process.pid, signal.SIGTERM)
    while _signal_group(process.pid, 0) and time.monotonic() < deadline:
        process.poll()  # takes note of the leader's end, or it would stay in the group
        time.sleep(0.01)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(leader: int, number: int) -> bool:
    """Signal every program of a group, 0 for none; tell whether there was one."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a dead group
        return False
    return True


def answer(argv: tuple[str, ...], environment: Mapping[str, str], *, seconds: float = 60) -> str:
    """Run a program that only answers a question, and return its standard output, stripped.

    Returns an empty string when the program is missing, fails, or takes longer than ``seconds``.
    """
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def measure(
    command: Command, *, log: Path, seconds: float, watch: Callable[[int], object] | None = None
) -> Ended:
    """Run a program to its end and say how long it took; its output becomes the file ``log``.

    It is killed when it takes longer than ``seconds``. ``watch`` is given its process id again and
    again while it runs, which disturbs the time. Raises :class:`MissingToolError`.
    """
    with log.open("wb") as stream:
        start = time.perf_counter()
        try:
            process = subprocess.Popen(
                command.argv,
                env=command.environment,
                cwd=command.directory,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise MissingToolError(f"{command.argv[0]} cannot be run: {error}") from error
        limit = threading.Timer(seconds, _signal_group, (process.pid, signal.SIGKILL))
        limit.start()
        try:
            while watch and process.poll() is None:
                watch(process.pid)
                time.sleep(_GLANCE)
            status = process.wait()
            taken = time.perf_counter() - start
        finally:
            limit.cancel()
            if process.returncode is None:
                _end(process)
    return Ended(seconds=taken, problem=_problem(status, log))


def _problem(status: int, log: Path) -> str:
    if status == 0:
        return ""
    return ": ".join((_status(status), *first_error(failure_lines(_lines(log, 0)))[-1:]))


def _status(status: int) -> str:
    if status >= 0:
        return f"exit {status}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"


def _lines(log: Path, start: int) -> Iterator[str]:
    """Yield what was printed from ``start`` on, line by line."""
    with log.open("rb") as stream:
        stream.seek(start)
        while line := stream.readline(_PIECE):
            last = line
            while len(last) == _PIECE and not last.endswith(b"\n"):
                last = stream.readline(_PIECE)
                line = line[:_PIECE] + last  # the middle of a long one is nothing to read
            yield line.decode(errors="replace").rstrip("\r\n")


def hint_for(path: Path, hint: str) -> str:
    """Return the hint; or say that the disk of ``path`` is full: programs often do not."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(path.parent).free < 1024 * 1024:
            return f"The disk that holds {path.parent} is full: free some space and run it again."
    return hint

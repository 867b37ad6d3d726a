"""Taking facts in processes of their own: a crash, a hang or a bomb costs one image, not the run.

Each process imports LIEF while the caller goes on. Images go to it by a socket, and facts come
back; one that dies or is too slow is replaced, and its image is unreadable.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from types import TracebackType
from typing import Final, Self

from counterproof.hardening.facts import Facts, Unreadable
from countersign.image import Image

__all__ = ["SECONDS", "FactsReader"]

SECONDS: Final = 60.0
"""What an image may take; the largest that are known take two."""
_WORKER: Final = "counterproof.hardening.worker"


class FactsReader:
    """Reads facts in ``workers`` processes, by default one for each core; use it in a ``with``.

    A process is started when it is first needed.
    """

    def __init__(self, workers: int | None = None, *, seconds: float = SECONDS) -> None:
        count = workers or os.cpu_count() or 1
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="facts")
        self._room = threading.Semaphore(count + 1)
        self._own = threading.local()
        self._started: list[_Worker] = []
        self._stopping = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if error is not None:
            self._stopping = True
            for worker in tuple(self._started):
                worker.stop()
        self._threads.shutdown()
        for worker in self._started:
            worker.close()

    def submit(self, data: bytes | memoryview, image: Image) -> Future[Facts]:
        """Have facts taken as :func:`read_facts` does, and go on.

        Waits while every process is busy and one more image is in line: as many are kept in memory
        and no more. ``data`` must stay as it is until the answer is there.
        """
        self._room.acquire()
        future = self._threads.submit(self._read, data, image)
        future.add_done_callback(lambda _: self._room.release())
        return future

    def _read(self, data: bytes | memoryview, image: Image) -> Facts:
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is None or worker.ended:
            worker = self._own.worker = _Worker.start()
            self._started.append(worker)
            if self._stopping:
                worker.stop()
        return worker.read(data, image, self._seconds)


@dataclass(frozen=True, slots=True)
class _Worker:
    """One process."""

    process: subprocess.Popen[bytes]
    pipe: Connection

    @classmethod
    def start(cls) -> Self:
        ours, its = Pipe()
        process = subprocess.Popen(
            (sys.executable, "-m", _WORKER, str(its.fileno())),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            pass_fds=(its.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        its.close()
        return cls(process, ours)

    @property
    def ended(self) -> bool:
        """True when it can take no more images."""
        return self.process.poll() is not None

    def read(self, data: bytes | memoryview, image: Image, seconds: float) -> Facts:
        """Have one image read; end the process when it does not answer in time."""
        try:
            self.pipe.send(image)
            self.pipe.send_bytes(data)
            if self.pipe.poll(seconds):
                facts: Facts = self.pipe.recv()
                return facts
        except (OSError, EOFError):
            self.close()
            return Unreadable(f"the process that read it ended ({_end_of(self.process)})")
        self.close()
        return Unreadable(f"reading it takes more than {seconds:g} s")

    def stop(self) -> None:
        """End the process; any thread may, even while another one reads."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the process and let go of its pipe, once nobody else reads from it."""
        self.stop()
        self.pipe.close()


def _end_of(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"

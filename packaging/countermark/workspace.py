"""The output directory: the artifacts, and below ``.countermark`` all that is needed to make them.

Only one run at a time may work in it; what an earlier one left unfinished is swept away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from countermark.errors import BusyError, ConfigurationError, WorkError

__all__ = ["HostWorkspace", "Workspace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostWorkspace:
    """Where one host is built and staged."""

    root: Path

    @property
    def build(self) -> Path:
        """The CMake build tree, kept between runs."""
        return self.root / "build"

    @property
    def toolchain(self) -> Path:
        """The programs that stand for a compiler's tools, where the default toolchain builds."""
        return self.root / "toolchain"

    @property
    def stage(self) -> Path:
        """The directory that holds the stage, made anew by each run."""
        return self.root / "stage"

    @property
    def unsigned(self) -> Path:
        """The directory that holds a copy of the stage without signatures."""
        return self.root / "unsigned"

    @property
    def debug(self) -> Path:
        """The directory that holds what was split from the programs."""
        return self.root / "debug"

    @property
    def shelf(self) -> Path:
        """The directory for archives of the latest run while another one is at work."""
        return self.root / "shelf"

    @property
    def times(self) -> Path:
        """How long the steps of the latest whole build took, as Ninja writes it down."""
        return self.root / "ninja-log"

    @property
    def log(self) -> Path:
        """What the programs of this host printed in the latest run."""
        return self.root / "log.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One output directory."""

    out: Path

    @property
    def root(self) -> Path:
        """All that is not an artifact."""
        return self.out / ".countermark"

    @property
    def temporary(self) -> Path:
        """Unfinished files, on the same file system as the artifacts."""
        return self.root / "unfinished"

    @property
    def shelf(self) -> Path:
        """The directory for the source archive of the latest run while another one is at work."""
        return self.root / "shelf"

    @property
    def log(self) -> Path:
        """What the programs printed in the latest run that work for all hosts."""
        return self.root / "log.txt"

    @property
    def prefixes(self) -> Path:
        """What is known of the libraries that were given."""
        return self.root / "prefixes"

    @property
    def manifest(self) -> Path:
        """What was made from what, by which steps."""
        return self.out / "manifest.json"

    @property
    def settings(self) -> Path:
        """The effective configuration."""
        return self.out / "countermark-effective.toml"

    @property
    def sums(self) -> Path:
        """The digests of the artifacts."""
        return self.out / "SHA256SUMS"

    @property
    def documented(self) -> Path:
        """A digest of what the documents about the release were made from."""
        return self.root / "documented"

    def take_sums(self) -> bytes | None:
        """Take the digests away and return them; None when there are none."""
        try:
            content = self.sums.read_bytes()
        except FileNotFoundError:
            return None
        self.sums.unlink()
        return content

    def host(self, triple: str) -> HostWorkspace:
        """Return the part that belongs to one host."""
        return HostWorkspace(root=self.root / triple)

    def refuse_file(self) -> None:
        """Raise :class:`ConfigurationError` when a file is where the directory should be."""
        if self.out.exists() and not self.out.is_dir():
            raise ConfigurationError(f"{self.out} is a file", hint="Give a directory with --out.")

    @contextlib.contextmanager
    def lock(self) -> Iterator[int]:
        """Hold the directory for one run; made if it is not there.

        Gives the descriptor of the lock, for programs to inherit: what a killed run has left
        running then still holds the directory.

        Raises :class:`BusyError` when another run holds it, :class:`WorkError` when it cannot be
        written to.
        """
        self.refuse_file()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            stream = (self.root / "lock").open("a+", encoding="ascii")
        except OSError as error:
            raise WorkError(
                f"{self.out} cannot be written to: {error.strerror}",
                hint="Give another directory with --out.",
            ) from error
        with stream:
            self._take(stream.fileno())
            try:
                self._sweep()
                yield stream.fileno()
            finally:
                # Whoever inherited the descriptor and lives on, such as a compiler cache's
                # server, does not hold a directory whose run came to its end.
                fcntl.flock(stream.fileno(), fcntl.LOCK_UN)

    def _sweep(self) -> None:
        try:
            shutil.rmtree(self.temporary, ignore_errors=True)
            self.temporary.mkdir()
        except OSError as error:
            raise WorkError(
                f"{self.temporary} cannot be emptied: {error.strerror}",
                hint="Delete it and run it again.",
            ) from error

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            raise BusyError(self.out, f" (process {owner})" if owner else "") from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

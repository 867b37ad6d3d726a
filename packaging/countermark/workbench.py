"""A directory in which signers are run on one image, and what each run of them gives."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countermark.contenders import Contender, Role
from countermark.errors import WorkError
from countermark.process import Command, measure
from countersign.digest import HashType
from countersign.findings import FileVerdict, Severity
from countersign.mapping import map_file
from countersign.pagehash import available_threads, hash_pages
from countersign.verifier import verify

__all__ = ["Run", "Workbench", "broken_rules", "space_needed"]

TIME_LIMIT: Final = 900.0
"""Seconds after which a contender is taken for one that hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one contender."""

    seconds: float
    verdict: FileVerdict | None = None
    """What the verifier says of the signature that it wrote; None when it writes none."""


def space_needed(size: int) -> int:
    """Return the bytes that a workbench takes at most for an image of ``size`` bytes.

    There are the image, one signed by us, one by a contender, and what that one may write beside
    it. A signature with two hashes for each page of 4 KiB takes 1/79 of its image, and a little.
    """
    return 4 * (size + size // 50 + 100_000)


def broken_rules(verdict: FileVerdict) -> tuple[str, ...]:
    """Return the ids of the rules for which a file is rejected, each once."""
    findings = [*verdict.findings, *(each for one in verdict.slices for each in one.findings)]
    return tuple(dict.fromkeys(f.rule for f in findings if f.severity is Severity.ERROR))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """A directory of its own, with the image in it as ``source``."""

    root: Path
    environment: Mapping[str, str]

    @property
    def source(self) -> Path:
        """The image, which nobody changes."""
        return self.root / "source"

    @property
    def signed(self) -> Path:
        """The image as countermark signed it, for those that verify."""
        return self.root / "signed"

    @property
    def target(self) -> Path:
        """What a contender writes; gone after its run."""
        return self.root / "target"

    def run(
        self,
        contender: Contender,
        watch: Callable[[int], object] | None = None,
        *,
        keep: bool = False,
    ) -> Run:
        """Run a contender once and judge what it wrote, which becomes ``signed`` or is deleted.

        Raises :class:`WorkError` when it fails or writes nothing.
        """
        if contender.in_place:
            shutil.copyfile(self.source, self.target)
        paths = {"source": self.source, "target": self.target, "signed": self.signed}
        command = Command(
            argv=contender.command(**paths), environment=self.environment, directory=self.root
        )
        try:
            ended = measure(command, log=self.root / "log", seconds=TIME_LIMIT, watch=watch)
            if ended.problem:
                raise WorkError(ended.problem)
            run = Run(seconds=ended.seconds, verdict=self._judge(contender))
            if keep:
                self.target.replace(self.signed)
            return run
        finally:
            self.target.unlink(missing_ok=True)

    def _judge(self, contender: Contender) -> FileVerdict | None:
        if contender.role is not Role.SIGN:
            return None
        if not self.target.is_file():
            raise WorkError("it wrote nothing")
        return verify(self.target)

    def hash_pages(self, page_size: int) -> Run:
        """Hash every page of the image, in this process and on all its cores."""
        start = time.perf_counter()
        threads = available_threads()
        hash_pages(map_file(self.source), page_size, HashType.SHA256, threads=threads)
        return Run(seconds=time.perf_counter() - start)

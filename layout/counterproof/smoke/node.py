"""A node as a test starts it and asks it.

What it is given depends on its own help: Bitcoin Core's nodes know chains and are run on regtest,
without the network; the reference suite's know none.
"""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from counterproof.smoke.process import Ended, Started
from counterproof.smoke.programs import Startable
from counterproof.smoke.rig import Rig

__all__ = ["Node", "Traits", "free_port", "read_traits"]

_READY: Final = ("Done loading", "is running", "listens on")
"""What nodes print when they are there: in Bitcoin Core's log, and the reference suite's."""
_ALONE: Final = ("-listen=0", "-noconnect", "-printtoconsole")


class Traits(NamedTuple):
    """What a program's help says that it can do."""

    chains: bool
    """It has ``-chain``; its help does not tell of ``-regtest``."""
    ipc: bool
    """It listens or connects by IPC."""


def read_traits(help_text: str, ipc_option: str) -> Traits:
    """Read a program's help; where IPC was left out, the reference suite's says so itself."""
    lines = [line for line in help_text.splitlines() if f"-{ipc_option}" in line]
    refused = any("Refused" in line for line in lines)
    return Traits(chains="-chain=" in help_text, ipc=bool(lines) and not refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node with a data directory of its own."""

    rig: Rig
    program: Startable
    wrapper: Startable | None
    """What starts it; None where it has to be started by itself."""
    mode: str
    """The wrapper's option that chooses it."""
    traits: Traits
    datadir: Path
    port: int
    """For its clients, on this machine alone."""

    @property
    def common(self) -> tuple[str, ...]:
        """The arguments that it shares with its clients."""
        chain = ("-regtest", f"-rpcport={self.port}") if self.traits.chains else ()
        return (*chain, f"-datadir={self.rig.path(self.datadir)}")

    @contextmanager
    def running(self, *more: str) -> Iterator[Started]:
        """Start it and wait until it says that it runs; raises :class:`Failed`."""
        words = (*self.common, *(_ALONE if self.traits.chains else ()), *more)
        starting = (
            self.rig.start(self.wrapper, self.mode, "node", *words)
            if self.wrapper
            else self.rig.start(self.program, *words)
        )
        with starting as started:
            started.wait_until(
                lambda: any(text in started.printed for text in _READY), "saying that it runs"
            )
            yield started

    def ask(self, command: str, client: Startable, *arguments: str) -> Ended:
        """Run a client of it, by the wrapper's ``command`` where there is one."""
        if self.wrapper:
            return self.rig.run(self.wrapper, command, *self.common, *arguments)
        return self.rig.run(client, *self.common, *arguments)

    def has_socket(self) -> bool:
        """Tell whether it listens where ``-ipcbind=unix`` puts its socket."""
        directory = self.datadir / "regtest" if self.traits.chains else self.datadir
        try:
            return stat.S_ISSOCK((directory / "node.sock").stat().st_mode)
        except OSError:
            return False


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

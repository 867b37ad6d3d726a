"""Does a node become the wrapper's process, answer its clients, and stop? Rules S06 to S08."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from counterproof.profiles.wrapper import Wrapper
from counterproof.rulebook.smoke import IPC, SAME_PROCESS, STARTS
from counterproof.smoke.node import Node, Traits, free_port, read_traits
from counterproof.smoke.process import Started
from counterproof.smoke.programs import Startable
from counterproof.smoke.rig import Rig
from counterproof.smoke.trial import Failed, Skipped, Trial, attempt
from counterproof.smoke.wrapping import node_modes

__all__ = ["try_nodes"]

_CLIENT, _WALLET = "bitcoin-cli", "bitcoin-wallet"
_CONNECT = "ipcconnect"


def try_nodes(rig: Rig, wrapper: Wrapper) -> Iterator[Trial]:
    """Run every node of the tree twice: to be stopped by a signal, and to be asked by clients."""
    for mode, name in node_modes(rig, wrapper):
        yield from _try_node(rig, wrapper, mode, rig.programs[name])


def _try_node(rig: Rig, wrapper: Wrapper, mode: str, program: Startable) -> Iterator[Trial]:
    read: list[Traits] = []
    trial = attempt(f"{program.place} -help", partial(_read_help, rig, program, read))
    yield trial
    if not read:
        return
    starter = rig.programs.get(wrapper.program) if rig.launcher.waits_for_others else None
    for try_one in (_try_process, _try_clients):
        node = Node(
            rig=rig,
            program=program,
            wrapper=starter,
            mode=mode,
            traits=read[0],
            datadir=rig.scratch.fresh(),
            port=free_port(),
        )
        line = f"{wrapper.program} {mode} node" if starter else str(program.place)
        yield from try_one(node, line)


def _read_help(rig: Rig, program: Startable, read: list[Traits]) -> str:
    ended = rig.run(program, "-help")
    if ended.status != 0:
        raise Failed(STARTS, str(ended))
    read.append(read_traits(ended.out, "ipcbind"))
    return "IPC" if read[0].ipc else "no IPC"


def _try_process(node: Node, line: str) -> Iterator[Trial]:
    with ExitStack() as stack:
        running: list[Started] = []
        yield attempt(f"{line}: starts", partial(_begin, node, (), stack, running))
        for started in running:
            yield attempt(f"{line}: same process", partial(_same_process, node, started))
            yield attempt(f"{line}: SIGTERM", partial(_ends_by_signal, node, started))


def _try_clients(node: Node, line: str) -> Iterator[Trial]:
    options = ("-ipcbind=unix",) if node.traits.ipc else ()
    line = " ".join((line, *options))
    with ExitStack() as stack:
        running: list[Started] = []
        yield attempt(f"{line}: listens", partial(_listen, node, options, stack, running))
        for started in running:
            yield attempt(f"{line}: wallet", partial(_ask_wallet, node))
            yield attempt(f"{line}: rpc", partial(_ask_height, node))
            yield attempt(f"{line}: rpc by IPC", partial(_ask_height_by_ipc, node))
            yield attempt(f"{line}: rpc stop", partial(_stop, node, started))


def _begin(node: Node, options: tuple[str, ...], stack: ExitStack, running: list[Started]) -> str:
    running.append(stack.enter_context(node.running(*options)))
    return "it says that it runs"


def _listen(node: Node, options: tuple[str, ...], stack: ExitStack, running: list[Started]) -> str:
    if not node.traits.ipc and not node.traits.chains:
        raise Skipped("it offers no IPC")
    said = _begin(node, options, stack, running)
    if not options:
        return said
    if not node.has_socket():
        raise Failed(IPC, "it says that it runs, but it made no node.sock")
    return "node.sock is there"


def _same_process(node: Node, started: Started) -> str:
    if node.wrapper is None:
        raise Skipped("it was not started by the wrapper")
    if not node.rig.launcher.native or not Path("/proc/self/exe").exists():
        raise Skipped("only Linux shows what runs as its own programs")
    runs = Path(f"/proc/{started.process.pid}/exe").readlink()
    if runs != node.program.path.resolve():
        raise Failed(SAME_PROCESS, f"the wrapper's process runs {runs.name}")
    return f"the wrapper's process runs {node.program.place}"


def _ends_by_signal(node: Node, started: Started) -> str:
    if node.rig.launcher.drive:
        raise Skipped("Windows has no such signal")
    started.terminate()
    started.wait("SIGTERM")
    return "exit 0"


def _ask_wallet(node: Node) -> str:
    wallet = _client(node, _WALLET)
    ended = node.ask("wallet", wallet, f"-{_CONNECT}=unix")
    if ended.status != 0:
        raise Failed(IPC, str(ended))
    return ", ".join(ended.out.split("\n")).strip(", ")


def _ask_height(node: Node) -> str:
    return _height(node, node.rig.find(_CLIENT))


def _ask_height_by_ipc(node: Node) -> str:
    return _height(node, _client(node, _CLIENT), f"-{_CONNECT}=unix")


def _height(node: Node, client: Startable, *options: str) -> str:
    ended = node.ask("rpc", client, *options, "getblockcount")
    if ended.status != 0 or ended.out.strip() != "0":
        raise Failed(IPC, f"getblockcount: {ended}")
    return "getblockcount: 0"


def _stop(node: Node, started: Started) -> str:
    ended = node.ask("rpc", node.rig.find(_CLIENT), "stop")
    if ended.status != 0:
        raise Failed(IPC, f"stop: {ended}")
    started.wait("stop")
    return "exit 0"


def _client(node: Node, name: str) -> Startable:
    """Give a program that can connect to the node by IPC."""
    client = node.rig.find(name)
    if not node.traits.ipc:
        raise Skipped("the node offers no IPC")
    if not read_traits(node.rig.run(client, "-help").out, _CONNECT).ipc:
        raise Skipped(f"{name} has no -{_CONNECT}")
    return client

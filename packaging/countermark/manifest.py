"""``manifest.json``: what a release was made from, by which steps, and what came out.

Every step extends it while it runs; hosts that an earlier run of the same release made stay in it.
The document is canonical: keys sorted, lists in a fixed order.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from countermark.configuration import Configuration
from countermark.errors import WorkError
from countermark.files import read_ordinary, write_whole
from countermark.plan import ReleasePlan
from countermark.workspace import Workspace

__all__ = [
    "SCHEMA",
    "ArgumentRow",
    "ArtifactRow",
    "ChangeRow",
    "HostRow",
    "ImageRow",
    "InputRow",
    "Ledger",
    "Manifest",
    "StepRow",
    "read_manifest",
]

SCHEMA: Final = "countermark.manifest/1"

_LARGEST: Final = 16 << 20
"""Bytes of a manifest that are read; one of seven hosts has 60,000."""

Status = Literal["started", "accepted", "rejected", "failed"]


class InputRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the release was made from."""

    kind: Literal["suite", "tool", "toolchain", "compiler", "dependency", "prefix"]
    name: str
    version: str | None = None
    digest: str | None = None
    """``sha256:`` with 64 digits over its content, where that is known."""
    commit: str | None = None
    """The commit of a suite that is under git."""
    url: str | None = None
    """Where the archive of a dependency is to be had."""
    wheel: str | None = None
    """``sha256:`` with 64 digits of the published wheel that a toolchain came from."""
    dirty: bool = False
    """True for a suite whose files differ from its commit."""


class ArgumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """An argument of the compiler that the default toolchain left out, or put otherwise."""

    argument: str
    instead: str | None = None
    """What took its place; null where nothing did."""
    why: str
    dependency: str | None = None
    """The name of what was compiled with it; null for the suite itself."""


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the flow for one host."""

    step: str
    seconds: float
    detail: str = ""


class ImageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One program or library, as it is in the archive."""

    path: str
    format: str
    architectures: tuple[str, ...]
    size: int
    mode: str
    """Permission bits in octal, such as ``0755``."""
    sha256: str
    unsigned_sha256: str | None = None
    """Of a signed Mach-O, that of the same file without its signatures."""
    identifier: str | None = None
    cdhashes: tuple[str, ...] = ()


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an image that says another thing than its linker wrote."""

    path: str
    architecture: str
    field: str
    """``minimum``, ``sdk``, ``subsystem version``, ``system version`` or ``check sum``."""
    before: str
    after: str


class ArtifactRow(msgspec.Struct, frozen=True, kw_only=True):
    """A published file."""

    name: str
    size: int
    mode: str
    sha256: str
    content_sha256: str | None = None
    """SHA-256 of the uncompressed tar, which no compressor changes."""
    compressor: str = ""
    kind: str = ""
    """What it is for, in the words of the configuration: ``binaries``, ``debug``, ..."""


class HostRow(msgspec.Struct, frozen=True, kw_only=True):
    """One host of the release."""

    host: str
    minimum: str | None
    """The oldest system the programs start on; null where the toolchain does not see to it."""
    status: Status = "started"
    toolchain: str
    cmake: dict[str, bool | int | str] = {}
    profile: str | None = None
    moves: dict[str, str] = {}
    """Programs that stand elsewhere than the suite installs them: from, to."""
    inputs: tuple[InputRow, ...] = ()
    changed_arguments: tuple[ArgumentRow, ...] = ()
    """Each of them once, whatever was compiled with it; sorted."""
    steps: tuple[StepRow, ...] = ()
    changed_after_link: tuple[ChangeRow, ...] = ()
    """What the images say of the systems they are for and their linker did not write."""
    images: tuple[ImageRow, ...] = ()
    planned: tuple[str, ...] = ()
    """The names of all files that the host is to have, made or not."""
    artifacts: tuple[ArtifactRow, ...] = ()
    error: str | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document."""

    schema: Literal["countermark.manifest/1"] = SCHEMA
    name: str
    version: str
    source_date_epoch: int
    made_by: str
    style: str
    inputs: tuple[InputRow, ...]
    artifacts: tuple[ArtifactRow, ...] = ()
    """What is made once for all hosts: the source archive."""
    hosts: tuple[HostRow, ...] = ()


class Ledger:
    """The manifest of a release while it is made; safe to use from several threads."""

    def __init__(self, plan: ReleasePlan, made_by: str) -> None:
        self._workspace = plan.workspace
        self._lock = threading.Lock()
        fresh = _new_manifest(plan, made_by)
        earlier = read_manifest(plan.workspace)  # one that cannot be read is replaced
        known = fresh
        if earlier and msgspec.structs.replace(earlier, hosts=(), artifacts=()) == fresh:
            known = earlier
        self._hosts = {row.host: row for row in known.hosts}
        self._common = msgspec.structs.replace(known, hosts=())

    @property
    def manifest(self) -> Manifest:
        """The document as it stands."""
        rows = tuple(self._hosts[name] for name in sorted(self._hosts))
        return msgspec.structs.replace(self._common, hosts=rows)

    def begin(self, row: HostRow) -> None:
        """Start a host's row anew."""
        self.ensure(row)
        self._change(row.host, lambda _: row)

    def ensure(self, row: HostRow) -> None:
        """Start a host's row when no earlier run has."""
        with self._lock:
            self._hosts.setdefault(row.host, row)

    def extend(self, host: str, **changes: object) -> None:
        """Replace fields of a host's row."""
        self._change(host, lambda row: msgspec.structs.replace(row, **changes))

    def common(self, artifacts: tuple[ArtifactRow, ...]) -> None:
        """Note what was made once for all hosts."""
        with self._lock:
            self._common = msgspec.structs.replace(self._common, artifacts=artifacts)
            self._write()

    def step(self, host: str, step: StepRow) -> None:
        """Add a step to a host's row, in the place of an earlier one of the same name."""

        def add(row: HostRow) -> HostRow:
            others = tuple(known for known in row.steps if known.step != step.step)
            return msgspec.structs.replace(row, steps=(*others, step))

        self._change(host, add)

    def _change(self, host: str, change: Callable[[HostRow], HostRow]) -> None:
        with self._lock:
            self._hosts[host] = change(self._hosts[host])
            self._write()

    def _write(self) -> None:
        try:
            write_whole(
                self._workspace.manifest,
                canonical_json(self.manifest),
                temporary=self._workspace.temporary,
            )
        except OSError as error:
            raise WorkError(
                f"{self._workspace.manifest} cannot be written: {error.strerror}",
                hint="Check the free space and the permissions, then run it again.",
            ) from error


def canonical_json(document: msgspec.Struct) -> bytes:
    """Return the canonical JSON of a document: sorted keys, two spaces, a newline at the end."""
    plain = msgspec.to_builtins(document)
    return (json.dumps(plain, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def read_manifest(workspace: Workspace) -> Manifest | None:
    """Return the manifest in an output directory, or None when none can be read."""
    try:
        content = read_ordinary(workspace.manifest, _LARGEST)
        return msgspec.json.decode(content, type=Manifest)
    except (OSError, RecursionError, UnicodeDecodeError, msgspec.DecodeError):
        return None


def _new_manifest(plan: ReleasePlan, made_by: str) -> Manifest:
    configuration = plan.configuration
    return Manifest(
        name=configuration.name,
        version=configuration.version,
        source_date_epoch=configuration.source_date_epoch,
        made_by=made_by,
        style=configuration.style.value,
        inputs=(
            _suite_input(configuration),
            *(
                InputRow(kind="tool", name=tool.name, version=tool.version)
                for tool in (plan.tools.cmake, plan.tools.ninja)
            ),
        ),
    )


def _suite_input(configuration: Configuration) -> InputRow:
    source = configuration.source
    return InputRow(
        kind="suite",
        name=configuration.name,
        version=source.version,
        commit=source.commit,
        digest=f"sha256:{source.digest}",
        dirty=source.dirty,
    )

"""How much of this machine a build may use, and whether the system killed anything for want of it.

A control group may hold a build to less than the machine has: cgroups(7), in its first version and
in its second. Systems other than Linux tell the number of processors only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from countersign.pagehash import available_threads

__all__ = ["COMPILING", "LINKING", "Capacity", "look", "memory_kills"]

COMPILING: Final = 1 << 30
"""Bytes that a compiler is reckoned with; benchmarks/README.md has what was measured."""
LINKING: Final = 2 << 30
"""Bytes that a linker is reckoned with, as above."""

_ROOT: Final = Path("/")
_UNLIMITED: Final = 1 << 60
"""A limit above this is none: the first version writes the largest number of pages."""
_FIELD: Final = re.compile(r"^(\w+):?\s+(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a build may use."""

    processors: int
    memory: int | None
    """Bytes that are free or can be made so; None where the system does not tell."""

    @property
    def jobs(self) -> int:
        """How many commands of a build may run at a time."""
        return self._at_most(COMPILING)

    @property
    def links(self) -> int:
        """How many of them may be linkers."""
        return self._at_most(LINKING)

    def _at_most(self, each: int) -> int:
        if self.memory is None:
            return self.processors
        return max(1, min(self.processors, self.memory // each))


def look(root: Path = _ROOT) -> Capacity:
    """Look at this machine, whose files are below ``root``."""
    groups = tuple(_groups(root))
    processors = [available_threads(), *(each for group in groups for each in _quota(group))]
    free = [*_free(root), *(each for group in groups for each in _left(group))]
    return Capacity(processors=min(processors), memory=min(free, default=None))


def memory_kills(root: Path = _ROOT) -> int | None:
    """Count what was killed for want of memory so far: in this control group, or the machine.

    Returns None where the system does not tell.
    """
    for group in _groups(root):
        for name in ("memory.events", "memory.oom_control"):
            kills = _fields(group / name).get("oom_kill")
            if kills is not None:
                return kills
    return _fields(root / "proc/vmstat").get("oom_kill")


def _groups(root: Path) -> Iterator[Path]:
    """Yield the directories of this process's control groups, each before the one around it.

    In a container the path that the kernel tells may be one of outside; the mount's top is then
    the group itself.
    """
    mount = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        for top in (mount / controllers, *(mount / each for each in controllers.split(","))):
            own = top / path.lstrip("/")
            if top.is_dir() and ".." not in own.parts:
                yield from (each for each in (own, *own.parents) if each.is_relative_to(top))
                break


def _free(root: Path) -> Iterator[int]:
    available = _fields(root / "proc/meminfo").get("MemAvailable")
    if available is not None:
        yield available * 1024


def _left(group: Path) -> Iterator[int]:
    """Yield what a group may still take; the page cache counts as free, for it gives way."""
    for limit_name, used_name, cache in (
        ("memory.max", "memory.current", ("active_file", "inactive_file")),
        (
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            ("total_active_file", "total_inactive_file"),
        ),
    ):
        limit, used = _number(group / limit_name), _number(group / used_name)
        if limit is None or used is None or limit > _UNLIMITED:
            continue
        fields = _fields(group / "memory.stat")
        yield max(0, limit - used + sum(fields.get(name, 0) for name in cache))


def _quota(group: Path) -> Iterator[int]:
    """Yield how many processors a group may keep busy, rounded up."""
    words = _text(group / "cpu.max").split() or [
        _text(group / "cpu.cfs_quota_us").strip(),
        _text(group / "cpu.cfs_period_us").strip(),
    ]
    if len(words) == 2 and all(map(str.isdecimal, words)) and int(words[1]):
        yield max(1, -(-int(words[0]) // int(words[1])))


def _fields(file: Path) -> dict[str, int]:
    return {name: int(number) for name, number in _FIELD.findall(_text(file))}


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdecimal() else None


def _text(file: Path) -> str:
    """Return what a small file of the kernel's holds; nothing when it cannot be read."""
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""

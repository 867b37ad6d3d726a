"""What a build may use of a machine, read from files such as Linux's."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark import capacity
from countermark.capacity import COMPILING, LINKING, Capacity, look, memory_kills

GIB = 1 << 30
MEMINFO = f"MemTotal: 99999999 kB\nMemFree: 5 kB\nMemAvailable:   {8 * GIB // 1024} kB\n"


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "available_threads", lambda: 8)


def machine(root: Path, files: dict[str, str]) -> Path:
    """Write the files of a machine with 8 GiB to spare, and those of its control groups."""
    for name, text in {"proc/meminfo": MEMINFO, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


def second_version(limit: str = "max", quota: str = "max 100000") -> dict[str, str]:
    group = "sys/fs/cgroup/user/build"
    return {
        "proc/self/cgroup": "0::/user/build\n",
        f"{group}/memory.max": f"{limit}\n",
        f"{group}/memory.current": f"{3 * GIB}\n",
        f"{group}/memory.stat": f"anon 7\nactive_file {GIB}\ninactive_file {GIB}\n",
        f"{group}/memory.events": "low 0\noom 9\noom_kill 4\noom_group_kill 1\n",
        f"{group}/cpu.max": f"{quota}\n",
    }


def first_version(limit: int = 1 << 63, quota: str = "-1") -> dict[str, str]:
    memory, cpu = "sys/fs/cgroup/memory/build", "sys/fs/cgroup/cpu,cpuacct/build"
    return {
        "proc/self/cgroup": "9:name=systemd:/\n4:memory:/build\n2:cpu,cpuacct:/build\n",
        f"{memory}/memory.limit_in_bytes": f"{limit}\n",
        f"{memory}/memory.usage_in_bytes": f"{3 * GIB}\n",
        f"{memory}/memory.stat": f"cache 1\ntotal_active_file {GIB}\ntotal_inactive_file {GIB}\n",
        f"{memory}/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
        f"{cpu}/cpu.cfs_quota_us": f"{quota}\n",
        f"{cpu}/cpu.cfs_period_us": "100000\n",
    }


def test_without_groups_the_machines_own_memory_counts(tmp_path: Path) -> None:
    assert look(machine(tmp_path, {})) == Capacity(processors=8, memory=8 * GIB)


def test_a_system_that_tells_nothing_is_not_guessed_at(tmp_path: Path) -> None:
    assert look(tmp_path) == Capacity(processors=8, memory=None)
    assert memory_kills(tmp_path) is None


@pytest.mark.parametrize("files", [second_version(), first_version()], ids=["second", "first"])
def test_a_group_without_limits_takes_nothing_away(tmp_path: Path, files: dict[str, str]) -> None:
    assert look(machine(tmp_path, files)) == Capacity(processors=8, memory=8 * GIB)


@pytest.mark.parametrize(
    "files", [second_version(str(4 * GIB)), first_version(4 * GIB)], ids=["second", "first"]
)
def test_a_group_has_what_it_does_not_use_and_its_page_cache(
    tmp_path: Path, files: dict[str, str]
) -> None:
    assert look(machine(tmp_path, files)).memory == 3 * GIB


@pytest.mark.parametrize(
    "files", [second_version(str(GIB)), first_version(GIB // 2)], ids=["second", "first"]
)
def test_a_group_that_uses_more_than_it_may_has_none(tmp_path: Path, files: dict[str, str]) -> None:
    found = look(machine(tmp_path, files))
    assert found.memory == 0
    assert (found.jobs, found.links) == (1, 1)


@pytest.mark.parametrize(
    "files",
    [second_version(quota="250000 100000"), first_version(quota="250000")],
    ids=["second", "first"],
)
def test_part_of_a_processor_counts_as_one(tmp_path: Path, files: dict[str, str]) -> None:
    assert look(machine(tmp_path, files)).processors == 3


def test_the_group_around_a_group_limits_it(tmp_path: Path) -> None:
    around = {
        "sys/fs/cgroup/user/memory.max": f"{2 * GIB}",
        "sys/fs/cgroup/user/memory.current": f"{GIB}",
        "sys/fs/cgroup/user/cpu.max": "100000 100000",
    }
    found = look(machine(tmp_path, {**second_version(), **around}))
    assert found == Capacity(processors=1, memory=GIB)


def test_in_a_container_the_top_of_the_mount_is_the_group(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/docker/outside\n",
        "sys/fs/cgroup/memory.max": f"{GIB}",
        "sys/fs/cgroup/memory.current": "0",
    }
    assert look(machine(tmp_path, files)).memory == GIB


def test_a_path_that_leads_out_of_the_mount_is_not_followed(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/../outside\n",
        "sys/fs/outside/memory.max": "1",
        "sys/fs/outside/memory.current": "0",
        "sys/fs/cgroup/cgroup.controllers": "memory",
    }
    assert look(machine(tmp_path, files)).memory == 8 * GIB


@pytest.mark.parametrize("files", [second_version(), first_version()], ids=["second", "first"])
def test_kills_are_counted_by_the_group(tmp_path: Path, files: dict[str, str]) -> None:
    machine(tmp_path, {**files, "proc/vmstat": "oom_kill 77\n"})
    assert memory_kills(tmp_path) == 4


def test_kills_are_counted_by_the_machine_where_no_group_does(tmp_path: Path) -> None:
    assert memory_kills(machine(tmp_path, {"proc/vmstat": "pgfault 1\noom_kill 77\n"})) == 77


def test_as_much_runs_as_there_are_processors_and_memory_for() -> None:
    much, little = Capacity(processors=4, memory=1 << 50), Capacity(processors=4, memory=5 << 29)
    assert (much.jobs, much.links) == (4, 4)
    assert (little.jobs, little.links) == ((5 << 29) // COMPILING, (5 << 29) // LINKING)
    assert Capacity(processors=4, memory=None).links == 4

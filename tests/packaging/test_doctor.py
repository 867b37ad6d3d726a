"""What the doctor says of a machine that has everything, and of one that lacks something."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from click.testing import CliRunner

from countermark.capacity import look
from countermark.cli.doctor import command
from countermark.doctor import Examined, examine
from countermark.hosts import HOSTS
from countersign.pagehash import page_hash_implementation
from kernel import cannot_try

OPTIONAL = {
    "diffoscope",
    "faketime",
    "git",
    "gzip",
    "llvm-objcopy",
    "zip",
    "cc",
    "gpg",
    "ld64.lld",
    "clang",
    "x86_64-w64-mingw32-g++",
    "capnp",
    "qemu-aarch64-static",
    "wine",
}
KERNEL = "page hashes"


def by_name(examined: tuple[Examined, ...]) -> dict[str, Examined]:
    return {one.name: one for one in examined}


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make a package of this Python invisible."""
    find_spec = importlib.util.find_spec

    def hide(hidden: str) -> None:
        def find(name: str, package: str | None = None) -> ModuleSpec | None:
            return None if name == hidden else find_spec(name, package)

        monkeypatch.setattr(importlib.util, "find_spec", find)

    return hide


def run_doctor(*arguments: str, path: str = "") -> tuple[int, str]:
    result = CliRunner(env={"PATH": path}).invoke(
        command, [*arguments], standalone_mode=False, catch_exceptions=False
    )
    return int(result.return_value), result.stdout


def test_a_machine_with_everything_is_good() -> None:
    examined = examine({"PATH": os.environ["PATH"]})
    assert all(one.found for one in examined if one.needed)
    assert {"python", "cmake", "ninja", "zig", *HOSTS} <= by_name(examined).keys()


def test_with_an_empty_path_only_what_can_be_done_without_is_missing() -> None:
    missing = {one.name: one for one in examine({"PATH": ""}) if not one.found}
    assert missing.keys() - HOSTS.keys() - {KERNEL} == OPTIONAL
    assert not any(missing[name].needed for name in OPTIONAL)


def test_everything_that_is_missing_says_how_to_get_it() -> None:
    assert all(one.fix for one in examine({"PATH": ""}) if not one.found)
    assert not any(one.fix for one in examine({"PATH": ""}) if one.found)


def test_every_host_is_told_with_its_minimum_or_the_reason() -> None:
    examined = by_name(examine({"PATH": ""}))
    for triple, host in HOSTS.items():
        one = examined[triple]
        assert one.found == (host.zig_target is not None)
        assert (host.minimum if one.found else host.refusal) in one.detail


def test_the_kernel_is_told_with_what_it_runs() -> None:
    if page_hash_implementation() == "hashlib":
        cannot_try("there is no kernel")
    one = by_name(examine({"PATH": ""}))[KERNEL]
    assert one.found
    assert page_hash_implementation() in one.detail


def test_what_a_build_may_use_is_told() -> None:
    one = by_name(examine({"PATH": ""}))["a build may use"]
    found = look()
    assert f"{found.processors} processor" in one.detail
    assert f"{found.jobs} job" in one.detail
    assert "memory" in one.detail


def test_a_missing_kernel_is_no_fault_and_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "countersign._kernel", None)
    one = by_name(examine({"PATH": ""}))[KERNEL]
    assert not one.found
    assert not one.needed
    assert "hashlib" in one.detail
    assert "compiler" in one.fix


def test_missing_zig_is_needed_and_hides_the_hosts(hide: Callable[[str], None]) -> None:
    hide("ziglang")
    examined = by_name(examine({"PATH": ""}))
    assert not examined["zig"].found
    assert examined["zig"].needed
    assert "pip install" in examined["zig"].fix
    assert not HOSTS.keys() & examined.keys()


def test_missing_cmake_is_needed(hide: Callable[[str], None]) -> None:
    hide("cmake")
    (bad,) = (one for one in examine({"PATH": ""}) if one.needed and not one.found)
    assert "cmake" in bad.name
    assert "cmake" in bad.detail
    assert bad.fix


def test_missing_ninja_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (bad,) = (one for one in examine({"PATH": ""}) if one.needed and not one.found)
    assert "ninja" in bad.detail


def test_the_command_succeeds_without_what_can_be_done_without() -> None:
    code, out = run_doctor()
    assert code == 0
    for name in OPTIONAL:
        assert name in out
    assert "fix:" in out


def test_the_command_fails_when_something_needed_is_missing(hide: Callable[[str], None]) -> None:
    hide("ziglang")
    code, out = run_doctor(path=os.environ["PATH"])
    assert code == 1
    assert "MISSING" in out
    assert "pip install" in out


def test_the_document_says_the_same(hide: Callable[[str], None]) -> None:
    code, out = run_doctor("--format", "json")
    document = json.loads(out)
    assert (code, document["schema"], document["good"]) == (0, "countermark.doctor/1", True)
    assert [one["name"] for one in document["examined"]] == [
        one.name for one in examine({"PATH": ""})
    ]
    hide("ziglang")
    code, out = run_doctor("--format", "json")
    assert (code, json.loads(out)["good"]) == (1, False)

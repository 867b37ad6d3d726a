"""What this machine has for making releases, and how to install what it lacks."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from countermark.capacity import look
from countermark.errors import CountermarkError
from countermark.hosts import HOSTS, native_triple
from countermark.toolchain import find_zig
from countermark.toolchains.clang import INSTALL_CLANG, newest_clang
from countermark.toolchains.lld import INSTALL_LLD, find_lld
from countermark.toolchains.mingw import INSTALL_MINGW
from countermark.tools import Tool, find_build_tools, find_program, version_of
from countersign.pagehash import page_hash_implementation

__all__ = ["Examined", "examine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One thing that was looked for."""

    name: str
    found: bool
    needed: bool
    """False for what a release can do without."""
    detail: str
    fix: str = ""


def examine(environment: Mapping[str, str]) -> tuple[Examined, ...]:
    """Look at Python, every tool and every host; change nothing."""
    return (
        Examined(name="python", found=True, needed=True, detail=platform.python_version()),
        *_build_tools(environment),
        *_programs(environment),
        *_newest(environment),
        _page_hashes(),
        _capacity(),
        *_hosts(),
    )


def _build_tools(environment: Mapping[str, str]) -> Iterator[Examined]:
    try:
        tools = find_build_tools(environment)
    except CountermarkError as error:
        yield Examined(
            name="cmake, ninja", found=False, needed=True, detail=str(error), fix=error.hint
        )
        return
    for tool in (tools.cmake, tools.ninja):
        yield Examined(
            name=tool.name, found=True, needed=True, detail=f"{tool.version}  {tool.program}"
        )


_PROGRAMS = (
    ("git", "without it a suite's version and time must be given", "apt-get install git"),
    ("gzip", "without it archives have other bytes than gzip's", "apt-get install gzip"),
    ("zip", "without it Windows archives have other bytes than zip's", "apt-get install zip"),
    (
        "llvm-objcopy",
        "without it, or an objcopy of its own, no debug information of a host can be split",
        "apt-get install llvm",
    ),
    (
        "qemu-aarch64-static",
        "without it smoke tests of programs for other Linux machines are skipped",
        "apt-get install qemu-user-static",
    ),
    (
        "wine",
        "without it smoke tests of programs for Windows are skipped",
        "apt-get install wine wine64",
    ),
    (
        "gpg",
        "without it only keys in files can sign, none of an agent or a card",
        "apt-get install gnupg",
    ),
    ("capnp", "without it schemas cannot be compared", "apt-get install capnproto"),
    (
        "faketime",
        "without it reproduce does not vary the time of day",
        "apt-get install faketime",
    ),
    (
        "diffoscope",
        "without it compare --diffoscope shows nothing more",
        "apt-get install diffoscope",
    ),
    (
        "x86_64-w64-mingw32-g++",
        "needed for toolchain = 'mingw-w64' only",
        INSTALL_MINGW,
    ),
    ("cc", "needed for --toolchain native only", "apt-get install build-essential"),
)


def _programs(environment: Mapping[str, str]) -> Iterator[Examined]:
    for name, without, install in _PROGRAMS:
        program = find_program(name, environment)
        if program is None:
            yield Examined(
                name=name, found=False, needed=False, detail=without, fix=f"For example: {install}"
            )
        else:
            version = version_of(program, environment)
            yield Examined(name=name, found=True, needed=False, detail=f"{version}  {program}")


_NEWEST: Final[tuple[tuple[str, Callable[[Mapping[str, str]], Tool], str, str], ...]] = (
    ("ld64.lld", find_lld, "needed for linker = 'lld' only", INSTALL_LLD),
    ("clang", newest_clang, "needed for toolchain = 'clang' only", INSTALL_CLANG),
)
"""What has a version in its name: how it is found, what for, and how it is installed."""


def _newest(environment: Mapping[str, str]) -> Iterator[Examined]:
    for name, find, purpose, install in _NEWEST:
        try:
            tool = find(environment)
        except CountermarkError as error:
            detail, fix = f"{purpose}: {error}", f"For example: {install}"
            yield Examined(name=name, found=False, needed=False, detail=detail, fix=fix)
        else:
            detail = f"{tool.version}  {tool.program}"
            yield Examined(name=name, found=True, needed=False, detail=detail)


def _page_hashes() -> Examined:
    implementation = page_hash_implementation()
    native = implementation != "hashlib"
    without = "without the native kernel, hashlib does it, at half the speed"
    fix = "Install a C++ compiler (for example: apt-get install g++), and countermark again."
    return Examined(
        name="page hashes",
        found=native,
        needed=False,
        detail=f"{implementation}, by the native kernel" if native else without,
        fix="" if native else fix,
    )


def _capacity() -> Examined:
    found = look()
    memory = "an unknown amount" if found.memory is None else f"{found.memory / (1 << 30):.1f} GiB"
    return Examined(
        name="a build may use",
        found=True,
        needed=False,
        detail=f"{_count(found.processors, 'processor')} and {memory} of memory: "
        f"{_count(found.jobs, 'job')} at a time, {_count(found.links, 'linker')} among them",
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _hosts() -> Iterator[Examined]:
    native = native_triple(platform.system(), platform.machine())
    try:
        zig = find_zig()
        origin = "a published wheel" if zig.wheel_sha256 else "no published wheel that is known"
        detail = f"{zig.version}  {zig.program}  ({origin})"
        yield Examined(name="zig", found=True, needed=True, detail=detail)
    except CountermarkError as error:
        yield Examined(name="zig", found=False, needed=True, detail=str(error), fix=error.hint)
        return
    for host in HOSTS.values():
        own = ", this machine" if host.triple == native else ""
        yield Examined(
            name=host.triple,
            found=host.zig_target is not None,
            needed=False,
            detail=f"{host.oldest_system} or newer{own}" if host.zig_target else host.refusal,
            fix="" if host.zig_target else "Give a CMake toolchain file for it with --toolchain.",
        )

"""Faults planted into a small suite: ``reproduce`` finds each, its step, and what it depends on."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest

from commands import EPOCH, Run
from countermark.hosts import native_triple
from countermark.render.document import schema_of
from countermark.rulebook.reproducibility import rule_of
from suites import commit

NATIVE = native_triple(platform.system(), platform.machine())

pytestmark = pytest.mark.skipif(NATIVE is None, reason="this machine is none of the known hosts")
needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="needs the machine's own compiler")


class Fault(NamedTuple):
    lists: str
    """What stands in CMakeLists.txt."""
    step: str
    file: str
    """What that step made differently."""
    cause: str
    """The variation that it depends on; empty for chance."""
    other: str = "environment"
    """A variation that is innocent."""


def configured(command: str) -> str:
    """A text that CMake writes with the output of a command of the shell."""
    return (
        f"execute_process(COMMAND sh -c [=[{command}]=] OUTPUT_VARIABLE said\n"
        '  WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")\n'
        'file(WRITE "${CMAKE_BINARY_DIR}/said.txt" "${said}")\n'
        'install(FILES "${CMAKE_BINARY_DIR}/said.txt" DESTINATION share)\n'
    )


def generated(command: str) -> str:
    """A text that the shell writes while the suite is built."""
    return (
        "add_custom_command(OUTPUT made.txt VERBATIM\n"
        f'  COMMAND sh -c [=[{command}]=] WORKING_DIRECTORY "${{CMAKE_BINARY_DIR}}")\n'
        "add_custom_target(made ALL DEPENDS made.txt)\n"
        'install(FILES "${CMAKE_BINARY_DIR}/made.txt" DESTINATION share)\n'
    )


PROGRAM = "enable_language(C)\nadd_executable(hello hello.c)\ninstall(TARGETS hello)\n"

QUICK = {
    "the path of the sources in a text": Fault(configured("pwd"), "configure", "said.txt", "path"),
    "the mode of a new file": Fault(generated("umask > made.txt"), "generate", "made.txt", "umask"),
    "a random word": Fault(
        'string(RANDOM LENGTH 20 word)\nfile(WRITE "${CMAKE_BINARY_DIR}/word.txt" "${word}")\n'
        'install(FILES "${CMAKE_BINARY_DIR}/word.txt" DESTINATION share)\n',
        "configure",
        "word.txt",
        "",
    ),
    "the home directory, while it is installed": Fault(
        'install(CODE "file(WRITE \\"\\${CMAKE_INSTALL_PREFIX}/home.txt\\" \\"$ENV{HOME}\\")")\n',
        "install",
        "home.txt",
        "home",
    ),
}

SLOW = {
    "a date that the compiler takes from the clock": Fault(
        "set(CMAKE_C_COMPILER_LAUNCHER env -u SOURCE_DATE_EPOCH)\n"
        f"{PROGRAM}target_compile_definitions(hello PRIVATE WORD=__DATE__)\n",
        "compile",
        "CMakeFiles/hello.dir/hello.c.o",
        "clock",
    ),
    "a path that no map replaces": Fault(
        f'{PROGRAM}target_compile_definitions(hello PRIVATE WORD="${{CMAKE_SOURCE_DIR}}")\n',
        "compile",
        "CMakeFiles/hello.dir/hello.c.o",
        "path",
    ),
    "a header that CMake writes": Fault(
        f'{PROGRAM}set(line "#define WORD \\"$ENV{{USER}}\\"\\n")\n'
        'file(WRITE "${CMAKE_BINARY_DIR}/word.h" "${line}")\n'
        'target_include_directories(hello PRIVATE "${CMAKE_BINARY_DIR}")\n'
        "target_compile_options(hello PRIVATE -include word.h)\n",
        "configure",
        "word.h",
        "user",
    ),
    "a path that the linker puts in": Fault(
        f'{PROGRAM}set_target_properties(hello PROPERTIES INSTALL_RPATH "${{CMAKE_BINARY_DIR}}"\n'
        "  BUILD_WITH_INSTALL_RPATH ON)\n",
        "link",
        "hello",
        "path",
    ),
    "an identity that the linker makes up": Fault(
        f"{PROGRAM}target_link_options(hello PRIVATE -Wl,--build-id=uuid)\n", "link", "hello", ""
    ),
    "a library of objects with their users": Fault(
        "enable_language(C)\n"
        'set(CMAKE_C_ARCHIVE_CREATE "env -u ZERO_AR_DATE <CMAKE_AR> qcU <TARGET> <OBJECTS>")\n'
        "add_library(hello STATIC hello.c)\n"
        "install(FILES $<TARGET_FILE:hello> DESTINATION lib)\n",
        "archive",
        "libhello.a",
        "",
    ),
    "the number of the user": Fault(configured("id -u"), "configure", "said.txt", "user"),
    "the name of the machine": Fault(configured("uname -n"), "configure", "said.txt", "hostname"),
    "the number of processors": Fault(
        generated("nproc > made.txt"), "generate", "made.txt", "cpus"
    ),
    "the order of a directory": Fault(
        configured("ls -U many"),
        "configure",
        "said.txt",
        "order",
    ),
    "the time of a file": Fault(
        'file(TIMESTAMP "${CMAKE_SOURCE_DIR}/hello.c" said)\n'
        'file(WRITE "${CMAKE_BINARY_DIR}/said.txt" "${said}")\n'
        'install(FILES "${CMAKE_BINARY_DIR}/said.txt" DESTINATION share)\n',
        "configure",
        "said.txt",
        "mtimes",
    ),
    "what a locale sorts by": Fault(
        configured("printf 'b\\nA\\na\\nB\\n' | sort"), "configure", "said.txt", "locale"
    ),
    "the time zone": Fault(configured("date +%z"), "configure", "said.txt", "timezone"),
    "the addresses of a program": Fault(
        configured("cut -d- -f1 /proc/self/maps | head -n 1"), "configure", "said.txt", ""
    ),
}


def suite_with(fault: Fault, directory: Path) -> Path:
    suite = directory / "planted"
    (suite / "many").mkdir(parents=True)
    for name in ("one", "two", "three", "four", "five", "six"):
        (suite / "many" / name).write_text(name)
    (suite / "hello.c").write_text(
        '#include <stdio.h>\n#ifndef WORD\n#define WORD "hello"\n#endif\n'
        "int main(void) { return puts(WORD) < 0; }\n"
    )
    (suite / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.25)\nproject(planted LANGUAGES NONE)\n{fault.lists}"
    )
    (suite / "countermark.toml").write_text(
        f'name = "planted"\nversion = "1"\nsource_date_epoch = {EPOCH}\n'
        f'toolchain = "native"\n[hosts.{NATIVE}]\n'
    )
    return suite


def reproduced(run: Run, tmp_path: Path, fault: Fault, *more: str) -> dict[str, Any]:
    """Reproduce a suite with a fault; the places that it may leave nothing behind in are empty."""
    suite = suite_with(fault, tmp_path)
    before = sorted(path.name for path in suite.rglob("*"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    ended = run(
        *("reproduce", suite, "--format", "json", *more), cwd=tmp_path, TMPDIR=str(temporary)
    )
    assert not list(temporary.iterdir())
    assert sorted(path.name for path in suite.rglob("*")) == before
    document: dict[str, Any] = json.loads(ended.out)
    jsonschema.validate(document, schema_of("countermark.reproduce/1"))
    for varied in document["varied"]:
        if varied["not_varied"]:
            pytest.skip(f"{varied['name']} is not varied here: {varied['not_varied']}")
    assert ended.code == 1, ended.err
    return document


def check(run: Run, tmp_path: Path, fault: Fault) -> None:
    names = (fault.cause or "umask", fault.other)
    document = reproduced(run, tmp_path, fault, "--vary", ",".join(names))
    (culprit,) = document["culprits"]
    assert (culprit["step"], culprit["files"]) == (fault.step, [fault.file])
    assert document["chance"] is (fault.cause == "")
    assert document["causes"] == ([[fault.cause]] if fault.cause else [])
    assert document["rules"] == [rule_of(fault.cause or "chance").id]


@pytest.mark.parametrize("fault", QUICK.values(), ids=QUICK.keys())
def test_a_fault_is_found_with_its_step_and_its_cause(
    fault: Fault, tmp_path: Path, run: Run
) -> None:
    check(run, tmp_path, fault)


@needs_cc
@pytest.mark.reproduction
@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW.keys())
def test_each_fault_is_found_with_its_step_and_its_cause(
    fault: Fault, tmp_path: Path, run: Run
) -> None:
    check(run, tmp_path, fault)


TEXT = Fault("install(FILES hello.c DESTINATION share)\n", "", "", "")
"""No fault at all."""


def test_what_is_reproducible_is_equal(tmp_path: Path, run: Run) -> None:
    suite = suite_with(TEXT, tmp_path)
    ended = run("reproduce", suite, "--times", "3", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "built 3 times" in ended.out
    assert "every build gave the same" in ended.out
    assert not (tmp_path / "dist").exists()


def test_what_the_umask_takes_from_an_installed_file_is_given_back(
    tmp_path: Path, run: Run
) -> None:
    write = "file(WRITE \\${CMAKE_INSTALL_PREFIX}/made.txt made)"
    suite = suite_with(TEXT._replace(lists=f'install(CODE "{write}")\n'), tmp_path)
    ended = run("reproduce", suite, "--vary", "umask", cwd=tmp_path)
    assert ended.code == 0, ended.out


def test_a_checkout_is_told_the_same_by_git_wherever_it_is_built(tmp_path: Path, run: Run) -> None:
    suite = suite_with(
        TEXT._replace(lists=configured("git diff-index --quiet HEAD && git describe --tags")),
        tmp_path,
    )
    settings = (suite / "countermark.toml").read_text().replace('version = "1"\n', "")
    (suite / "countermark.toml").write_text(settings)
    commit(suite, tag="v2.0")
    kept = tmp_path / "kept"
    ended = run("reproduce", suite, "--keep", kept, "--vary=path,mtimes,user", cwd=tmp_path)
    assert ended.code == 0, ended.err
    staged = kept / "kept" / "2" / ".countermark" / str(NATIVE) / "stage"
    assert (staged / "planted-2.0" / "share" / "said.txt").read_text() == "v2.0\n"
    assert (kept / "build-2.log").is_file()


def test_a_directory_to_keep_must_be_new(tmp_path: Path, run: Run) -> None:
    suite = suite_with(TEXT, tmp_path)
    ended = run("reproduce", suite, "--keep", suite, cwd=tmp_path)
    assert (ended.code, "is not empty" in ended.err) == (2, True)


def test_a_build_that_another_umask_breaks_is_no_traceback(tmp_path: Path, run: Run) -> None:
    lists = "add_custom_target(t ALL COMMAND sh -c [=[umask | grep -q 0022]=] VERBATIM)\n"
    suite = suite_with(TEXT._replace(lists=lists + TEXT.lists), tmp_path)
    before = os.umask(0o022)
    try:
        ended = run("reproduce", suite, "--vary", "umask", cwd=tmp_path)
    finally:
        os.umask(before)
    assert ended.code == 3
    assert "the build with another umask failed" in ended.err
    assert "FAILED" in ended.err


def test_what_the_system_refuses_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    """In a namespace of users that may make no other."""
    suite = suite_with(TEXT, tmp_path)
    script = (
        "for kind in user uts mnt; do echo 0 > /proc/sys/user/max_${kind}_namespaces || exit 99;"
        ' done; exec "$@"'
    )
    wrapped = ("unshare", "--user", "--map-root-user", "sh", "-c", script, "sh")
    if (
        shutil.which("unshare") is None
        or subprocess.run([*wrapped, "true"], check=False).returncode
    ):
        pytest.skip("no namespace of users can be had")
    done = subprocess.run(
        [*wrapped, sys.executable, "-m", "countermark", "reproduce", suite],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "the system refuses unshare" in done.stdout
    assert "says nothing of what was not varied: user, hostname" in done.stdout


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, environment: dict[str, str]) -> None:
    lists = "add_custom_target(t ALL COMMAND sh -c [=[touch started; sleep 1000]=] VERBATIM)\n"
    suite = suite_with(TEXT._replace(lists=lists + TEXT.lists), tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "countermark", "reproduce", suite, "--vary", "none"],
        env={**environment, "TMPDIR": str(temporary)},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(temporary.rglob("started")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in said) == (130, True), said
    assert not list(temporary.iterdir())

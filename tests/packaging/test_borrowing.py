"""What of the machine itself a build for another would use, by what CMake says of its targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import Run
from countermark.borrowing import Borrowed, Grounds, borrowed, read_cache
from countermark.file_api import TargetUse

NOTHING = Grounds(allowed=())
ZLIB = "/usr/lib/x86_64-linux-gnu/libz.so"


def use(*, links: str = "", flags: str = "", includes: tuple[str, ...] = ()) -> TargetUse:
    return TargetUse(name="tiny", flags=(flags,), includes=includes, links=(links,), sysroots=())


@pytest.mark.parametrize(
    ("links", "paths"),
    [
        (ZLIB, [ZLIB]),
        (f"-O2 {ZLIB} -lm {ZLIB}", [ZLIB]),
        ("/usr/local/lib/libz.a /opt/homebrew/lib/libz.dylib", None),
        ("/usr/lib/libz.so.1.2.13 /usr/lib/z.tbd /lib64/libz.so", None),
        ("-L/usr/local/lib", ["/usr/local/lib"]),
        ("-L /opt/own/lib -lown", ["/opt/own/lib"]),
        ("-F/opt/frameworks", ["/opt/frameworks"]),
        ("-Wl,--whole-archive,/usr/lib/libown.a,--no-whole-archive", ["/usr/lib/libown.a"]),
        ('"/opt/with space/libz.so"', ["/opt/with space/libz.so"]),
        ("/usr/share/../lib/libz.so", ["/usr/share/../lib/libz.so"]),
    ],
)
def test_what_is_linked_from_the_machine_is_found(links: str, paths: list[str] | None) -> None:
    expected = links.split() if paths is None else paths
    assert borrowed([use(links=links)], NOTHING) == tuple(
        Borrowed("tiny", "links", path) for path in expected
    )


@pytest.mark.parametrize(
    "links",
    [
        "-lz -lm -pthread",
        "libz.a ../lib/libz.so build/libz.so",
        "/home/me/deps/lib/libz.a",
        "-Wl,-rpath,/usr/lib/own -Wl,-rpath-link,/usr/lib",
        "-Wl,--dynamic-linker,/lib64/ld-linux-x86-64.so.2 /lib/ld-musl-x86_64.so.1",
        "-fuse-ld=/usr/bin/ld --ld-path=/usr/lib/llvm-19/bin/ld.lld -B/usr/lib/gcc/x/12",
        "/usr/share/own/version.map -Wl,--version-script=/usr/share/own/version.map",
        "-L -F",
        "\"'",
        "/usrlib/libz.so /optional/libz.a",
    ],
)
def test_what_is_nothing_of_the_machine_is_let_be(links: str) -> None:
    assert borrowed([use(links=links)], NOTHING) == ()


@pytest.mark.parametrize(
    ("flags", "path"),
    [
        ("-I/usr/include", "/usr/include"),
        ("-isystem /usr/local/include -O2", "/usr/local/include"),
        ("-isystem/opt/own/include", "/opt/own/include"),
        ("-include /usr/include/own.h", "/usr/include/own.h"),
        ("-idirafter /usr/include/own", "/usr/include/own"),
    ],
)
def test_headers_of_the_machine_are_found_among_the_flags(flags: str, path: str) -> None:
    assert borrowed([use(flags=flags)], NOTHING) == (Borrowed("tiny", "includes", path),)


@pytest.mark.parametrize(
    "flags", ['-DPREFIX="/usr/share"', "-DLIB=/usr/lib/libz.so", "-Iinclude", "-O2 -g", "-I"]
)
def test_other_flags_mean_no_headers(flags: str) -> None:
    assert borrowed([use(flags=flags)], NOTHING) == ()


def test_directories_of_headers_are_looked_at() -> None:
    found = borrowed([use(includes=("/usr/include/sqlite", "/home/me/include"))], NOTHING)
    assert found == (Borrowed("tiny", "includes", "/usr/include/sqlite"),)


@pytest.mark.parametrize(
    ("allowed", "covered"),
    [
        ("/usr/lib/x86_64-linux-gnu", True),
        (ZLIB, True),
        ("/usr/lib/x86_64", False),
        ("/usr/lib/x86_64-linux-gnu/libz.so.1", False),
    ],
)
def test_what_somebody_named_may_be_used(allowed: str, covered: bool) -> None:
    found = borrowed([use(links=ZLIB)], Grounds(allowed=(allowed,)))
    assert (found == ()) is covered


def test_a_link_that_leads_to_what_was_named_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    grounds = Grounds(allowed=(str((tmp_path / "real").resolve()),))
    assert grounds.cover(str(tmp_path / "link" / "lib"))
    assert not grounds.cover(str(tmp_path / "other"))


def test_the_cache_is_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "CMakeCache.txt").write_text(
        "# comment\n//Help:STRING=no\nZLIB_LIBRARY:FILEPATH=/usr/lib/libz.so\n"
        '"odd name":STRING=a=b\nEMPTY:INTERNAL=\nnonsense\n'
    )
    assert read_cache(tmp_path) == {
        "ZLIB_LIBRARY": "/usr/lib/libz.so",
        "odd name": "a=b",
        "EMPTY": "",
    }
    assert read_cache(tmp_path / "none") == {}


SEARCHING = """
set(ANSWER_LIBRARY /opt/answer/lib/libanswer.so CACHE FILEPATH "as find_library leaves it")
target_link_libraries(number PUBLIC ${ANSWER_LIBRARY})
target_include_directories(number PRIVATE /opt/answer/include)
add_executable(never tiny.c)
target_link_libraries(never /opt/other/lib/libother.so)
set_target_properties(never PROPERTIES EXCLUDE_FROM_ALL ON)
"""


@pytest.fixture
def borrower(tiny: Path) -> Path:
    """A suite that found a library of the machine, and has a target that nobody builds."""
    with (tiny / "CMakeLists.txt").open("a") as lists:
        lists.write(SEARCHING)
    return tiny


def test_nothing_is_compiled_with_a_library_of_the_machine(
    borrower: Path, tmp_path: Path, run: Run
) -> None:
    ended = run("build", borrower, cwd=tmp_path)
    assert ended.code == 2
    assert "arm64-apple-darwin would be built with what belongs to this machine" in ended.err
    assert "target tiny links /opt/answer/lib/libanswer.so (ANSWER_LIBRARY)" in ended.err
    assert "target number includes /opt/answer/include" in ended.err
    assert "libother" not in ended.err
    assert "CMAKE_DISABLE_FIND_PACKAGE_ANSWER = true" in ended.err
    log = tmp_path / "dist" / ".countermark" / "arm64-apple-darwin" / "log.txt"
    assert "Building" not in log.read_text()
    again = run("build", borrower, cwd=tmp_path)
    assert (again.code, "target tiny links" in again.err) == (2, True)


@pytest.mark.parametrize(
    "named",
    [
        "[hosts.arm64-apple-darwin.cmake]\nOWN = '/opt/answer'",
        "[hosts.arm64-apple-darwin.environment]\nPKG_CONFIG_PATH = '/opt/answer/lib/pkgconfig'",
    ],
    ids=["cache entry", "environment"],
)
def test_what_the_configuration_names_is_compiled_with(
    borrower: Path, tmp_path: Path, run: Run, named: str
) -> None:
    with (borrower / "countermark.toml").open("a") as settings:
        settings.write(named + "\n")
    ended = run("build", borrower, cwd=tmp_path)
    assert ended.code == 3  # there is no such library to link
    assert "belongs to this machine" not in ended.err


ELSEWHERE = """
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER_FORCED TRUE)  # nothing is compiled to find out about it
"""


def test_the_prefixes_of_a_toolchain_file_are_the_hosts_own(
    borrower: Path, tmp_path: Path, run: Run
) -> None:
    arguments = ("--host", "aarch64-linux-gnu", "--toolchain", tmp_path / "own.cmake")
    (tmp_path / "own.cmake").write_text(ELSEWHERE)
    ended = run("build", borrower, *arguments, cwd=tmp_path)
    assert (ended.code, "belongs to this machine" in ended.err) == (2, True), ended.err
    (tmp_path / "own.cmake").write_text(f"{ELSEWHERE}set(CMAKE_FIND_ROOT_PATH /opt/answer)\n")
    ended = run("build", borrower, *arguments, cwd=tmp_path)
    assert (ended.code, "belongs to this machine" in ended.err) == (3, False), ended.err

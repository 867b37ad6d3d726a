"""Releases of a suite that needs libraries and a code generator, through the real command line."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import platform
import tarfile
from pathlib import Path
from typing import Final

import pytest

from commands import EPOCH, Ended, Run
from countermark.hosts import native_triple

HOST: Final = "arm64-apple-darwin"
MACHINE: Final = native_triple(platform.system(), platform.machine())

SUITE: Final = """\
cmake_minimum_required(VERSION 3.25)
project(user VERSION 1.0 LANGUAGES C)
find_package(Tops 2.1 REQUIRED CONFIG)
find_package(SQLite3 3.40 REQUIRED)
find_package(shapes REQUIRED CONFIG)
find_package(PkgConfig)
add_custom_command(
  OUTPUT made.c COMMAND ${MAKER_EXECUTABLE} > made.c DEPENDS ${MAKER_EXECUTABLE} VERBATIM)
add_executable(user user.c ${CMAKE_CURRENT_BINARY_DIR}/made.c)
target_link_libraries(user Tops::headers SQLite::SQLite3 shapes::shapes)
install(TARGETS user)
"""
USER: Final = """\
#include <sqlite3.h>
#include <top.h>
int made(void);
const char *shape(void);
int main(void) { return TOP + sqlite3_libversion_number() + made() + shape()[0]; }
"""
SHAPES: Final = """\
cmake_minimum_required(VERSION 3.25)
project(shapes VERSION 1.0 LANGUAGES C)
add_library(shapes shapes.c)
if(APPLE)
  target_compile_options(shapes PRIVATE -mtune=apple-m2)
endif()
add_executable(maker maker.c)
install(TARGETS shapes EXPORT shapes ARCHIVE DESTINATION lib)
install(TARGETS maker RUNTIME DESTINATION bin)
install(EXPORT shapes FILE shapesConfig.cmake NAMESPACE shapes:: DESTINATION lib/cmake/shapes)
"""
MAKER: Final = """\
#include <stdio.h>
#include <string.h>
int main(int count, char **words)
{
  if (count > 1 && !strcmp(words[1], "--version")) return puts("maker version 1.2.3") < 0;
  return puts("int made(void) { return 0; }") < 0;
}
"""


def archive(path: Path, files: dict[str, str]) -> str:
    """Pack files below one directory, as source archives are, and return the digest."""
    inside = path.parent / "pack" / f"{path.name}-1.0"
    for name, text in files.items():
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        (inside / name).write_text(text)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        tar.add(inside, inside.name, filter=lambda member: member.replace(mtime=0))
    content = plain.getvalue()
    xz = path.suffix == ".xz"
    path.write_bytes(lzma.compress(content) if xz else gzip.compress(content, mtime=0))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_suite(top: Path) -> Path:
    """Write a suite with three dependencies: headers, a C library, and a CMake project."""
    suite = top / "user"
    shapes = suite / "libraries/shapes"
    shapes.mkdir(parents=True)
    (suite / "CMakeLists.txt").write_text(SUITE)
    (suite / "user.c").write_text(USER)
    (shapes / "CMakeLists.txt").write_text(SHAPES)
    (shapes / "shapes.c").write_text("const char *shape(void) { return __FILE__; }\n")
    (shapes / "maker.c").write_text(MAKER)
    tops = archive(top / "tops.tar.gz", {"tops/top.h": "#define TOP 0\n", "README": "tops\n"})
    sqlite = archive(
        top / "sqlite.tar.xz",
        {
            "sqlite3.c": "int sqlite3_libversion_number(void) { return NUMBER - 1; }\n"
            "const char *file = __FILE__;\n",
            "sqlite3.h": '#define SQLITE_VERSION "3.46.0"\nint sqlite3_libversion_number(void);\n',
        },
    )
    (suite / "countermark.toml").write_text(
        f"""\
name = "user"
version = "1.0"
source_date_epoch = {EPOCH}
[hosts.{HOST}]
[tools.maker]
dependency = "shapes"
variable = "MAKER_EXECUTABLE"
version = "1.2.3"
[[dependencies]]
name = "shapes"
source = "libraries"
directory = "shapes"
native = true
[[dependencies]]
name = "tops"
version = "2.1.4"
source = "../tops.tar.gz"
url = "https://example.org/tops.tar.gz"
sha256 = "{tops}"
recipe = "headers"
headers = ["tops/top.h"]
package = "Tops"
targets = ["Tops::headers"]
[[dependencies]]
name = "sqlite"
version = "3.46.0"
source = "../sqlite.tar.xz"
sha256 = "{sqlite}"
recipe = "c"
sources = ["sqlite3.c"]
headers = ["sqlite3.h"]
definitions = ["NUMBER=1"]
library = "sqlite3"
"""
    )
    return suite


def own_cache(top: Path, environment: dict[str, str]) -> str:
    """Give a cache in which no dependency is built yet, but zig has its own libraries."""
    cache = top / "cache"
    cache.mkdir(parents=True)
    shared = Path(environment["COUNTERMARK_CACHE_DIR"], "zig")
    shared.mkdir(exist_ok=True)
    (cache / "zig").symlink_to(shared)
    return str(cache)


@pytest.fixture(scope="module")
def released(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], run: Run
) -> tuple[Path, Ended, str]:
    """A release; where it was made, what it printed, and its cache."""
    if MACHINE is None:
        pytest.skip("this machine is none of the hosts, so it builds no tools for itself")
    top = tmp_path_factory.mktemp("dependencies")
    suite = write_suite(top)
    cache = own_cache(top, environment)
    ended = run("release", suite, "--out", "out", cwd=top, COUNTERMARK_CACHE_DIR=cache)
    assert ended.code == 0, ended.err
    return top, ended, cache


def test_what_was_built_is_said_and_kept(released: tuple[Path, Ended, str], run: Run) -> None:
    top, ended, cache = released
    line = next(line for line in ended.err.splitlines() if "  supply  " in line)
    for words in ("shapes for this machine", f"shapes for {HOST}", f"tops 2.1.4 for {HOST}"):
        assert words in line
    again = run("build", "user", "--out", "again", cwd=top, COUNTERMARK_CACHE_DIR=cache)
    assert again.code == 0, again.err
    assert "4 built before" in again.err
    assert "built shapes" not in again.err


def test_changed_arguments_are_told_of_dependencies_too(
    released: tuple[Path, Ended, str], run: Run
) -> None:
    top, _, cache = released
    again = run("build", "user", "--out", "told", cwd=top, COUNTERMARK_CACHE_DIR=cache)
    assert "built shapes" not in again.err
    for out in ("out", "told"):
        (host,) = json.loads((top / out / "manifest.json").read_bytes())["hosts"]
        (change,) = host["changed_arguments"]
        assert change["dependency"] == "shapes"
        assert (change["argument"], change["instead"]) == (
            "-mtune=apple-m2",
            "-Xclang -tune-cpu -Xclang apple-m2",
        )
        assert "-mtune" in change["why"]


def test_the_plan_says_what_would_be_built_and_what_is_there(
    released: tuple[Path, Ended, str], tmp_path: Path, run: Run
) -> None:
    top, _, cache = released
    arguments = ("release", top / "user", "--plan", "--out", tmp_path / "out")
    there = run(*arguments, cwd=top, COUNTERMARK_CACHE_DIR=cache)
    assert f"supply     take tops 2.1.4 for {HOST}, built before, from {cache}" in there.out
    assert f"-DMAKER_EXECUTABLE={cache}/dependencies/shapes-{MACHINE}-" in there.out
    fresh = run(*arguments, cwd=top, COUNTERMARK_CACHE_DIR=str(tmp_path / "other"))
    assert f"supply     build tops 2.1.4 for {HOST} from " in fresh.out
    assert not (tmp_path / "other").exists()


def test_two_caches_give_the_same_libraries_and_programs(
    released: tuple[Path, Ended, str],
    tmp_path: Path,
    environment: dict[str, str],
    run: Run,
) -> None:
    top, _, cache = released
    other = own_cache(tmp_path / "a" / "longer" / "way", environment)
    ended = run("release", "user", "--out", tmp_path / "out", cwd=top, COUNTERMARK_CACHE_DIR=other)
    assert ended.code == 0, ended.err
    one, two = (_prefixes(Path(each)) for each in (cache, other))
    assert one == two
    assert len(one) > 8
    sums = [(place / "SHA256SUMS").read_text() for place in (top / "out", tmp_path / "out")]
    assert sums[0] == sums[1]


def _prefixes(cache: Path) -> dict[str, str]:
    """Digest all that is installed, but for the record of what it was built from."""
    return {
        str(path.relative_to(cache)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((cache / "dependencies").rglob("*"))
        if path.is_file() and path.suffix not in (".json", ".log", ".lock")
    }


def test_nothing_stays_of_a_build_but_its_prefix_and_its_log(
    released: tuple[Path, Ended, str],
) -> None:
    _, _, cache = released
    store = Path(cache, "dependencies")
    assert not list((store / "unfinished").iterdir())
    for prefix in store.glob(f"*-{HOST}-????????????????"):
        assert "cmake" in prefix.with_name(f"{prefix.name}.log").read_text()
    (library,) = store.glob(f"sqlite-{HOST}-*/lib/libsqlite3.a")
    assert str(store).encode() not in library.read_bytes()


def test_everything_about_them_is_in_the_manifest_the_record_and_the_bill(
    released: tuple[Path, Ended, str], tmp_path: Path, run: Run
) -> None:
    top, _, _ = released
    manifest = json.loads((top / "out/manifest.json").read_text())
    inputs = {each["name"]: each for each in manifest["hosts"][0]["inputs"]}
    assert inputs["tops"]["kind"] == "dependency"
    assert inputs["tops"]["url"] == "https://example.org/tops.tar.gz"
    assert inputs["maker"]["version"] == "1.2.3"
    with tarfile.open(top / f"out/user-1.0-{HOST}.tar.gz") as tar:
        record = tar.extractfile("user-1.0/share/countermark/build.json")
        assert record is not None
        text = record.read().decode()
    assert str(top) not in text
    rows = {each["name"]: each for each in json.loads(text)["dependencies"]}
    assert rows["tops"]["digest"] == inputs["tops"]["digest"]
    assert (rows["shapes"]["inside"], rows["shapes"]["source"]) == (True, "libraries")
    bill = json.loads((top / "out/user-1.0.cdx.json").read_text())
    (tops,) = (each for each in bill["components"] if each["name"] == "tops")
    assert (tops["version"], tops["type"], tops["scope"]) == ("2.1.4", "library", "required")
    assert tops["externalReferences"][0]["url"] == "https://example.org/tops.tar.gz"


def test_it_is_built_again_from_the_record_and_the_archives(
    released: tuple[Path, Ended, str], tmp_path: Path, run: Run
) -> None:
    top, _, cache = released
    archive = top / f"out/user-1.0-{HOST}.tar.gz"
    rebuild = ("rebuild", archive, "--suite", top / "user")
    none = run(*rebuild, cwd=tmp_path, COUNTERMARK_CACHE_DIR=cache)
    assert none.code == 2
    assert "dependency 'tops': there is no tops.tar.gz in" in none.err
    assert "--sources" in none.err
    again = run(*rebuild, "--sources", top, cwd=tmp_path, COUNTERMARK_CACHE_DIR=cache)
    assert again.code == 0, again.err + again.out


def changed(top: Path, *changes: tuple[str, str]) -> Path:
    """Write the suite once more, with another configuration."""
    suite = write_suite(top)
    file = suite / "countermark.toml"
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file.write_text(text)
    return suite


def failure(run: Run, suite: Path, cache: str, code: int) -> str:
    """Build in vain, and return what was said."""
    out = suite.parent / "out"
    ended = run("build", suite, "--out", out, cwd=suite, COUNTERMARK_CACHE_DIR=cache)
    assert ended.code == code, ended.err
    assert "hint: " in ended.err
    return ended.err


def test_another_archive_is_not_built(
    tmp_path: Path, released: tuple[Path, Ended, str], run: Run
) -> None:
    suite = changed(tmp_path, ('version = "2.1.4"', 'version = "2.1.5"'))
    with (tmp_path / "tops.tar.gz").open("ab") as stream:
        stream.write(b"\0")
    said = failure(run, suite, released[2], 2)
    assert "dependency 'tops': " in said
    assert "has the SHA-256" in said


def test_an_archive_that_is_missing_is_to_be_fetched(
    tmp_path: Path, released: tuple[Path, Ended, str], run: Run
) -> None:
    suite = changed(tmp_path, ('version = "2.1.4"', 'version = "2.1.5"'))
    (tmp_path / "tops.tar.gz").unlink()
    assert "Run 'countermark fetch'" in failure(run, suite, released[2], 2)


def test_an_archive_without_a_digest_is_not_built(tmp_path: Path, run: Run) -> None:
    suite = write_suite(tmp_path)
    file = suite / "countermark.toml"
    lines = [each for each in file.read_text().splitlines() if not each.startswith("sha256")]
    file.write_text("\n".join(lines))
    said = failure(run, suite, str(tmp_path / "cache"), 2)
    assert "no sha256 is given for tops.tar.gz" in said


def test_what_has_been_built_needs_no_archive_any_more(
    tmp_path: Path, released: tuple[Path, Ended, str], run: Run
) -> None:
    suite = write_suite(tmp_path)
    for name in ("tops.tar.gz", "sqlite.tar.xz"):
        (tmp_path / name).unlink()
    out = tmp_path / "out"
    ended = run("build", suite, "--out", out, cwd=suite, COUNTERMARK_CACHE_DIR=released[2])
    assert ended.code == 0, ended.err


def test_a_tool_of_another_version_is_named(
    tmp_path: Path, released: tuple[Path, Ended, str], run: Run
) -> None:
    suite = changed(tmp_path, ('version = "1.2.3"', 'version = "1.3.0"'))
    said = failure(run, suite, released[2], 2)
    assert "bin/maker is version 1.2.3, not 1.3.0" in said


EVIL: Final = {
    "a relative one that climbs": 'DESTINATION "../../escaped"',
    "an absolute one": 'DESTINATION "/opt/escaped"',
    "a script": None,
}


@pytest.mark.parametrize("how", EVIL)
def test_what_installs_outside_its_prefix_is_refused(
    how: str, tmp_path: Path, environment: dict[str, str], run: Run
) -> None:
    suite = tmp_path / "suite"
    (suite / "evil").mkdir(parents=True)
    (suite / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(suite LANGUAGES NONE)\n"
    )
    place = EVIL[how]
    install = (
        f"install(FILES CMakeLists.txt {place})"
        if place
        else 'install(CODE [[file(WRITE "$ENV{DESTDIR}/opt/escaped" "x")]])'
    )
    (suite / "evil/CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(evil LANGUAGES NONE)\n"
        f"install(FILES CMakeLists.txt DESTINATION share)\n{install}\n"
    )
    (suite / "countermark.toml").write_text(
        f'version = "1"\nsource_date_epoch = {EPOCH}\n[hosts.{HOST}]\n'
        '[[dependencies]]\nname = "evil"\nsource = "evil"\n'
    )
    said = failure(run, suite, own_cache(tmp_path, environment), 3)
    assert f"evil for {HOST} installs outside its prefix: " in said
    assert "escaped" in said
    assert not list((tmp_path / "cache/dependencies").glob("evil-*-????????????????"))


def test_two_versions_of_one_library_are_named(
    tmp_path: Path, released: tuple[Path, Ended, str], run: Run
) -> None:
    given = tmp_path / "given/lib"
    given.mkdir(parents=True)
    (given / "libsqlite3.so.0.8.6").write_bytes(b"")
    suite = changed(tmp_path, (f"[hosts.{HOST}]", f"[hosts.{HOST}]\nprefix = '../given'"))
    said = failure(run, suite, released[2], 2)
    assert "the library sqlite3 is in sqlite 3.46.0 and in the prefix " in said


@pytest.mark.parametrize(
    ("prefix", "words"), [("/usr", "holds the libraries of this machine"), ("none", "no prefix")]
)
def test_a_prefix_must_be_there_and_not_this_machines(
    prefix: str, words: str, tmp_path: Path, run: Run
) -> None:
    suite = changed(tmp_path, (f"[hosts.{HOST}]", f"[hosts.{HOST}]\nprefix = '{prefix}'"))
    assert words in failure(run, suite, str(tmp_path / "cache"), 2)


def test_commands_are_given_the_compiler_of_the_host(
    tmp_path: Path, environment: dict[str, str], run: Run
) -> None:
    suite = tmp_path / "suite"
    (suite / "made").mkdir(parents=True)
    (suite / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(suite LANGUAGES C)\n"
        "find_library(MADE made REQUIRED)\nfind_path(HEADER made.h REQUIRED)\n"
        "add_executable(suite suite.c)\ntarget_link_libraries(suite ${MADE})\n"
    )
    (suite / "suite.c").write_text("int made(void);\nint main(void) { return made(); }\n")
    (suite / "made/made.c").write_text("int made(void) { return 0; }\n")
    (suite / "made/made.h").write_text("int made(void);\n")
    (suite / "countermark.toml").write_text(
        f"""\
version = "1"
source_date_epoch = {EPOCH}
[hosts.{HOST}]
[[dependencies]]
name = "made"
source = "made"
recipe = "commands"
commands = [
  "$CC $CFLAGS -c made.c && $AR qc libmade.a made.o && $RANLIB libmade.a",
  "test $HOST = {HOST} -a $JOBS -ge 1",
  "mkdir -p $DESTDIR$PREFIX/lib $PREFIX/include  # the second heeds no DESTDIR",
  "cp libmade.a $DESTDIR$PREFIX/lib",
  "cp made.h $PREFIX/include",
]
"""
    )
    cache = own_cache(tmp_path, environment)
    ended = run("build", suite, "--out", "out", cwd=tmp_path, COUNTERMARK_CACHE_DIR=cache)
    assert ended.code == 0, ended.err

"""Libraries that neither a system nor the release brings, in all three formats."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from counterproof import check, load_profile
from counterproof.hardening.allowances import Allowances, load_allowances
from counterproof.hardening.case import Case
from counterproof.hardening.checking import outcomes
from counterproof.hardening.facts import Facts, Leftovers, PeFacts
from counterproof.hardening.pool import FactsReader
from counterproof.hardening.reading import read_facts
from counterproof.hardening.systems import linux_brings, macos_brings, windows_brings
from countersign.findings import Severity, Verdict
from countersign.image import identify
from macho import Macho
from trees import DARWIN, LINUX, write_stage

SYSTEM = "/usr/lib/libSystem.B.dylib"


@pytest.mark.parametrize(
    "name",
    [
        *("libc.so.6", "libm.so.6", "libmvec.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1"),
        *("libresolv.so.2", "libnss_files.so.2", "ld-linux-x86-64.so.2", "ld-linux.so.2"),
        *("ld-linux-armhf.so.3", "ld-linux-riscv64-lp64d.so.1", "ld64.so.2"),
        *("libgcc_s.so.1", "libstdc++.so.6"),
    ],
)
def test_every_linux_has_it(name: str) -> None:
    assert linux_brings(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "libz.so.1",
            "libsqlite3.so.0",
            "libcapnp-1.1.0.so",
            "libc++.so.1",
            "libc.so",
            "libc.so.7",
        ),
        *("/lib/x86_64-linux-gnu/libc.so.6", "libmine.so.6", "", "libm.so.6 ", "libdl.so.2.bak"),
    ],
)
def test_not_every_linux_has_it(name: str) -> None:
    assert not linux_brings(name)


@pytest.mark.parametrize(
    ("path", "brought"),
    [
        (SYSTEM, True),
        ("/System/Library/Frameworks/AppKit.framework/Versions/C/AppKit", True),
        ("@rpath/libswiftCore.dylib", True),
        ("/usr/local/lib/libz.dylib", False),
        ("/opt/homebrew/lib/libz.dylib", False),
        ("/usr/lib/../local/lib/libz.dylib", False),
        ("@rpath/libz.dylib", False),
        ("libSystem.B.dylib", False),
        ("/Library/Frameworks/Own.framework/Own", False),
        ("/SystemX/libz.dylib", False),
    ],
)
def test_what_macos_has(path: str, brought: bool) -> None:
    assert macos_brings(path) is brought


@pytest.mark.parametrize(
    ("name", "brought"),
    [
        *(("KERNEL32.dll", True), ("WS2_32.dll", True), ("msvcrt.dll", True), ("bcrypt.dll", True)),
        *(("api-ms-win-crt-stdio-l1-1-0.dll", True), ("WINSPOOL.DRV", True), ("ntdll.dll", True)),
        *(("libstdc++-6.dll", False), ("libgcc_s_seh-1.dll", False), ("zlib1.dll", False)),
        *(("libwinpthread-1.dll", False), ("sqlite3.dll", False), ("#", False), ("", False)),
        ("vcruntime140.dll", False),
    ],
)
def test_what_windows_has(name: str, brought: bool) -> None:
    assert windows_brings(name) is brought


@pytest.mark.parametrize("series", ["29", "30", "31", "32"])
def test_windows_has_all_that_bitcoin_core_may_load(series: str) -> None:
    libraries = load_allowances(series).pe.libraries
    assert libraries is not None
    assert all(map(windows_brings, libraries))


def found_in(facts: Facts, table: str | None = None, **case: object) -> list[str]:
    """Give what the rule says of an image."""
    allowances = load_allowances(table) if table else Allowances(name="", title="")
    whole = Case(program="program", allowances=allowances, published=True, **case)  # type: ignore[arg-type]
    return [str(each.problem) for each in outcomes(facts, whole) if each.rule.id == "H30"]


def facts_of(data: bytes) -> Facts:
    image = identify(data)
    assert image is not None
    return read_facts(data, image)


def windows_program(*libraries: str) -> PeFacts:
    return PeFacts(
        architecture="x86_64",
        program=True,
        dynamic_base=True,
        high_entropy=True,
        nx=True,
        relocations=True,
        canary=True,
        main=b"",
        libraries=libraries,
        subsystem_version="6.2",
        manifest=True,
        checksum=0,
        true_checksum=0,
        leftovers=Leftovers((), 0),
        paths=(),
    )


def test_a_library_of_mingw_is_named() -> None:
    facts = windows_program("KERNEL32.dll", "libstdc++-6.dll")
    assert found_in(facts) == ["it loads libstdc++-6.dll: no part of Windows, nor of the release"]
    assert found_in(facts, brought=frozenset({"LIBSTDC++-6.DLL"})) == []


@pytest.mark.parametrize(
    ("library", "brought"),
    [
        ("@rpath/libown.dylib", True),
        ("@executable_path/../lib/libown.dylib", True),
        ("@loader_path/libother.dylib", False),
        ("/usr/local/lib/libown.dylib", False),
        ("libown.dylib", False),
    ],
)
def test_a_library_of_the_release_is_found_by_its_name(library: str, brought: bool) -> None:
    facts = facts_of(Macho(libraries=(SYSTEM, library)).build())
    assert (found_in(facts, brought=frozenset({"libown.dylib"})) == []) is brought


@pytest.mark.parametrize(
    ("rpath", "good"),
    [
        ("@executable_path/../lib", True),
        ("/usr/lib/swift", True),
        ("/usr/lib", True),
        ("/opt/homebrew/lib", False),
        ("/home/me/build", False),
    ],
)
def test_a_directory_of_the_machine_is_named(rpath: str, good: bool) -> None:
    facts = facts_of(Macho(rpaths=(rpath,)).build())
    assert found_in(facts) == ([] if good else [f"it looks for libraries in {rpath}"])


def test_where_a_table_speaks_the_rule_is_silent_but_for_closed_builds() -> None:
    facts = windows_program("KERNEL32.dll", "d3d12.dll", "zlib1.dll")
    assert found_in(facts, "31") == []
    (problem,) = found_in(facts, "31", closed=True)
    assert problem.startswith("it loads zlib1.dll:")


def test_what_a_table_allows_is_allowed() -> None:
    allowances = load_allowances("31").elf.libraries
    assert allowances is not None
    assert "libfontconfig.so.1" in allowances
    assert not linux_brings("libfontconfig.so.1")


PROFILE = """
schema = "countermark.profile/1"
name = "own"
title = "Own"
description = "Own."
unlisted = "allowed"
hardening = "own-hardening.toml"
"""
TABLE = """
schema = "countermark.hardening/1"
name = "own"
title = "Own"
[elf]
libraries = ["libX11.so.6", "libanswer.so.1"]
"""


def test_a_table_stands_beside_the_profile_that_names_it(
    borrower: tuple[bytes, bytes], tmp_path: Path
) -> None:
    (tmp_path / "own-hardening.toml").write_text(TABLE)
    (tmp_path / "own.toml").write_text(PROFILE)
    (tmp_path / "heir.toml").write_text(
        PROFILE.replace('hardening = "own-hardening.toml"', 'extends = "../own.toml"')
    )
    (tmp_path / "heirs").mkdir()
    (tmp_path / "heir.toml").rename(tmp_path / "heirs" / "heir.toml")
    root = write_stage(tmp_path / "stage", {"bin/program": borrower[0]})
    for profile in ("own.toml", "heirs/heir.toml"):
        with FactsReader(1) as reader:
            loaded = load_profile(tmp_path / profile)
            assert severities(check(root, loaded, LINUX, reader=reader, closed=True)) == {}


def severities(verdict: Verdict) -> dict[str, Severity]:
    return {
        Path(file.path).name: finding.severity
        for file in verdict.files
        for finding in file.findings
        if finding.rule == "H30"
    }


@pytest.fixture(scope="module")
def borrower(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A program for this machine and the library that it loads."""
    folder = tmp_path_factory.mktemp("borrower")
    (folder / "library.c").write_text("int answer(void) { return 42; }\n")
    (folder / "program.c").write_text("int answer(void);\nint main(void) { return answer(); }\n")
    library, program = folder / "libanswer.so.1", folder / "program"
    for command in (
        ("-shared", "-Wl,-soname,libanswer.so.1", "-o", library, folder / "library.c"),
        ("-o", program, folder / "program.c", library),
    ):
        subprocess.run(("cc", *map(str, command)), check=True, capture_output=True)
    return program.read_bytes(), library.read_bytes()


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("brought", [False, True])
def test_a_closed_build_is_rejected_for_it_and_another_is_told(
    borrower: tuple[bytes, bytes], tmp_path: Path, brought: bool, closed: bool
) -> None:
    program, library = borrower
    files = {"bin/program": program, **({"lib/libanswer.so.1": library} if brought else {})}
    root = write_stage(tmp_path / "stage", files)
    with FactsReader(1) as reader:
        verdict = check(root, load_profile("generic"), LINUX, reader=reader, closed=closed)
    weight = Severity.ERROR if closed else Severity.NOTE
    assert severities(verdict) == ({} if brought else {"program": weight})
    assert verdict.accepted is (brought or not closed)


def test_a_link_to_a_library_counts_as_one(tmp_path: Path) -> None:
    image = Macho(libraries=(SYSTEM, "@rpath/libown.1.dylib")).build()
    library = Macho(filetype=6).build()
    root = write_stage(tmp_path / "stage", {"bin/a": image, "lib/libown.1.2.dylib": library})
    (root / "lib/libown.1.dylib").symlink_to("libown.1.2.dylib")
    with FactsReader(1) as reader:
        verdict = check(root, load_profile("generic"), DARWIN, reader=reader, closed=True)
    assert severities(verdict) == {}

"""What zig itself makes of arguments: what the filter says of it must be so."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from countermark.toolchain import find_zig
from countermark.toolchains.cpus import AARCH64_EXTENSIONS, X86_FEATURES, judge_cpu_flag
from countermark.toolchains.linking import RULES, Rule
from countermark.toolchains.target import Target
from countermark.toolchains.wrappers import Wrappers

TARGETS = {
    "linux": "x86_64-linux-gnu.2.31",
    "macos": "aarch64-macos.14.0-none",
    "windows": "x86_64-windows-gnu",
}
ARM_LINUX = "aarch64-linux-gnu.2.31"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run(cache: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a compiler in an empty directory; nothing here needs more of zig's cache than that."""
    environment = {
        "PATH": os.environ["PATH"],
        "ZIG_GLOBAL_CACHE_DIR": str(cache),
        "ZIG_LOCAL_CACHE_DIR": str(cache),
    }
    return subprocess.run(
        argv, capture_output=True, check=False, cwd=cache, env=environment, text=True
    )


def compiler(cache: Path, target: str) -> str:
    wrappers = Wrappers(
        directory=cache / target,
        python=Path(sys.executable),
        zig=find_zig().program,
        target=target,
    )
    wrappers.write()
    return str(wrappers.directory / "cc")


def macros(cache: Path, target: str, *arguments: str) -> set[str]:
    """Return the names of the macros that are defined before a source is read."""
    (cache / "empty.c").touch()
    done = run(cache, compiler(cache, target), *arguments, "-dM", "-E", "empty.c")
    assert done.returncode == 0, done.stderr
    return {line.split()[1] for line in done.stdout.splitlines()}


def said_of(cache: Path, target: str, arguments: list[str]) -> str:
    """Return what zig says of words before it looks for the file to link, which is not there."""
    zig = str(find_zig().program)
    return run(cache, zig, "cc", "-target", target, *arguments, "not-there.o").stderr


def as_users_write(system: str, word: str, rule: Rule) -> str:
    """Return a word with two dashes where it is GNU's and has more than a letter."""
    short = word.startswith(("-melf", "-O", "-z")) or len(word) == 2
    dashes = "" if short or (system == "macos" and not rule.silent) else "-"
    return ",".join(["-Wl", dashes + word, *["1"] * rule.values])


@pytest.mark.parametrize("system", TARGETS)
def test_every_listed_word_is_one_that_zig_refuses_or_does_nothing_for(
    cache: Path, system: str
) -> None:
    rules = RULES[system]
    written = {as_users_write(system, word, rule): rule for word, rule in rules.items()}
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda word: said_of(cache, TARGETS[system], [word]), written)
    for (word, rule), text in zip(written.items(), said, strict=True):
        assert ("unsupported" in text or "warning:" in text) != rule.silent or word == "-Wl,-z", (
            word,
            text,
        )


@pytest.mark.parametrize(
    ("system", "word"),
    [
        ("linux", "-Wl,-z,now,-z,relro,--gc-sections,--as-needed,--build-id=none,-rpath,/x"),
        ("macos", "-Wl,-dead_strip,-dead_strip_dylibs,-headerpad_max_install_names,-S,-x"),
        ("windows", "-Wl,--dynamicbase,--nxcompat,--high-entropy-va,--subsystem,console,/Brepro"),
    ],
)
def test_a_word_that_zig_takes_is_not_listed(cache: Path, system: str, word: str) -> None:
    assert "unsupported" not in said_of(cache, TARGETS[system], [word])
    names = {f"-{name.lstrip('-').partition('=')[0]}" for name in word.split(",")}
    assert names.isdisjoint(set(RULES[system]) - {"-z"})


@pytest.mark.parametrize(
    ("target", "argument", "macro"),
    [
        (TARGETS["macos"], "-march=armv8-a+crc+crypto", "__ARM_FEATURE_CRC32"),
        (TARGETS["macos"], "-march=armv8-a+crypto", "__ARM_FEATURE_SHA2"),
        (TARGETS["macos"], "-march=armv9-a+sve", "__ARM_FEATURE_SVE"),
        (ARM_LINUX, "-march=armv8-a+crypto", "__ARM_FEATURE_AES"),
        (ARM_LINUX, "-march=armv8.2-a+crc+fp16", "__ARM_FEATURE_CRC32"),
        (ARM_LINUX, "-mcpu=cortex-a53+crypto", "__ARM_FEATURE_SHA2"),
        ("riscv64-linux-gnu.2.31", "-march=rv64gcv_zba", "__riscv_zba"),
        (TARGETS["linux"], "-march=x86-64-v2", "__SSE4_2__"),
        (TARGETS["windows"], "-march=skylake-avx512", "__AVX512F__"),
        (TARGETS["linux"], "-mavx2", "__AVX2__"),
    ],
)
def test_instructions_that_are_asked_for_are_there(
    cache: Path, target: str, argument: str, macro: str
) -> None:
    assert macro in macros(cache, target, argument)


@pytest.mark.parametrize("argument", ["-mtune=haswell", "-march=native", "-march=x86-64"])
def test_no_program_needs_more_than_the_oldest_cpu_unasked(cache: Path, argument: str) -> None:
    linux = TARGETS["linux"]
    assert macros(cache, linux, argument).isdisjoint({"__AVX__", "__SSE3__", "__BMI__"})


def test_every_extension_that_is_translated_is_one_that_zig_knows(cache: Path) -> None:
    for extension in AARCH64_EXTENSIONS:
        macros(cache, ARM_LINUX, f"-march=armv8.2-a+{extension}")
    for version in ("8-a", "8.1-a", "8.6-a", "9-a", "9.2-a"):
        macros(cache, TARGETS["macos"], f"-march=armv{version}")


def test_instructions_of_a_program_made_in_one_step_are_those_that_clang_knows(
    cache: Path,
) -> None:
    """Clang says of a feature that it does not know that it leaves it out."""
    target = Target(TARGETS["linux"])
    flags = [f"-m{off}{feature}" for feature in sorted(X86_FEATURES) for off in ("", "no-")]
    verdicts = [judge_cpu_flag(flag, target, compiles=True, links=True) for flag in flags]
    assert all(verdicts)
    given = [word for verdict in verdicts if verdict for word in verdict[0]]
    (cache / "empty.c").touch()
    zig = str(find_zig().program)
    done = run(cache, zig, "cc", "-target", target.name, "-S", "empty.c", "-o", "-", *given)
    assert done.returncode == 0, done.stderr
    assert "not a recognized feature" not in done.stderr


def test_a_projects_own_wishes_win(cache: Path) -> None:
    linux = TARGETS["linux"]
    assert "NDEBUG" not in macros(cache, linux, "-O2")
    assert "NDEBUG" in macros(cache, linux, "-O2", "-DNDEBUG")
    windows = macros(cache, TARGETS["windows"], "-Werror", "-D_WIN32_WINNT=0x0601")
    assert "_WIN32_WINNT" in windows


@pytest.mark.parametrize(("arguments", "there"), [((), False), (("-g",), True), (("-g1",), True)])
def test_debug_information_is_there_when_it_is_asked_for(
    cache: Path, arguments: tuple[str, ...], there: bool
) -> None:
    (cache / "one.c").write_text("int one(void) { return 1; }\n", encoding="utf-8")
    cc = compiler(cache, TARGETS["linux"])
    done = run(cache, cc, "-S", "one.c", "-o", "one.s", *arguments)
    assert done.returncode == 0, done.stderr
    assert (".debug_info" in (cache / "one.s").read_text(encoding="utf-8")) == there


def test_a_function_that_the_oldest_macos_lacks_is_an_error(cache: Path) -> None:
    (cache / "new.c").write_text(
        "#include <unistd.h>\nint new(int *ends) { return pipe2(ends, 0); }\n", encoding="utf-8"
    )
    done = run(cache, compiler(cache, TARGETS["macos"]), "-c", "new.c")
    assert done.returncode != 0
    assert "-Wunguarded-availability-new" in done.stderr


def test_no_path_of_zigs_stands_in_an_object(cache: Path) -> None:
    (cache / "path.c").write_text(
        "#include <stddef.h>\n#include <limits.h>\n"
        "#define STR(x) #x\nconst char *here(void) { return __FILE__; }\n",
        encoding="utf-8",
    )
    cc = compiler(cache, TARGETS["linux"])
    done = run(cache, cc, "-g", "-c", "path.c", "-o", "path.o")
    assert done.returncode == 0, done.stderr
    assert str(find_zig().program.parent).encode() not in (cache / "path.o").read_bytes()

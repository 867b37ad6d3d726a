"""The kernel's C++ as a program of its own, under sanitizers and for other processors.

Only here it is compiled with warnings as errors: a user's compiler may know more of them.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from commands import ROOT
from kernel import cannot_try

NATIVE = ROOT / "signing" / "native"
MODULE = NATIVE / "module.cpp"
KERNEL = sorted({*NATIVE.glob("*.cpp")} - {MODULE})
DRIVER = Path(__file__).parent / "native" / "driver.cpp"
STRICT = ("-std=c++17", "-Wall", "-Wextra", "-Werror", "-fno-rtti", f"-I{NATIVE}")
SANITIZED = ("-O0", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
ZIG = (sys.executable, "-m", "ziglang", "c++", "-O2", "-fno-sanitize=undefined")

needs_zig = pytest.mark.skipif(
    importlib.util.find_spec("ziglang") is None, reason="ziglang is not installed"
)


def run(*command: object, **variables: str) -> str:
    done = subprocess.run(
        tuple(map(str, command)),
        env={**os.environ, **variables},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compile_all(place: Path, command: tuple[str, ...], *sources: Path) -> list[Path]:
    """Compile each of ``sources``, two at a time."""
    objects = [place / f"{source.stem}.o" for source in sources]

    def compile_one(source: Path, target: Path) -> None:
        run(*command, *STRICT, "-c", source, "-o", target)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compile_one, sources, objects))
    return objects


@pytest.fixture
def compiler(tmp_path: Path) -> str:
    """A C++ compiler with the sanitizers' libraries."""
    found = next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
    if found is None:
        cannot_try("there is no C++ compiler")
    source = tmp_path / "nothing.cpp"
    source.write_text("int main() { return 0; }\n")
    command = [found, *SANITIZED, str(source), "-o", str(tmp_path / "nothing")]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        cannot_try("the compiler has no sanitizers")
    return found


def test_sanitizers_find_nothing(compiler: str, tmp_path: Path) -> None:
    objects = compile_all(tmp_path, (compiler, *SANITIZED), *KERNEL, DRIVER)
    driver = tmp_path / "driver"
    run(compiler, *SANITIZED, *objects, "-pthread", "-o", driver)
    # Leaks are looked for by a means that containers forbid, and the kernel allocates nothing.
    *implementations, total = run(driver, ASAN_OPTIONS="detect_leaks=0").splitlines()
    assert implementations[-1] == "portable"
    assert total.endswith("comparisons")


def test_the_door_to_python_compiles_without_a_warning(compiler: str, tmp_path: Path) -> None:
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").is_file():
        cannot_try("there are no headers of Python")
    stable = ("-isystem", str(headers), "-DPy_LIMITED_API=0x030b0000")
    assert compile_all(tmp_path, (compiler, *stable), MODULE)


@needs_zig
@pytest.mark.parametrize("target", ["aarch64-linux-musl", "aarch64-macos", "x86_64-macos"])
def test_it_compiles_for_other_systems(target: str, tmp_path: Path) -> None:
    objects = compile_all(tmp_path, (*ZIG, "-target", target), *KERNEL)
    assert all(each.stat().st_size for each in objects)


@needs_zig
@pytest.mark.emulated
def test_it_runs_on_arm(tmp_path: Path) -> None:
    emulator = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if emulator is None:
        pytest.skip("there is no qemu-aarch64; for example: apt-get install qemu-user-static")
    target = (*ZIG, "-target", "aarch64-linux-musl")
    objects = compile_all(tmp_path, target, *KERNEL, DRIVER)
    run(*target, "-static", *objects, "-o", tmp_path / "driver")
    *implementations, total = run(emulator, tmp_path / "driver").splitlines()
    assert implementations == ["armv8", "portable"]
    assert total.endswith("comparisons")

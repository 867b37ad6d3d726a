"""Suites to release, and a way to run the real command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from commands import EPOCH, ROOT, Ended, Run, run_countermark
from wheels import build_wheel, copy_checkout


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """The variables of a user; compilers keep what they build for themselves between test runs."""
    cache = request.config.cache
    assert cache is not None
    return {
        **{name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ},
        "COUNTERMARK_CACHE_DIR": str(cache.mkdir("countermark")),
        "PYTHONPATH": os.pathsep.join(
            str(ROOT / room) for room in ("packaging", "signing", "layout")
        ),
    }


@pytest.fixture(scope="session")
def run(environment: dict[str, str]) -> Run:
    """Run ``countermark`` as that user."""

    def run(*arguments: object, cwd: Path, **variables: str) -> Ended:
        return run_countermark(*arguments, cwd=cwd, environment={**environment, **variables})

    return run


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows or would take, so that building leaves no trace here."""
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is shipped."""
    return build_wheel(checkout, tmp_path_factory.mktemp("wheel"), SOURCE_DATE_EPOCH=EPOCH)[0]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A suite of a program with a static library, which is not under git."""
    suite = tmp_path / "tiny"
    suite.mkdir()
    (suite / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\n"
        "project(tiny VERSION 2.5 LANGUAGES C)\n"
        "add_library(number STATIC number.c)\n"
        "add_executable(tiny tiny.c)\n"
        "target_link_libraries(tiny number)\n"
        "install(TARGETS tiny COMPONENT tiny)\n"
        "install(FILES notes.txt DESTINATION share/tiny COMPONENT notes)\n"
    )
    (suite / "tiny.c").write_text(
        "#include <stdio.h>\nint number(void);\n"
        "int main(void) { return puts(__FILE__) < 0 ? 1 : number(); }\n"
    )
    (suite / "number.c").write_text("int number(void) { return 0; }\n")
    (suite / "notes.txt").write_text("notes\n")
    (suite / "countermark.toml").write_text(
        f'name = "tiny"\nversion = "2.5"\nsource_date_epoch = {EPOCH}\n[hosts.arm64-apple-darwin]\n'
    )
    return suite

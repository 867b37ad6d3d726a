"""The folder ``packaging/`` must never stand in for PyPI's module ``packaging``.

With a Python file directly in it, ``python -m pytest`` and ``python -m build`` break in the
checkout; without one, only the tools' settings lead to the three packages. Both are tried here,
and what is shipped is installed in both ways.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import countermark
from commands import ROOT
from countersign.image import identify
from wheels import PIP, python, run

ROOMS = {"packaging": "countermark", "signing": "countersign", "layout": "counterproof"}
NATIVE = {"signing": {"native"}}
"""The folders of rooms that hold no Python at all."""
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
PROBE = """\
import countermark
import counterproof
import countersign
import packaging.version
from countermark.config import embedded_suite

assert (embedded_suite() / "countermark.toml").is_file(), embedded_suite()
assert (embedded_suite() / "src" / "CMakeLists.txt").is_file()
assert callable(countersign.sign) and callable(counterproof.check) and callable(countermark.release)
for package in (countermark, counterproof, countersign, packaging):
    print(package.__file__)
"""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_holds_one_package_and_no_python_file(room: str) -> None:
    folders = {path.name for path in (ROOT / room).iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == {ROOMS[room]} | NATIVE.get(room, set())
    assert list((ROOT / room).glob("*.py")) == []


def test_tests_are_no_packages_and_the_root_has_no_conftest() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []
    assert not (ROOT / "conftest.py").exists()


def test_packaging_is_pypis_in_the_checkout() -> None:
    place = python("-c", "import packaging.version as version; print(version.__file__)")
    assert Path(place.strip()).is_relative_to(SITE_PACKAGES)


@pytest.mark.parametrize(
    "words", [("pytest", "--version"), ("build", "--help"), ("pip", "--version")], ids=" ".join
)
def test_tools_that_need_packaging_run_in_the_checkout(words: tuple[str, ...]) -> None:
    pytest.importorskip(words[0], reason=f"{words[0]} is not installed")
    assert python("-m", *words)


@pytest.fixture
def importer(tmp_path: Path) -> Path:
    """A file whose types are right only when the three packages are found."""
    file = tmp_path / "importer.py"
    file.write_text(
        "import countermark\nimport counterproof\nimport countersign\n"
        "import packaging.version\n"
        "text: str = countermark.__version__\n"
        "names: list[str] = [*countermark.__all__, *counterproof.__all__, *countersign.__all__]\n"
        "version: tuple[int, ...] = packaging.version.Version('1.0').release\n",
        encoding="utf-8",
    )
    return file


def test_mypy_finds_the_packages(importer: Path, tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    python("-m", "mypy", "--cache-dir", tmp_path / "cache", importer)


def test_pyright_finds_the_packages(importer: Path) -> None:
    pyright = Path(sys.executable).with_name("pyright")
    try:
        run(pyright, "--version")
    except (OSError, AssertionError) as error:
        pytest.skip(f"pyright does not run here: {error}")
    run(pyright, "--project", ROOT, "--pythonpath", sys.executable, importer)


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    version = countermark.__version__
    assert {PurePosixPath(name).parts[0] for name in names} == {
        *ROOMS.values(),
        f"countermark-{version}.dist-info",
    }
    for package in ROOMS.values():
        assert f"{package}/py.typed" in names


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path, checkout: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        shipped = set(opened.namelist())
    wanted = {
        path.relative_to(checkout / room).as_posix()
        for room, package in ROOMS.items()
        for path in (checkout / room / package).rglob("*")
        if path.is_file()
    }
    assert wanted <= shipped


def test_the_wheel_brings_the_suites_sources(wheel: Path, checkout: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        shipped = {
            name: opened.read(name)
            for name in opened.namelist()
            if name.startswith("countermark/suite/")
        }
    wanted = {
        f"countermark/suite/{path.relative_to(checkout).as_posix()}": path.read_bytes()
        for path in (checkout / "countermark.toml", *(checkout / "src").rglob("*"))
        if path.is_file()
    }
    assert shipped == wanted


def test_the_wheel_holds_no_program(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as opened:
        for name in opened.namelist():
            kernel = PurePosixPath(name).match("countersign/_kernel.*.so")
            assert kernel or identify(opened.read(name)) is None, name
            assert not name.endswith((".o", ".a", ".obj", ".pyc")), name


def probe(interpreter: Path, home: Path, **variables: str) -> None:
    """Import everything from ``home``, and PyPI's packaging from this Python."""
    *ours, theirs = run(interpreter, "-c", PROBE, cwd=home, **variables).splitlines()
    assert len(ours) == 3
    assert all(Path(place).is_relative_to(home) for place in ours), ours
    assert Path(theirs).is_relative_to(SITE_PACKAGES)


def test_an_installed_wheel_works(wheel: Path, tmp_path: Path) -> None:
    """A new interpreter borrows the dependencies; PYTHONPATH runs no ``.pth`` file, so an editable
    installation in this one does not stand in for the wheel."""
    place = tmp_path / "installed"
    python(*PIP, "install", "--no-deps", "--target", place, wheel, cwd=tmp_path)
    python("-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    borrowed = os.pathsep.join((str(place), str(SITE_PACKAGES)))
    probe(tmp_path / "venv" / "bin" / "python", place, PYTHONPATH=borrowed)


def test_an_editable_installation_works(checkout: Path, tmp_path: Path) -> None:
    """The tools of this Python are lent to a new one by a ``.pth`` file."""
    python("-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    interpreter = tmp_path / "venv" / "bin" / "python"
    (own,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (own / "lent.pth").write_text(f"{SITE_PACKAGES}\n", encoding="utf-8")
    run(
        interpreter,
        *(*PIP, "install", "--no-deps", "--no-build-isolation", "--editable", checkout),
        cwd=tmp_path,
    )
    probe(interpreter, checkout)

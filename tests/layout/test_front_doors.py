from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import counterproof
from counterproof.target import Target

ROOM = Path(counterproof.__file__).parent


def modules_after(statement: str) -> set[str]:
    path = [str(ROOM.parent), str(ROOM.parents[1] / "signing")]
    program = f"import sys; sys.path[:0] = {path!r}; {statement}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_imports_none_of_its_modules() -> None:
    found = modules_after("import counterproof")
    assert not any(name.startswith(("counterproof.", "countersign")) for name in found)


def test_loading_a_profile_imports_no_archive_and_no_signature() -> None:
    found = modules_after("from counterproof import load_profile; load_profile('generic')")
    assert not found & {"tarfile", "zipfile", "counterproof.judging", "countersign.verifier"}


@pytest.mark.parametrize("name", counterproof.__all__)
def test_every_front_door_opens_and_no_module_hides_it(name: str) -> None:
    assert callable(getattr(counterproof, name))
    assert not (ROOM / f"{name}.py").exists()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'chekc'"):
        getattr(counterproof, "chekc")  # noqa: B009


def test_no_module_imports_from_the_room_to_the_right() -> None:
    for path in ROOM.glob("*.py"):
        assert "countermark." not in path.read_text().replace("countermark.profile/1", ""), path


def test_a_target_knows_the_names_of_its_programs() -> None:
    from countersign.image import ImageFormat

    windows = Target(
        platform="windows",
        architecture="x86_64",
        image_format=ImageFormat.PE,
        executable_suffix=".exe",
    )
    assert windows.file_name("bitcoin") == "bitcoin.exe"
    assert windows.program_name("bitcoin.exe") == "bitcoin"
    assert windows.program_name("bitcoin") is None
    assert windows.program_name(".exe") is None

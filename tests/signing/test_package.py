"""The package as its users see it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import countersign


def test_every_front_door_opens() -> None:
    for name in countersign.__all__:
        assert callable(getattr(countersign, name))
    assert set(countersign.__all__) <= set(dir(countersign))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        countersign.nothing  # noqa: B018


def test_front_doors_stay_functions_when_modules_are_imported() -> None:
    code = "import countersign.signer, countersign.verifier; print(countersign.sign.__name__)"
    assert run(code) == "sign"


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules); import countersign;"
        "print(sorted(set(sys.modules) - before))"
    )
    assert not {"hashlib", "mmap", "struct", "dataclasses"} & set(ast.literal_eval(run(code)))


CERTIFIED = {
    "certificates.certificate",
    "certificates.chain",
    "certificates.cms",
    "checks.certificates",
}
"""The modules that read certificates, and are imported only where there are any."""


def test_no_other_module_of_the_signing_room_leaves_the_standard_library() -> None:
    code = (
        "import sys, pkgutil, importlib, countersign;"
        f"names = {{'countersign.' + each for each in {CERTIFIED!r}}};"
        "[importlib.import_module(m.name) for m in"
        " pkgutil.walk_packages(countersign.__path__, 'countersign.') if m.name not in names];"
        "print(({m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)"
        " - {'__main__', 'countersign'}) or names & set(sys.modules) or 'nothing')"
    )
    assert run(code) == "nothing"


def run(code: str) -> str:
    """Run a fresh, isolated interpreter that knows only this package."""
    root = Path(countersign.__file__).parents[1]
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path[:0] = [{str(root)!r}]; {code}",
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

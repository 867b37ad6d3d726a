"""Every JSON document that a command prints is what its published schema says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from commands import ROOT, Run
from documents import validate


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    directory = tmp_path_factory.mktemp("documents")
    ended = run("release", "--host", "arm64-apple-darwin", "--format", "json", cwd=directory)
    assert ended.code == 0, ended.err
    validate(ended.out)
    return directory / "dist"


def test_verify_of_a_good_and_of_a_changed_file(out: Path, tmp_path: Path, run: Run) -> None:
    stage = out / ".countermark/arm64-apple-darwin/stage/bitcoin-1.0.0"
    ended = run("verify", stage, "--format", "json", cwd=tmp_path)
    assert (ended.code, validate(ended.out)["accepted"]) == (0, True)
    changed = bytearray((stage / "bin/bitcoin").read_bytes())
    changed[0x5000] ^= 1
    (tmp_path / "changed").write_bytes(changed)
    ended = run("verify", "changed", "--format", "json", cwd=tmp_path)
    assert ended.code == 1
    document = json.loads(ended.out)
    validate(ended.out)
    (finding,) = document["files"][0]["slices"][0]["findings"]
    assert finding["rule"] == "R27"
    assert finding["code"] == -67061
    assert finding["offset"] == 0x4000


def test_sign_plan_doctor_and_layout(out: Path, tmp_path: Path, run: Run) -> None:
    archive = out / "bitcoin-1.0.0-arm64-apple-darwin.tar.gz"
    program = out / ".countermark/arm64-apple-darwin/stage/bitcoin-1.0.0/bin/bitcoin"
    for arguments in (
        ("sign", program, "-o", tmp_path / "copy", "--identifier", "org.example"),
        ("sign", __file__),
        ("release", "--plan"),
        ("doctor",),
        ("layout", "check", archive),
        ("layout", "wrapper", archive),
        ("verify", archive),
    ):
        validate(run(*arguments, "--format", "json", cwd=tmp_path).out)


def test_the_wrapper_that_was_built_for_a_mac_says_how_it_searches(
    out: Path, tmp_path: Path, run: Run
) -> None:
    archive = out / "bitcoin-1.0.0-arm64-apple-darwin.tar.gz"
    ended = run("layout", "wrapper", archive, "--format", "json", cwd=tmp_path)
    document = validate(ended.out)
    assert (ended.code, document["dialect"]) == (0, "reference")
    runs = {(one["command"], one["mode"]): one["runs"] for one in document["commands"]}
    assert runs["node", "default"] == "libexec/bitcoin-node"
    assert runs["wallet", "default"] == "libexec/bitcoin-wallet"


def test_configuration_schema_accepts_the_effective_configuration(out: Path) -> None:
    import tomllib

    schema = json.loads((ROOT / "docs/schema/countermark.toml.json").read_bytes())
    settings = tomllib.loads((out / "countermark-effective.toml").read_text())
    jsonschema.validate(settings, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**settings, "nmae": "x"}, schema)

"""Signing the images of a stage, and the record of them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from countermark.errors import WorkError
from countermark.images import record_images, sign_stage
from counterproof import check, load_profile
from countersign.findings import Verdict
from countersign.style import Style
from countersign.verifier import verify
from macho import Macho, fat
from trees import DARWIN, elf, pe, write_stage

MACHO = Macho().build()
UNIVERSAL = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", MACHO)])


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    files = {
        "bin/bitcoin": MACHO,
        "libexec/bitcoin-node": UNIVERSAL,
        "bin/for-linux": elf(),
        "bin/for-windows.exe": pe(),
        "bin/script": b"#!/bin/sh\n",
        "share/notes.txt": b"\xca\xfe",
    }
    return write_stage(tmp_path / "stage", files)


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def test_every_macho_is_signed_with_its_name_and_nothing_else_is_touched(stage: Path) -> None:
    before = contents(stage)
    signed = sign_stage(stage, Style.MACOS26)
    names = {one.path.relative_to(stage).as_posix(): one.identifier for one in signed}
    assert names == {"bin/bitcoin": "bitcoin", "libexec/bitcoin-node": "bitcoin-node"}
    after = contents(stage)
    assert {name for name in before if before[name] != after[name]} == names.keys()
    assert all(verify(one.path).accepted for one in signed)


def test_the_style_is_the_one_asked_for(stage: Path) -> None:
    sign_stage(stage, Style.MACOS15)
    assert verify(stage / "bin/bitcoin").slices[0].page_size == 4096


def test_signing_again_changes_nothing(stage: Path) -> None:
    sign_stage(stage, Style.MACOS26)
    assert not any(one.changed for one in sign_stage(stage, Style.MACOS26))


def test_a_link_to_an_image_is_not_signed_twice(stage: Path) -> None:
    (stage / "bin" / "alias").symlink_to("bitcoin")
    assert len(sign_stage(stage, Style.MACOS26)) == 2


def test_an_image_that_cannot_be_signed_is_named(tmp_path: Path) -> None:
    root = write_stage(tmp_path / "stage", {"bin/full": Macho(room=0).build()})
    with pytest.raises(WorkError) as caught:
        sign_stage(root, Style.MACOS26)
    assert "bin/full" in str(caught.value)
    assert caught.value.hint


def test_the_record_describes_every_image_and_only_images(stage: Path) -> None:
    signed = {one.path.name: one for one in sign_stage(stage, Style.MACOS26)}
    record = record_images(stage, check(stage, load_profile("generic"), DARWIN))
    rows = {image.path: image for image in record}
    assert list(rows) == [
        "bin/bitcoin",
        "bin/for-linux",
        "bin/for-windows.exe",
        "libexec/bitcoin-node",
    ]
    for name, image in rows.items():
        content = (stage / name).read_bytes()
        assert image.size == len(content)
        assert image.sha256 == hashlib.sha256(content).hexdigest()
        assert image.mode == "0755"
    universal = rows["libexec/bitcoin-node"]
    assert universal.format == "mach-o"
    assert universal.architectures == ("x86_64", "arm64")
    assert universal.identifier == "bitcoin-node"
    assert universal.cdhashes == tuple(one.cdhash for one in signed["bitcoin-node"].slices)
    linux = rows["bin/for-linux"]
    assert (linux.format, linux.architectures) == ("elf", ("x86_64",))
    assert (linux.identifier, linux.cdhashes) == (None, ())


def test_an_image_without_a_verdict_has_no_signature_in_the_record(stage: Path) -> None:
    assert {image.cdhashes for image in record_images(stage, Verdict())} == {()}

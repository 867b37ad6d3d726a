"""What is signed to measure signing."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.errors import ConfigurationError, WorkError
from countermark.subjects import file_subject, made_subject
from countersign.specimen import SPECIMEN_SIZES
from macho import Macho


def test_a_made_image_has_its_size(tmp_path: Path) -> None:
    subject = made_subject(70_000)
    subject.write(tmp_path / "image")
    assert (tmp_path / "image").stat().st_size == subject.size == 70_000
    assert subject.path is None


def test_a_file_is_copied_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_bytes(Macho().build())
    subject = file_subject(path)
    subject.write(tmp_path / "image")
    assert (tmp_path / "image").read_bytes() == path.read_bytes()
    assert (subject.name, subject.size) == (str(path), path.stat().st_size)


@pytest.mark.parametrize("size", [0, SPECIMEN_SIZES[0] - 1, SPECIMEN_SIZES[-1] + 1])
def test_a_size_out_of_reach_is_refused_with_those_in_reach(size: int) -> None:
    with pytest.raises(ConfigurationError, match=f"no image of {size:,} bytes") as caught:
        made_subject(size)
    assert f"{SPECIMEN_SIZES[0]:,}" in caught.value.hint


def test_what_is_no_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="absent"):
        file_subject(tmp_path / "absent")
    with pytest.raises(ConfigurationError, match="not a file"):
        file_subject(tmp_path)


@pytest.mark.parametrize("content", [b"", b"text", b"\x7fELF" + bytes(60)])
def test_what_is_no_macho_cannot_be_measured(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(WorkError, match="not a Mach-O"):
        file_subject(path)

"""Who is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.contenders import PEERS, Contender, Role, find_peers, limits, ours


def program(directory: Path, name: str) -> Path:
    path = directory / name
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_paths_take_the_place_of_their_words_only() -> None:
    contender = Contender(
        name="x", role=Role.SIGN, argv=("SOURCES", "SOURCE", "TARGET", "SIGNED", "-o=TARGET")
    )
    paths = contender.command(source=Path("a"), target=Path("b c"), signed=Path("d"))
    assert paths == ("SOURCES", "a", "b c", "d", "-o=TARGET")


def test_programs_are_found_on_the_given_path_alone(tmp_path: Path) -> None:
    ldid = program(tmp_path, "ldid")
    found = {each.name: each for each in find_peers({"PATH": str(tmp_path)})}
    assert found["ldid"].argv[0] == str(ldid)
    assert not {"zsign", "rcodesign", "codesign"} & set(found)


@pytest.mark.parametrize(
    ("name", "in_place"),
    [("ldid", True), ("zsign", True), ("codesign", True), ("rcodesign", False)],
)
def test_who_signs_in_place_is_not_given_the_source(
    name: str, in_place: bool, tmp_path: Path
) -> None:
    program(tmp_path, name)
    peer = next(each for each in find_peers({"PATH": str(tmp_path)}) if each.name == name)
    assert peer.in_place is in_place
    assert ("SOURCE" in peer.argv) is not in_place
    assert "TARGET" in peer.argv
    assert name in PEERS


def test_names_are_unique() -> None:
    names = [each.name for each in (*ours(), *limits())] + list(PEERS)
    assert len(names) == len(set(names))

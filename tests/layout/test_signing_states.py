"""What each state of signing demands, with the smallest tree that breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterproof.judging import judge
from counterproof.profiles.library import load_profile
from counterproof.subject import Subject
from counterproof.survey import survey
from counterproof.target import Form, State, Target
from countersign.findings import Finding, Verdict
from countersign.image import identify
from countersign.pe import has_certificates
from macho import Macho
from releases import ADHOC, MACHO, TEAM, codesigned, signed_pe
from trees import DARWIN, LINUX, WINDOWS, elf, pe, required_files, write_stage

PROFILE = load_profile("31")
LINKER = Macho().sealed().build()


def findings(
    folder: Path,
    program: bytes,
    target: Target,
    state: State,
    form: Form = "install",
    profile: str = "31",
) -> list[Finding]:
    """Say what layout rules find in a tree whose programs are all in order but ``bitcoind``."""
    verdict = judged(folder, program, target, state, form, profile)
    return [finding for file in verdict.files for finding in file.findings]


def judged(
    folder: Path, program: bytes, target: Target, state: State, form: Form, profile: str
) -> Verdict:
    chosen = load_profile(profile)
    good = {
        "unsigned": {DARWIN: MACHO, WINDOWS: pe(), LINUX: elf()},
        "ad-hoc": {DARWIN: ADHOC, WINDOWS: pe(), LINUX: elf()},
        "codesigned": {DARWIN: codesigned(), WINDOWS: signed_pe(), LINUX: elf()},
    }
    files = required_files(chosen, target, good[state][target])
    files[f"bin/bitcoind{target.executable_suffix}"] = program
    stage = write_stage(folder / "stage", files)
    return judge(
        Subject(survey=survey(stage), profile=chosen, target=target, form=form, state=state)
    )


@pytest.mark.parametrize(
    ("state", "program", "expected", "message"),
    [
        ("unsigned", MACHO, [], ""),
        ("unsigned", LINKER, ["L18"], "arm64: signed by its linker, expected no signature yet"),
        ("unsigned", ADHOC, ["L18"], "arm64: signed (ad-hoc), expected no signature yet"),
        ("unsigned", codesigned(), ["L18"], "arm64: signed (cms), expected no signature yet"),
        ("ad-hoc", MACHO, ["L15"], "arm64: no signature, expected one"),
        ("ad-hoc", LINKER, ["L16"], "signed by its linker"),
        ("ad-hoc", ADHOC, [], ""),
        ("ad-hoc", codesigned(), [], ""),
        ("codesigned", MACHO, ["L15"], "no signature"),
        ("codesigned", LINKER, ["L16"], "signed by its linker"),
        ("codesigned", ADHOC, ["L17"], "signed ad-hoc, expected a certificate's signature"),
        ("codesigned", codesigned(), [], ""),
        ("codesigned", codesigned("ABCDEFGHIJ"), ["L19"], f"ABCDEFGHIJ, expected team {TEAM}"),
        ("codesigned", codesigned(None), ["L19"], f"signed by no team, expected team {TEAM}"),
    ],
)
def test_for_macos(
    tmp_path: Path, state: State, program: bytes, expected: list[str], message: str
) -> None:
    found = findings(tmp_path, program, DARWIN, state)
    assert [finding.rule for finding in found] == expected
    assert all(message in finding.message for finding in found)


@pytest.mark.parametrize(
    ("state", "rules"), [("unsigned", []), ("ad-hoc", ["A1"]), ("codesigned", ["A1"])]
)
def test_what_is_not_to_be_signed_yet_is_not_reproached_with_it(
    tmp_path: Path, state: State, rules: list[str]
) -> None:
    verdict = judged(tmp_path, MACHO, DARWIN, state, "install", "31")
    (program,) = (file for file in verdict.files if file.path.endswith("/bitcoind"))
    assert [each.rule for thin in program.slices for each in thin.findings] == rules


@pytest.mark.parametrize(
    ("state", "program", "expected"),
    [
        ("unsigned", pe(), []),
        ("unsigned", signed_pe(), ["L18"]),
        ("ad-hoc", pe(), []),
        ("codesigned", signed_pe(), []),
        ("codesigned", pe(), ["L20"]),
    ],
)
def test_for_windows(tmp_path: Path, state: State, program: bytes, expected: list[str]) -> None:
    found = findings(tmp_path, program, WINDOWS, state)
    assert [finding.rule for finding in found] == expected


@pytest.mark.parametrize("state", ["unsigned", "ad-hoc", "codesigned"])
def test_for_linux_nothing_is_demanded(tmp_path: Path, state: State) -> None:
    assert findings(tmp_path, elf(), LINUX, state) == []


@pytest.mark.parametrize("program", [MACHO, LINKER, ADHOC])
def test_in_a_build_tree_nothing_is_demanded(tmp_path: Path, program: bytes) -> None:
    for state in ("unsigned", "ad-hoc"):
        found = findings(tmp_path / state, program, DARWIN, state, form="build")
        assert found == []


def test_a_profile_without_a_team_takes_any(tmp_path: Path) -> None:
    assert load_profile("monolithic").team is None
    found = findings(tmp_path, codesigned("ABCDEFGHIJ"), DARWIN, "codesigned", profile="monolithic")
    assert found == []


def test_a_pe_says_itself_whether_it_is_signed() -> None:
    signed = signed_pe()
    assert has_certificates(signed)
    assert not has_certificates(pe())
    assert identify(signed) is not None
    for length in range(0x40 + 24 + 112 + 5 * 8):
        assert not has_certificates(signed[:length])


@pytest.mark.parametrize(("magic", "count_at"), [(0x10B, 92), (0x20B, 108)])
def test_both_widths_of_pe_are_read(magic: int, count_at: int) -> None:
    content = bytearray(pe())
    optional = 0x40 + 24
    content[optional : optional + 2] = magic.to_bytes(2, "little")
    content[optional + count_at] = 16
    entry = optional + count_at + 4 + 32
    content[entry : entry + 8] = b"\1\0\0\0\1\0\0\0"
    assert has_certificates(bytes(content))
    content[optional + count_at] = 4
    assert not has_certificates(bytes(content))

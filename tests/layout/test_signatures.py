"""What the checks make of Mach-O images, with the verifier's own findings carried over."""

from __future__ import annotations

from pathlib import Path

import pytest

from counterproof.judging import check
from counterproof.profiles.library import load_profile
from countersign import sign_bytes
from countersign.findings import FileVerdict
from macho import Macho, fat
from trees import DARWIN, LINUX, pack_tar_gz, required_files, write_stage

PROFILE = load_profile("multiprocess")
UNSIGNED = Macho().build()
SIGNED = sign_bytes(UNSIGNED, "program")
LINKER = Macho().sealed().build()
PLACE = "bin/bitcoin"


def rules(file: FileVerdict) -> list[str]:
    """Give the rules of the file; that some commands have no program is not of interest here."""
    return [finding.rule for finding in file.findings if not finding.rule.startswith("W")]


def slice_rules(file: FileVerdict) -> list[str]:
    return [finding.rule for image in file.slices for finding in image.findings]


def verdict_on(stage: Path, program: bytes) -> FileVerdict:
    files = {**required_files(PROFILE, DARWIN, SIGNED), PLACE: program}
    verdict = check(write_stage(stage, files), PROFILE, DARWIN)
    (found,) = (file for file in verdict.files if file.path == str(stage / PLACE))
    assert all(file.accepted for file in verdict.files if file is not found)
    return found


def test_signed_programs_are_accepted_and_their_slices_shown(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, SIGNED)
    assert found.accepted
    assert rules(found) == []
    assert [(image.arch, image.kind) for image in found.slices] == [("arm64", "ad-hoc")]


def test_an_unsigned_program_is_refused_and_the_fix_names_the_command(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, UNSIGNED)
    assert rules(found) == ["L15"]
    assert "countermark sign" in found.findings[0].fix


def test_a_linker_s_signature_is_refused_though_it_is_valid(tmp_path: Path) -> None:
    found = verdict_on(tmp_path, LINKER)
    assert rules(found) == ["L16"]
    assert slice_rules(found) == []
    assert "countermark sign" in found.findings[0].fix


def test_the_verifiers_findings_are_carried_over(tmp_path: Path) -> None:
    changed = bytearray(SIGNED)
    changed[0x3000] ^= 1
    found = verdict_on(tmp_path, bytes(changed))
    assert not found.accepted
    assert rules(found) == []
    assert slice_rules(found) == ["R27"]


def test_a_universal_program_is_not_for_one_architecture(tmp_path: Path) -> None:
    both = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", UNSIGNED)])
    found = verdict_on(tmp_path, sign_bytes(both, "program"))
    assert rules(found) == ["L14"]
    assert found.findings[0].message == "architecture is x86_64, arm64, expected arm64"


def test_of_many_architectures_three_are_named(tmp_path: Path) -> None:
    image = Macho(arch="x86_64").build()
    found = verdict_on(tmp_path, fat([("x86_64", image)] * 20, align=12))
    (finding,) = (finding for finding in found.findings if finding.rule == "L14")
    assert finding.message == ("architecture is x86_64, x86_64, x86_64 and 17 more, expected arm64")


@pytest.mark.parametrize("filetype", [1, 6])
def test_an_object_file_or_a_library_is_no_program(tmp_path: Path, filetype: int) -> None:
    assert "L12" in rules(verdict_on(tmp_path, Macho(filetype=filetype).build()))


def test_a_cut_program_is_refused_and_never_an_error(tmp_path: Path) -> None:
    for length in (*range(1, 64), *range(64, len(SIGNED), 997)):
        assert not verdict_on(tmp_path, SIGNED[:length]).accepted


def test_a_library_in_share_is_checked_like_a_program(tmp_path: Path) -> None:
    write_stage(tmp_path, {"share/x.dylib": Macho(filetype=6).build(), "bin/x": SIGNED})
    verdict = check(tmp_path, load_profile("generic"), DARWIN)
    assert [rules(file) for file in verdict.files] == [[], ["L15"]]


def test_for_another_platform_the_format_is_what_is_wrong(tmp_path: Path) -> None:
    write_stage(tmp_path, {"bin/x": LINKER})
    (found,) = check(tmp_path, load_profile("generic"), LINUX).files
    assert rules(found) == ["L13"]


def test_members_of_an_archive_are_verified_too(tmp_path: Path) -> None:
    path = tmp_path / "release.tar.gz"
    files = {**required_files(PROFILE, DARWIN, SIGNED), PLACE: LINKER}
    path.write_bytes(pack_tar_gz(files))
    (found,) = (file for file in check(path, PROFILE, DARWIN).files if not file.accepted)
    assert found.member == f"bitcoin-31.0/{PLACE}"
    assert found.slices[0].kind == "linker"

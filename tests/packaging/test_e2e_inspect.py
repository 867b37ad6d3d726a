"""``countermark inspect`` as a user runs it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from commands import Run
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.verifier import verify_image
from documents import validate
from kit.certificates import SIGNED_AT, Message, certified, developer
from macho import Macho, fat, put
from trees import pack_zip

PLIST = (
    b'<plist version="1.0"><dict><key>com.apple.security.cs.allow-jit</key><true/></dict></plist>'
)
SIGNED = sign_bytes(Macho().build(), "program", Settings(entitlements=PLIST))
START = SIGNED.index(b"\xfa\xde\x0c\xc0")
UNIVERSAL = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", SIGNED)])
CDHASH = verify_image(SIGNED, path="").slices[0].cdhash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program").write_bytes(SIGNED)
    (tmp_path / "universal").write_bytes(UNIVERSAL)
    return tmp_path


def test_a_format_that_a_variable_asks_for_is_refused_by_its_name(tmp_path: Path, run: Run) -> None:
    ended = run("inspect", "program", cwd=tmp_path, COUNTERMARK_FORMAT="sarif")
    assert (ended.code, ended.out) == (2, "")
    assert "The variable COUNTERMARK_FORMAT says so" in ended.err


def test_the_words_are_those_of_codesign(folder: Path, run: Run) -> None:
    ended = run("inspect", "program", cwd=folder)
    assert (ended.code, ended.err) == (0, "")
    lines = [line.strip() for line in ended.out.splitlines()]
    assert lines[0] == "program: Mach-O thin (arm64)"
    for line in (
        "Identifier=program",
        "Hash choices=sha256",
        f"CandidateCDHash sha256={CDHASH}",
        f"CDHash={CDHASH}",
        "Signature=adhoc (style macos26)",
        "TeamIdentifier=not set",
        "Sealed Resources=none",
        "com.apple.security.cs.allow-jit = true",
    ):
        assert line in lines
    assert "CodeDirectory v=20400 size=" in ended.out
    assert "flags=0x2(adhoc) hashes=2+7 location=embedded" in ended.out
    assert "Page size=16384" in ended.out


def test_every_slice_is_shown_and_an_unsigned_one_is_said(folder: Path, run: Run) -> None:
    ended = run("inspect", "universal", cwd=folder)
    assert ended.code == 0
    assert ended.out.startswith("universal: Mach-O universal (x86_64 arm64)\n")
    assert "not signed at all" in ended.out


def test_the_document_is_what_its_schema_says(folder: Path, run: Run) -> None:
    ended = run("inspect", ".", "--format", "json", cwd=folder)
    assert ended.code == 0
    found = validate(ended.out)
    assert (found["schema"], found["sound"]) == ("countermark.inspect/1", True)
    assert [file["path"] for file in found["files"]] == ["program", "universal"]
    (thin,) = found["files"][0]["slices"]
    (directory,) = thin["signature"]["directories"]
    assert (directory["cdhash"], directory["hashes"]) == (CDHASH, None)
    assert thin["signature"]["entitlements"]["values"] == {"com.apple.security.cs.allow-jit": True}
    assert [each["signature"] is None for each in found["files"][1]["slices"]] == [True, False]


def test_page_hashes_are_shown_on_demand_and_checked(folder: Path, run: Run) -> None:
    changed = bytearray(SIGNED)
    changed[0x400] ^= 1
    (folder / "changed").write_bytes(changed)
    ended = run("inspect", "changed", "--hashes", cwd=folder)
    assert ended.code == 1
    pages = [line.split() for line in ended.out.splitlines() if len(line.split()[-1:]) == 1]
    wrong = [words for words in pages if words[-1] == "DIFFERS"]
    assert [words[0] for words in wrong] == ["0"]
    assert "problem R27 page-hash at 0x0: 1 of 2 sha256 pages differ, page 0 first" in ended.out
    assert run("inspect", "changed", cwd=folder).code == 0
    found = validate(run("inspect", "changed", "--hashes", "--format", "json", cwd=folder).out)
    (directory,) = found["files"][0]["slices"][0]["signature"]["directories"]
    assert (len(directory["hashes"]), directory["wrong_pages"]) == (2, [0])


def test_cdhashes_are_lines_for_an_allow_list(folder: Path, run: Run) -> None:
    dual = Macho().sealed(hash_types=(1, 2), flags=2).build()
    (folder / "old").write_bytes(dual)
    ended = run("inspect", "old", "universal", "--cdhashes", cwd=folder)
    assert ended.code == 0
    lines = [line.split("  ") for line in ended.out.splitlines()]
    assert [line[1:] for line in lines] == [
        ["arm64", "sha256", "old"],
        ["arm64", "sha1", "old"],
        ["arm64", "sha256", "universal"],
    ]
    assert lines[0][0] == verify_image(dual, path="").slices[0].cdhash
    assert lines[2][0] == CDHASH
    assert ended.err == "universal: the x86_64 slice is not signed\n"


def test_a_member_of_an_archive_is_inspected(folder: Path, run: Run) -> None:
    archive = pack_zip({"bin/program": SIGNED, "readme": b"text"}, "release")
    (folder / "release.zip").write_bytes(archive)
    ended = run("inspect", "release.zip", "--format", "json", cwd=folder)
    assert ended.code == 0
    assert [file["member"] for file in validate(ended.out)["files"]] == ["release/bin/program"]


def test_a_damaged_signature_is_shown_as_far_as_it_goes(folder: Path, run: Run) -> None:
    (folder / "damaged").write_bytes(put(SIGNED, START + 20 + 8 + 4, ">I", 0xFFFF))
    ended = run("inspect", "damaged", cwd=folder)
    assert ended.code == 1
    assert "Identifier=program" in ended.out
    assert "CANNOT BE READ" in ended.out
    assert "problem R24 blob-bounds" in ended.out
    ended = run("inspect", "damaged", "--format", "json", cwd=folder)
    assert ended.code == 1
    found = validate(ended.out)
    assert not found["sound"]
    problems = found["files"][0]["slices"][0]["problems"]
    assert [each["rule"] for each in problems] == ["R24"]


def test_a_truncated_file_is_shown_as_far_as_it_goes(folder: Path, run: Run) -> None:
    (folder / "cut").write_bytes(SIGNED[: START + 100])
    ended = run("inspect", "cut", cwd=folder)
    assert ended.code == 1
    for rule in ("R12", "R23", "R24"):
        assert f"problem {rule} " in ended.out
    cut = run("inspect", "cut", "--cdhashes", cwd=folder)
    assert (cut.code, cut.out) == (1, "")
    assert "cut: arm64: R12 " in cut.err


def test_names_cannot_write_to_the_terminal(folder: Path, run: Run) -> None:
    data = Macho().sealed(identifier="\x1b[2Jname").build()
    (folder / "evil\x1b[2J").write_bytes(data)
    for arguments in ((), ("--format", "json"), ("--cdhashes",)):
        ended = run("inspect", "evil\x1b[2J", *arguments, cwd=folder)
        assert ended.code == 0
        assert "\x1b" not in ended.out + ended.err


def test_many_problems_are_cut_and_counted(folder: Path, run: Run) -> None:
    entries = tuple((2, b"\xfa\xde\x0c\x01" + bytes(4)) for _ in range(60))
    (folder / "many").write_bytes(Macho().sealed(blobs=entries).build())
    ended = run("inspect", "many", cwd=folder)
    assert ended.code == 1
    assert "... and 40 more problems" in ended.out


def test_both_forms_are_shown_where_they_are_not_alike(folder: Path, run: Run) -> None:
    changed = SIGNED.replace(b"allow-jit\x01", b"allow-jot\x01")
    (folder / "unlike").write_bytes(changed)
    ended = run("inspect", "unlike", cwd=folder)
    lines = [line.strip() for line in ended.out.splitlines()]
    at = lines.index("Entitlements, XML, not alike")
    assert lines[at : at + 4] == [
        "Entitlements, XML, not alike",
        "com.apple.security.cs.allow-jit = true",
        "Entitlements, DER, not alike",
        "com.apple.security.cs.allow-jot = true",
    ]


def test_what_a_file_makes_long_is_cut(folder: Path, run: Run) -> None:
    xml = b"<plist>" + b"nonsense\n" * 500 + b"x" * 5000
    blob = b"\xfa\xde\x71\x71" + (len(xml) + 8).to_bytes(4) + xml
    constraint = b"\xfa\xde\x81\x81" + (5008).to_bytes(4) + bytes(5000)
    image = Macho().sealed(blobs=((5, blob), (8, constraint)))
    (folder / "long").write_bytes(image.build())
    ended = run("inspect", "long", cwd=folder)
    assert ended.code == 1
    assert "problem E1 " in ended.out
    assert "... and 401 more" in ended.out
    assert len(ended.out.splitlines()) < 200
    assert max(map(len, ended.out.splitlines())) < 1100


def test_who_signed_is_named(folder: Path, run: Run) -> None:
    def build(cms: bytes) -> bytes:
        return Macho().sealed(flags=0, blobs=((0x10000, cms),)).build()

    def message(codes: tuple[bytes, ...]) -> Message:
        return Message(identity=developer(), directories=codes).stamped()

    (folder / "vouched").write_bytes(certified(build, message))
    ended = run("inspect", "vouched", cwd=folder)
    assert (ended.code, ended.err) == (0, "")
    lines = [line.strip() for line in ended.out.splitlines()]
    assert "Authority=Apple Root CA" in lines
    assert "Authority ends at none of Apple's roots" in lines
    assert any(line.startswith("Timestamp=2026-") for line in lines)
    found = validate(run("inspect", "vouched", "--format", "json", cwd=folder).out)
    cms = found["files"][0]["slices"][0]["signature"]["cms"]
    assert [each["name"] for each in cms["chain"]][-1] == "Apple Root CA"
    assert cms["signing_time"] == f"{SIGNED_AT:%Y-%m-%dT%H:%M:%SZ}"


def test_a_scatter_table_is_shown(folder: Path, run: Run) -> None:
    name = b"program\0" + struct.pack(">4I", 2, 1, 0, 0) + bytes(8) + bytes(24)
    image = Macho().sealed(identifier=name[:-1].decode(), fields=((44, ">I", 96),))
    (folder / "scattered").write_bytes(image.build())
    assert "Scatter=2 from page 1" in run("inspect", "scattered", cwd=folder).out
    found = validate(run("inspect", "scattered", "--format", "json", cwd=folder).out)
    (directory,) = found["files"][0]["slices"][0]["signature"]["directories"]
    assert directory["scatter"] == [{"pages": 2, "base": 1}]


def test_what_holds_nothing_to_inspect_is_an_error(folder: Path, run: Run) -> None:
    (folder / "text").write_bytes(b"text")
    ended = run("inspect", "text", "program", cwd=folder)
    assert ended.code == 3
    assert "there is no Mach-O in it" in ended.err
    assert "Identifier=program" in ended.out
    assert run("inspect", "absent", cwd=folder).code == 2

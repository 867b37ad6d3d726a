from __future__ import annotations

import dataclasses
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.errors import ReadError
from countersign.findings import Enforcer, FileVerdict
from countersign.signer import sign_bytes
from countersign.verifier import verify, verify_image
from macho import DYLIB, Macho, fat

LINKED = Macho(linkedit_size=160).sealed()
SIGNED = sign_bytes(Macho(room=16).build(), "program")
START = 16_560  # of the signature in SIGNED
UNIVERSAL = sign_bytes(
    fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().build())]), "a"
)


def judge(data: bytes) -> FileVerdict:
    return verify_image(data, path="file")


@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_an_unsigned_image_is_not_accepted(arch: str) -> None:
    (verdict,) = judge(Macho(arch=arch).build()).slices
    assert (verdict.signed, verdict.kind, verdict.accepted) == (False, None, False)
    (finding,) = verdict.findings
    assert (finding.rule, finding.apple, finding.code) == ("A1", "errSecCSUnsigned", -67062)
    assert (Enforcer.KERNEL in finding.enforced_by) is (arch == "arm64")


def test_a_linkers_signature_is_accepted_as_one() -> None:
    (verdict,) = judge(LINKED.build()).slices
    assert verdict.accepted
    assert (verdict.kind, verdict.flags) == ("linker", ("adhoc", "linker-signed"))
    assert (verdict.identifier, verdict.page_size) == ("program", 4096)
    assert verdict.findings == ()


def test_an_ad_hoc_signature_is_accepted() -> None:
    verdict = judge(SIGNED)
    assert verdict.accepted
    assert verdict.slices[0].findings == ()
    assert verdict.slices[0].page_size == 16_384


@pytest.mark.parametrize(
    ("magic", "sealed", "rules"),
    [
        (0xFADE0B01, b"data", []),
        (0xFADE0B01, struct.pack(">2I", 0xFADE0B01, 12) + b"data", ["R41"]),
        (0xFADE0C01, b"data", ["R41"]),
    ],
    ids=["wrapped", "whole", "not wrapped"],
)
def test_of_a_slot_that_holds_no_blob_what_is_wrapped_is_sealed(
    magic: int, sealed: bytes, rules: list[str]
) -> None:
    blob = struct.pack(">2I", magic, 12) + b"data"
    (verdict,) = judge(Macho().sealed(special={6: sealed}, blobs=((6, blob),)).build()).slices
    assert [each.rule for each in verdict.findings] == rules
    assert all(each.enforced_by == (Enforcer.CODESIGN,) for each in verdict.findings)


def test_a_certificate_is_asked_for_only_where_nothing_is_marked_ad_hoc() -> None:
    cms = struct.pack(">2I", 0xFADE0B01, 12) + b"cms!"
    for flags, kind, rule in ((0, "cms", "R56"), (2, "ad-hoc", "P1")):
        (verdict,) = judge(Macho().sealed(flags=flags, blobs=((0x10000, cms),)).build()).slices
        assert verdict.kind == kind
        assert [each.rule for each in verdict.findings] == [rule]


def test_every_flipped_byte_before_the_signature_is_found() -> None:
    data = bytearray(SIGNED)
    for at in {*range(0, 700), *range(0, START, 97), START - 1}:
        data[at] ^= 0x40
        assert not judge(bytes(data)).accepted, at
        data[at] ^= 0x40


def test_a_flipped_byte_of_the_code_directory_never_passes_for_the_original() -> None:
    """Macs take other flags or another identifier for granted, but the cdhash tells."""
    start = START + 36
    length = struct.unpack_from(">I", SIGNED, start + 4)[0]
    original = judge(SIGNED).slices[0].cdhash
    data = bytearray(SIGNED)
    for at in range(length):
        data[start + at] ^= 1
        verdict = judge(bytes(data))
        assert not verdict.accepted or verdict.slices[0].cdhash != original
        data[start + at] ^= 1


def test_every_truncation_of_a_signed_file_is_found() -> None:
    for size in [*range(0, 600), *range(600, START, 911), *range(START, START + 500)]:
        assert not judge(SIGNED[:size]).accepted


def test_no_single_bit_makes_it_raise() -> None:
    for bit in [*range(8 * 500), *range(8 * START, 8 * (START + 420))]:
        changed = bytearray(SIGNED)
        changed[bit // 8] ^= 1 << bit % 8
        judge(bytes(changed))


def test_no_damage_to_a_universal_file_makes_it_raise() -> None:
    chance = random.Random(27)
    for _ in range(300):
        changed = bytearray(UNIVERSAL)
        for _ in range(chance.randrange(1, 6)):
            at = chance.choice([chance.randrange(48), chance.randrange(0x4000, 0x4200)])
            changed[at] = chance.randrange(256)
        judge(bytes(changed[: chance.choice([len(changed), chance.randrange(len(changed))])]))


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"]))
def test_no_bytes_make_it_raise(data: bytes, magic: bytes) -> None:
    assert not judge(magic + data).accepted


def test_one_bad_slice_rejects_the_file_and_is_named() -> None:
    data = bytearray(UNIVERSAL)
    data[-20_000] ^= 1
    verdict = judge(bytes(data))
    assert [one.accepted for one in verdict.slices] == [True, False]
    (finding,) = verdict.slices[1].findings
    assert finding.rule == "R27"
    assert finding.offset is not None
    assert 0 <= len(data) - 20_000 - finding.offset < 0x4000


def test_the_number_of_changed_pages_is_told() -> None:
    data = bytearray(LINKED.build())
    data[0x1800] ^= 1
    data[0x2800] ^= 1
    (finding,) = judge(bytes(data)).slices[0].findings
    assert finding.message == "2 pages of 5 were changed, page 1 first"
    assert finding.offset == 0x1000


def test_pages_of_every_directory_are_checked() -> None:
    image = Macho().sealed(hash_types=(1, 2))
    data = bytearray(image.build())
    weak = image.text_size + image.linkedit_size + 12 + 16
    length = struct.unpack_from(">I", data, weak + 4)[0]
    data[weak + length - 1] ^= 1  # the last page hash of the SHA-1 directory
    assert [finding.rule for finding in judge(bytes(data)).slices[0].findings] == ["R27"]


def test_a_changed_info_plist_is_named_beside_its_page() -> None:
    image = Macho(info_plist=b"<plist/>")
    data = bytearray(sign_bytes(image.build(), "a"))
    data[image.text_size - 1] ^= 1
    assert {finding.rule for finding in judge(bytes(data)).slices[0].findings} == {"R27", "R62"}


def test_the_info_plist_of_a_bundle_is_another_one() -> None:
    image = Macho(info_plist=b"<plist/>").sealed(special={1: b"the bundle's", 3: b"resources"})
    assert judge(image.build()).accepted


def test_a_library_may_be_large_but_a_program_may_be_larger() -> None:
    program = Macho().sealed(padding=bytes(41 << 20))
    assert judge(program.build()).accepted
    assert not judge(dataclasses.replace(program, filetype=DYLIB).build()).accepted


def test_an_identifier_that_is_no_text_can_be_shown() -> None:
    data = LINKED.build().replace(b"program\0", b"\x1b[\xffram\n\0")
    identifier = judge(data).slices[0].identifier
    assert identifier == "\\x1b[\\udcffram\\n"


def test_the_names_of_file_and_member_are_passed_on() -> None:
    verdict = verify_image(SIGNED, path="release.tar", member="bin/program")
    assert (verdict.path, verdict.member) == ("release.tar", "bin/program")


def test_a_path_is_read(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_bytes(SIGNED)
    verdict = verify(path)
    assert verdict.accepted
    assert verdict.path == str(path)


def test_an_empty_file_is_not_accepted(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert [each.rule for each in verify(tmp_path / "empty").findings] == ["R1"]


@pytest.mark.parametrize("name", ["absent", ".", "a\0b", "x" * 300])
def test_what_cannot_be_read_is_our_own_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReadError):
        verify(tmp_path / name)

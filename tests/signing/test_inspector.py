"""Looking into signatures: everything is shown, nothing makes it raise."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.codedirectory import Flag
from countersign.dialect import Dialect
from countersign.errors import ReadError
from countersign.findings import Severity
from countersign.inspection.facts import (
    CmsInspection,
    Inspection,
    RequirementInspection,
    SealState,
    SignatureInspection,
    SliceInspection,
)
from countersign.inspection.inspector import inspect, inspect_image
from countersign.settings import Settings
from countersign.signature import Kind
from countersign.signer import sign_bytes
from countersign.style import Style
from countersign.verifier import verify_image
from kit.certificates import (
    CDHASHES,
    SIGNED_AT,
    Message,
    attribute,
    certified,
    der,
    developer,
    fingerprint,
)
from kit.requirement import requirement, requirement_set, term
from macho import OBJECT, Macho, fat, put

ENTITLEMENTS = (
    b'<plist version="1.0"><dict><key>a</key><true/><key>b</key><string>x</string></dict></plist>'
)
SIGNED = sign_bytes(
    Macho(info_plist=b"<plist/>").build(),
    "program",
    Settings(entitlements=ENTITLEMENTS, identifier="org.example"),
)
START = SIGNED.index(b"\xfa\xde\x0c\xc0")
LENGTH = int.from_bytes(SIGNED[START + 4 : START + 8])
DUAL = Macho(minimum=(10, 9, 0)).sealed(hash_types=(1, 2))
NAMED = requirement(term(2, b"org.example"))
UNIVERSAL = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", SIGNED)])


def look(data: bytes, *, hashes: bool = False) -> Inspection:
    return inspect_image(data, path="file", hashes=hashes)


def only(data: bytes, *, hashes: bool = False) -> SliceInspection:
    (thin,) = look(data, hashes=hashes).slices
    return thin


def signature(data: bytes, *, hashes: bool = False) -> SignatureInspection:
    found = only(data, hashes=hashes).signature
    assert found is not None
    return found


def rules(thin: SliceInspection) -> list[str]:
    return [each.rule for each in thin.problems]


def test_the_slice_around_the_signature() -> None:
    thin = only(SIGNED)
    assert (thin.arch, thin.offset, thin.size) == ("arm64", 0, len(SIGNED))
    assert (thin.file_type, thin.info_plist) == ("program", 8)
    assert thin.uuid == b"0123456789abcdef".hex()
    assert thin.target is not None
    assert thin.target.minimum == 14 << 16
    assert look(SIGNED).sound


def test_where_the_signature_lies_and_what_is_in_it() -> None:
    found = signature(SIGNED)
    assert found.command.data_offset == START
    blobs = found.blobs
    assert [each.slot for each in blobs.entries] == [0, 2, 5, 7, 0x10000]
    assert all(each.readable for each in blobs.entries)
    assert (blobs.length, blobs.claimed, blobs.gaps) == (LENGTH, 5, ())
    assert (blobs.padding, blobs.padding_empty) == (found.command.data_size - LENGTH, True)
    assert (found.kind, found.style, found.dialect) == (Kind.ADHOC, Style.MACOS26, None)


def test_a_code_directory_with_the_names_it_is_known_by() -> None:
    (directory,) = signature(SIGNED).directories
    blob = SIGNED[START + directory.offset :][: directory.size]
    assert directory.digest == hashlib.sha256(blob).digest()
    assert directory.cdhash == hashlib.sha256(blob).hexdigest()[:40]
    assert directory.cdhash == verify_image(SIGNED, path="").slices[0].cdhash
    assert directory.best
    assert directory.code.identifier == "org.example"
    assert directory.code.flags is Flag.ADHOC


def test_special_slots_are_compared_with_what_they_seal() -> None:
    (directory,) = signature(SIGNED).directories
    states = {each.slot: each.state for each in directory.special}
    assert states == dict.fromkeys((1, 2, 5, 7), SealState.MATCHES)
    assert directory.special[0].digest == hashlib.sha256(b"<plist/>").digest()


def test_a_changed_blob_differs_from_what_was_sealed() -> None:
    data = bytearray(SIGNED)
    data[data.index(b"<string>x") + 8] ^= 1
    thin = only(bytes(data))
    assert thin.signature is not None
    states = {each.slot: each.state for each in thin.signature.directories[0].special}
    assert states[5] is SealState.DIFFERS
    (problem,) = thin.problems
    assert (problem.rule, problem.severity) == ("R41", Severity.ERROR)
    assert "Entitlements is not what was sealed" in problem.message
    assert not look(bytes(data)).sound


def test_what_was_sealed_and_is_missing() -> None:
    thin = only(Macho().sealed(special={5: b"gone"}).build())
    assert thin.signature is not None
    (slot,) = thin.signature.directories[0].special
    assert (slot.slot, slot.state) == (5, SealState.MISSING)
    assert rules(thin) == ["R41"]


def test_what_is_there_and_was_not_sealed() -> None:
    blob = struct.pack(">2I", 0xFADE0C01, 12) + bytes(4)
    (directory,) = signature(Macho().sealed(blobs=((2, blob),)).build()).directories
    (slot,) = directory.special
    assert (slot.slot, slot.digest, slot.state) == (2, None, SealState.UNSEALED)


def test_what_a_bundle_seals_lies_outside() -> None:
    image = Macho(info_plist=b"<plist/>").sealed(special={1: b"the bundle's", 3: b"resources"})
    thin = only(image.build())
    assert thin.signature is not None
    states = {each.slot: each.state for each in thin.signature.directories[0].special}
    assert states == {1: SealState.OUTSIDE, 3: SealState.OUTSIDE}
    assert thin.problems == ()


def test_two_code_directories_of_which_one_is_the_best() -> None:
    found = signature(DUAL.build())
    assert [(each.code.hash_type.name, each.best) for each in found.directories] == [
        ("SHA1", False),
        ("SHA256", True),
    ]
    assert found.best is found.directories[1]


def test_entitlements_are_read() -> None:
    found = signature(SIGNED).contents.entitlements
    assert found is not None
    assert found.xml is not None
    assert found.xml.startswith("<plist")
    assert found.values == {"a": True, "b": "x"}
    assert found.der is not None
    assert found.der.startswith(b"\x70")


def test_entitlements_that_make_no_sense_are_shown_as_they_are() -> None:
    blob = struct.pack(">2I", 0xFADE7171, 11) + b"<\xff\x00"
    found = signature(
        Macho().sealed(blobs=((5, blob),), special={5: blob}).build()
    ).contents.entitlements
    assert found is not None
    assert (found.values, found.xml, found.der) == (None, "<\\xff\x00", None)


def requirements(blob: bytes) -> tuple[RequirementInspection, ...] | None:
    return signature(Macho().sealed(blobs=((2, blob),)).build()).contents.requirements


def test_requirements_are_shown_as_their_source() -> None:
    found = requirements(requirement_set((3, NAMED)))
    assert found is not None
    (only_one,) = found
    assert (only_one.kind, only_one.text) == ("designated", 'identifier "org.example"')
    assert only_one.blob == NAMED


def test_requirements_that_cannot_be_read_are_kept_as_they_are() -> None:
    strange = struct.pack(">4I", 0xFADE0C00, 16, 1, 99)
    found = requirements(requirement_set((7, strange)))
    assert found == (("type 7", None, strange),)
    assert requirements(struct.pack(">3I", 0xFADE0C01, 12, 9)) is None
    broken = struct.pack(">3I", 0xFADE0C01, 12, 9)
    assert rules(only(Macho().sealed(blobs=((2, broken),)).build())) == ["R59"]


def test_both_forms_of_entitlements_are_read() -> None:
    found = signature(SIGNED).contents.entitlements
    assert found is not None
    assert found.values == found.der_values == {"a": True, "b": "x"}


def test_constraints_are_kept_as_they_are() -> None:
    constraint = struct.pack(">2I", 0xFADE8181, 11) + b"abc"
    found = signature(Macho().sealed(blobs=((8, constraint),)).build())
    assert found.contents.constraints == ((8, b"abc"),)


def with_cms(message: Callable[[tuple[bytes, ...]], Message]) -> bytes:
    """An image that a certificate signed."""

    def build(cms: bytes) -> bytes:
        return Macho().sealed(flags=0, hash_types=(1, 2), blobs=((0x10000, cms),)).build()

    return certified(build, message)


def test_the_certificates_signature_is_summed_up() -> None:
    identity = developer()
    data = with_cms(lambda codes: Message(identity=identity, directories=codes).stamped())
    found = signature(data)
    cms = found.contents.cms
    assert cms is not None
    assert (cms.readable, cms.is_apple, cms.digest) == (True, False, "sha256")
    assert [each.sha256 for each in cms.chain] == [fingerprint(each) for each in identity.chain]
    assert cms.chain[0].team == "TEAM123456"
    assert cms.chain[-1].name == "Apple Root CA"
    assert cms.signing_time == SIGNED_AT.replace(tzinfo=UTC)
    assert cms.timestamp is not None
    assert cms.cdhashes == tuple(each.cdhash for each in found.directories)
    assert (found.kind, only(data).problems) == (Kind.CMS, ())


def test_a_signer_without_a_certificate_has_no_chain() -> None:
    data = with_cms(lambda codes: Message(identity=developer(), directories=codes, certificates=()))
    cms = signature(data).contents.cms
    assert cms is not None
    assert (cms.readable, cms.chain, cms.is_apple, cms.timestamp) == (True, (), False, None)


def test_a_cms_that_cannot_be_read_is_known_by_its_size_and_hash() -> None:
    cms = struct.pack(">2I", 0xFADE0B01, 12) + b"cms!"
    thin = only(Macho().sealed(flags=0, blobs=((0x10000, cms),)).build())
    assert thin.signature is not None
    found = thin.signature.contents.cms
    assert found == CmsInspection(4, hashlib.sha256(b"cms!").hexdigest(), readable=False)
    assert rules(thin) == ["R56"]
    assert rules(only(Macho().sealed(blobs=((0x10000, cms),)).build())) == ["P1"]


def test_a_timestamp_that_cannot_be_read_is_said() -> None:
    data = with_cms(
        lambda codes: Message(identity=developer(), directories=codes, stamp=b"\x30\x00")
    )
    thin = only(data)
    assert thin.signature is not None
    assert thin.signature.contents.cms is not None
    assert thin.signature.contents.cms.timestamp is None
    assert rules(thin) == ["R58"]


def test_a_list_of_code_directories_that_cannot_be_read_is_said() -> None:
    strange = attribute(CDHASHES, der(4, b"no plist"))
    data = with_cms(
        lambda codes: Message(
            identity=developer(), directories=codes, listed=False, more=(strange,)
        )
    )
    thin = only(data)
    assert thin.signature is not None
    assert thin.signature.contents.cms is not None
    assert thin.signature.contents.cms.cdhashes == ()
    assert rules(thin) == ["R56"]


def test_no_damage_to_a_cms_makes_it_raise() -> None:
    chance = random.Random(5)
    good = with_cms(lambda codes: Message(identity=developer(), directories=codes).stamped())
    start = good.rindex(b"\xfa\xde\x0b\x01")
    for _ in range(300):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(start, len(data))] = chance.randrange(256)
        look(bytes(data))


def test_an_empty_wrapper_is_no_cms() -> None:
    assert signature(SIGNED).contents.cms is None


def test_gaps_and_padding_tell_whether_something_is_in_them() -> None:
    data = Macho().sealed(padding=b"rest").build()
    start = data.index(b"\xfa\xde\x0c\xc0")
    found = signature(data)
    assert (found.blobs.padding >= 4, found.blobs.padding_empty) == (True, False)
    longer = put(data, start + 4, ">I", found.blobs.length + 4)
    (gap,) = signature(longer).blobs.gaps
    assert gap == (found.blobs.length, 4, False)


def test_a_linkers_signature_names_its_dialect() -> None:
    found = signature(sign_bytes(Macho().build(), "a", Settings(style=Style.LINKER)))
    assert (found.kind, found.style) == (Kind.LINKER, Style.LINKER)
    assert isinstance(found.dialect, Dialect)


def test_pages_are_checked_when_asked_for() -> None:
    data = bytearray(DUAL.build())
    data[0x1800] ^= 1
    data[0x2800] ^= 1
    assert all(each.wrong_pages is None for each in signature(bytes(data)).directories)
    thin = only(bytes(data), hashes=True)
    assert thin.signature is not None
    assert [each.wrong_pages for each in thin.signature.directories] == [(1, 2), (1, 2)]
    assert rules(thin) == ["R27", "R27"]
    assert thin.problems[0].offset == 0x1000
    assert all(each.wrong_pages == () for each in signature(SIGNED, hashes=True).directories)


def test_a_last_page_that_was_filled_up_is_named_as_such() -> None:
    data = Macho().sealed(pad_last_page=True).build()
    thin = only(data, hashes=True)
    assert thin.signature is not None
    (directory,) = thin.signature.directories
    assert (directory.wrong_pages, directory.padded, rules(thin)) == ((4,), True, ["R64"])


def test_pages_that_are_not_there_differ() -> None:
    data = put(SIGNED, START + SIGNED[START:].index(b"\xfa\xde\x0c\x02") + 32, ">I", 0xFFFFFFFF)
    (directory,) = signature(data, hashes=True).directories
    assert directory.wrong_pages == (1,)  # the last one, which was not signed as a whole


def test_pages_smaller_than_any_are_not_hashed_one_by_one() -> None:
    data = put(SIGNED, START + SIGNED[START:].index(b"\xfa\xde\x0c\x02") + 39, "B", 1)
    (directory,) = signature(data, hashes=True).directories
    assert directory.wrong_pages == (0, 1)


def test_an_unsigned_slice_has_no_signature_and_no_problem() -> None:
    found = look(UNIVERSAL)
    assert found.universal
    assert [(each.arch, each.signature is None) for each in found.slices] == [
        ("x86_64", True),
        ("arm64", False),
    ]
    assert found.sound
    assert found.slices[1].offset == len(UNIVERSAL) - len(SIGNED)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "R1"),
        (b"text", "R1"),
        (b"\xca\xfe\xba\xbf" + bytes(40), "R1"),
        (b"\xca\xfe\xba\xbe" + bytes(4), "R2"),
        (b"\xca\xfe\xba\xbe" + bytes(3) + b"\x09", "F1"),
    ],
)
def test_what_is_no_macho_is_said(data: bytes, rule: str) -> None:
    found = look(data)
    assert [each.rule for each in found.problems] == [rule]
    assert not found.sound


def test_a_header_that_cannot_be_read_is_said() -> None:
    thin = only(SIGNED[:40])
    assert (thin.arch, thin.file_type, rules(thin)) == ("arm64", None, ["F1"])
    assert only(SIGNED[:5]).problems


def test_an_object_file_is_looked_into_all_the_same() -> None:
    assert only(Macho(filetype=OBJECT).build()).file_type == "object file"


def test_every_truncation_of_the_superblob_is_told_and_the_rest_shown() -> None:
    whole = signature(SIGNED).directories[0]
    for size in range(START, START + LENGTH):
        thin = only(SIGNED[:size])
        assert rules(thin)[:1] == ["R12"]
        assert thin.signature is not None
        readable = [each for each in thin.signature.blobs.entries if each.readable]
        ends = [each.offset + (each.length or 0) for each in readable]
        assert all(end <= size - START for end in ends)
        cdhashes = [each.cdhash for each in thin.signature.directories]
        assert cdhashes == [whole.cdhash] * (size - START >= whole.offset + whole.size)


def test_what_inspect_calls_damaged_verify_does_not_pass_over() -> None:
    chance = random.Random(6)
    for _ in range(400):
        data = bytearray(SIGNED)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(START, START + LENGTH)] = chance.randrange(256)
        if not look(bytes(data), hashes=True).sound:
            verdict = verify_image(bytes(data), path="")
            assert verdict.findings or verdict.slices[0].findings


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([SIGNED, UNIVERSAL, DUAL.build()]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
    st.booleans(),
)
def test_no_mutation_makes_it_raise(
    data: bytes, changes: list[tuple[float, int]], cut: float, hashes: bool
) -> None:
    mutated = bytearray(data)
    heads = [*range(700), *range(len(data) - 19_000, len(data))]
    for place, value in changes:
        mutated[heads[int(place * len(heads))] % len(data)] = value
    look(bytes(mutated[: round(cut * len(data))]), hashes=hashes)
    look(bytes(mutated), hashes=hashes)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"]))
def test_no_bytes_make_it_raise(data: bytes, magic: bytes) -> None:
    look(magic + data, hashes=True)


def test_a_path_is_read(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(SIGNED)
    found = inspect(tmp_path / "program")
    assert found.sound
    assert found.name == str(tmp_path / "program")
    with pytest.raises(ReadError):
        inspect(tmp_path / "absent")


def test_the_name_of_a_member_is_that_of_its_archive_too() -> None:
    assert inspect_image(SIGNED, path="a.tar", member="bin/a").name == "a.tar: bin/a"

"""Signing bytes: what comes out, and that nothing else changes."""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.errors import (
    FormatError,
    IdentifierError,
    NotSignableError,
    RejectedError,
    SignatureKeptError,
    SigningError,
)
from countersign.macho.fat import parse_fat
from countersign.macho.slice import parse_slice
from countersign.settings import Settings
from countersign.signature import Kind, Signature, parse_signature
from countersign.signer import sign, sign_bytes
from countersign.style import Style
from countersign.superblob import EMPTY_REQUIREMENTS, EMPTY_WRAPPER, Slot
from countersign.verifier import verify_image
from macho import BUNDLE, CPUS, DYLDLINK, DYLIB, EXECUTE, Macho, fat, put

CMS = struct.pack(">2I", 0xFADE0B01, 12) + b"cms!"
CODESIGN = [style for style in Style if style is not Style.LINKER]
IMAGES = st.builds(
    Macho,
    arch=st.sampled_from(sorted(CPUS)),
    filetype=st.sampled_from([EXECUTE, DYLIB, BUNDLE]),
    room=st.sampled_from([16, 17, 200]),
    linkedit_size=st.integers(16, 0x9000),
    text_pages=st.integers(1, 3),
    platform=st.sampled_from([None, 1]),
    minimum=st.sampled_from([(10, 9, 0), (14, 0, 0)]),
    info_plist=st.none() | st.binary(min_size=1, max_size=64).map(lambda each: each.upper()),
)


def signature_of(data: bytes) -> Signature:
    view = memoryview(data)
    command = parse_slice(view).signature
    assert command is not None
    return parse_signature(view[command.data_offset :])


def slices_of(data: bytes) -> list[bytes]:
    return [data[arch.offset : arch.end] for arch in parse_fat(memoryview(data))]


def test_the_worked_example_has_the_sizes_that_codesign_wrote() -> None:
    signed = sign_bytes(Macho().build(), "com.test.exe", Settings(style=Style.MACOS15))
    signature = signature_of(signed)
    assert signature.superblob.length == 381
    assert len(signature.best.blob.data) == 325
    assert len(signed) == 16_560 + 18_384
    assert not any(signed[16_560 + 381 :])


@settings(max_examples=60, deadline=None)
@given(IMAGES, st.sampled_from(CODESIGN), st.text("abc.-é", min_size=1, max_size=30))
def test_every_signed_image_is_accepted(image: Macho, style: Style, identifier: str) -> None:
    signed = sign_bytes(image.build(), identifier, Settings(style=style))
    verdict = verify_image(signed, path="file")
    assert verdict.accepted
    assert verdict.slices[0].kind == "ad-hoc"
    assert verdict.slices[0].identifier == identifier
    assert verdict.slices[0].flags == ("adhoc",)


@settings(max_examples=40, deadline=None)
@given(IMAGES, st.sampled_from(Style))
def test_signing_twice_gives_the_same_bytes(image: Macho, style: Style) -> None:
    once = sign_bytes(image.build(), "a", Settings(style=style))
    assert sign_bytes(once, "a", Settings(style=style)) == once


def test_re_signing_in_another_style_and_back_changes_nothing() -> None:
    first = sign_bytes(Macho().build(), "a", Settings(style=Style.MACOS26))
    other = sign_bytes(first, "much-longer", Settings(style=Style.MACOS15))
    assert sign_bytes(other, "a", Settings(style=Style.MACOS26)) == first


@pytest.mark.parametrize("arch", ["arm64", "x86_64", "i386", "ppc"])
def test_only_the_header_changes_before_the_signature(arch: str) -> None:
    unsigned = Macho(arch=arch).build()
    signed = sign_bytes(unsigned, "a")
    thin = parse_slice(memoryview(signed))
    end = thin.header.commands_end
    assert signed[end : len(unsigned)] == unsigned[end:]


def test_every_page_hash_is_what_hashlib_says() -> None:
    signed = sign_bytes(Macho(text_pages=3).build(), "a")
    code = signature_of(signed).best.code
    pages = range(0, code.code_limit, code.page_size)
    expected = b"".join(
        hashlib.sha256(signed[at : min(at + code.page_size, code.code_limit)]).digest()
        for at in pages
    )
    assert code.hashes == expected


def test_an_ad_hoc_signature_has_empty_requirements_and_an_empty_wrapper() -> None:
    signature = signature_of(sign_bytes(Macho().build(), "a"))
    slots = {blob.slot: bytes(blob.data) for blob in signature.superblob.blobs}
    assert list(slots) == [Slot.CODE_DIRECTORY, Slot.REQUIREMENTS, Slot.CMS]
    assert slots[Slot.REQUIREMENTS] == EMPTY_REQUIREMENTS
    assert slots[Slot.CMS] == EMPTY_WRAPPER
    assert signature.best.code.special == (bytes(32), hashlib.sha256(EMPTY_REQUIREMENTS).digest())
    assert signature.kind is Kind.ADHOC


def test_an_embedded_info_plist_is_sealed() -> None:
    signed = sign_bytes(Macho(info_plist=b"<plist/>").build(), "a")
    code = signature_of(signed).best.code
    assert code.special_slot(1) == hashlib.sha256(b"<plist/>").digest()


def test_an_old_target_gets_both_digests_and_the_stronger_one_counts() -> None:
    signed = sign_bytes(Macho(arch="x86_64", minimum=(10, 9, 0)).build(), "a")
    signature = signature_of(signed)
    assert [each.blob.slot for each in signature.directories] == [0, 0x1000]
    assert [each.code.hash_type for each in signature.directories] == [1, 2]
    cdhash = hashlib.sha256(signature.directories[1].blob.data).hexdigest()[:40]
    assert verify_image(signed, path="file").slices[0].cdhash == cdhash


@pytest.mark.parametrize("flags", [0x2, 0x20002])
def test_signatures_without_a_certificate_are_replaced(flags: int) -> None:
    image = Macho()
    signed = sign_bytes(image.sealed(flags=flags).build(), "a")
    assert verify_image(signed, path="file").slices[0].flags == ("adhoc",)


@pytest.mark.parametrize(
    "data",
    [
        Macho().sealed(flags=0x10000, blobs=((0x10000, CMS),)).build(),
        put(Macho().sealed().build(), 16_560, ">I", 0),
    ],
    ids=["certificate", "unreadable"],
)
def test_a_signature_that_cannot_be_made_again_is_kept_unless_forced(data: bytes) -> None:
    with pytest.raises(SignatureKeptError, match="arm64 slice"):
        sign_bytes(data, "a")
    forced = sign_bytes(data, "a", Settings(force=True))
    assert verify_image(forced, path="file").slices[0].kind == "ad-hoc"


def test_a_slice_is_signed_alike_alone_and_in_a_universal_file() -> None:
    thin = [Macho(arch="x86_64").build(), Macho().sealed().build()]
    joined = fat([("x86_64", thin[0]), ("arm64", thin[1])])
    signed = sign_bytes(joined, "a")
    assert slices_of(signed) == [sign_bytes(each, "a") for each in thin]


@pytest.mark.parametrize("align", [12, 13, 14, 15])
def test_a_universal_file_is_laid_out_anew(align: int) -> None:
    slices = [("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().build())]
    signed = sign_bytes(fat(slices, align=align), "a")
    archs = parse_fat(memoryview(signed))
    assert [arch.name for arch in archs] == ["x86_64", "arm64"]
    assert [arch.align for arch in archs] == [14, 14]
    assert archs[0].offset == 0x4000
    assert archs[1].offset == -(-archs[0].end // 0x4000) * 0x4000
    assert archs[1].end == len(signed)
    assert verify_image(signed, path="file").accepted
    assert sign_bytes(signed, "a") == signed


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"text", "not a Mach-O"),
        (b"#!/bin/sh\n", "a script"),
        (b"!<arch>\nobject", "a static archive"),
        (b"\x7fELF\2\1\1" + bytes(60), "format elf"),
        (struct.pack(">2I", 0xCAFEBABF, 1) + bytes(64), "64-bit table"),
        (fat([("arm64", b"!<arch>\nobject")]), "a static archive"),
        (fat([("arm64", Macho().build())]) + b"payload", "behind the last slice"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, problem: str) -> None:
    with pytest.raises(NotSignableError, match=problem):
        sign_bytes(data, "a")


@pytest.mark.parametrize("size", [1 << 17, 20 << 30])
def test_a_hole_behind_the_last_slice_is_refused_unread(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(fat([("arm64", Macho().build())]))
    os.truncate(path, size)
    with pytest.raises(NotSignableError, match="behind the last slice"):
        sign(path)


def test_bytes_between_slices_are_not_lost(tmp_path: Path) -> None:
    joined = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().build())])
    for at, where in ((100, "before the x86_64"), (parse_fat(memoryview(joined))[0].end, "arm64")):
        with pytest.raises(NotSignableError, match=where):
            sign_bytes(put(joined, at, "B", 1), "a")


def test_a_segment_with_more_sections_than_symbols_can_name_is_refused() -> None:
    data = Macho().build()
    with pytest.raises(FormatError, match="sections"):
        sign_bytes(put(data, 32 + 64, "<I", 100_000), "a")


@pytest.mark.parametrize(("offset", "value"), [(8 + 8, 4), (8 + 28, 0x5000), (8 + 12, 1 << 30)])
def test_overlapping_and_cut_slices_are_refused(offset: int, value: int) -> None:
    joined = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().build())])
    with pytest.raises(FormatError):
        sign_bytes(put(joined, offset, ">I", value), "a")


def test_a_program_that_the_kernel_refuses_is_not_signed() -> None:
    with pytest.raises(RejectedError, match="K2") as caught:
        sign_bytes(Macho(flags=DYLDLINK).build(), "a")
    assert [finding.rule for finding in caught.value.findings] == ["K2"]


def test_two_slices_for_one_architecture_are_not_signed() -> None:
    with pytest.raises(RejectedError, match="R4"):
        sign_bytes(fat([("arm64", Macho().build())] * 2), "a")


@pytest.mark.parametrize("identifier", ["", "a\0b", "a\nb", "\udcff"])
def test_an_identifier_is_printable_text(identifier: str) -> None:
    with pytest.raises(IdentifierError):
        sign_bytes(Macho().build(), identifier)


def test_the_input_is_not_changed() -> None:
    data = bytearray(Macho().build())
    before = bytes(data)
    sign_bytes(memoryview(data), "a")
    assert data == before


@pytest.mark.parametrize("size", [0, 1, 4, 28, 31, 32, 200, 16_383, 16_384, 16_559])
def test_a_cut_file_is_refused_in_our_own_words(size: int) -> None:
    with pytest.raises(SigningError):
        sign_bytes(Macho().build()[:size], "a")


def test_no_single_bit_of_the_header_makes_it_raise_anything_else() -> None:
    data = Macho(room=16).build()
    for bit in range(0, 8 * 420, 3):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            signed = sign_bytes(bytes(changed), "a")
        except SigningError:
            continue
        assert verify_image(signed, path="file").accepted

"""The story of a file: who made it, what is wrong with it, and what mends it."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.diagnosis.examiner import MAX_NAMES, MAX_PLACES, examine
from countersign.diagnosis.mending import find_mending
from countersign.diagnosis.provenance import built_for, linked_by, runs_on, signed_by
from countersign.diagnosis.retelling import retell
from countersign.diagnosis.story import FileStory, FindingStory, Mending
from countersign.findings import FileVerdict
from countersign.macho.slice import parse_slice
from countersign.rules import broken
from countersign.settings import Settings
from countersign.signature import parse_signature
from countersign.signer import sign_bytes
from countersign.source import BytesSource
from countersign.style import Style
from countersign.symptoms import Subject
from countersign.verifier import verify_image
from countersign.window import Window
from macho import BUNDLE, DYLDLINK, REQUIREMENTS, Macho, fat, put

IMAGE = Macho(symbols=(("_main", 0x1000), ("_usage", 0x2000)), room=0x300)
SIGNED = IMAGE.sealed()
GOOD = SIGNED.build()
INTEL = Macho(arch="x86_64").sealed().build()
WRAPPER = bytes.fromhex("fade0b0100000008")
CERTIFIED = IMAGE.sealed(flags=0, blobs=((0x10000, struct.pack(">2I", 0xFADE0B01, 12) + b"cms!"),))


def story(data: bytes) -> FileStory:
    return examine(Window.over(data), verify_image(data, path="dir/program"))


def mending(data: bytes) -> Mending:
    found = find_mending(BytesSource(data), verify_image(data, path="dir/my program"))
    assert found is not None
    return found


def told(data: bytes, rule: str) -> FindingStory:
    whole = story(data)
    stories = [*whole.findings, *(each for part in whole.slices for each in part.findings)]
    return next(each for each in stories if each.finding.rule == rule)


def test_a_good_file_has_a_story_too() -> None:
    (part,) = story(GOOD).slices
    assert (part.subject, part.arm64) == (Subject.PROGRAM, True)
    assert part.runs_on == "Macs with Apple silicon, macOS 14.0 and later"
    assert part.signed_by is not None
    assert find_mending(BytesSource(GOOD), verify_image(GOOD, path="x")) is None


def test_changed_pages_are_told_with_section_and_symbols() -> None:
    found = told(put(GOOD, 0x2100, "B", GOOD[0x2100] ^ 1), "R27")
    (place,) = found.places
    assert (place.offset, place.size, place.pages) == (0x2000, 0x1000, (2, 2))
    assert place.holds == ("__TEXT,__text",)
    assert place.symbols == ("_usage",)


def test_places_count_from_the_start_of_the_file_in_a_universal_one() -> None:
    data = fat([("x86_64", INTEL), ("arm64", GOOD)])
    start = data.find(GOOD)
    found = told(put(data, start + 0x2100, "B", 0), "R27")
    assert found.places[0].offset == start + 0x2000
    assert [part.arm64 for part in story(data).slices] == [False, True]


def test_the_last_place_ends_with_the_signed_bytes() -> None:
    data = SIGNED.text_size + SIGNED.linkedit_size
    (place,) = told(put(GOOD, data - 1, "B", 7), "R27").places
    assert place.offset + place.size == data
    assert place.holds == ("__LINKEDIT",)


def test_the_number_of_places_and_names_is_limited() -> None:
    many = tuple((f"_f{at}", at) for at in range(0x800, 0x8000, 0x100))
    image = Macho(text_pages=20, symbols=many, linkedit_size=0x4000, room=0x300).sealed()
    data = bytearray(image.build())
    data[0x800 : 0x4000 * 20 : 0x2000] = b"\xcc" * len(data[0x800 : 0x4000 * 20 : 0x2000])
    found = told(bytes(data), "R27")
    assert len(found.places) == MAX_PLACES
    assert found.places_left_out > 0
    assert all(len(place.symbols) <= MAX_NAMES for place in found.places)


def test_each_code_directory_is_told_by_itself() -> None:
    data = IMAGE.sealed(hash_types=(1, 2)).build()
    broken = story(put(data, 0x2100, "B", 0)).slices[0].findings
    pages = [each.places[0].pages for each in broken if each.finding.rule == "R27"]
    assert pages == [(2, 2), (2, 2)]


def test_a_padded_last_page_is_told_by_its_own_rule() -> None:
    data, start = GOOD, SIGNED.text_size + SIGNED.linkedit_size
    page = start // 0x1000
    padded = hashlib.sha256(data[page * 0x1000 : start].ljust(0x1000, b"\0")).digest()
    at = start + 20 + 88 + len("program") + 1 + 32 * page
    data = put(data[:at] + padded + data[at + 32 :], 0x2100, "B", 0)
    found = told(data, "R64")
    assert (found.places[0].pages, found.proven) == ((page, page), True)
    assert told(data, "R27").places[0].pages == (2, 2)


@pytest.mark.parametrize("rule", ["R8", "R10"])
def test_what_was_appended_is_named(rule: str) -> None:
    tail = b"script\n---- Bun! ----\n"
    data = fat([("arm64", GOOD)]) + tail if rule == "R8" else GOOD + tail
    found = told(data, rule)
    assert found.proven
    assert "bun build" in (found.happened or "")
    assert (found.places[0].offset, found.places[0].size) == (len(data) - len(tail), len(tail))


def test_other_findings_are_told_with_what_stands_there() -> None:
    found = told(SIGNED.sealed(padding=b"rest").build(), "R34")
    assert found.places[0].holds == ("signature",)
    assert found.usually.endswith(".")


def test_signing_is_tried_before_it_is_advised() -> None:
    found = mending(put(GOOD, 0x2100, "B", 0))
    assert (found.command, found.tried) == ("countermark sign 'dir/my program'", True)


def test_a_large_file_is_not_signed_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countersign.diagnosis.mending.MAX_TRIED", 100)
    found = mending(put(GOOD, 0x2100, "B", 0))
    assert (found.command is not None, found.tried) == (True, False)
    assert mending(replace(SIGNED, flags=DYLDLINK).build()).command is None


def test_what_signing_does_not_mend_is_advised_by_its_rule() -> None:
    found = mending(replace(SIGNED, flags=DYLDLINK).build())
    assert found.command is None
    assert "-no_pie" in found.advice


def test_a_certificate_is_not_thrown_away_without_a_word() -> None:
    data = CERTIFIED.build()
    found = mending(put(data, 0x2100, "B", 0))
    assert found.command == "countermark sign --force 'dir/my program'"
    assert "certificate" in found.advice


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        b"\xcf\xfa\xed\xfe",
        GOOD[:100],
        fat([("arm64", GOOD)])[:-50],
        GOOD + b"x" * 99,
    ],
    ids=["empty", "script", "magic", "cut", "universal-cut", "appended"],
)
def test_what_cannot_be_signed_is_advised_without_a_command(data: bytes) -> None:
    found = mending(data)
    assert found.command is None
    assert found.advice


def provenance(data: bytes) -> str:
    thin = parse_slice(memoryview(data))
    assert thin.signature is not None
    return signed_by(thin, parse_signature(memoryview(data)[thin.signature.data_offset :]))


def test_signers_are_told_by_their_layouts() -> None:
    ours = {style: provenance(sign_bytes(GOOD, "p", Settings(style=style))) for style in Style}
    assert "macOS 26" in ours[Style.MACOS26]
    assert "macOS 12 to 15" in ours[Style.MACOS15]
    intel = sign_bytes(INTEL, "p", Settings())
    assert provenance(intel).startswith("codesign of macOS 12 or later")
    requirement = bytes.fromhex("fade0c01") + (36).to_bytes(4, "big") + bytes(28)
    for blobs, padding, name in (
        (((2, requirement),), b"", "ldid"),
        (((2, REQUIREMENTS),), bytes(0x9000 - 12 - 16 - 12), "zsign"),
        (((2, REQUIREMENTS), (0x10000, WRAPPER)), bytes(0x1C00), "rcodesign"),
        (((2, REQUIREMENTS), (0x10000, WRAPPER)), b"", "ruby-macho"),
        (((2, REQUIREMENTS),), b"", "not known"),
    ):
        plain = IMAGE.sealed(flags=2, blobs=blobs)
        size = len(plain.build()) - plain.text_size - plain.linkedit_size
        image = IMAGE.sealed(flags=2, blobs=blobs, padding=padding[: len(padding) // 1024 * 1024])
        if padding:
            room = -(-(size + len(padding)) // 0x1000) * 0x1000
            image = IMAGE.sealed(flags=2, blobs=blobs, padding=bytes(room - size))
        assert name in provenance(image.build())


def test_linkers_and_targets_are_told_by_the_load_commands() -> None:
    def thin(**changes: object) -> object:
        return parse_slice(memoryview(replace(IMAGE, **changes).build()))  # type: ignore[arg-type]

    assert linked_by(thin(tools=((3, 1115 << 16 | 7 << 8),))) == "ld 1115.7"  # type: ignore[arg-type]
    assert linked_by(thin(tools=((5, 0),))) == "zig"  # type: ignore[arg-type]
    assert linked_by(thin(section="__gopclntab")) == "Go"  # type: ignore[arg-type]
    assert linked_by(thin()) is None  # type: ignore[arg-type]
    assert built_for(thin()) == "macOS 14.0, SDK 14.0"  # type: ignore[arg-type]
    assert built_for(thin(platform=None)) is None  # type: ignore[arg-type]
    assert runs_on(thin(platform=2)) is None  # type: ignore[arg-type]
    ppc = parse_slice(memoryview(Macho(arch="ppc").build()))
    assert runs_on(ppc) is None


def test_a_library_is_no_program() -> None:
    (part,) = story(Macho(filetype=BUNDLE).sealed().build()).slices
    assert part.subject is Subject.LIBRARY


@settings(max_examples=300)
@given(st.binary(max_size=200), st.integers(0, len(GOOD) - 1))
def test_any_damage_has_a_story(noise: bytes, at: int) -> None:
    for whole in (GOOD, fat([("x86_64", INTEL), ("arm64", GOOD)])):
        data = whole[:at] + noise + whole[at + len(noise) :]
        verdict = verify_image(data, path="x")
        found = examine(Window.over(data), verdict)
        assert len(found.findings) == len(verdict.findings)
        for part, judged in zip(found.slices, verdict.slices, strict=True):
            assert len(part.findings) == len(judged.findings)
        find_mending(BytesSource(data), verdict)


@given(st.integers(0, len(GOOD)))
def test_any_cut_has_a_story(size: int) -> None:
    data = GOOD[:size]
    verdict = verify_image(data, path="x")
    found = examine(Window.over(data), verdict)
    assert [len(part.findings) for part in found.slices] == [
        len(part.findings) for part in verdict.slices
    ]


def test_more_is_added_to_a_story_and_the_rest_of_it_is_kept() -> None:
    before = story(put(GOOD, 0x2100, "B", 0))
    (part,) = before.slices
    litter = broken("R60", None, "._program gives it a resource fork")
    kept = tuple(each for each in before.verdict.slices[0].findings if each.rule == "R27")
    slices = (before.verdict.slices[0]._replace(findings=kept),)
    verdict = before.verdict._replace(findings=(litter,), slices=slices)
    after = retell(before, verdict)
    assert after.verdict is verdict
    assert [each.finding.rule for each in after.findings] == ["R60"]
    assert after.slices[0].findings == tuple(
        each for each in part.findings if each.finding.rule == "R27"
    )
    assert after.mending is not None
    assert "COPYFILE_DISABLE" in after.mending.advice


def test_what_is_no_image_has_a_story_of_its_own() -> None:
    finding = broken("P9", None, "AppleDouble files lie in it: ._a")
    told_again = retell(None, FileVerdict(path="dir", findings=(finding,)))
    assert told_again.findings[0].usually.endswith(".")
    assert (told_again.slices, told_again.mending) == ((), None)

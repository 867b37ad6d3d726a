"""What slot 1 seals: the Info.plist of the slice itself, or of a bundle that is not here."""

from __future__ import annotations

import plistlib
from dataclasses import replace

import pytest

from countersign.findings import Finding, Severity
from countersign.verifier import verify_image
from macho import Macho, fat

PLIST = plistlib.dumps({"CFBundleIdentifier": "org.example.program"})
OTHER = plistlib.dumps({"CFBundleIdentifier": "org.example.other"})
WITH, WITHOUT = Macho(info_plist=PLIST), Macho()
INTEL = Macho(arch="x86_64")


def findings(image: Macho | bytes) -> list[Finding]:
    data = image if isinstance(image, bytes) else image.build()
    return [each for one in verify_image(data, path="file").slices for each in one.findings]


def joined(arm: Macho, intel: Macho) -> bytes:
    return fat([("x86_64", intel.build()), ("arm64", arm.build())])


def test_a_sealed_info_plist_is_good() -> None:
    assert findings(WITH.sealed(special={1: PLIST})) == []


@pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_both_forms_of_property_lists_are_good(fmt: plistlib.PlistFormat) -> None:
    plist = plistlib.dumps({"a": 1}, fmt=fmt)
    assert findings(Macho(info_plist=plist).sealed(special={1: plist})) == []


def test_one_that_is_not_sealed_does_not_count() -> None:
    assert findings(WITH.sealed()) == []
    assert findings(Macho(info_plist=b"no list").sealed(special={2: b"other", 1: b""})) != []


def test_another_one_is_refused_by_codesign() -> None:
    (found,) = findings(WITH.sealed(special={1: OTHER}))
    assert (found.rule, found.severity, found.code) == ("R62", Severity.ERROR, -67030)
    assert found.offset == WITH.text_size - len(PLIST)


def test_one_that_is_not_there_is_refused_by_codesign() -> None:
    (found,) = findings(WITHOUT.sealed(special={1: PLIST}))
    assert (found.rule, found.message) == ("R62", "an Info.plist is sealed, and the slice has none")


def test_the_slice_without_the_one_that_is_sealed_in_all_is_bad() -> None:
    data = joined(WITH.sealed(special={1: PLIST}), INTEL.sealed(special={1: PLIST}))
    intel, arm = verify_image(data, path="file").slices
    assert [each.rule for each in intel.findings] == ["R62"]
    assert arm.findings == ()


def test_every_slice_may_seal_its_own() -> None:
    intel = replace(INTEL, info_plist=OTHER).sealed(special={1: OTHER})
    assert findings(joined(WITH.sealed(special={1: PLIST}), intel)) == []
    assert findings(joined(WITH.sealed(special={1: PLIST}), INTEL.sealed())) == []


def test_a_section_beyond_the_slice_is_none() -> None:
    data = bytearray(WITH.sealed(special={1: PLIST}).build())
    section = data.index(b"__info_plist")
    data[section + 40 : section + 48] = (1 << 40).to_bytes(8, "little")
    assert "an Info.plist is sealed, and the slice has none" in {
        each.message for each in findings(bytes(data))
    }


@pytest.mark.parametrize(
    "plist", [b"no list", b"<plist/>", b"bplist00", b"<plist><array/></plist>"]
)
def test_one_that_cannot_be_read_is_a_warning(plist: bytes) -> None:
    (found,) = findings(Macho(info_plist=plist).sealed(special={1: plist}))
    assert (found.rule, found.severity) == ("E6", Severity.WARNING)


@pytest.mark.parametrize("special", [{3: b"resources"}, {1: OTHER, 3: b"resources"}])
def test_the_program_of_a_bundle_is_judged_with_its_bundle(special: dict[int, bytes]) -> None:
    for image in (WITH, WITHOUT):
        (found,) = findings(image.sealed(special=special))
        assert (found.rule, found.severity) == ("N5", Severity.NOTE)


def test_the_best_directory_decides() -> None:
    """codesign compares slot 1 with the seal of one directory alone."""
    image = WITH.sealed(hash_types=(1, 2), special={1: PLIST})
    data = image.build()
    first = data.index(bytes.fromhex("fade0c02"))
    at = data.index(b"program\0", first) + len(b"program\0")  # the highest slot of SHA-1: slot 1
    assert findings(data[:at] + b"\xff" * 20 + data[at + 20 :]) == []
    second = data.index(bytes.fromhex("fade0c02"), first + 4)
    at = data.index(b"program\0", second) + len(b"program\0")
    changed = data[:at] + b"\xff" * 32 + data[at + 32 :]
    assert [each.rule for each in findings(changed)] == ["R62"]

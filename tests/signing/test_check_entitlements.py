"""Entitlements in both forms, and what they mean for a program without a certificate."""

from __future__ import annotations

import plistlib
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign.findings import Enforcer, Finding, Severity
from countersign.plists.der import encode_entitlements
from countersign.plists.propertylist import Value
from countersign.verifier import verify_image
from macho import DYLIB, Macho

HARMLESS: dict[str, Value] = {"com.apple.security.get-task-allow": True, "number": 1}
RUNTIME, VALIDATION, CMS_SIGNED = 0x10002, 0x2002, 0x10000
CMS = (0x10000, struct.pack(">2I", 0xFADE0B01, 12) + b"cms!")
UNLOCKED: dict[str, Value] = {"com.apple.security.cs.disable-library-validation": True}
OURS = ("/usr/lib/libSystem.B.dylib", "@rpath/libours.dylib", "@executable_path/../libtheirs.dylib")


def xml_blob(content: bytes | dict[str, Value]) -> bytes:
    data = content if isinstance(content, bytes) else plistlib.dumps(content)
    return struct.pack(">2I", 0xFADE7171, 8 + len(data)) + data


def der_blob(content: bytes | dict[str, Value]) -> bytes:
    data = content if isinstance(content, bytes) else encode_entitlements(content)
    return struct.pack(">2I", 0xFADE7172, 8 + len(data)) + data


def findings(
    xml: bytes | dict[str, Value] | None = None,
    der: bytes | dict[str, Value] | None = None,
    *,
    image: Macho = Macho(),  # noqa: B008
    flags: int = 2,
    cms: bool = False,
) -> list[Finding]:
    """Sign with entitlements in the forms that are given, and give what is found."""
    blobs = [] if xml is None else [(5, xml_blob(xml))]
    blobs += [] if der is None else [(7, der_blob(der))]
    sealed = image.sealed(
        flags=flags, special=dict(blobs), blobs=tuple(blobs + [CMS] * cms), hash_types=(2,)
    )
    (verdict,) = verify_image(sealed.build(), path="file").slices
    return [each for each in verdict.findings if each.rule[0] in "EA" or each.rule == "R43"]


def rules(*args: object, **named: object) -> list[str]:
    return [each.rule for each in findings(*args, **named)]  # type: ignore[arg-type]


def test_what_codesign_writes_is_good() -> None:
    assert findings(HARMLESS, HARMLESS) == []
    assert findings() == []


def test_the_der_form_alone_is_good() -> None:
    assert findings(None, HARMLESS) == []


def test_a_missing_der_form_is_a_note() -> None:
    (found,) = findings(HARMLESS)
    assert (found.rule, found.severity) == ("E3", Severity.NOTE)


@pytest.mark.parametrize(
    ("xml", "problem"),
    [
        (b"", "it is not XML"),
        (b"bplist00", "it is not XML"),
        (b"<plist><dict>", "no element found"),
        (b"<plist><array/></plist>", "not one dictionary"),
        (b"<plist><dict><key>a</key><true/><key>a</key><true/></dict></plist>", "there twice"),
        (b'<!DOCTYPE p [<!ENTITY a "b">]><plist><dict/></plist>', "DOCTYPE"),
        (b"<plist>" + b"<array>" * 500, "within each other"),
        (b"<plist><dict/></plist>" + b" " * (1 << 20), "more than"),
    ],
)
def test_a_bad_xml_form_is_a_warning_that_says_why(xml: bytes, problem: str) -> None:
    (found,) = findings(xml, HARMLESS)
    assert (found.rule, found.severity) == ("E1", Severity.WARNING)
    assert problem in found.message


def test_a_bad_der_form_is_refused_by_codesign() -> None:
    (found,) = findings(HARMLESS, b"\x70\x02\x02\x00")
    assert (found.rule, found.severity, found.code) == ("E2", Severity.ERROR, -26275)
    assert found.enforced_by == (Enforcer.CODESIGN,)


def test_the_place_of_what_is_wrong_is_inside_the_file() -> None:
    good = Macho().sealed(special={7: der_blob(HARMLESS)}, blobs=((7, der_blob(HARMLESS)),)).build()
    at = good.index(b"number") - 1  # the length of the key
    broken = der_blob(HARMLESS).replace(b"\x06number", b"\x7fnumber")
    (found,) = findings(None, broken[8:])
    assert found.offset == at - 1


def test_the_forms_must_agree_and_the_keys_are_named() -> None:
    der = HARMLESS | {"number": 2, "extra": "text"}
    (found,) = findings(HARMLESS | {"a": True, "b": True}, der)
    assert found.rule == "R43"
    assert found.message == "XML and DER differ in a, b, extra and 1 more"


def test_true_and_one_are_not_the_same() -> None:
    assert rules({"number": True}, {"number": 1}) == ["R43"]


def test_a_key_of_a_file_cannot_command_the_terminal() -> None:
    (found,) = findings({"a": True}, {"a": True, "\x1b[31m": True})
    assert "\\x1b" in found.message


def test_unsorted_keys_are_a_warning() -> None:
    unsorted = bytes.fromhex("70 15 020101 b0 10 3006 0c0162 0101ff 3006 0c0161 0101ff")
    assert rules({"a": True, "b": True}, unsorted) == ["E5"]


def test_a_library_with_entitlements_is_a_warning() -> None:
    assert rules(HARMLESS, HARMLESS, image=Macho(filetype=DYLIB)) == ["E4"]


@pytest.mark.parametrize(
    ("key", "restricted"),
    [
        ("com.apple.developer.team-identifier", True),
        ("com.apple.private.tcc.allow", True),
        ("com.apple.vm.networking", True),
        ("keychain-access-groups", True),
        ("com.apple.developer", False),
        ("com.apple.security.app-sandbox", False),
        ("com.apple.security.application-groups", False),
        ("com.apple.security.hypervisor", False),
        ("keychain-access-groups-of-mine", False),
    ],
)
def test_restricted_entitlements_want_a_certificate(key: str, restricted: bool) -> None:
    assert rules({key: True}, {key: True}) == ["A4"] * restricted
    assert rules({key: True}) == ["E3"] + ["A4"] * restricted
    assert rules({key: True}, {key: True}, flags=CMS_SIGNED, cms=True) == []


def test_the_der_form_counts_where_both_are_there() -> None:
    assert rules({"com.apple.developer.x": True}, {}) == ["R43"]


@pytest.mark.parametrize(
    ("flags", "entitlements", "expected"),
    [
        (0x2, {}, []),
        (RUNTIME, {}, ["A3"]),
        (VALIDATION, {}, ["A3"]),
        (RUNTIME, UNLOCKED, []),
        (VALIDATION, UNLOCKED, ["A3"]),
        (RUNTIME, dict.fromkeys(UNLOCKED, False), ["A3"]),
    ],
)
def test_an_adhoc_program_that_validates_libraries_loads_none(
    flags: int, entitlements: dict[str, Value], expected: list[str]
) -> None:
    assert rules(entitlements, entitlements, flags=flags, image=Macho(libraries=OURS)) == expected


def test_libraries_of_macos_are_always_loaded() -> None:
    system = Macho(libraries=("/usr/lib/libc++.1.dylib", "/System/Library/A.framework/A"))
    assert rules(image=system, flags=RUNTIME) == []
    assert rules(image=replace(system, libraries=OURS, filetype=DYLIB), flags=RUNTIME) == []


def test_the_library_that_is_not_loaded_is_named() -> None:
    (found,) = findings(image=Macho(libraries=OURS), flags=RUNTIME)
    assert found.message == f"it will not load {OURS[1]}, {OURS[2]}"


@settings(deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_at_all_give_a_verdict(xml: bytes, der: bytes) -> None:
    assert rules(xml, der)

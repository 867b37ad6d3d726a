"""What a signature says: identifiers, flags, entitlements, and what is kept of an old one."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from countersign.codedirectory import CodeDirectory, Flag
from countersign.errors import IdentifierError, NotSignableError, SettingsError
from countersign.reading import read_image
from countersign.settings import IdentifierRule, Preserve, Settings
from countersign.signature import Signature
from countersign.signer import sign_bytes
from countersign.source import BytesSource
from countersign.style import Style
from countersign.superblob import EMPTY_REQUIREMENTS, Slot
from countersign.verifier import verify_image
from macho import DYLIB, Macho, fat

XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN"
 "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict><key>get-task-allow</key><true/></dict></plist>
"""
PLIST = (
    b"<plist version='1.0'><dict><key>CFBundleIdentifier</key><string>%s</string></dict></plist>"
)
REQUIREMENTS = struct.pack(">5I", 0xFADE0C01, 36, 1, 3, 20) + struct.pack(
    ">4I", 0xFADE0C00, 16, 1, 3
)


EVERYTHING: dict[str, object] = {
    "entitlements": XML,
    "flags": Flag.RUNTIME,
    "requirements": REQUIREMENTS,
}


def signature(data: bytes) -> Signature:
    (part, *_) = read_image(BytesSource(data)).parts
    assert part.signature is not None
    return part.signature


def code(data: bytes) -> CodeDirectory:
    return signature(data).best.code


def signed(image: Macho, name: str = "file", **chosen: object) -> bytes:
    return sign_bytes(image.build(), name, Settings(**chosen))  # type: ignore[arg-type]


def test_a_file_is_called_by_its_base_name() -> None:
    assert code(signed(Macho(), "bitcoin-node")).identifier == "bitcoin-node"


def test_a_prefix_goes_before_a_name_without_a_dot() -> None:
    assert code(signed(Macho(), "node", prefix="org.example.")).identifier == "org.example.node"
    assert code(signed(Macho(), "a.dylib", prefix="org.example.")).identifier == "a.dylib"


def test_codesigns_own_rule_adds_the_uuid_to_a_canonical_name() -> None:
    uuid = (b"UUID" + b"0123456789abcdef").hex()
    by_apple = {"identifier_rule": IdentifierRule.APPLE}
    assert code(signed(Macho(), "lib.1.2.dylib", **by_apple)).identifier == "lib.1"
    assert code(signed(Macho(), "node", **by_apple)).identifier == f"node-{uuid}"
    bundle = Macho(info_plist=PLIST % b"org.example.app")
    assert code(signed(bundle, "node", **by_apple)).identifier == "org.example.app"


def test_a_universal_file_is_called_after_its_arm64_slice() -> None:
    plain = Macho(arch="x86_64", info_plist=PLIST % b"org.example.intel")
    arm = Macho(info_plist=PLIST % b"org.example.arm")
    data = fat([("x86_64", plain.build()), ("arm64", arm.build())])
    made = sign_bytes(data, "file", Settings(identifier_rule=IdentifierRule.APPLE))
    names = {thin.identifier for thin in verify_image(made, path="").slices}
    assert names == {"org.example.arm"}


def test_every_slice_seals_its_own_info_plist() -> None:
    slices = [
        ("x86_64", Macho(arch="x86_64", info_plist=b"<one/>").build()),
        ("arm64", Macho().build()),
    ]
    made = sign_bytes(fat(slices), "file")
    assert verify_image(made, path="").accepted
    parts = read_image(BytesSource(made)).parts
    sealed = [part.signature.best.code.special_slot(1) for part in parts if part.signature]
    assert sealed[0] is not None
    assert sealed[1] is None


def test_options_set_flags_and_the_runtime_its_version() -> None:
    hardened = code(signed(Macho(), flags=Flag.RUNTIME | Flag.KILL))
    assert hardened.flags == Flag.ADHOC | Flag.RUNTIME | Flag.KILL
    assert (hardened.version, hardened.runtime) == (0x20500, 14 << 16)
    chosen = code(signed(Macho(), flags=Flag.RUNTIME, runtime_version=13 << 16 | 3 << 8))
    assert chosen.runtime == 13 << 16 | 3 << 8


def test_a_hardened_runtime_needs_a_version_from_somewhere() -> None:
    with pytest.raises(NotSignableError, match="SDK"):
        signed(Macho(platform=None), flags=Flag.RUNTIME)


def test_entitlements_are_for_programs_in_both_forms() -> None:
    made = signature(signed(Macho(), entitlements=XML))
    xml, der = (made.superblob.find(slot) for slot in (Slot.ENTITLEMENTS, Slot.ENTITLEMENTS_DER))
    assert xml is not None
    assert der is not None
    assert bytes(xml.data) == struct.pack(">2I", 0xFADE7171, 8 + len(XML)) + XML
    assert bytes(der.data)[:4] == b"\xfa\xde\x71\x72"
    assert len(made.best.code.special) == 7
    assert made.best.code.exec_segment.flags == 0x1 | 0x10
    library = signature(signed(Macho(filetype=DYLIB), entitlements=XML))
    assert library.superblob.find(Slot.ENTITLEMENTS) is None
    assert len(library.best.code.special) == 2


@pytest.mark.parametrize("style", [Style.MACOS15, Style.MACOS26])
def test_what_has_entitlements_is_accepted_without_a_finding(style: Style) -> None:
    data = signed(Macho(), entitlements=XML, flags=Flag.RUNTIME, style=style)
    verdict = verify_image(data, path="")
    assert verdict.accepted
    assert verdict.slices[0].findings == ()


def test_requirements_are_taken_as_they_are_given() -> None:
    made = signature(signed(Macho(), requirements=REQUIREMENTS))
    blob = made.superblob.find(Slot.REQUIREMENTS)
    assert blob is not None
    assert bytes(blob.data) == REQUIREMENTS


def again(data: bytes, *kept: Preserve, **chosen: object) -> Signature:
    settings = Settings(preserve=frozenset(kept), **chosen)  # type: ignore[arg-type]
    return signature(sign_bytes(data, "again", settings))


def test_nothing_is_kept_unless_asked_for() -> None:
    first = signed(
        Macho(), "first", entitlements=XML, flags=Flag.RUNTIME, requirements=REQUIREMENTS
    )
    made = again(first)
    assert made.best.code.identifier == "again"
    assert made.best.code.flags == Flag.ADHOC
    blobs = {blob.slot: bytes(blob.data) for blob in made.superblob.blobs}
    assert Slot.ENTITLEMENTS not in blobs
    assert blobs[Slot.REQUIREMENTS] == EMPTY_REQUIREMENTS


def test_everything_is_kept_that_is_asked_for() -> None:
    first = signed(
        Macho(), "first", entitlements=XML, flags=Flag.RUNTIME, requirements=REQUIREMENTS
    )
    assert again(first, *Preserve) == signature(first)


def test_flags_are_kept_and_given_ones_win() -> None:
    first = signed(Macho(), flags=Flag.KILL | Flag.HARD)
    assert again(first, Preserve.FLAGS).best.code.flags == Flag.ADHOC | Flag.KILL | Flag.HARD
    assert again(first, Preserve.FLAGS, flags=Flag.RESTRICT).best.code.flags == (
        Flag.ADHOC | Flag.RESTRICT
    )
    hardened = signed(Macho(), flags=Flag.RUNTIME | Flag.KILL, runtime_version=12 << 16)
    kept = again(hardened, Preserve.RUNTIME).best.code
    assert (kept.flags, kept.runtime) == (Flag.ADHOC | Flag.RUNTIME, 12 << 16)


def test_nothing_is_kept_of_a_linkers_signature() -> None:
    linked = Macho().sealed(identifier="linked").build()
    assert again(linked, *Preserve).best.code.identifier == "again"


def test_a_bundles_seals_of_what_lies_outside_the_file_stay() -> None:
    sealed = {1: b"Info.plist", 2: EMPTY_REQUIREMENTS, 3: b"CodeResources"}
    image = Macho().sealed(flags=2, special=sealed, blobs=((2, EMPTY_REQUIREMENTS),))
    before, after = code(image.build()), code(signed(image))
    assert after.special == before.special
    assert verify_image(signed(image), path="").accepted


def test_a_bundles_seal_cannot_be_made_for_another_hash() -> None:
    image = Macho(minimum=(10, 9, 0)).sealed(flags=2, special={3: b"CodeResources"})
    with pytest.raises(NotSignableError, match="SHA1"):
        signed(image)


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "\udcff"])
def test_an_identifier_is_printable_text(name: str) -> None:
    with pytest.raises(IdentifierError):
        signed(Macho(), identifier=name)


@pytest.mark.parametrize(
    "chosen",
    [
        {"style": Style.LINKER, "flags": Flag.RUNTIME},
        {"style": Style.LINKER, "entitlements": XML},
        {"style": Style.LINKER, "preserve": frozenset({Preserve.FLAGS})},
        {"runtime_version": 1 << 16},
        {"identifier": "a", "prefix": "b"},
        {"requirements": b"\xfa\xde\x0c\x01" + struct.pack(">3I", 16, 0xFFFFFFFF, 0)},
        {"flags": Flag.LINKER_SIGNED},
        {"flags": Flag.RUNTIME, "runtime_version": 1 << 32},
        {"flags": Flag.RUNTIME, "runtime_version": 0},
    ],
)
def test_what_makes_no_sense_together_is_refused(chosen: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Settings(**chosen)  # type: ignore[arg-type]


def test_room_that_a_linker_kept_for_a_signature_is_used(tmp_path: Path) -> None:
    """LC_CODE_SIGNATURE that points nowhere, or to zeros, is no signature to lose."""
    plain = Macho().build()
    sealed = Macho().sealed().build()
    at = sealed.find(struct.pack("<2I", 0x1D, 16))
    blank = sealed[: len(plain)] + bytes(len(sealed) - len(plain))
    assert code(sign_bytes(blank, "file")).identifier == "file"
    nowhere = bytearray(sealed[: len(plain)])
    struct.pack_into("<2I", nowhere, at + 8, 0, 0)
    struct.pack_into("<Q", nowhere, plain.find(b"__LINKEDIT") + 40, 176)
    made = sign_bytes(bytes(nowhere), "file")
    assert verify_image(made, path="").accepted
    assert made[len(plain) :] == sign_bytes(plain, "file")[len(plain) :] or code(made)

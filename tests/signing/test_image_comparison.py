"""How two Mach-O files differ in meaning."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from countersign.comparison.code import CodeChanges, PageRun, Resized, SectionChange
from countersign.comparison.images import ImageComparison, compare_images
from countersign.comparison.signatures import Change
from countersign.errors import NotSignableError, ReadError, SigningError
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.style import Style
from kit.certificates import Identity, Message, certified, developer, self_signed
from macho import Macho, fat, put

SYMBOLS = (("_first", 0x3000), ("_second", 0x3010), ("_third", 0x3100))
IMAGE = Macho(text_pages=3, room=16, symbols=SYMBOLS, linkedit_size=0x8000)
UNSIGNED = IMAGE.build()
SIGNED = sign_bytes(UNSIGNED, "a")


def compared(folder: Path, old: bytes, new: bytes) -> ImageComparison:
    (folder / "old").write_bytes(old)
    (folder / "new").write_bytes(new)
    return compare_images(folder / "old", folder / "new")


def signature_of(folder: Path, old: bytes, new: bytes) -> dict[str, tuple[str | None, str | None]]:
    (only,) = compared(folder, old, new).slices
    return {what: (before, after) for what, before, after in only.signature}


def code_of(folder: Path, old: bytes, new: bytes) -> CodeChanges:
    (only,) = compared(folder, old, new).slices
    assert only.code is not None
    return only.code


def changed(data: bytes, *places: int) -> bytes:
    out = bytearray(data)
    for place in places:
        out[place] ^= 1
    return bytes(out)


def plist(text: str) -> bytes:
    return f'<plist version="1.0"><dict>{text}</dict></plist>'.encode()


def test_equal_files_have_everything_in_common(tmp_path: Path) -> None:
    found = compared(tmp_path, SIGNED, SIGNED)
    assert found.same_code
    assert found.same_signature
    assert found.slices[0].signature == ()


@pytest.mark.parametrize("style", list(Style))
def test_any_signature_leaves_the_code_the_same(tmp_path: Path, style: Style) -> None:
    other = sign_bytes(UNSIGNED, "other", Settings(style=style))
    for old, new in ((UNSIGNED, other), (other, SIGNED), (other, UNSIGNED)):
        found = compared(tmp_path, old, new)
        assert found.same_code
        assert not found.same_signature


def test_an_unsigned_file_has_no_more_to_say(tmp_path: Path) -> None:
    found = signature_of(tmp_path, UNSIGNED, SIGNED)
    assert found["Signature"] == ("none", "ad-hoc")
    assert found["Identifier"] == (None, "a")


def test_what_was_asked_for_otherwise_is_named(tmp_path: Path) -> None:
    settings = Settings(style=Style.MACOS15, identifier="org.example")
    found = signature_of(tmp_path, SIGNED, sign_bytes(UNSIGNED, "a", settings))
    assert found["Identifier"] == ("a", "org.example")
    assert found["Page size"] == ("16384", "4096")
    assert found["style"] == ("macos26", "macos15")
    old, new = found["CDHash sha256"]
    assert old != new
    assert set(found) == {"Identifier", "Page size", "style", "room", "CDHash sha256"}


def test_flags_and_kinds_have_words(tmp_path: Path) -> None:
    linked = sign_bytes(UNSIGNED, "a", Settings(style=Style.LINKER))
    found = signature_of(tmp_path, linked, SIGNED)
    assert found["flags"] == ("0x20002(adhoc,linker-signed)", "0x2(adhoc)")
    assert found["Signature"] == ("linker", "ad-hoc")
    assert found["blobs"] == ("CodeDirectory", "CodeDirectory, Requirements, CMS signature")


def test_entitlements_differ_key_by_key(tmp_path: Path) -> None:
    old, new = (
        sign_bytes(UNSIGNED, "a", Settings(entitlements=plist(text)))
        for text in (
            "<key>kept</key><true/><key>gone</key><true/><key>number</key><integer>1</integer>",
            "<key>number</key><integer>2</integer><key>come</key><array/><key>kept</key><true/>",
        )
    )
    found = signature_of(tmp_path, old, new)
    assert {what for what in found if what.startswith("entitlement")} == {
        "entitlement gone",
        "entitlement number",
        "entitlement come",
    }
    assert found["entitlement gone"] == ("true", None)
    assert found["entitlement number"] == ("1", "2")
    assert found["entitlement come"] == (None, "[]")


def test_forms_of_entitlements_that_are_not_alike_differ_each(tmp_path: Path) -> None:
    good = sign_bytes(UNSIGNED, "a", Settings(entitlements=plist("<key>abc</key><true/>")))
    bad = good.replace(b"\x0c\x03abc", b"\x0c\x03abd")
    found = signature_of(tmp_path, good, bad)
    assert found["entitlement in DER abd"] == (None, "true")
    assert found["special slot -7 Entitlements (DER)"] == ("matches", "differs")


def test_what_is_sealed_outside_is_told_by_its_digest(tmp_path: Path) -> None:
    old, new = (
        Macho().sealed(special={3: resources}, flags=2).build() for resources in (b"one", b"two")
    )
    before, after = signature_of(tmp_path, old, new)["special slot -3 Resources"]
    assert before is not None
    assert before.startswith("outside ")
    assert before != after


def test_certificates_and_times_differ_one_by_one(tmp_path: Path) -> None:
    def build(cms: bytes) -> bytes:
        return Macho().sealed(flags=0, blobs=((0x10000, cms),)).build()

    def signed_by(identity: Identity) -> bytes:
        return certified(build, lambda codes: Message(identity=identity, directories=codes))

    old, new = signed_by(developer()), signed_by(self_signed())
    found = signature_of(tmp_path, old, new)
    assert {what for what in found if what.startswith("Authority")} == {
        "Authority 0",
        "Authority 1",
        "Authority 2",
    }
    before, after = found["Authority 0"]
    assert before is not None
    assert before.startswith("Developer ID Application")
    assert after is not None
    assert after.startswith("Somebody")
    assert found["Authority 2"][1] is None
    assert "CMS" in found
    assert "Signed Time" not in found


def test_a_changed_byte_is_named_with_page_section_and_symbol(tmp_path: Path) -> None:
    found = code_of(tmp_path, SIGNED, sign_bytes(changed(UNSIGNED, 0x3020), "a"))
    assert found.commands == ()
    size = IMAGE.text_size - 64
    assert [each.name for each in found.sections] == ["__TEXT,__text"]
    assert found.pages.page_size == 0x4000
    assert (found.pages.differing, found.pages.total) == (1, 5)
    assert found.pages.runs == (PageRun(0, 0, ("header", "__TEXT,__text")),)
    assert found.symbols is not None
    assert (found.symbols.common, found.symbols.changed.names) == (3, ("_second",))
    assert found.sections[0].old == found.sections[0].new
    assert (found.sections[0].old or 0) < size


def test_pages_in_a_row_are_one_run(tmp_path: Path) -> None:
    places = (0x4000, 0x8000, 0x10000)
    found = code_of(tmp_path, SIGNED, changed(SIGNED, *places))
    assert [(run.first, run.last) for run in found.pages.runs] == [(1, 2), (4, 4)]
    assert found.pages.runs[1].where == ("__LINKEDIT",)


def test_pages_are_those_that_are_hashed(tmp_path: Path) -> None:
    old = sign_bytes(UNSIGNED, "a", Settings(style=Style.MACOS15))
    found = code_of(tmp_path, old, changed(old, 0x3020))
    assert (found.pages.page_size, found.pages.runs[0].first) == (0x1000, 3)


def test_functions_of_another_size_are_told_from_those_that_only_moved(tmp_path: Path) -> None:
    later = (("_first", 0x3000), ("_second", 0x3010), ("_new", 0x3080), ("_third", 0x3100))
    new = Macho(text_pages=3, room=16, symbols=later, linkedit_size=0x8000).build()
    found = code_of(tmp_path, UNSIGNED, new).symbols
    assert found is not None
    assert found.resized == (Resized("_second", 0xF0, 0x70),)
    assert (found.resized_total, found.changed.total) == (1, 0)
    assert (found.added.names, found.removed.names) == (("_new",), ())


def test_many_symbols_are_counted_and_some_named(tmp_path: Path) -> None:
    many = tuple((f"_f{number}", 0x3000 + 4 * number) for number in range(300))
    old, new = (
        Macho(text_pages=3, room=16, symbols=names, linkedit_size=0x8000).build()
        for names in (many, SYMBOLS)
    )
    found = code_of(tmp_path, old, new).symbols
    assert found is not None
    assert (found.removed.total, len(found.removed.names)) == (300, 100)
    assert (found.common, found.added.total) == (0, 3)


def test_names_that_occur_twice_are_told_by_their_order(tmp_path: Path) -> None:
    twice = (("_a", 0x3000), ("_a", 0x3010), ("_a", 0x3020))
    old = Macho(text_pages=3, room=16, symbols=twice, linkedit_size=0x8000).build()
    found = code_of(tmp_path, old, changed(old, 0x3015)).symbols
    assert found is not None
    assert (found.common, found.changed.names, found.added.total) == (3, ("_a",), 0)


def test_without_names_symbols_are_not_compared(tmp_path: Path) -> None:
    bare = Macho(text_pages=3, room=16).build()
    assert code_of(tmp_path, bare, changed(bare, 0x3015)).symbols is None


def test_load_commands_differ_by_what_they_say(tmp_path: Path) -> None:
    old = Macho(rpaths=("@loader_path/a", "@loader_path/b"), libraries=("/usr/lib/a", "/usr/lib/b"))
    new = Macho(
        rpaths=("@loader_path/b",), libraries=("/usr/lib/b", "/usr/lib/c"), minimum=(15, 0, 0)
    )
    found = code_of(tmp_path, old.build(), new.build()).commands
    assert found == (
        Change("LC_BUILD_VERSION", "macOS 14.0.0, SDK 14.0.0", "macOS 15.0.0, SDK 15.0.0"),
        Change("LC_LOAD_DYLIB", "/usr/lib/a (compatibility 1.0.0, current 1.0.0)", None),
        Change("LC_LOAD_DYLIB", None, "/usr/lib/c (compatibility 1.0.0, current 1.0.0)"),
        Change("LC_RPATH", "@loader_path/a", None),
    )


def test_the_same_library_in_another_version_is_one_change(tmp_path: Path) -> None:
    data = Macho(libraries=("/usr/lib/a", "/usr/lib/b")).build()
    at = data.index(struct.pack("<2I", 0xC, 40))
    (change,) = code_of(tmp_path, data, put(data, at + 16, "<I", 2 << 16)).commands
    assert change == Change(
        "LC_LOAD_DYLIB",
        "/usr/lib/a (compatibility 1.0.0, current 1.0.0)",
        "/usr/lib/a (compatibility 1.0.0, current 2.0.0)",
    )


def test_commands_whose_words_are_the_same_are_told_apart(tmp_path: Path) -> None:
    data = Macho().build()
    at = data.index(struct.pack("<2I", 0xC, 56))
    (change,) = code_of(tmp_path, data, put(data, at + 12, "<I", 7)).commands  # the timestamp
    assert change.what == "LC_LOAD_DYLIB"
    assert change.old != change.new


def test_sections_that_only_one_has(tmp_path: Path) -> None:
    old, new = Macho(info_plist=b"<plist/>"), Macho(section="__other")
    found = code_of(tmp_path, old.build(), new.build())
    assert {each.name for each in found.sections} == {
        "__TEXT,__text",
        "__TEXT,__info_plist",
        "__TEXT,__other",
    }
    assert SectionChange("__TEXT,__info_plist", 8, None) in found.sections


def test_slices_are_matched_by_their_architecture(tmp_path: Path) -> None:
    intel, arm = Macho(arch="x86_64").build(), Macho().build()
    old = fat([("x86_64", intel), ("arm64", arm)])
    new = fat([("arm64", arm), ("arm64e", Macho(arch="arm64e").build())])
    found = compared(tmp_path, old, new)
    assert (found.removed, found.added) == (("x86_64",), ("arm64e",))
    assert [(each.arch, each.code) for each in found.slices] == [("arm64", None)]
    assert not found.same_code
    assert compared(tmp_path, arm, fat([("arm64", arm)])).same_code


def test_longer_code_differs_in_the_pages_that_only_it_has(tmp_path: Path) -> None:
    longer = Macho(text_pages=3, room=16, symbols=SYMBOLS, linkedit_size=0xC000).build()
    found = code_of(tmp_path, UNSIGNED, longer)
    assert found.pages.total == 6
    assert found.pages.runs[-1].last == 5


def test_what_cannot_be_compared_is_our_own_error(tmp_path: Path) -> None:
    with pytest.raises(NotSignableError):
        compared(tmp_path, b"text", SIGNED)
    with pytest.raises(ReadError):
        compare_images(tmp_path / "absent", tmp_path / "old")


def test_no_damage_makes_it_raise_anything_else(tmp_path: Path) -> None:
    chance = random.Random(9)
    table = IMAGE.text_size
    heads = [*range(700), *range(table, table + 90), *range(len(SIGNED) - 19_000, len(SIGNED))]
    for _ in range(200):
        data = bytearray(SIGNED)
        for _ in range(3):
            data[chance.choice(heads)] = chance.randrange(256)
        data = data[: chance.choice([len(data), len(data), chance.randrange(len(data))])]
        for pair in ((SIGNED, bytes(data)), (bytes(data), SIGNED)):
            try:
                compared(tmp_path, *pair)
            except SigningError:
                continue

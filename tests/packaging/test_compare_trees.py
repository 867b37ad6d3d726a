"""Comparing archives and trees: every outcome, and every cause at its smallest."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import zstandard

from countermark.difference.comparing import compare_trees
from countermark.difference.outcome import MAX_PLACES, Outcome, Place, TreeComparison
from countermark.errors import CountermarkError
from countermark.rulebook.differences import RULES
from counterproof.errors import TreeError
from countersign.settings import Settings
from countersign.signer import sign_bytes
from macho import Macho
from programs import elf_with, pe_signed, pe_with
from trees import (
    pack_tar,
    pack_tar_gz,
    pack_tar_zst,
    pack_zip,
    tar_info,
    tar_of,
    write_stage,
    zip_info,
    zip_of,
)

UNSIGNED = Macho(text_pages=3, room=16, symbols=(("_first", 0x3000), ("_second", 0x3010))).build()
SIGNED = sign_bytes(UNSIGNED, "program")
FILES = {"bin/program": UNSIGNED, "share/readme.txt": b"one\ntwo\nthree\n"}

Change = Callable[[tarfile.TarInfo], None]


class Compare:
    """Writes two archives and compares them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, first: bytes, second: bytes) -> TreeComparison:
        paths = self.folder / "first", self.folder / "second"
        for path, content in zip(paths, (first, second), strict=True):
            path.write_bytes(content)
        return compare_trees(*paths)


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    return Compare(tmp_path)


def rules(comparison: TreeComparison) -> list[str]:
    return [cause.rule.name for cause in comparison.causes]


def only_place(comparison: TreeComparison, rule: str) -> Place:
    """Give the only place of the only cause, which must be ``rule``."""
    assert rules(comparison) == [rule]
    (place,) = comparison.causes[0].places
    assert comparison.causes[0].total == 1
    return place


def tar_with(change: Change, *, name: str = "top/file", content: bytes = b"content") -> bytes:
    """Make a tar of one file in a directory, whose header is changed."""
    info = tar_info(name, len(content))
    change(info)
    return tar_of((tar_info("top/another"), b""), (info, content))


def nothing(_: tarfile.TarInfo) -> None:
    """Change nothing."""


def test_the_same_bytes_are_identical_and_are_not_looked_into(compare: Compare) -> None:
    data = pack_tar_gz(FILES)
    comparison = compare(data, data)
    assert (comparison.outcome, comparison.causes) == (Outcome.IDENTICAL, ())
    assert comparison.equal()
    assert comparison.first.sha256 == hashlib.sha256(data).hexdigest()
    assert comparison.first.members is None


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (gzip.compress(pack_tar(FILES), 9, mtime=0), gzip.compress(pack_tar(FILES), 1, mtime=0), 1),
        (pack_tar_gz(FILES), pack_tar_zst(FILES), 1),
        (pack_tar(FILES), pack_tar_gz(FILES), 1),
        (pack_tar_gz(FILES), gzip.compress(pack_tar(FILES), mtime=77), 1),
        (pack_tar_gz(FILES), pack_tar_gz(FILES) + bytes(100), 0),
    ],
    ids=["level", "zstd", "plain", "time", "zeros behind"],
)
def test_the_same_tar_compressed_otherwise(
    compare: Compare, first: bytes, second: bytes, words: int
) -> None:
    comparison = compare(first, second)
    place = only_place(comparison, "compression-only")
    assert comparison.outcome is Outcome.COMPRESSION
    assert (place.first != place.second) or not words
    assert comparison.first.content_sha256 == comparison.second.content_sha256
    assert comparison.first.content_sha256 == hashlib.sha256(pack_tar(FILES)).hexdigest()
    assert not comparison.equal()
    assert comparison.equal(modulo_signature=True)


def test_another_stream_of_the_same_compressor_is_told_by_its_place(compare: Compare) -> None:
    data = os.urandom(600).hex().encode()
    tar = pack_tar({"file": data})
    comparison = compare(gzip.compress(tar, 7, mtime=0), gzip.compress(tar, 5, mtime=0))
    assert "the compressed data of gzip" in only_place(comparison, "compression-only").what


def test_the_manifest_names_the_compressor(compare: Compare) -> None:
    data = pack_tar_gz(FILES)
    artifact = {"name": "a", "size": 1, "mode": "0644", "sha256": hashlib.sha256(data).hexdigest()}
    host = {
        **{"host": "h", "minimum": None, "toolchain": "zig"},
        "artifacts": [{**artifact, "compressor": "gzip 1.12"}],
    }
    manifest = {
        **{"schema": "countermark.manifest/1", "name": "n", "version": "1", "made_by": "test"},
        **{"source_date_epoch": 0, "style": "macos26", "inputs": [], "hosts": [host]},
    }
    (compare.folder / "manifest.json").write_text(json.dumps(manifest))
    comparison = compare(data, gzip.compress(pack_tar(FILES), 1, mtime=0))
    assert comparison.first.compressor is not None
    assert comparison.first.compressor.endswith("that is gzip 1.12")
    assert "that is" not in (comparison.second.compressor or "")
    for spoiled in (b"{}", b"\xff", b'{"schema": 7}'):
        (compare.folder / "manifest.json").write_bytes(spoiled)
        assert "that is" not in (compare(data, pack_tar(FILES)).first.compressor or "")


def test_a_tree_and_archives_of_it_hold_the_same_files(compare: Compare) -> None:
    tree = write_stage(compare.folder / "tree", FILES)
    for number, data in enumerate(
        (pack_tar_gz(FILES), pack_zip(FILES), pack_tar_zst(FILES, "x-1"))
    ):
        path = compare.folder / str(number)
        path.write_bytes(data)
        for pair in ((tree, path), (path, tree)):
            comparison = compare_trees(*pair)
            assert (comparison.outcome, comparison.causes) == (Outcome.CONTENT, ())
            assert comparison.equal()
    comparison = compare(pack_zip(FILES), pack_tar_gz(FILES))
    assert comparison.outcome is Outcome.CONTENT


def test_two_directories_are_compared_without_their_times(compare: Compare) -> None:
    one, two = (write_stage(compare.folder / name, FILES) for name in ("one", "two"))
    os.utime(two / "bin/program", (1, 1))
    assert compare_trees(one, two).outcome is Outcome.IDENTICAL
    (two / "bin/program").chmod(0o775)
    place = only_place(compare_trees(one, two), "member-mode")
    assert place == ("bin/program", "", "0755", "0775")


def test_hard_links_of_an_archive_are_files_of_a_directory(compare: Compare) -> None:
    link = tar_info("top/link")
    link.type, link.linkname = tarfile.LNKTYPE, "top/file"
    path = compare.folder / "links.tar"
    path.write_bytes(tar_of((tar_info("top/file", 4), b"same"), (link, b"")))
    tree = write_stage(compare.folder / "top", {"file": b"same", "link": b"same"})
    assert compare_trees(path, tree).outcome is Outcome.CONTENT
    (tree / "link").write_bytes(b"else")
    assert rules(compare_trees(path, tree)) == ["text-content"]


def test_missing_members_are_named_on_their_side(compare: Compare) -> None:
    comparison = compare(pack_tar_gz(FILES), pack_tar_gz({"bin/program": UNSIGNED}))
    place = only_place(comparison, "member-missing")
    assert place == ("share/readme.txt", "", "file, 14 bytes", None)
    comparison = compare(pack_zip({"bin/program": UNSIGNED}), pack_tar_gz(FILES))
    assert only_place(comparison, "member-missing").second == "file, 14 bytes"


def test_many_places_are_counted_and_not_all_kept(compare: Compare) -> None:
    files = {f"share/{number:04}": b"" for number in range(150)}
    comparison = compare(pack_tar_gz({**files, "a": b""}), pack_tar_gz({"a": b""}))
    (cause,) = comparison.causes
    assert (cause.total, len(cause.places)) == (150, MAX_PLACES)


def set_mode(info: tarfile.TarInfo) -> None:
    info.mode = 0o600


def set_owner(info: tarfile.TarInfo) -> None:
    info.uid, info.uname = 1000, "bob"


def set_time(info: tarfile.TarInfo) -> None:
    info.mtime = 1


@pytest.mark.parametrize(
    ("change", "rule", "values"),
    [
        (set_mode, "member-mode", ("0644", "0600")),
        (set_owner, "member-owner", ("0:0", "1000:0 (bob)")),
        (set_time, "member-time", ("1970-01-01T00:00:00Z (0)", "1970-01-01T00:00:01Z (1)")),
    ],
)
def test_what_a_header_means(
    compare: Compare, change: Change, rule: str, values: tuple[str, str]
) -> None:
    comparison = compare(tar_with(nothing), tar_with(change))
    assert only_place(comparison, rule) == ("file", "", *values)
    assert comparison.outcome is Outcome.DIFFERENT
    assert not comparison.equal(modulo_signature=True)


def test_kinds_and_targets_of_links(compare: Compare) -> None:
    def link(target: str) -> Change:
        def change(info: tarfile.TarInfo) -> None:
            info.type, info.linkname, info.size = tarfile.SYMTYPE, target, 0

        return change

    place = only_place(compare(tar_with(nothing), tar_with(link("another"))), "member-kind")
    assert place == ("file", "", "file, 7 bytes", "symlink")
    place = only_place(compare(tar_with(link("another")), tar_with(link("other"))), "link-target")
    assert place == ("file", "", "another", "other")


def test_the_order_and_the_name_of_the_directory(compare: Compare) -> None:
    one, two = (tar_info("top/a"), b""), (tar_info("top/b"), b"")
    comparison = compare(tar_of(one, two), tar_of(two, one))
    assert only_place(comparison, "member-order-differs") == (None, "member 1", "a", "b")
    comparison = compare(pack_tar_gz(FILES, "bitcoin-30.0"), pack_tar_gz(FILES, "bitcoin-30.1"))
    assert only_place(comparison, "prefix-name") == (None, "", "bitcoin-30.0", "bitcoin-30.1")


def changed(tar: bytes, at: int, byte: int) -> bytes:
    """Change one byte of the first header of a tar, and its check sum."""
    data = bytearray(tar)
    data[at] = byte
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    return bytes(data)


def test_fields_that_are_written_otherwise(compare: Compare) -> None:
    tar = tar_with(nothing)
    place = only_place(compare(tar, changed(tar, 107, 0x20)), "tar-format")
    assert place.what == "header field mode"
    spaced = bytearray(tar)
    spaced[148:156] = spaced[148:154] + b" \0"
    assert only_place(compare(tar, bytes(spaced)), "tar-format").what == "header field checksum"
    long = "top/" + "x" * 120
    front = tar_with(nothing, name=long)
    at = front.index(b"././@LongLink")
    other = front[:at] + changed(front[at:], 100, ord("7"))
    assert "in front of its header" in only_place(compare(front, other), "tar-format").what


def test_pax_records_are_named(compare: Compare) -> None:
    def packed(records: dict[str, str]) -> bytes:
        file, info = BytesIO(), tar_info("top/file")
        info.pax_headers = records
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.addfile(tar_info("top/other"))
            archive.addfile(info)
        return file.getvalue()

    comparison = compare(packed({"comment": "a"}), packed({"comment": "b"}))
    assert only_place(comparison, "tar-format") == ("file", "pax record comment", "a", "b")
    comparison = compare(packed({}), packed({"comment": "b"}))
    words = [place.what for place in comparison.causes[0].places]
    assert words == ["in front of its header", "pax record comment"]


def test_bytes_that_belong_to_no_member(compare: Compare) -> None:
    tar = tar_with(nothing)
    comparison = compare(tar, tar + bytes(512))
    assert only_place(comparison, "tar-end").what == "zeros at the end"
    assert comparison.outcome is Outcome.COMPRESSION
    assert not comparison.equal()
    assert comparison.equal(modulo_signature=True)
    padded = bytearray(tar)
    padded[tar.index(b"content") + 9] = 1
    place = only_place(compare(tar, bytes(padded)), "unused-bytes")
    assert place == ("file", "what fills its last block", "zeros", f"00 00 01{' 00' * 13}")


def test_what_a_zip_records(compare: Compare) -> None:
    def packed(change: Callable[[zipfile.ZipInfo], None]) -> bytes:
        info = zip_info("top/file")
        change(info)
        return zip_of((zip_info("top/other"), b""), (info, b"content"))

    def time(info: zipfile.ZipInfo) -> None:
        info.date_time = (2026, 1, 1, 0, 0, 0)

    def extra(info: zipfile.ZipInfo) -> None:
        info.extra = b"\x55\x54\x05\x00\x01\0\0\0\0"

    def version(info: zipfile.ZipInfo) -> None:
        info.create_version = 63

    def mode(info: zipfile.ZipInfo) -> None:
        info.external_attr = 0o100600 << 16

    plain = packed(lambda _: None)
    assert only_place(compare(plain, packed(time)), "member-time").member == "file"
    assert only_place(compare(plain, packed(mode)), "member-mode").second == "0600"
    comparison = compare(plain, packed(extra))
    words = [place.what for place in comparison.causes[0].places]
    assert (rules(comparison), words) == (["zip-format"], ["extra fields", "local extra fields"])
    assert only_place(compare(plain, packed(version)), "zip-format").what == "made by"


def test_a_zip_compressed_otherwise_and_with_bytes_in_between(compare: Compare) -> None:
    def packed(level: int, comment: bytes = b"") -> bytes:
        file = BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.comment = comment
            content = b"".join(b"%d," % (number * number) for number in range(2000))
            archive.writestr(zip_info("top/file"), content, compresslevel=level)
        return file.getvalue()

    comparison = compare(packed(9), packed(1))
    assert comparison.outcome is Outcome.COMPRESSION
    assert "method 8" in (only_place(comparison, "compression-only").first or "")
    place = only_place(compare(packed(9), packed(9, b"hello")), "unused-bytes")
    assert (place.what, place.second) == ("comment", b"hello".hex(" "))
    whole = packed(9)
    directory = int.from_bytes(whole[-6:-2], "little")
    moved = (directory + 4).to_bytes(4, "little")
    gap = whole[:directory] + b"junk" + whole[directory:-6] + moved + whole[-2:]
    place = only_place(compare(whole, gap), "unused-bytes")
    assert (place.what, place.first) == ("bytes between members", "none")
    spoiled = gap.replace(b"junk", b"jerk")
    assert only_place(compare(gap, spoiled), "unused-bytes").what == "bytes between members"


def padded(whole: bytes, more: bytes) -> bytes:
    """Put bytes behind the data of the only member of a zip, as part of it."""
    directory = int.from_bytes(whole[-6:-2], "little")
    data = bytearray(whole[:directory] + more + whole[directory:])
    for at in (18, directory + len(more) + 20):
        size = int.from_bytes(data[at : at + 4], "little") + len(more)
        data[at : at + 4] = size.to_bytes(4, "little")
    data[-6:-2] = (directory + len(more)).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_bytes_that_hide_behind_the_data_of_a_member(compare: Compare, method: int) -> None:
    info = zip_info("top/file")
    info.compress_type = method
    whole = zip_of((info, b"content" * 9))
    comparison = compare(whole, padded(whole, b"evil"))
    assert rules(comparison) == ["unused-bytes", "compression-only"]
    (place,) = comparison.causes[0].places
    assert place[:3] == ("file", "behind its data", "nothing")
    assert (place.second or "").startswith("4 bytes, SHA-256 ")
    assert not comparison.equal(modulo_signature=True)
    assert "unused-bytes" in rules(compare(padded(whole, b"evil"), padded(whole, b"good")))


def test_text_is_told_by_its_line(compare: Compare) -> None:
    other = {**FILES, "share/readme.txt": b"one\ntwo\r\nthree\n"}
    place = only_place(compare(pack_tar_gz(FILES), pack_tar_gz(other)), "text-content")
    assert place == ("share/readme.txt", "line 2", r"'two\n'", r"'two\r\n'")
    shorter = {**FILES, "share/readme.txt": b"one\ntwo\n"}
    place = only_place(compare(pack_tar_gz(FILES), pack_tar_gz(shorter)), "text-content")
    assert (place.what, place.first, place.second) == ("line 3", r"'three\n'", None)
    long = [{"a": b"x" * 300_000 + each + b"\n"} for each in (b"y", b"z")]
    place = only_place(compare(pack_zip(long[0]), pack_zip(long[1])), "text-content")
    assert place.what == "line 1"
    assert len(place.first or "") < 200


def test_other_files_are_told_by_their_first_byte(compare: Compare) -> None:
    one, two = ({"a": b"\0" * 300_000 + each} for each in (b"abc", b"abd"))
    place = only_place(compare(pack_tar_gz(one), pack_tar_gz(two)), "file-content")
    assert place == ("a", "byte 0x493e2", "63 ...", "64 ...")
    place = only_place(compare(pack_tar_gz({"a": b"\0"}), pack_tar_gz({"a": b""})), "file-content")
    assert (place.what, place.second) == ("byte 0x0", None)


def test_sections_of_elf_and_pe_are_named(compare: Compare) -> None:
    for make in (elf_with, pe_with):
        one = make({".text": b"code" * 9, ".data": b"data" * 9})
        two = make({".text": b"code" * 9, ".data": b"data" * 8 + b"dada"})
        place = only_place(
            compare(pack_tar_gz({"a": one}), pack_tar_gz({"a": two})), "image-content"
        )
        assert place.what.startswith(".data at ")
        assert place.what.endswith("sections that differ: .data")


def test_code_of_mach_o_is_told_by_section_page_and_function(compare: Compare) -> None:
    data = bytearray(UNSIGNED)
    data[0x3012] ^= 1
    other = {**FILES, "bin/program": sign_bytes(bytes(data), "program")}
    comparison = compare(pack_tar_gz({**FILES, "bin/program": SIGNED}), pack_tar_gz(other))
    place = only_place(comparison, "image-content")
    assert "0x3012 in _second+0x2" in place.what
    assert "1 of " in place.what
    assert "sections __TEXT,__text" in place.what
    other = {**FILES, "bin/program": Macho(text_pages=3, room=16, rpaths=("/x",)).build()}
    comparison = compare(pack_tar_gz(FILES), pack_tar_gz(other))
    assert "load commands LC_RPATH" in only_place(comparison, "image-content").what


def test_other_architectures_and_kinds_of_programs(compare: Compare) -> None:
    intel = {**FILES, "bin/program": Macho(arch="x86_64").build()}
    place = only_place(compare(pack_tar_gz(FILES), pack_tar_gz(intel)), "image-content")
    assert place[1:] == ("architectures", "arm64", "x86_64")
    elf = {**FILES, "bin/program": elf_with({".text": b"code"})}
    place = only_place(compare(pack_tar_gz(FILES), pack_tar_gz(elf)), "image-content")
    assert place[1:] == ("the kind of program", "mach-o for arm64", "elf for x86_64")


def test_signed_and_unsigned_are_the_same_but_for_signatures(compare: Compare) -> None:
    signed = {**FILES, "bin/program": SIGNED}
    for pack in (pack_tar_gz, pack_zip, pack_tar_zst):
        comparison = compare(pack(FILES), pack(signed))
        assert rules(comparison) == ["signature-only"]
        assert comparison.outcome is Outcome.SIGNATURES
        assert not comparison.equal()
        assert comparison.equal(modulo_signature=True)
    comparison = compare(pack_tar_gz(FILES), pack_zip(signed))
    assert comparison.outcome is Outcome.SIGNATURES
    other = sign_bytes(UNSIGNED, "program", Settings(identifier="org.example"))
    comparison = compare(pack_tar_gz(signed), pack_tar_gz({**FILES, "bin/program": other}))
    place = only_place(comparison, "signature-only")
    assert place[1:] == ("arm64: Identifier", "program", "org.example")


def test_a_signed_tar_may_end_otherwise(compare: Compare) -> None:
    end = pack_tar(FILES).rstrip(b"\0") + bytes(5000)
    comparison = compare(end[: len(end) // 512 * 512], pack_tar({**FILES, "bin/program": SIGNED}))
    assert rules(comparison) == ["signature-only", "tar-end"]
    assert comparison.equal(modulo_signature=True)


def test_a_signed_program_with_another_mode_is_different(compare: Compare) -> None:
    unsigned = tar_of((tar_info("a", len(UNSIGNED), 0o755), UNSIGNED), (tar_info("b"), b""))
    signed = tar_of((tar_info("a", len(SIGNED), 0o777), SIGNED), (tar_info("b"), b""))
    comparison = compare(unsigned, signed)
    assert rules(comparison) == ["signature-only", "member-mode"]
    assert comparison.outcome is Outcome.DIFFERENT
    assert not comparison.equal(modulo_signature=True)


SEALED = {"A.app/Contents/MacOS/A": SIGNED, "A.app/Contents/Info.plist": b"<plist/>"}
SEAL = {"A.app/Contents/_CodeSignature/CodeResources": b"<plist>seal</plist>"}


def test_the_seal_of_a_bundle_is_part_of_its_signature(compare: Compare) -> None:
    bare = {**SEALED, "A.app/Contents/MacOS/A": UNSIGNED}
    comparison = compare(pack_zip(bare), pack_zip({**SEALED, **SEAL}))
    assert comparison.outcome is Outcome.SIGNATURES
    assert comparison.causes[0].total == 2
    other = dict.fromkeys(SEAL, b"<plist>other</plist>")
    comparison = compare(pack_zip({**SEALED, **SEAL}), pack_zip({**SEALED, **other}))
    assert only_place(comparison, "signature-only").what == "what seals the bundle"


@pytest.mark.parametrize(
    "path",
    [
        "A.app/Contents/_CodeSignature/evil.sh",
        "A.app/Contents/_CodeSignature/CodeResources/more",
        "_CodeSignature/CodeResources",
        "bin/_CodeSignature",
    ],
)
def test_what_only_looks_like_a_seal_is_no_signature(compare: Compare, path: str) -> None:
    comparison = compare(pack_zip(SEALED, "p"), pack_zip({**SEALED, path: b"#!/bin/sh"}, "p"))
    assert comparison.outcome is Outcome.DIFFERENT
    assert rules(comparison) == ["member-missing"]


PROGRAM = pe_with({".text": b"code" * 9 + b"?"})


def test_certificates_of_a_windows_program_are_its_signature(compare: Compare) -> None:
    comparison = compare(pack_zip({"a.exe": PROGRAM}), pack_zip({"a.exe": pe_signed(PROGRAM)}))
    place = only_place(comparison, "signature-only")
    assert place[1:] == ("certificates", "not signed", "signed")
    comparison = compare(
        pack_zip({"a.exe": pe_signed(PROGRAM)}), pack_zip({"a.exe": pe_signed(PROGRAM, bytes(24))})
    )
    assert comparison.outcome is Outcome.SIGNATURES


@pytest.mark.parametrize(
    "other",
    [
        pe_signed(PROGRAM[:-1] + b"!"),
        pe_signed(PROGRAM + b"more"),
        pe_signed(PROGRAM) + b"behind",
        pe_with({".text": b"code" * 9 + b"?"}, checksum=1),
        pe_signed(PROGRAM + b"\1"),
    ],
    ids=["code", "longer", "behind", "checksum alone", "filled with others than zeros"],
)
def test_what_is_more_than_a_windows_signature(compare: Compare, other: bytes) -> None:
    comparison = compare(pack_zip({"a.exe": PROGRAM}), pack_zip({"a.exe": other}))
    assert rules(comparison) == ["image-content"]
    assert not comparison.equal(modulo_signature=True)


def test_a_damaged_archive_differs_and_the_place_is_named(compare: Compare) -> None:
    data = pack_tar_gz(FILES)
    spoiled = bytearray(data)
    spoiled[len(data) // 2] ^= 0xFF
    for cut, where in ((bytes(spoiled), "compressed data"), (data[:-3], "the end of the gzip")):
        comparison = compare(data, cut)
        assert rules(comparison) == ["archive-unreadable"]
        told, place = comparison.causes[0].places
        assert told.first == "can be read"
        assert "damaged" in (told.second or "")
        assert where in place.what
        assert comparison.outcome is Outcome.DIFFERENT
        assert comparison.second.members is None


def test_what_should_not_be_unpacked_is_refused_by_name(compare: Compare) -> None:
    evil = tar_of((tar_info("top/../../etc/passwd", 1), b"x"))
    comparison = compare(tar_with(nothing), evil)
    assert rules(comparison) == ["archive-unreadable"]
    assert "climbs" in (comparison.causes[0].places[0].second or "")


def test_a_file_that_is_no_archive_any_more(compare: Compare) -> None:
    data = pack_tar_gz(FILES)
    comparison = compare(data, b"<html>not found</html>")
    assert comparison.second.form == "unknown"
    assert "neither a directory nor an archive" in str(comparison.causes[0].places[0].second)


def test_what_cannot_be_compared_is_no_result(compare: Compare) -> None:
    folder = compare.folder
    (folder / "text").write_bytes(b"text")
    (folder / "packed.xz").write_bytes(b"\xfd7zXZ\x00" + bytes(600))
    (folder / "a.tar").write_bytes(pack_tar(FILES))
    for pair in ((folder, folder / "text"), (folder / "text", folder / "text")):
        with pytest.raises(TreeError, match="neither a directory nor an archive"):
            compare_trees(*pair)
    with pytest.raises(TreeError, match="xz is not supported yet"):
        compare_trees(folder / "packed.xz", folder / "a.tar")
    with pytest.raises(CountermarkError, match="there is no"):
        compare_trees(folder / "absent", folder / "a.tar")


def test_files_in_another_order_are_still_paired(compare: Compare) -> None:
    names = [f"top/{number}" for number in range(9)]
    first = tar_of(*((tar_info(name, 4), b"old\n") for name in names))
    second = tar_of(*((tar_info(name, 4), b"new\n") for name in reversed(names)))
    comparison = compare(first, second)
    assert rules(comparison) == ["text-content", "member-order-differs"]
    assert comparison.causes[0].total == 9
    assert {(each.first, each.second) for each in comparison.causes[0].places} == {
        (r"'old\n'", r"'new\n'")
    }


def test_findings_are_those_of_the_rules(compare: Compare) -> None:
    comparison = compare(tar_with(nothing), tar_with(set_mode))
    (finding,) = comparison.findings
    assert (finding.rule, finding.message) == ("X09", "file: 0644 -> 0600")


def test_every_rule_has_a_test_here() -> None:
    text = Path(__file__).read_text()
    assert [rule.name for rule in RULES if f'"{rule.name}"' not in text] == []


def test_zstd_of_several_frames_is_the_same_tar(compare: Compare) -> None:
    tar, zstd = pack_tar(FILES), zstandard.ZstdCompressor(write_checksum=True)
    frames = zstd.compress(tar[:1000]) + zstd.compress(tar[1000:])
    comparison = compare(pack_tar_zst(FILES), frames)
    assert comparison.outcome is Outcome.COMPRESSION

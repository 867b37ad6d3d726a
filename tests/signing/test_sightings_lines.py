"""Every text that Macs print about refused code is recognised, with the facts in it."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.apple import ERRORS
from countersign.rulebook import RULES
from countersign.sightings.lines import MAX_LINE, MAX_QUOTE, PHRASES, recognize_lines
from countersign.sightings.reader import MAX_SIGHTINGS, read_report
from countersign.sightings.sighting import Reporter, Sighting

PAGE = (
    "CODE SIGNING: process 1234[node]: rejecting invalid page at address 0x104a3c000 from offset "
    '0x8000 in file "/usr/local/bin/node" (cs_mtime:1700000000.5 {same} mtime:1700000001.25) '
    "(signed:{signed} validated:{validated} tainted:{tainted} nx:{nx} wpmapped:0 dirty:0 depth:0)"
)
NOT_VALID = "code signature in <B5B9A245-57BA> '/x/liby.dylib' not valid for use in process: "


def page(same: str = "==", signed: int = 1, tainted: int = 0, nx: int = 0) -> str:
    return PAGE.format(same=same, signed=signed, validated=1, tainted=tainted, nx=nx)


SAMPLES: Final[dict[str, str]] = {
    page(tainted=1): "R27",
    page(tainted=15, same="!="): "R27",
    page(nx=1): "R40",
    page(): "R19",
    page(signed=0): "A1",
    page(tainted=1).replace(" nx:0", ""): "R27",
    "CODE SIGNING: cs_invalid_page(0x104a3c000): p=1[a] final status 0x23000200, denying page "
    "sending SIGKILL": "R27",
    "CODE SIGNING: cs_invalid_page(0x1): p=1[a] final status 0x2, allowing (remove VALID) page"
    " (0)": "R27",
    "CODE SIGNING: node[77]: invalid initial page at offset 16384 validated:1 tainted:1 "
    "csflags:0x22000": "R27",
    'proc 9220: load code signature error 4 for file "node"': "R22",
    'proc 9220: load code signature error 2 for file "node"': "R11",
    'proc 9220: load code signature error 9 for file "node"': "R12",
    "disallowing unsupported code signature page shift: 14": "R32",
    "multiple hash=2 CodeDirectories in signature; rejecting": "R29",
    "multiple der entitlements blobs": "R26",
    "unable to validate security-critical blob: 1 [8|32]": "R41",
    "CODESIGNING: can not re-validate a previously invalidated blob, reboot or create a new "
    "file.": "",
    "load_code_signature: embedded signature doesn't match attached signature": "",
    "load_code_signature: revalidation failed: 1": "",
    "CODESIGNING: csblob invalid: 85": "R22",
    "validation of code signature failed through MACF policy: 1": "A4",
    "code signature invalid in <B5B9A245-57BA> '/x/liby.dylib' (errno=85) sliceOffset=0x00004000, "
    "codeBlobOffset=0x00010000, codeBlobSize=0x00000200": "R22",
    "code signature invalid in <0> '/x' (errno=1) sliceOffset=0x00000000, codeBlobOffset=0x00000001"
    ", codeBlobSize=0x00000200": "R22",
    "dyld: code signature invalid for '/x/liby.dylib'": "R22",
    "code signature invalid (errno=1) sliceOffset=0x00004000, codeBlobOffset=0x00010000, "
    "codeBlobSize=0x00000200 for '/x/liby.dylib'": "R22",
    "code signature in (/x/liby.dylib) not valid for use in process using Library Validation: "
    "mapped file has no Team ID and is not a platform binary": "A3",
    "fcntl(fd, F_ADDFILESIGS_RETURN) failed with errno=7 in <0> '/x', sliceOffset=0x0": "R21",
    "fcntl(fd, F_ADDFILESIGS_RETURN) failed with errno=37 in <0> '/x', sliceOffset=0x0": "R54",
    "code signature does not cover entire file up to signature in <0> '/x' (signed 0x0, expected "
    "0x1) for '/x'": "R33",
    NOT_VALID + "mapping process and mapped file (non-platform) have different Team IDs": "A3",
    NOT_VALID + "mapped file has no cdhash, completely unsigned? Code has to be signed.": "A1",
    NOT_VALID.replace(":", " using Library Validation:")
    + "mapped file has no Team ID and is not": "A3",
    "code signing blocked mmap() of '/x/liby.dylib'": "R27",
    "missing LC_UUID load command": "K7",
    "segment '__LINKEDIT' filesize exceeds vmsize": "R17",
    "segment '__TEXT' load command content extends beyond end of file": "R18",
    "vm range of segment '__DATA' overlaps segment '__TEXT'": "K12",
    "__DATA_CONST segment missing SG_READ_ONLY flag": "K10",
    "__TEXT segment permissions is not 'r-x'": "K19",
    "segment '__DATA' file offset out of order": "K20",
    "mis-aligned code signature": "R14",
    "slice is not page aligned": "R9",
    "cpu type/subtype in slice (arm64) does not match fat header (arm64e)": "K11",
    "overlapping slices": "R5",
    "arm64 slice extends beyond end of file": "R3",
    "'/x' (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64'))": "",
    "AMFI: hook..execve() killing pid 78760: Attempt to execute completely unsigned code (must be "
    "at least ad-hoc signed).": "A1",
    "AMFI: hook..execve() killing node (pid 7): Attempt to execute completely unsigned code": "A1",
    "AMFI: hook..execve() killing node (pid 12): dyld signature cannot be verified": "A1",
    "AMFI: Code has restricted entitlements, but the validation of its signature failed.": "A4",
    'amfid: /a not valid: Error Domain=AppleMobileFileIntegrityError Code=-413 "No matching '
    'profile found"': "A4",
    'AppleMobileFileIntegrityError Code=-423 "The file is adhoc signed"': "",
    "AppleMobileFileIntegrityError Code=-999": "",
    "AMFI: binary contains an invalid entitlements blob": "E2",
    "AMFI: node has entitlements but is not a main binary": "E4",
    "AMFI: '/x/node' has no CMS blob?": "",
    "AMFI: '/x/node': Unrecoverable CT signature issue, bailing out.": "",
    "AMFI: '/x/node' is adhoc signed.": "",
    "AMFI: code signature validation failed.": "R22",
    "ASP: Security policy would not allow process: 78760, /Users/x/a.out": "A1",
    "zsh: killed     ./node --version": "R27",
    "bash: line 1:  4242 Killed: 9               ./node": "R27",
    "zsh: bad CPU type in executable: ./node": "K11",
    "-bash: ./node: Malformed Mach-o file": "R3",
    "zsh: bad executable (or shared library): ./node": "R27",
    "“Node.app” is damaged and can\N{RIGHT SINGLE QUOTATION MARK}t be opened. Move it away.": "R27",
    "Apple could not verify “node” is free of malware that may harm your Mac": "",
    '"Node" can\'t be opened because Apple cannot check it for malicious software.': "",
    "Termination Reason:    Namespace CODESIGNING, Code 2, Invalid Page": "R27",
    "Termination Reason:    Namespace CODESIGNING, Code 0x1": "R27",
    "Termination Reason: CODESIGNING 2": "R27",
    "Termination Reason: Namespace EXEC, Code 0x8": "A1",
    "Termination Reason: Namespace SIGNAL, Code 6 Abort trap": "",
    "Exception Type:        EXC_BAD_ACCESS (SIGKILL (Code Signature Invalid))": "R27",
    "Exception Type:  EXC_BAD_ACCESS (SIGKILL - CODESIGNING)": "R27",
    "amfid: MacOS error: -67062": "R1",
    "MacOS error: -66000": "",
    "SecStaticCodeCheckValidity: errSecCSBadMainExecutable": "R6",
    **{f"/x/node: {error.text}": "*" for error in ERRORS.values()},
}
"""A line, and the first of the rules that it stands for; ``*`` where another test says it."""


def sightings(line: str) -> list[Sighting]:
    return list(recognize_lines(line))


@pytest.mark.parametrize("line", SAMPLES)
def test_a_text_is_recognised_with_its_rule(line: str) -> None:
    first = sightings(f"2026-01-01 12:00:00 kernel[0]: {line}\n")[0]
    if SAMPLES[line] != "*":
        assert (first.rules or ("",))[0] == SAMPLES[line]
    assert first.meaning.endswith(".")
    assert set(first.rules) <= set(RULES)


def test_every_phrase_has_a_sample() -> None:
    for phrase in PHRASES:
        hits = [line for line in SAMPLES if phrase.mark in line and phrase.pattern.search(line)]
        assert hits, phrase.pattern.pattern


def test_texts_of_open_code_say_where_they_stand() -> None:
    closed = (Reporter.AMFI, Reporter.DESKTOP, Reporter.CRASH_REPORT)
    for phrase in PHRASES:
        assert phrase.source is not None or phrase.reporter in closed, phrase.mark
        assert phrase.source is None or phrase.reporter is not Reporter.AMFI, phrase.mark


def test_the_facts_of_a_line_are_read() -> None:
    (found,) = sightings(page(tainted=1))
    assert (found.process, found.pid, found.path) == ("node", 1234, "/usr/local/bin/node")
    assert (found.offset, found.address) == (0x8000, 0x104A3C000)


def test_a_file_written_into_is_told_by_its_times() -> None:
    (found,) = sightings(page(tainted=1, same="!="))
    assert "new file" in found.advice


def test_dyld_names_the_place_of_the_signature_in_the_whole_file() -> None:
    line = next(each for each in SAMPLES if "sliceOffset=0x00004000" in each)
    (found,) = sightings(line)
    assert (found.offset, found.uuid) == (0x14000, "b5b9a24557ba")


def test_older_dylds_name_the_library_too() -> None:
    for line in SAMPLES:
        if "(/x/liby.dylib)" in line or "for '/x/liby.dylib'" in line:
            assert sightings(line)[0].path == "/x/liby.dylib"


def test_several_libraries_in_one_line_are_several_sightings() -> None:
    reason = "mapped file has no cdhash"
    line = f"tried: '/a' ({NOT_VALID}{reason}), '/b' ({NOT_VALID.replace('liby', 'libz')}{reason})"
    assert [found.path for found in sightings(line)] == ["/x/liby.dylib", "/x/libz.dylib"]


def test_what_codesign_prints_names_the_file_only_at_the_start_of_a_line() -> None:
    text = ERRORS["errSecCSSignatureFailed"].text
    assert sightings(f"dist/node: {text}")[0].path == "dist/node"
    assert sightings(f"step 3: dist/node: {text}")[0].path is None


def test_repetitions_are_told_once_and_others_up_to_a_limit() -> None:
    assert len(read_report((page(tainted=1) + "\n").encode() * 1000)) == 1
    many = "\n".join(f"code signing blocked mmap() of '/x/{each}'" for each in range(1000))
    assert len(read_report(many.encode())) == MAX_SIGHTINGS


def test_long_lines_are_cut_and_long_quotes_too() -> None:
    assert not sightings("x" * MAX_LINE + page(tainted=1))
    (found,) = sightings(f"code signing blocked mmap() of '{'x' * 1000}'")
    assert len(found.quote) <= MAX_QUOTE + 3


ALPHABET = st.sampled_from([*"<>'\"[]():/ 0x\n“”", *(phrase.mark for phrase in PHRASES), "AMFI: '"])


@given(st.lists(ALPHABET, max_size=200).map("".join))
def test_any_mixture_of_marks_is_read_without_an_error(text: str) -> None:
    for found in recognize_lines(text):
        assert set(found.rules) <= set(RULES)


@given(st.binary(max_size=500))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    read_report(data)


@given(st.sampled_from(sorted(SAMPLES)), st.integers(0, 400), st.characters())
def test_a_damaged_line_is_recognised_or_not_but_never_an_error(
    line: str, at: int, character: str
) -> None:
    list(recognize_lines(line[:at] + character + line[at + 1 :]))

"""Crash reports in both forms: what ended the process, where, and what is there in a file."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.sightings.crash import read_crash
from countersign.sightings.pinpoint import PageState, find_spot
from countersign.sightings.reader import read_report
from countersign.sightings.sighting import Reporter, Sighting
from countersign.window import Window
from macho import Macho, fat, put

IMAGE = Macho(symbols=(("_main", 0x1000), ("_usage", 0x2000)), room=0x300).sealed()
GOOD = IMAGE.build()
DATA = IMAGE.text_size + IMAGE.linkedit_size
UUID = b"0123456789abcdef".hex()
START = 0x104A38000

BODY: dict[str, Any] = {
    "procName": "node",
    "procPath": "/usr/local/bin/node",
    "pid": 4242,
    "exception": {
        "codes": "0x0000000000000032, 0x0000000104a3a100",
        "rawCodes": [50, START + 0x2100],
        "type": "EXC_BAD_ACCESS",
        "signal": "SIGKILL (Code Signature Invalid)",
        "subtype": "UNKNOWN_0x32 at 0x0000000104a3a100",
    },
    "termination": {
        "flags": 0,
        "code": 2,
        "namespace": "CODESIGNING",
        "indicator": "Invalid Page",
    },
    "usedImages": [
        {
            "source": "P",
            "arch": "arm64",
            "base": START,
            "size": 0x8000,
            "uuid": UUID,
            "path": "/usr/local/bin/node",
            "name": "node",
        },
        {"source": "P", "arch": "arm64e", "base": 0x18F000000, "size": 0x1000, "name": "dyld"},
    ],
}
HEADER = {"app_name": "node", "bug_type": "309", "os_version": "macOS 27.0 (26A1)"}
TEXT = """\
Process:               node [4242]
Path:                  /usr/local/bin/node
Code Type:             ARM-64 (Native)

Exception Type:        EXC_BAD_ACCESS (SIGKILL (Code Signature Invalid))
Exception Codes:       UNKNOWN_0x32 at 0x0000000104a3a100
Exception Codes:       0x0000000000000032, 0x0000000104a3a100

Termination Reason:    Namespace CODESIGNING, Code 2 Invalid Page

Binary Images:
       0x104a38000 -        0x104a3ffff node (*) <30313233-3435-3637-3839-616263646566> /usr/local/bin/node
       0x18f000000 -        0x18f000fff dyld (*) <00000000-0000-0000-0000-000000000000> /usr/lib/dyld
"""  # noqa: E501


def ips(**changes: object) -> str:
    return f"{json.dumps(HEADER)}\n{json.dumps({**BODY, **changes}, indent=2)}"


def read(text: str) -> tuple[Sighting, ...]:
    return read_report(text.encode())


def ending(text: str) -> Sighting:
    return next(each for each in read(text) if "Termination" in each.quote)


@pytest.mark.parametrize("text", [ips(), TEXT, json.dumps(BODY)], ids=["ips", "text", "body"])
def test_the_end_of_the_process_and_its_place_are_read(text: str) -> None:
    found = ending(text)
    assert (found.rules[0], found.reporter) == ("R27", Reporter.CRASH_REPORT)
    assert (found.process, found.pid, found.path) == ("node", 4242, "/usr/local/bin/node")
    assert (found.address, found.memory_offset) == (START + 0x2100, 0x2100)
    assert found.uuid == UUID


def test_an_address_outside_of_all_images_is_told_as_it_is() -> None:
    exception = {**BODY["exception"], "rawCodes": [50, 0x1234]}
    found = ending(ips(exception=exception))
    assert (found.address, found.memory_offset) == (0x1234, None)
    assert found.path == "/usr/local/bin/node"


REGION = (
    "VM Region Info: 0x1234 is in 0x1000-0x2000;  bytes after start: 564  bytes before end: 3531\n"
    "      REGION TYPE                 START - END      [ VSIZE] PRT/MAX SHRMOD  REGION DETAIL\n"
    "--->  mapped file                  1000-2000       [    4K] r-x/rwx SM=COW  Object_id=7\n"
)


def test_an_address_in_a_file_that_is_no_image_yet_is_a_library_being_loaded() -> None:
    exception = {**BODY["exception"], "rawCodes": [50, 0x1234]}
    for text in (
        ips(exception=exception, vmRegionInfo=REGION),
        TEXT.replace("0x0000000104a3a100", "0x1234").replace("\nTermin", f"\n{REGION}\nTermin"),
    ):
        assert "just being loaded" in ending(text).advice
    assert "loaded" not in ending(ips(vmRegionInfo=REGION)).advice


@pytest.mark.parametrize(
    ("namespace", "code", "rule"),
    [("CODESIGNING", 1, "R27"), ("CODESIGNING", 4, ""), ("EXEC", 8, "A1"), ("DYLD", 5, "R27")],
)
def test_other_endings_have_their_meaning(namespace: str, code: int, rule: str) -> None:
    found = ending(ips(termination={"namespace": namespace, "code": code}))
    assert (found.rules or ("",))[0] == rule


def test_what_dyld_said_is_recognised_among_the_reasons() -> None:
    reason = (
        "Library not loaded: @rpath/liby.dylib\n  Reason: tried: '/x/liby.dylib' (code signature "
        "in <0> '/x/liby.dylib' not valid for use in process: mapping process and mapped file "
        "(non-platform) have different Team IDs)"
    )
    termination = {"namespace": "DYLD", "code": 1, "reasons": [reason, 7, None]}
    found = read(ips(termination=termination))
    assert "A3" in {rule for each in found for rule in each.rules}
    assert "/x/liby.dylib" in {each.path for each in found}


def test_other_text_is_no_crash_report() -> None:
    assert read_crash("zsh: killed  ./node") is None
    assert read_crash('{"a": 1}') is None
    assert read_crash("") is None
    assert read_report(b"") == read_report(b"{}") == ()


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"termination":' * 50_000,
        '{"termination": {"code": 2}, "a": ' + "[" * 50_000,
        '{"exception": {"rawCodes": [50, ' + "9" * 4000 + "]}}",
        '{"exception": {"rawCodes": [50, ' + "9" * 100_000 + "]}}",
        '{"termination": {"namespace": "EXEC", "code": 1e999}}',
        '{"termination": {"namespace": "EXEC", "code": -1}}',
        '{"termination": 3, "exception": [], "usedImages": {"base": 1}}',
        '{"termination": {}, "usedImages": [1, {"base": -5, "size": "x"}, {"base": true}]}',
        '{"termination": {"namespace": "X", "code": 0, "reasons": {"a": 1}}}',
        "\ufeff{}",
        "{" + "\0" * 100,
    ],
)
def test_hostile_json_gives_few_sightings_and_no_error(text: str) -> None:
    assert len(read(text)) <= 1


PLAIN = st.sampled_from([None, True, -1, 0, 2, 1 << 70, 0.5, "", "EXEC", " at 0x10", "-" * 40])
KEYS = st.sampled_from([*BODY, *BODY["exception"], *BODY["termination"], "reasons", "base", "size"])


JSON = PLAIN | st.lists(PLAIN | st.dictionaries(KEYS, PLAIN, max_size=4), max_size=3)


@given(st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=4), max_size=6))
def test_any_document_is_read_without_an_error(document: dict[str, Any]) -> None:
    read(json.dumps({**BODY, **document}))


@given(st.integers(0, len(TEXT)), st.text(max_size=20))
def test_any_damage_to_a_text_is_read_without_an_error(at: int, noise: str) -> None:
    read(TEXT[:at] + noise + TEXT[at:])


def test_a_changed_page_is_pinpointed_in_the_file() -> None:
    found = ending(ips())
    spot = find_spot(Window.over(put(GOOD, 0x2100, "B", GOOD[0x2100] ^ 1)), found)
    assert spot is not None
    assert (spot.offset, spot.page, spot.page_size) == (0x2100, 2, 0x1000)
    assert (spot.state, spot.holds, spot.symbols) == (
        PageState.CHANGED,
        ("__TEXT,__text",),
        ("_usage",),
    )
    assert not spot.other_build


def test_a_good_page_says_that_the_mac_ran_something_else() -> None:
    spot = find_spot(Window.over(GOOD), ending(ips()))
    assert spot is not None
    assert spot.state is PageState.GOOD


def test_another_build_is_told_by_its_uuid() -> None:
    spot = find_spot(Window.over(GOOD), replace(ending(ips()), uuid="00" * 16))
    assert spot is not None
    assert spot.other_build


def test_places_in_memory_and_in_the_file_are_those_of_the_slice() -> None:
    intel = Macho(arch="x86_64").sealed().build()
    data = fat([("x86_64", intel), ("arm64", GOOD)])
    start = data.find(GOOD)
    spot = find_spot(Window.over(data), ending(ips()))
    assert spot is not None
    assert (spot.arch, spot.offset) == ("arm64", start + 0x2100)
    in_file = replace(ending(ips()), memory_offset=None, offset=start + 0x2100)
    assert find_spot(Window.over(data), in_file) == spot


@pytest.mark.parametrize(
    ("offset", "state"), [(DATA + 8, PageState.UNSIGNED), (1 << 40, PageState.OUTSIDE)]
)
def test_places_without_a_hash_are_told(offset: int, state: PageState) -> None:
    padded = put(GOOD, 0, "B", GOOD[0])
    sighting = replace(ending(ips()), memory_offset=None, offset=offset + 0x1000)
    if state is PageState.OUTSIDE:
        sighting = replace(sighting, offset=offset)
    spot = find_spot(Window.over(padded + bytes(0x2000)), sighting)
    assert spot is not None
    assert spot.state is state


def test_a_report_without_a_place_has_no_spot() -> None:
    (sighting, *_) = read("AMFI: code signature validation failed")
    assert find_spot(Window.over(GOOD), sighting) is None
    assert find_spot(Window.over(b"no image"), ending(ips())) is None
    far = replace(ending(ips()), memory_offset=1 << 50)
    assert find_spot(Window.over(GOOD), far) is None


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, 1 << 20))
def test_any_damaged_file_can_be_looked_into(at: int, value: int, place: int) -> None:
    data = Window.over(put(GOOD, at, "B", value))
    for sighting in (
        replace(ending(ips()), memory_offset=place),
        replace(ending(ips()), memory_offset=None, offset=place),
    ):
        find_spot(data, sighting)

from __future__ import annotations

import hashlib
import plistlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign.errors import InfoPlistError
from countersign.identifier import apple_identifier, canonical_identifier

UUID = bytes(range(0xA0, 0xB0))
UUID_SUFFIX = "-55554944a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"


def identifier(
    name: str,
    *,
    info: dict[str, object] | None = None,
    uuid: bytes | None = UUID,
    prefix: str | None = None,
    head: bytes = b"",
) -> str:
    return apple_identifier(
        name,
        info_plist=None if info is None else plistlib.dumps(info),
        uuid=uuid,
        header_and_commands=head,
        prefix=prefix,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bitcoin-node", "bitcoin-node"),
        ("/usr/lib/libfrotz7.3.5.dylib", "libfrotz7"),
        ("libhdf5.320.0.0.dylib", "libhdf5"),
        ("libxcb.1.1.0.dylib", "libxcb.1"),
        ("mumble.77.plugin", "mumble.77"),
        ("rumble.rb", "rumble"),
        ("foo.2.3.4", "foo.2"),
        ("foo2.3", "foo2"),
        ("foo.9", "foo.9"),
        ("python3.12", "python3"),
        ("clang-18", "clang-18"),
        ("a.out", "a"),
        ("_core.cpython-311-darwin.so", "_core.cpython-311-darwin"),
        ("org.example.tool", "org.example"),
        ("7z.so", "7z"),
        ("1.2.3", "1.2.3"),
        ("foo.5x", "foo.5x"),
        ("foo.x5", "foo"),
        ("foo.", "foo."),
        ("foo..5", "foo."),
        (".hidden", ""),
        (".9", ".9"),
        ("", ""),
        ("directory/", ""),
        ("m\u00fcnze.\u0663", "m\u00fcnze"),
    ],
)
def test_names_lose_directories_extensions_and_numbers(name: str, expected: str) -> None:
    assert canonical_identifier(name) == expected


def transcribed(name: str) -> str:
    """Follow diskrep.cpp step by step, its end-of-string character included."""
    text = name.rpartition("/")[2]
    dot = text.rfind(".")
    if dot >= 0 and (text + "\0")[dot + 1] not in "0123456789\0":
        text = text[:dot]
    if (text + "\0")[0] in "0123456789.\0":
        return text
    at = len(text) - 1
    while text[at] in "0123456789.":
        at -= 1
    at += 1
    if (text + "\0")[at] == ".":
        at += 1
    while at < len(text) and text[at] in "0123456789":
        at += 1
    return text[:at]


@given(st.text("ab./0123-", max_size=12))
def test_every_name_gets_what_the_steps_of_the_source_give(name: str) -> None:
    assert canonical_identifier(name) == transcribed(name)


def test_a_name_without_a_dot_gets_the_uuid() -> None:
    assert identifier("bin/program.exe") == "program" + UUID_SUFFIX
    assert identifier("python3.12") == "python3" + UUID_SUFFIX
    assert identifier(".hidden") == UUID_SUFFIX


def test_a_name_with_a_dot_is_enough() -> None:
    assert identifier("libxcb.1.1.0.dylib") == "libxcb.1"


def test_a_prefix_goes_before_names_without_a_dot_as_it_is() -> None:
    assert identifier("program", prefix="org.example.") == "org.example.program"
    assert identifier("program", prefix="my-") == "my-program" + UUID_SUFFIX
    assert identifier("libxcb.1.dylib", prefix="org.example.") == "libxcb.1"


def test_the_bundle_identifier_comes_first() -> None:
    info: dict[str, object] = {"CFBundleIdentifier": "org.example.inside"}
    assert identifier("program", info=info, prefix="com.") == "org.example.inside"


def test_a_bundle_identifier_without_a_dot_gets_the_prefix_but_no_uuid() -> None:
    info: dict[str, object] = {"CFBundleIdentifier": "inside"}
    assert identifier("program", info=info) == "inside"
    assert identifier("program", info=info, prefix="org.") == "org.inside"


@pytest.mark.parametrize("info", [{}, {"CFBundleIdentifier": ""}])
def test_an_info_plist_without_identifier_changes_nothing(info: dict[str, object]) -> None:
    assert identifier("program", info=info) == "program" + UUID_SUFFIX


def test_a_damaged_info_plist_is_an_error() -> None:
    with pytest.raises(InfoPlistError):
        apple_identifier("a.b", info_plist=b"\0", uuid=None, header_and_commands=b"")


@pytest.mark.parametrize(
    ("magic", "reserved"),
    [("<I", b""), (">I", b""), ("<Q", b"\xaa" * 4), (">Q", b"\xaa" * 4)],
)
def test_without_a_uuid_the_header_and_commands_are_hashed(magic: str, reserved: bytes) -> None:
    order, wide = magic[0], magic[1] == "Q"
    header = struct.pack(order + "I", 0xFEEDFACF if wide else 0xFEEDFACE) + b"h" * 24
    commands = b"load commands"
    digest = hashlib.sha1(header + commands).hexdigest()
    head = header + reserved + commands
    assert identifier("program", uuid=None, head=head) == f"program-{digest}"


@given(st.binary(max_size=40))
def test_any_header_gives_a_name_of_the_same_length(head: bytes) -> None:
    assert len(identifier("program", uuid=None, head=head)) == len("program-") + 40

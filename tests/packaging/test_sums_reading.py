"""A list of digests is understood as sha256sum does, or it is said why not."""

from __future__ import annotations

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.sums.reading import LARGEST_LIST, MOST_OF_A_RULE, Sums, parse_sums
from countermark.sums.writing import format_sums
from countersign.findings import Severity

A, B = sha256(b"a").hexdigest(), sha256(b"b").hexdigest()
needs_sha256sum = pytest.mark.skipif(not shutil.which("sha256sum"), reason="no sha256sum here")
names = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1).filter(
    lambda name: not {"/", "\\", ":"}.intersection(name) and name not in (".", "..")
)


def found(sums: Sums) -> list[tuple[str, str]]:
    return [(each.name, each.severity.value) for each in sums.findings]


def listed(sums: Sums) -> list[tuple[str, str]]:
    return [(each.name, each.digest) for each in sums.entries]


@given(digests=st.dictionaries(names, st.sampled_from([A, B]), min_size=1))
def test_what_is_written_is_read_again(digests: dict[str, str]) -> None:
    folded = {normalize("NFC", normalize("NFC", name).casefold()): name for name in digests}
    digests = {name: digests[name] for name in folded.values()}
    sums = parse_sums(format_sums(digests))
    assert sums.digests == digests
    assert not sums.findings
    assert sums.sound


def test_the_order_of_the_list_is_kept() -> None:
    sums = parse_sums(f"{B}  z\n{A}  a/b\n".encode())
    assert listed(sums) == [("z", B), ("a/b", A)]
    assert [each.line for each in sums.entries] == [1, 2]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        (f"{A} *x\n", ("binary-marker", "note")),
        (f"{A}  x\r\n", ("carriage-return", "warning")),
        (f"SHA256 (x) = {A}\n", ("bsd-line", "note")),
        (f"{A}  x", ("no-last-line-feed", "warning")),
    ],
)
def test_other_forms_are_understood_and_remarked(line: str, finding: tuple[str, str]) -> None:
    sums = parse_sums(line.encode())
    assert listed(sums) == [("x", A)]
    assert found(sums) == [finding]
    assert sums.sound


def test_capital_digits_and_empty_lines_mean_nothing() -> None:
    assert listed(parse_sums(f"\n{A.upper()}  x\n\n".encode())) == [("x", A)]


@pytest.mark.parametrize(("digits", "name"), [(64, "sha256"), (96, "sha384"), (128, "sha512")])
def test_strong_digests_of_every_length_are_known(digits: int, name: str) -> None:
    (entry,) = parse_sums(f"{'0a' * (digits // 2)}  x\n".encode()).entries
    assert entry.algorithm == name


@pytest.mark.parametrize("digits", [16, 32, 40, 56, 62, 63, 65, 66, 130, 256])
def test_weak_and_unknown_digests_are_refused(digits: int) -> None:
    sums = parse_sums(f"{'0' * digits}  x\n".encode())
    assert found(sums) == [("digest-kind", "error"), ("nothing-listed", "error")]


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "../x", "a/../x", "./x", "a//b", "a/", ".", "..", "C:x", "C:/x", "a\\b"],
)
def test_names_that_are_no_plain_paths_are_refused(name: str) -> None:
    sums = parse_sums(f"{A}  {name}\n{A}  good\n".encode())
    assert listed(sums) == [("good", A)]
    assert found(sums) == [("unsafe-name", "error")]


@pytest.mark.parametrize(
    "name", [b"a\x00b", b"a\x1b[2Jb", b"a\tb", b"\xff\xfe", "a\u202eb".encode(), b"a\x7f", b"a\rb"]
)
def test_names_that_cannot_be_printed_are_refused(name: bytes) -> None:
    sums = parse_sums(A.encode() + b"  " + name + b"\n")
    assert found(sums) == [("control-character", "error"), ("nothing-listed", "error")]
    assert all(each.message.isprintable() for each in sums.findings)


def test_escaped_names_are_unescaped_before_they_are_judged() -> None:
    assert found(parse_sums(f"\\{A}  a\\nb\n".encode()))[0] == ("control-character", "error")
    assert found(parse_sums(f"\\{A}  ..\\\\x\n".encode()))[0] == ("unsafe-name", "error")
    assert found(parse_sums(f"\\SHA256 (a\\nb) = {A}\n".encode()))[0] == (
        "control-character",
        "error",
    )
    plain = parse_sums(f"\\{A}  a\n".encode())
    assert listed(plain) == [("a", A)]
    assert found(plain) == [("escaped-name", "warning")]


@pytest.mark.parametrize(
    "line",
    [b"x", A.encode(), f"{A} x".encode(), f"{A}\tx".encode(), f"{A}  ".encode(), b"# a remark"],
)
def test_a_line_that_is_not_understood_is_an_error(line: bytes) -> None:
    sums = parse_sums(line + b"\n" + f"{A}  good\n".encode())
    assert listed(sums) == [("good", A)]
    assert found(sums) == [("not-a-line", "error")]


@pytest.mark.parametrize(
    ("second", "severity"), [(f"{A}  x", "warning"), (f"{B}  x", "error"), (f"{A}  X", "error")]
)
def test_names_listed_twice_are_told_and_the_first_is_followed(second: str, severity: str) -> None:
    sums = parse_sums(f"{A}  x\n{second}\n".encode())
    assert listed(sums) == [("x", A)]
    assert found(sums) == [("listed-twice", severity)]


@pytest.mark.parametrize(
    "second", ["cafe\N{COMBINING ACUTE ACCENT}", "CAFE\N{COMBINING ACUTE ACCENT}"]
)
def test_names_that_a_mac_takes_for_one_are_listed_twice(second: str) -> None:
    sums = parse_sums(f"{A}  caf\N{LATIN SMALL LETTER E WITH ACUTE}\n{A}  {second}\n".encode())
    assert found(sums) == [("listed-twice", "error")]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\r\n"])
def test_an_empty_list_is_an_error(content: bytes) -> None:
    assert ("nothing-listed", "error") in found(parse_sums(content))


def test_signed_messages_and_huge_files_are_no_lists() -> None:
    for content in (b"-----BEGIN PGP SIGNED MESSAGE-----\n", bytes(LARGEST_LIST + 1)):
        sums = parse_sums(content)
        assert not sums.entries
        assert found(sums) == [("not-a-line", "error")]


def test_a_million_bad_lines_are_few_findings() -> None:
    sums = parse_sums(b"x\n" * 1_000_000)
    assert len(sums.findings) == MOST_OF_A_RULE + 2
    assert not sums.sound


@settings(max_examples=500)
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(lambda t: f"{A}  {t}".encode()))
def test_every_list_is_either_followed_or_found_fault_with(content: bytes) -> None:
    sums = parse_sums(content)
    assert sums.entries or any(each.severity is Severity.ERROR for each in sums.findings)
    for entry in sums.entries:
        assert entry.name.isprintable()
        assert not {"", ".", ".."}.intersection(entry.name.split("/"))


@needs_sha256sum
@given(name=names.filter(lambda name: name != "-"))  # which is standard input to it
@settings(max_examples=30)
def test_sha256sum_reads_the_same(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("list")
    (folder / name[:100]).write_bytes(b"a")
    for option in ("--text", "--binary", "--tag"):
        command = ["sha256sum", option, "--", name[:100]]
        printed = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
        assert parse_sums(printed).digests == {name[:100]: A}


def test_a_name_that_sha256sum_escapes_is_refused(tmp_path: Path) -> None:
    if not shutil.which("sha256sum"):
        pytest.skip("no sha256sum here")
    (tmp_path / "a\nb").write_bytes(b"a")
    command = ["sha256sum", "a\nb"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    assert found(parse_sums(printed))[0] == ("control-character", "error")

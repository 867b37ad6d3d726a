"""Is everything there that a release is to have? Rules C01 to C05."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from countermark.errors import ConfigurationError
from countermark.hosts import HOSTS
from countermark.packing.artifacts import published
from countermark.packing.completeness import Asked, judge_names, take_stock
from countermark.rules import RULES
from countersign.findings import Severity, Verdict

LINUX = HOSTS["x86_64-linux-gnu"]
WHOLE = tuple(map(str, published(HOSTS.values(), "bitcoin", "31.0", codesigned=True)))


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A codesigned release with its lists and signatures."""
    for name in (*WHOLE, "SHA256SUMS", "SHA256SUMS.asc", "SHA256SUMS.ots", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def said(verdict: Verdict) -> dict[str, str]:
    """Each rule that is broken, by the name of the file."""
    return {
        Path(file.path).name: finding.rule for file in verdict.files for finding in file.findings
    }


def test_a_whole_release_is_complete(dist: Path) -> None:
    stock = take_stock(dist, Asked(codesigned=True))
    assert (stock.name, stock.version) == ("bitcoin", "31.0")
    assert stock.verdict.accepted
    assert said(stock.verdict) == {}
    assert (stock.present, len(stock.expected)) == (28, 28)


@pytest.mark.parametrize("name", WHOLE)
def test_any_file_that_is_missing_is_named(dist: Path, name: str) -> None:
    (dist / name).unlink()
    stock = take_stock(dist, Asked(codesigned=True))
    assert not stock.verdict.accepted
    assert said(stock.verdict).items() >= {name: "C01"}.items()
    assert stock.present == 27


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("bitcoin-31.0-x86_64-linux-gnu.tar.zst", "C02"),
        ("bitcoin-31.0-powerpc64le-linux-gnu.tar.gz", "C02"),
        ("bitcoin-31.0-x86_64-w64-mingw32.zip", "C03"),
        ("bitcoin-31.0-win64 (1).zip", "C03"),
        ("bitcoin-31.0-x86_64-linux.tar.gz", "C02"),
        ("bitcoin-31.0-amiga.tar.gz", "C03"),
        ("Bitcoin.dmg", "C03"),
        ("bitcoin-30.2-x86_64-linux-gnu.tar.gz", "C05"),
        ("litecoin-31.0.tar.gz", "C05"),
        ("\x1b[31m.zip", "C03"),
    ],
)
def test_a_file_beyond_the_set_is_a_warning(dist: Path, name: str, rule: str) -> None:
    (dist / name).write_bytes(b"x")
    stock = take_stock(dist, Asked(codesigned=True))
    assert said(stock.verdict) == {name: rule}
    assert RULES[rule].severity is Severity.WARNING
    assert stock.verdict.accepted


def test_a_file_that_holds_nothing_is_none(dist: Path) -> None:
    (dist / WHOLE[0]).write_bytes(b"")
    (dist / WHOLE[1]).unlink()
    (dist / WHOLE[1]).mkdir()
    (dist / WHOLE[2]).unlink()
    (dist / WHOLE[2]).symlink_to("nowhere")
    (dist / WHOLE[3]).unlink()
    os.mkfifo(dist / WHOLE[3])
    stock = take_stock(dist, Asked(codesigned=True))
    assert said(stock.verdict) == dict.fromkeys(WHOLE[:4], "C04")
    assert not stock.verdict.accepted


def test_a_release_that_is_not_codesigned_has_no_more(dist: Path) -> None:
    stock = take_stock(dist, Asked())
    assert len(stock.expected) == 21
    assert stock.verdict.accepted
    assert list(said(stock.verdict).values()) == ["C02"] * 7


def test_only_the_hosts_that_are_named_are_expected(tmp_path: Path) -> None:
    for name in ("", "-x86_64-linux-gnu", "-x86_64-linux-gnu-debug"):
        (tmp_path / f"bitcoin-31.0{name}.tar.gz").write_bytes(b"x")
    stock = take_stock(tmp_path, Asked(hosts=(LINUX,)))
    assert (stock.verdict.accepted, said(stock.verdict)) == (True, {})


def test_signatures_may_be_called_by_their_commit(dist: Path) -> None:
    old = dist / "bitcoin-31.0-codesignatures-31.0.tar.gz"
    old.rename(dist / "bitcoin-31.0-codesignatures-b2c45fbb1084.tar.gz")
    assert said(take_stock(dist, Asked(codesigned=True)).verdict) == {}
    (dist / "bitcoin-31.0-codesignatures-31.0.tar.gz").write_bytes(b"x")
    found = said(take_stock(dist, Asked(codesigned=True)).verdict)
    assert found == {"bitcoin-31.0-codesignatures-b2c45fbb1084.tar.gz": "C02"}


@pytest.mark.parametrize("names", [[], ["a-1.0.tar.gz", "b-1.0.tar.gz"], ["notes.txt"]])
def test_a_release_that_cannot_be_told_is_asked_for(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ConfigurationError, match="cannot be told") as caught:
        take_stock(tmp_path, Asked())
    assert "--version" in caught.value.hint
    stock = take_stock(tmp_path, Asked(name="a", version="1.0"))
    assert not stock.verdict.accepted


def test_what_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        take_stock(tmp_path / "absent", Asked())
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="neither"):
        take_stock(tmp_path / "pipe", Asked())


def listing(*names: str) -> bytes:
    return "".join(f"{'0' * 64}  {name}\n" for name in names).encode()


def test_a_list_of_digests_is_as_good_as_the_files(tmp_path: Path) -> None:
    sums = tmp_path / "all.SHA256SUMS"
    sums.write_bytes(listing(*WHOLE))
    stock = take_stock(sums, Asked(codesigned=True))
    assert (stock.verdict.accepted, stock.present, said(stock.verdict)) == (True, 28, {})
    sums.write_bytes(listing(*WHOLE[1:], "bitcoin-31.0-powerpc64le-linux-gnu.tar.gz"))
    assert said(take_stock(sums, Asked(codesigned=True)).verdict) == {
        WHOLE[0]: "C01",
        "bitcoin-31.0-powerpc64le-linux-gnu.tar.gz": "C02",
    }


def test_a_part_of_guix_names_its_directories(tmp_path: Path) -> None:
    sums = tmp_path / "SHA256SUMS.part"
    names = ("bitcoin-31.0-x86_64-linux-gnu-debug.tar.gz", "bitcoin-31.0-x86_64-linux-gnu.tar.gz")
    places = [f"x86_64-linux-gnu/{name}" for name in names]
    sums.write_bytes(listing("dist-archive/bitcoin-31.0.tar.gz", *places))
    assert said(take_stock(sums, Asked(hosts=(LINUX,))).verdict) == {}


def test_what_is_wrong_with_a_list_is_told_too(tmp_path: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    sums.write_bytes(listing(*WHOLE, "../bitcoin-31.0.zip"))
    stock = take_stock(sums, Asked(codesigned=True))
    assert not stock.verdict.accepted
    assert [Path(file.path).name for file in stock.verdict.files if file.findings] == ["SHA256SUMS"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 100_000, b'{"hosts": 1}', b"\xff"])
def test_a_manifest_that_cannot_be_read_plans_nothing(dist: Path, content: bytes) -> None:
    (dist / "manifest.json").write_bytes(content)
    assert take_stock(dist, Asked()).measure == (
        "as a release of Bitcoin Core for all hosts, not codesigned"
    )


def test_nothing_expected_and_nothing_there_is_not_accepted() -> None:
    assert not judge_names({}, (), "a", "1.0").accepted

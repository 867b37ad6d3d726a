"""The names of published files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.profiles.artifact import Artifact
from counterproof.profiles.library import load_profile

HOSTS = load_profile("32").hosts
VERSIONS = st.one_of(
    st.from_regex(r"[0-9]{1,2}\.[0-9](\.[0-9])?(rc[0-9])?", fullmatch=True),
    st.from_regex(r"[0-9a-f]{12}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("name", "version", "triple", "kind", "unsigned"),
    [
        ("bitcoin-30.2.tar.gz", "30.2", None, "source", False),
        (
            "bitcoin-30.2-x86_64-linux-gnu.tar.gz",
            "30.2",
            "x86_64-linux-gnu",
            "binaries",
            False,
        ),
        (
            "bitcoin-31.0rc4-arm-linux-gnueabihf-debug.tar.gz",
            "31.0rc4",
            "arm-linux-gnueabihf",
            "debug",
            False,
        ),
        ("bitcoin-29.3-win64.zip", "29.3", "x86_64-w64-mingw32", "binaries", False),
        ("bitcoin-29.3-win64-unsigned.zip", "29.3", "x86_64-w64-mingw32", "binaries", True),
        ("bitcoin-29.3-win64-debug.zip", "29.3", "x86_64-w64-mingw32", "debug", False),
        ("bitcoin-29.3-win64-setup.exe", "29.3", "x86_64-w64-mingw32", "setup", False),
        ("bitcoin-29.3-win64-setup-unsigned.exe", "29.3", "x86_64-w64-mingw32", "setup", True),
        (
            "bitcoin-29.3-win64-codesigning.tar.gz",
            "29.3",
            "x86_64-w64-mingw32",
            "codesigning",
            False,
        ),
        (
            "bitcoin-0123456789ab-arm64-apple-darwin-unsigned.zip",
            "0123456789ab",
            "arm64-apple-darwin",
            "binaries",
            True,
        ),
        (
            "bitcoin-31.0-codesignatures-31.0.tar.gz",
            "31.0",
            None,
            "codesignatures",
            False,
        ),
        (
            "bitcoin-31.0-codesignatures-0123456789ab.tar.gz",
            "31.0",
            None,
            "codesignatures",
            False,
        ),
        ("bitcoin-30.2", "30.2", None, "binaries", False),
        (
            "bitcoin-knots-29.3.knots20260210-aarch64-linux-gnu.tar.zst",
            "29.3.knots20260210",
            "aarch64-linux-gnu",
            "binaries",
            False,
        ),
    ],
)
def test_a_name_is_taken_apart_and_put_together_again(
    name: str, version: str, triple: str | None, kind: str, *, unsigned: bool
) -> None:
    artifact = Artifact.parse(name)
    assert artifact is not None
    assert (artifact.version, artifact.triple, artifact.kind) == (version, triple, kind)
    assert artifact.unsigned is unsigned
    assert str(artifact) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "stage",
        "bitcoin.tar.gz",
        "bitcoin-30.tar.gz",
        "bitcoin-30.2-x86_64-windows.tar.gz",
        "bitcoin-30.2-x86_64-linux-gnu-unsigned-debug.tar.gz",
        "30.2-x86_64-linux-gnu.tar.gz",
        "bitcoin-30.2-" + "x" * 300,
    ],
)
def test_any_other_name_is_none(name: str) -> None:
    assert Artifact.parse(name) is None


@given(
    VERSIONS,
    st.sampled_from([*HOSTS, "win64"]),
    st.sampled_from(["", "-debug", "-unsigned", "-codesigning", "-setup", "-setup-unsigned"]),
    st.sampled_from([".tar.gz", ".zip", ".exe", ""]),
)
def test_every_name_of_the_grammar_is_read(version: str, host: str, kind: str, suffix: str) -> None:
    name = f"bitcoin-{version}-{host}{kind}{suffix}"
    artifact = Artifact.parse(name)
    assert artifact is not None
    assert (artifact.stem, artifact.host) == (f"bitcoin-{version}", host)
    assert str(artifact) == name


@given(st.text())
def test_whatever_is_read_is_written_the_same(name: str) -> None:
    artifact = Artifact.parse(name)
    assert artifact is None or str(artifact) == name

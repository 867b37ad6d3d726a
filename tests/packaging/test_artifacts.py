"""Which files a release has: every name, from the facts about Bitcoin Core's releases."""

from __future__ import annotations

import pytest

from countermark.hosts import HOSTS
from countermark.packing.artifacts import (
    EVERY_HOST_KIND,
    FULL,
    ArtifactKind,
    host_artifacts,
    published,
    source,
)
from counterproof.profiles.artifact import Artifact

LINUX = (
    "aarch64-linux-gnu",
    "arm-linux-gnueabihf",
    "powerpc64-linux-gnu",
    "riscv64-linux-gnu",
    "x86_64-linux-gnu",
)
DARWIN = ("arm64-apple-darwin", "x86_64-apple-darwin")


def noncodesigned(version: str) -> set[str]:
    """What ``guix-build`` leaves: a source archive, and what ``package.sh`` packs of each host."""
    names = {".tar.gz"}
    names |= {f"-{host}{kind}.tar.gz" for host in LINUX for kind in ("", "-debug")}
    names |= {f"-{host}-unsigned{suffix}" for host in DARWIN for suffix in (".tar.gz", ".zip")}
    names |= {f"-{host}-codesigning.tar.gz" for host in DARWIN}
    names |= {"-win64-unsigned.zip", "-win64-debug.zip"}
    names |= {"-win64-setup-unsigned.exe", "-win64-codesigning.tar.gz"}
    return {f"bitcoin-{version}{name}" for name in names}


def codesigned(version: str, signatures: str) -> set[str]:
    """What ``guix-codesign`` adds."""
    names = {f"-{host}{suffix}" for host in DARWIN for suffix in (".tar.gz", ".zip")}
    names |= {"-win64.zip", "-win64-setup.exe", f"-codesignatures-{signatures}.tar.gz"}
    return {f"bitcoin-{version}{name}" for name in names}


@pytest.mark.parametrize("version", ["31.0", "29.1rc2", "0f8e3a2b4c5d"])
def test_a_release_has_21_files_before_it_is_codesigned_and_28_after(version: str) -> None:
    before = published(HOSTS.values(), "bitcoin", version, codesigned=False)
    after = published(HOSTS.values(), "bitcoin", version, codesigned=True)
    assert (len(before), len(after)) == (21, 28)
    assert set(map(str, before)) == noncodesigned(version)
    assert set(map(str, after)) == noncodesigned(version) | codesigned(version, version)


def test_detached_signatures_may_be_called_by_their_commit() -> None:
    after = published(HOSTS.values(), "bitcoin", "29.1", codesigned=True, signatures="b2c45fbb1084")
    assert set(map(str, after)) == noncodesigned("29.1") | codesigned("29.1", "b2c45fbb1084")


def test_the_order_is_that_of_the_directories_of_guix() -> None:
    """A directory ends in the host, or in ``-codesigned``, which sorts before the slash."""
    hosts = [HOSTS[name] for name in ("x86_64-linux-gnu", "arm64-apple-darwin")]
    hosts.append(HOSTS["x86_64-w64-mingw32"])
    names = [str(each) for each in published(hosts, "bitcoin", "31.0", codesigned=True)]
    assert [name.removeprefix("bitcoin-31.0") for name in names] == [
        "-arm64-apple-darwin.tar.gz",
        "-arm64-apple-darwin.zip",
        "-arm64-apple-darwin-codesigning.tar.gz",
        "-arm64-apple-darwin-unsigned.tar.gz",
        "-arm64-apple-darwin-unsigned.zip",
        "-codesignatures-31.0.tar.gz",
        ".tar.gz",
        "-x86_64-linux-gnu-debug.tar.gz",
        "-x86_64-linux-gnu.tar.gz",
        "-win64-setup.exe",
        "-win64.zip",
        "-win64-codesigning.tar.gz",
        "-win64-debug.zip",
        "-win64-setup-unsigned.exe",
        "-win64-unsigned.zip",
    ]


def test_the_order_of_the_hosts_does_not_matter() -> None:
    hosts = list(HOSTS.values())
    assert published(hosts, "a", "1.0", codesigned=True) == published(
        reversed(hosts), "a", "1.0", codesigned=True
    )


@pytest.mark.parametrize("kind", EVERY_HOST_KIND)
def test_every_name_can_be_taken_apart_again(kind: ArtifactKind) -> None:
    for host in HOSTS.values():
        for artifact in (*host_artifacts(kind, host, "my-thing", "1.2rc3"), source("a", "1.0")):
            assert Artifact.parse(str(artifact)) == artifact
            assert artifact.host is None or artifact.triple == host.triple


def test_no_two_kinds_share_a_name() -> None:
    names = [
        str(artifact)
        for host in HOSTS.values()
        for kind in EVERY_HOST_KIND
        for artifact in host_artifacts(kind, host, "a", "1.0")
    ]
    assert len(set(names)) == len(names)


def test_full_is_what_bitcoin_core_publishes_but_for_the_installer() -> None:
    made = {
        str(artifact)
        for host in HOSTS.values()
        for kind in FULL
        if kind in EVERY_HOST_KIND
        for artifact in host_artifacts(kind, host, "bitcoin", "31.0")
    } | {str(source("bitcoin", "31.0"))}
    whole = noncodesigned("31.0") | codesigned("31.0", "31.0")
    assert whole - made == {
        "bitcoin-31.0-codesignatures-31.0.tar.gz",
        "bitcoin-31.0-win64-setup.exe",
        "bitcoin-31.0-win64-setup-unsigned.exe",
    }
    assert made <= whole

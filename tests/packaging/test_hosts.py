"""The table of hosts, and how a name becomes one of them."""

from __future__ import annotations

import pytest

from countermark.errors import UnknownHostError
from countermark.hosts import (
    HOSTS,
    Host,
    buildable_hosts,
    default_triples,
    find_host,
    native_triple,
)
from countermark.packing.artifacts import ArtifactKind, host_artifacts
from counterproof import load_profile
from counterproof.profiles.triple import target_for

LINUX, WINDOWS, DARWIN = ("elf", "", ".tar.gz"), ("pe", ".exe", ".zip"), ("mach-o", "", ".tar.gz")
FACTS = {
    "x86_64-linux-gnu": (*LINUX, "x86_64", "x86_64-linux-gnu.2.31"),
    "arm-linux-gnueabihf": (*LINUX, "arm", "arm-linux-gnueabihf.2.31"),
    "aarch64-linux-gnu": (*LINUX, "aarch64", "aarch64-linux-gnu.2.31"),
    "riscv64-linux-gnu": (*LINUX, "riscv64", "riscv64-linux-gnu.2.31"),
    "powerpc64-linux-gnu": (*LINUX, "powerpc64", None),
    "x86_64-w64-mingw32": (*WINDOWS, "x86_64", "x86_64-windows-gnu"),
    "x86_64-apple-darwin": (*DARWIN, "x86_64", "x86_64-macos.14.0-none"),
    "arm64-apple-darwin": (*DARWIN, "arm64", "aarch64-macos.14.0-none"),
}


def test_every_host_has_its_facts_here() -> None:
    assert list(HOSTS) == list(FACTS)


@pytest.mark.parametrize("triple", FACTS)
def test_a_host_is_what_the_table_says(triple: str) -> None:
    host = HOSTS[triple]
    assert host.triple == triple
    assert FACTS[triple] == (
        host.image_format.value,
        host.executable_suffix,
        next(iter(host_artifacts(ArtifactKind.BINARIES, host, "a", "1.0"))).suffix,
        host.architecture,
        host.zig_target,
    )


@pytest.mark.parametrize("triple", FACTS)
def test_a_tree_is_checked_against_the_host_itself(triple: str) -> None:
    host, target = HOSTS[triple], HOSTS[triple].target
    assert target.platform == host.platform
    assert target.architecture == host.architecture
    assert target.image_format is host.image_format
    assert target.file_name("bitcoin") == f"bitcoin{host.executable_suffix}"


@pytest.mark.parametrize(
    "host", [h for h in buildable_hosts() if h.platform != "windows"], ids=lambda host: host.triple
)
def test_the_minimum_in_words_is_the_one_in_the_target(host: Host) -> None:
    """A target for Windows has no place for a version."""
    assert host.minimum in str(host.zig_target)
    assert host.oldest_system.endswith(f" {host.minimum}")


def test_all_means_the_seven_that_zig_builds_for() -> None:
    triples = [host.triple for host in buildable_hosts()]
    assert len(triples) == 7
    assert set(HOSTS) - set(triples) == {"powerpc64-linux-gnu"}


def test_only_the_host_that_cannot_be_built_says_why() -> None:
    assert [host.triple for host in HOSTS.values() if host.refusal] == ["powerpc64-linux-gnu"]


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("arm64-apple-darwn", "arm64-apple-darwin"),
        ("x86_64-linux", "x86_64-linux-gnu"),
        ("x86_64-w64-mingw", "x86_64-w64-mingw32"),
    ],
)
def test_an_unknown_host_proposes_the_nearest(wrong: str, meant: str) -> None:
    with pytest.raises(UnknownHostError) as caught:
        find_host(wrong)
    assert wrong in str(caught.value)
    assert f"'{meant}'" in str(caught.value)
    assert all(triple in caught.value.hint for triple in HOSTS)


def test_a_word_like_no_host_proposes_none() -> None:
    with pytest.raises(UnknownHostError) as caught:
        find_host("")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize(
    ("system", "machine", "triple"),
    [
        ("Linux", "x86_64", "x86_64-linux-gnu"),
        ("Darwin", "arm64", "arm64-apple-darwin"),
        ("Linux", "s390x", None),
        ("Windows", "AMD64", None),
    ],
)
def test_a_machine_is_a_host_or_none(system: str, machine: str, triple: str | None) -> None:
    assert native_triple(system, machine) == triple


def test_a_release_without_hosts_is_for_this_machine_and_for_apple() -> None:
    assert default_triples("x86_64-linux-gnu") == ("x86_64-linux-gnu", "arm64-apple-darwin")
    assert default_triples("arm64-apple-darwin") == ("arm64-apple-darwin",)
    assert default_triples(None) == ("arm64-apple-darwin",)


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_a_host_and_its_triple_tell_the_same_target(host: Host) -> None:
    assert target_for(host.triple) == host.target


def test_the_profiles_of_releases_name_all_hosts_in_their_order() -> None:
    assert load_profile("29").hosts == tuple(HOSTS)
    assert load_profile("monolithic").hosts == tuple(HOSTS)

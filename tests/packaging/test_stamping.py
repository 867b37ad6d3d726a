"""What a configuration may say of the systems that programs are for, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from countermark.configuration import HostBuild, effective_settings
from countermark.errors import ConfigurationError, WorkError
from countermark.hosts import find_host, native_triple
from countermark.images import sign_stage, stamp_stage
from countermark.manifest import ChangeRow
from countermark.settings import format_settings
from countermark.stamping import describe_stamp, stamp_for
from countersign.stamp import Stamp
from countersign.style import Style
from countersign.verifier import verify
from macho import Macho
from portable import Pe
from suites import configure, suite
from trees import write_stage

ARM, WINDOWS, LINUX = "arm64-apple-darwin", "x86_64-w64-mingw32", "x86_64-linux-gnu"
V14, V27 = 14 << 16, 27 << 16


def build_for(tmp_path: Path, triple: str, text: str) -> HostBuild:
    """Resolve one host of a suite whose file says ``text`` about it."""
    directory = suite(tmp_path / "demo")
    (directory / "countermark.toml").write_text(f"[hosts.{triple}]\n{text}\n", encoding="utf-8")
    (only,) = configure(directory, hosts=()).hosts
    return only


def target_of(build: HostBuild) -> str:
    return dict(build.toolchain.variables)["COUNTERMARK_ZIG_TARGET"]


@pytest.mark.parametrize(
    ("triple", "minimum", "target", "words"),
    [
        (ARM, "13", "aarch64-macos.13.0-none", "macOS 13.0"),
        ("x86_64-apple-darwin", "15.4.1", "x86_64-macos.15.4.1-none", "macOS 15.4.1"),
        (LINUX, "2.28", "x86_64-linux-gnu.2.28", "glibc 2.28"),
        (WINDOWS, "10", "x86_64-windows-gnu", "Windows NT 10.0"),
    ],
)
def test_a_minimum_goes_into_the_target_of_zig(
    tmp_path: Path, triple: str, minimum: str, target: str, words: str
) -> None:
    build = build_for(tmp_path, triple, f"minimum = '{minimum}'")
    assert target_of(build) == target
    assert build.host.oldest_system == words


@pytest.mark.parametrize(
    ("triple", "minimum", "wanted"),
    [
        (ARM, "10.15", "from 11.0 to 27.0"),
        (ARM, "28.0", "from 11.0 to 27.0"),
        (ARM, "Sonoma", "leave it out for 14.0"),
        (LINUX, "2.5", "from 2.17 to 2.44"),
        (LINUX, "2.99", "from 2.17 to 2.44"),
        ("riscv64-linux-gnu", "2.17", "from 2.27"),
        (WINDOWS, "5.1", "from 6.0 to 10.0"),
        (WINDOWS, "7.0", "6.0, 6.1, 6.2, 6.3, 10.0"),
    ],
)
def test_a_minimum_that_there_is_not_is_refused(
    tmp_path: Path, triple: str, minimum: str, wanted: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build_for(tmp_path, triple, f"minimum = '{minimum}'")
    assert f"hosts.{triple}.minimum is '{minimum}'" in str(caught.value)
    assert wanted in caught.value.hint


def test_the_machines_own_glibc_cannot_be_told(tmp_path: Path) -> None:
    native = native_triple("Linux", "x86_64")
    assert native is not None
    file = tmp_path / "own.cmake"
    file.touch()
    with pytest.raises(ConfigurationError, match=r"own\.cmake builds for the glibc that it has"):
        build_for(tmp_path, native, f"minimum = '2.31'\ntoolchain = '{file}'")


@pytest.mark.parametrize("sdk", ["13.3", "latest", "70000"])
def test_an_sdk_that_there_is_not_is_refused(tmp_path: Path, sdk: str) -> None:
    with pytest.raises(ConfigurationError, match=f"sdk is '{sdk}', which is no SDK for macOS 14"):
        build_for(tmp_path, ARM, f"sdk = '{sdk}'")


def test_only_images_for_macos_name_an_sdk(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="only images for macOS name an SDK"):
        build_for(tmp_path, WINDOWS, "sdk = '14.0'")


@pytest.mark.parametrize(
    ("triple", "text", "stamp"),
    [
        (ARM, "", Stamp()),
        (ARM, "sdk = '14'", Stamp(sdk=V14)),
        (ARM, "minimum = '13.0'", Stamp()),
        (WINDOWS, "", Stamp(windows=(6, 2))),
        (WINDOWS, "minimum = '10.0'", Stamp(windows=(10, 0))),
        (LINUX, "", Stamp()),
    ],
)
def test_zig_is_told_what_it_understands_and_the_rest_is_stamped(
    tmp_path: Path, triple: str, text: str, stamp: Stamp
) -> None:
    assert stamp_for(build_for(tmp_path, triple, text)) == stamp


@pytest.mark.parametrize(
    ("triple", "text", "stamp"),
    [
        (ARM, "", Stamp()),
        (ARM, "minimum = '14.0'", Stamp(minimum=V14)),
        (WINDOWS, "", Stamp()),
        (WINDOWS, "minimum = '6.2'", Stamp(windows=(6, 2))),
        (LINUX, "", Stamp()),
    ],
)
def test_of_other_toolchains_only_what_was_asked_for_is_stamped(
    tmp_path: Path, triple: str, text: str, stamp: Stamp
) -> None:
    (tmp_path / "own.cmake").touch()
    build = build_for(tmp_path, triple, f"toolchain = '{tmp_path / 'own.cmake'}'\n{text}")
    assert stamp_for(build) == stamp
    assert (build.minimum is None) == ("minimum" not in text)


def test_the_effective_settings_hold_what_was_found_out(tmp_path: Path) -> None:
    directory = suite(tmp_path / "demo")
    (directory / "countermark.toml").write_text(
        f"[hosts.{ARM}]\nsdk = '14'\n[hosts.{WINDOWS}]\n", encoding="utf-8"
    )
    configuration = configure(directory, hosts=())
    settings = effective_settings(configuration)
    assert (settings.hosts[ARM].minimum, settings.hosts[ARM].sdk) == ("14.0", "14.0")
    assert (settings.hosts[WINDOWS].minimum, settings.hosts[WINDOWS].sdk) == ("6.2", None)
    (directory / "countermark.toml").write_text(format_settings(settings), encoding="utf-8")
    assert configure(directory, hosts=()).hosts == configuration.hosts


def test_a_host_is_not_changed_by_another_minimum() -> None:
    assert find_host(ARM).starting_at("15.0") != find_host(ARM)
    assert find_host(ARM).minimum == "14.0"
    assert find_host(ARM).starting_at("14.0.0") == find_host(ARM)


def test_a_stamp_is_described_by_its_fields() -> None:
    assert describe_stamp(Stamp(minimum=V14, sdk=V27)) == ("minimum 14.0", "SDK 27.0")
    assert describe_stamp(Stamp(windows=(6, 2))) == ("subsystem Windows NT 6.2",)
    assert describe_stamp(Stamp()) == ()


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    sealed = Macho(minimum=(14, 0, 0)).sealed().build()
    files = {"bin/a": sealed, "bin/b.exe": Pe().build(), "share/text": b"MZ"}
    return write_stage(tmp_path / "stage", files)


def test_every_image_of_the_stage_that_is_meant_is_stamped(stage: Path) -> None:
    before = (stage / "bin/b.exe").read_bytes()
    row = ChangeRow(
        path="bin/a", architecture="arm64", field="sdk", before="14.0.0", after="27.0.0"
    )
    assert stamp_stage(stage, Stamp(sdk=V27)) == (row,)
    assert stamp_stage(stage, Stamp(sdk=V27)) == ()
    assert (stage / "bin/b.exe").read_bytes() == before
    assert (stage / "bin/a").stat().st_mode & 0o777 == 0o755


def test_signing_after_stamping_leaves_a_valid_signature(stage: Path) -> None:
    stamp_stage(stage, Stamp(sdk=V27))
    assert not verify(stage / "bin/a").accepted
    sign_stage(stage, Style.MACOS26)
    assert verify(stage / "bin/a").accepted


def test_an_image_that_cannot_be_stamped_is_named(stage: Path) -> None:
    (stage / "bin/b.exe").write_bytes(Pe(certificates=bytes(16)).build())
    with pytest.raises(WorkError, match=r"bin/b\.exe: its Authenticode signature") as caught:
        stamp_stage(stage, Stamp(windows=(6, 2)))
    assert caught.value.hint

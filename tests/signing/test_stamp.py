"""What images say of the systems they are for: only these fields change, and only when they may."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countersign import sign, verify
from countersign.batch import Job
from countersign.errors import SignatureKeptError, SigningError, StampError
from countersign.source import BytesSource
from countersign.stamp import Change, Stamp, plan_stamp
from countersign.stamper import stamp_bytes, stamp_files
from countersign.version import pack_version, version_text
from macho import Macho, fat
from portable import Pe, slow_checksum
from trees import elf

V14, V27 = 14 << 16, 27 << 16
SDK = Stamp(sdk=V27)
EIGHT = Stamp(windows=(6, 2))
VERSIONS = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
PROGRAMS = st.builds(
    Pe,
    wide=st.booleans(),
    start=st.integers(0x40, 0x400),
    system=VERSIONS,
    version=VERSIONS,
    subsystem=st.sampled_from((2, 3)),
    checksum=st.one_of(st.just(0), st.none(), st.integers(1, 0xFFFFFFFF)),
    filler=st.integers(0, 3000),
)
PACKED = st.integers(0, 0xFFFFFFFF)


def changed(before: bytes, after: bytes) -> set[int]:
    assert len(before) == len(after)
    return {at for at, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]}


@given(PROGRAMS, VERSIONS)
def test_of_a_pe_only_the_versions_and_the_check_sum_change(
    program: Pe, wanted: tuple[int, int]
) -> None:
    data = program.build()
    stamped = stamp_bytes(data, Stamp(windows=wanted))
    at = program.start + 24
    fields = {*range(at + 40, at + 44), *range(at + 48, at + 52), *range(at + 64, at + 68)}
    assert changed(data, stamped) <= fields
    assert struct.unpack_from("<2H4x2H", stamped, at + 40) == wanted * 2
    (before,), (after,) = (struct.unpack_from("<I", each, at + 64) for each in (data, stamped))
    assert (after == 0) == (before == 0)
    if stamped != data and before:
        assert after == slow_checksum(stamped, at + 64)


@given(PROGRAMS, VERSIONS)
def test_stamping_twice_is_stamping_once(program: Pe, wanted: tuple[int, int]) -> None:
    once = stamp_bytes(program.build(), Stamp(windows=wanted))
    plan = plan_stamp(BytesSource(once), Stamp(windows=wanted))
    assert (plan.changes, plan.patches) == ((), ())


def test_a_change_is_told_with_what_was_there() -> None:
    program = Pe(checksum=None)
    old = slow_checksum(program.build(), program.start + 88)
    assert plan_stamp(BytesSource(program.build()), EIGHT).changes == (
        Change("x86_64", "subsystem version", "6.0", "6.2"),
        Change("x86_64", "system version", "6.0", "6.2"),
        Change("x86_64", "check sum", f"{old:#x}", f"{old + 4:#x}"),
    )


def test_what_the_loader_does_not_ask_for_stays() -> None:
    program = Pe(subsystem=10).build()  # an EFI application
    assert stamp_bytes(program, EIGHT) == program
    assert stamp_bytes(Macho().build(), EIGHT) == Macho().build()
    assert stamp_bytes(elf(), EIGHT) == elf()
    assert stamp_bytes(Pe().build(), SDK) == Pe().build()
    assert stamp_bytes(b"no image", EIGHT) == b"no image"


def test_an_authenticode_signature_is_not_broken() -> None:
    program = Pe(certificates=bytes(64)).build()
    with pytest.raises(StampError, match="Authenticode") as caught:
        stamp_bytes(program, EIGHT)
    assert caught.value.hint
    good = Pe(certificates=bytes(64), version=(6, 2), system=(6, 2)).build()
    assert stamp_bytes(good, EIGHT) == good


def test_few_data_directories_are_enough() -> None:
    assert stamp_bytes(Pe(directories=0).build(), EIGHT) != Pe(directories=0).build()


@given(st.integers(0, 600), st.integers(0, 255))
def test_no_byte_makes_a_pe_raise_anything_else(at: int, value: int) -> None:
    data = bytearray(Pe(checksum=None, filler=100).build())
    data[at % len(data)] = value
    with contextlib.suppress(SigningError):
        stamp_bytes(bytes(data), EIGHT)


@given(st.integers(0, 600))
def test_no_cut_makes_a_pe_raise_anything_else(size: int) -> None:
    with contextlib.suppress(SigningError):
        stamp_bytes(Pe().build()[:size], EIGHT)


IMAGES = st.builds(
    Macho,
    arch=st.sampled_from(("arm64", "x86_64", "i386")),
    minimum=st.tuples(st.integers(0, 0xFFFF), st.integers(0, 255), st.integers(0, 255)),
    old_version_command=st.booleans(),
    tools=st.just(((5, 0),)),
)


def fields_of(data: bytes, image: Macho) -> range:
    """Where the minimum and the SDK stand."""
    kind = 0x24 if image.old_version_command else 0x32
    head = struct.pack("<2I", kind, 16 if kind == 0x24 else 32)
    at = data.index(head) + (8 if kind == 0x24 else 12)
    return range(at, at + 8)


@given(IMAGES, PACKED)
def test_of_a_macho_only_the_sdk_changes(image: Macho, sdk: int) -> None:
    data = image.build()
    stamped = stamp_bytes(data, Stamp(sdk=sdk))
    place = fields_of(data, image)
    assert changed(data, stamped) <= set(place[4:])
    assert struct.unpack_from("<I", stamped, place[4]) == (sdk,)
    assert not plan_stamp(BytesSource(stamped), Stamp(sdk=sdk)).patches


@given(IMAGES, PACKED)
def test_a_minimum_may_grow_and_never_shrink(image: Macho, minimum: int) -> None:
    data = image.build()
    place = fields_of(data, image)
    (linked,) = struct.unpack_from("<I", data, place[0])
    if minimum < linked:
        with pytest.raises(StampError, match="was linked for macOS"):
            stamp_bytes(data, Stamp(minimum=minimum))
        return
    stamped = stamp_bytes(data, Stamp(minimum=minimum))
    assert changed(data, stamped) <= set(place[:4])
    assert struct.unpack_from("<I", stamped, place[0]) == (minimum,)


@given(IMAGES, st.integers(0, 1200), st.integers(0, 255))
def test_no_byte_makes_a_macho_raise_anything_else(image: Macho, at: int, value: int) -> None:
    data = bytearray(image.build())
    data[at] = value
    with contextlib.suppress(SigningError):
        stamp_bytes(bytes(data), Stamp(minimum=0xFFFFFFFF, sdk=V27))


def test_every_slice_is_stamped() -> None:
    data = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().build())])
    assert plan_stamp(BytesSource(data), SDK).changes == (
        Change("x86_64", "sdk", "14.0.0", "27.0.0"),
        Change("arm64", "sdk", "14.0.0", "27.0.0"),
    )


def test_what_a_zippered_library_says_of_catalyst_stays() -> None:
    catalyst = struct.pack("<6I", 0x32, 24, 6, V14, V14, 0)
    stamped = stamp_bytes(Macho(commands=(catalyst,)).build(), SDK)
    assert catalyst in stamped
    assert struct.pack("<6I", 0x32, 24, 1, V14, V27, 0) in stamped


@pytest.mark.parametrize("platform", [None, 2], ids=["no platform", "iOS"])
def test_a_macho_for_no_macos_is_named(platform: int | None) -> None:
    with pytest.raises(StampError, match="arm64 slice does not say which macOS"):
        stamp_bytes(Macho(platform=platform).build(), SDK)


def test_a_command_too_short_for_its_versions_is_refused() -> None:
    short = struct.pack("<4I", 0x32, 16, 1, V14)
    with pytest.raises(SigningError):
        stamp_bytes(Macho(platform=None, commands=(short,)).build(), SDK)


def test_an_object_file_stays(tmp_path: Path) -> None:
    data = Macho(filetype=1).build()
    assert stamp_bytes(data, SDK) == data


def test_a_signature_that_cannot_be_read_is_not_broken() -> None:
    sealed = Macho().sealed().build()
    at = sealed.index(bytes.fromhex("fade0cc0"))
    with pytest.raises(SignatureKeptError):
        stamp_bytes(sealed[:at] + b"\xff" + sealed[at + 1 :], SDK)


@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_the_linkers_signature_is_broken_and_signing_mends_it(tmp_path: Path, arch: str) -> None:
    program = tmp_path / "program"
    program.write_bytes(Macho(arch=arch).sealed().build())
    assert verify(program).slices[0].signed
    (outcome,) = stamp_files([Job((program,))], SDK)
    assert outcome.result is not None
    assert [change.field for change in outcome.result.changes] == ["sdk"]
    broken = verify(program)
    assert not broken.accepted
    assert {finding.rule for finding in broken.slices[0].findings} >= {"R27"}
    sign(program)
    assert verify(program).accepted


def test_a_file_keeps_its_names_its_mode_and_its_times(tmp_path: Path) -> None:
    program, other = tmp_path / "program", tmp_path / "other"
    program.write_bytes(Pe().build())
    program.chmod(0o751)
    other.hardlink_to(program)
    before = program.stat()
    (outcome,) = stamp_files([Job((program, other))], EIGHT)
    assert outcome.error is None
    after = program.stat()
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert after.st_ino != before.st_ino
    assert other.samefile(program)
    assert program.read_bytes() == stamp_bytes(Pe().build(), EIGHT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "program"]


def test_a_file_that_says_so_already_is_not_touched(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(Pe(version=(6, 2), system=(6, 2)).build())
    before = program.stat()
    (outcome,) = stamp_files([Job((program,))], EIGHT)
    assert outcome.result is not None
    assert outcome.result.changes == ()
    assert program.stat() == before


def test_one_that_cannot_be_stamped_is_as_it_was_and_the_others_are_done(tmp_path: Path) -> None:
    signed, plain = tmp_path / "signed.exe", tmp_path / "plain.exe"
    signed.write_bytes(Pe(certificates=bytes(16)).build())
    plain.write_bytes(Pe().build())
    first, second = stamp_files([Job((signed,)), Job((plain,))], EIGHT)
    assert isinstance(first.error, StampError)
    assert signed.read_bytes() == Pe(certificates=bytes(16)).build()
    assert second.result is not None
    assert second.result.changes


@pytest.mark.parametrize(
    ("text", "packed"),
    [("14", V14), ("14.0", V14), ("13.6.1", 0x0D0601), ("65535.255.255", 0xFFFFFFFF)],
)
def test_a_version_is_packed(text: str, packed: int) -> None:
    assert pack_version(text) == packed


@pytest.mark.parametrize(
    "text", ["", "v14", "14.", "14.0.0.0", "65536", "14.256", "-1", "1٤", " 1"]
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert pack_version(text) is None


@given(PACKED)
def test_packing_is_the_inverse_of_writing(version: int) -> None:
    assert pack_version(version_text(version)) == version
    assert pack_version(version_text(version, short=True)) == version

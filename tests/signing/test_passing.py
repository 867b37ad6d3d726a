"""Judging an image that passes by once: as all of its bytes would be judged, or not at all."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countersign import passing
from countersign.digest import HashType
from countersign.errors import ReadError
from countersign.passing import let_pass
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.source import ForgottenError, PassedSource
from countersign.style import Style
from countersign.verifier import verify_image, verify_source
from macho import Macho, fat, put

LARGE = Macho(linkedit_size=300_000, text_pages=3)
INTEL = Macho(arch="x86_64", linkedit_size=200_000, minimum=(10, 9, 0))
NEW_INTEL = Macho(arch="x86_64", linkedit_size=200_000)
BOTH = fat([("x86_64", NEW_INTEL.build()), ("arm64", LARGE.build())])

SEEN = {
    "linker": LARGE.sealed().build(),
    "large pages": sign_bytes(LARGE.build(), "a"),
    "small pages": sign_bytes(LARGE.build(), "a", Settings(style=Style.MACOS15)),
    "two digests": sign_bytes(INTEL.build(), "a"),
    "universal": sign_bytes(BOTH, "a"),
    "changed": put(sign_bytes(LARGE.build(), "a"), 0x8001, "B", 1),
    "plist": Macho(linkedit_size=99_000, info_plist=b"<plist><dict/></plist>").sealed().build(),
    "not signed": LARGE.build(),
    "universal, not signed": BOTH,
    "trailing bytes": sign_bytes(LARGE.build(), "a") + bytes(9),
}
"""What passes by without being asked for again."""
ODD = {
    "empty": b"",
    "text": b"no image",
    "cut in the code": SEEN["linker"][:90_000],
    "cut in the signature": SEEN["universal"][:-900],
    "cut in the commands": SEEN["linker"][:300],
    "no slices": bytes.fromhex("cafebabe00000000"),
    "SHA-384": Macho(linkedit_size=99_000).sealed(hash_types=(4,)).build(),
    "a limit too small": Macho(linkedit_size=99_000).sealed(limit_change=-0x4000).build(),
    "two digests where one is foreseen": sign_bytes(
        fat([("x86_64", INTEL.build()), ("arm64", LARGE.build())]), "a"
    ),
    "a padded last page": Macho(linkedit_size=99_000).sealed(pad_last_page=True).build(),
    "a gap with dirt": put(SEEN["universal"], 0x1000, "B", 1),
    "overlapping slices": put(SEEN["universal"], 36, ">I", 0x4000),
    "last slice first": put(
        put(SEEN["universal"], 16, ">I", int.from_bytes(SEEN["universal"][36:40])),
        36,
        ">I",
        int.from_bytes(SEEN["universal"][16:20]),
    ),
}


def pieces(data: bytes, seed: int = 0) -> Iterator[bytes]:
    """Cut the data anywhere."""
    chance, at = random.Random(seed), 0
    while at < len(data):
        size = chance.choice((1, 100, 4096, 16_384, 70_000, 300_000))
        yield data[at : at + size]
        at += size


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("seed", range(4))
def test_an_image_that_passed_by_is_judged_as_its_bytes_are(name: str, seed: int) -> None:
    source = let_pass(pieces(SEEN[name], seed))
    assert source.size == len(SEEN[name])
    assert verify_source(source, path="file") == verify_image(SEEN[name], path="file")


@pytest.mark.parametrize("data", ODD.values(), ids=list(ODD))
def test_what_is_odd_is_judged_alike_or_has_to_be_looked_at_again(data: bytes) -> None:
    source = let_pass(pieces(data))
    assert source.size == len(data)
    try:
        verdict = verify_source(source, path="file")
    except ForgottenError:
        return
    assert verdict == verify_image(data, path="file")


@settings(max_examples=300)
@given(st.data())
def test_no_damage_is_judged_otherwise(draw: st.DataObject) -> None:
    data = bytearray(draw.draw(st.sampled_from([*SEEN.values()])))
    places = st.integers(0, 900) | st.integers(0, len(data) - 1)
    for _ in range(draw.draw(st.integers(1, 3))):
        data[draw.draw(places)] = draw.draw(st.integers(0, 255))
    source = let_pass(pieces(bytes(data)))
    try:
        verdict = verify_source(source, path="file")
    except ForgottenError:
        return
    assert verdict == verify_image(bytes(data), path="file")


def test_little_is_kept_of_an_image() -> None:
    data = SEEN["large pages"]
    source = let_pass(pieces(data))
    kept = sum(size_at(source, at) for at in range(0, len(data), 512))
    assert kept < len(data) // 10


def size_at(source: PassedSource, at: int) -> int:
    try:
        return len(source.read(at, 1)) * 512
    except ForgottenError:
        return 0


def test_only_what_was_kept_can_be_read() -> None:
    data = SEEN["large pages"]
    source = let_pass([data])
    buffer = bytearray(100)
    source.read_into(0, memoryview(buffer))
    assert bytes(buffer) == data[:100]
    assert source.view(10, 20) == data[10:30]
    assert source.read(len(data) // 2, 0) == b""
    for offset, size in ((len(data) // 2, 1), (0, len(data)), (len(data) - 1, 2)):
        with pytest.raises(ForgottenError):
            source.read(offset, size)
    with pytest.raises(ForgottenError):
        source.pages(0, 0x4000, 0x4000, HashType.SHA256)


def test_an_error_on_the_way_is_told() -> None:
    def broken() -> Iterator[bytes]:
        yield SEEN["large pages"][:200_000]
        raise ReadError("no more")

    with pytest.raises(ReadError):
        let_pass(broken())


def test_an_error_of_the_hashing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(passing, "hash_pages", fail)
    with pytest.raises(MemoryError):
        let_pass([SEEN["large pages"]])


def test_without_a_thread_it_is_hashed_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", fail)
    source = let_pass(pieces(SEEN["universal"]))
    assert verify_source(source, path="file").accepted

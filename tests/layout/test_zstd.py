"""zstd: every frame is read to its end, in bounded memory, or refused."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from counterproof.errors import TreeError, WindowError
from counterproof.trees.tree import walk
from counterproof.trees.zstd import MAX_WINDOW, ZstdStream
from trees import pack_tar, pack_tar_zst

FILES = {"bin/program": b"program " * 500, "README.md": b"read me\n"}
NAMES = ["bitcoin-31.0/bin/program", "bitcoin-31.0/README.md"]

needs_zstd = pytest.mark.skipif(shutil.which("zstd") is None, reason="the program zstd is missing")


def plain(path: Path, size: int = 1 << 16) -> bytes:
    with ZstdStream(path.open("rb"), str(path)) as stream:
        return b"".join(iter(lambda: stream.read(size), b""))


def names(tmp_path: Path, data: bytes) -> list[str]:
    path = tmp_path / "archive"
    path.write_bytes(data)
    return [str(member.entry.path) for member in walk(path)]


def frame(content: bytes, *, check: bool = True, size: bool = True, level: int = 3) -> bytes:
    compressor = zstandard.ZstdCompressor(
        level=level, write_checksum=check, write_content_size=size
    )
    if size:
        return compressor.compress(content)
    stream = compressor.compressobj()
    return stream.compress(content) + stream.flush()


def skippable(content: bytes, number: int = 0) -> bytes:
    return bytes((0x50 + number, 0x2A, 0x4D, 0x18)) + struct.pack("<I", len(content)) + content


contents = st.one_of(
    st.binary(max_size=2000),
    st.tuples(st.binary(min_size=1, max_size=3), st.integers(1, 150_000)).map(
        lambda pair: pair[0] * pair[1]
    ),
)
frames = st.tuples(contents, st.booleans(), st.booleans(), st.sampled_from([-5, 1, 3, 19]))


@settings(max_examples=40)
@given(st.lists(frames, min_size=1, max_size=4), st.integers(1, 1 << 18))
def test_frames_of_every_make_give_what_was_put_in(
    made: Sequence[tuple[bytes, bool, bool, int]], size: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "file.zst")
        path.write_bytes(
            b"".join(
                frame(content, check=check, size=told, level=level) + skippable(content[:9])
                for content, check, told, level in made
            )
        )
        assert plain(path, size) == b"".join(content for content, *_ in made)


@needs_zstd
@pytest.mark.parametrize(
    "options", [["-1"], ["-19"], ["--ultra", "-22"], ["--no-check"], ["--long=27"], ["-T2", "-B1M"]]
)
def test_what_the_program_zstd_writes_is_read(tmp_path: Path, options: list[str]) -> None:
    content = bytes(range(256)) * 20_000
    done = subprocess.run(
        ("zstd", "-q", "-c", *options), input=content, capture_output=True, check=True
    )
    path = tmp_path / "file.zst"
    path.write_bytes(done.stdout)
    assert plain(path) == content


@pytest.mark.parametrize("cut", [1, 511, 512, 700, 10_000])
def test_a_tar_in_several_frames_is_one_tar(tmp_path: Path, cut: int) -> None:
    tar = pack_tar(FILES)
    assert names(tmp_path, frame(tar[:cut]) + frame(b"") + frame(tar[cut:])) == NAMES


def test_an_archive_that_begins_with_a_skippable_frame_is_known(tmp_path: Path) -> None:
    for number in range(16):
        assert names(tmp_path, skippable(b"\0\0\0\0", number) + pack_tar_zst(FILES)) == NAMES


@pytest.mark.parametrize("check", [True, False])
def test_every_truncation_is_an_error(tmp_path: Path, check: bool) -> None:
    path = tmp_path / "file.zst"
    data = skippable(b"abc") + frame(pack_tar(FILES), check=check)
    for length in range(1, len(data)):
        path.write_bytes(data[:length])
        if length == len(skippable(b"abc")):
            assert plain(path) == b""
            continue
        with pytest.raises((EOFError, ValueError)):
            plain(path)


def test_a_frame_that_is_missing_makes_a_damaged_archive(tmp_path: Path) -> None:
    tar = pack_tar(FILES)
    with pytest.raises(TreeError, match="damaged"):
        names(tmp_path, frame(tar[:1024]))


@pytest.mark.parametrize("rest", [b"\0", b"\0" * 512, b"more", b"\x28\xb5\x2f\xfc" + bytes(20)])
def test_data_behind_the_last_frame_is_refused(tmp_path: Path, rest: bytes) -> None:
    with pytest.raises(TreeError, match="damaged"):
        names(tmp_path, pack_tar_zst(FILES) + rest)


def test_a_wrong_check_sum_is_an_error(tmp_path: Path) -> None:
    data = bytearray(pack_tar_zst(FILES))
    data[-1] ^= 1
    with pytest.raises(TreeError, match=r"damaged.*checksum"):
        names(tmp_path, bytes(data))


def test_a_frame_that_needs_a_dictionary_is_an_error(tmp_path: Path) -> None:
    samples: list[bytes | bytearray | memoryview] = [
        f"sample {number} of a dictionary {number % 7}".encode() for number in range(2000)
    ]
    dictionary = zstandard.train_dictionary(2000, samples)
    data = zstandard.ZstdCompressor(dict_data=dictionary).compress(pack_tar(FILES))
    with pytest.raises(TreeError, match=r"damaged.*[Dd]ictionary"):
        names(tmp_path, data)


def with_window(window: int) -> bytes:
    """A frame of nothing that wants to look back so far."""
    log = window.bit_length() - 1
    mantissa = (window - (1 << log)) >> (log - 3)
    return b"\x28\xb5\x2f\xfd\0" + bytes(((log - 10) << 3 | mantissa, 1, 0, 0))


def test_a_window_is_given_up_to_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "file.zst"
    path.write_bytes(with_window(MAX_WINDOW))
    assert plain(path) == b""
    for window in (MAX_WINDOW + (MAX_WINDOW >> 3), MAX_WINDOW << 1, 1 << 31):
        with pytest.raises(WindowError, match=f"a window of {window} bytes.*128 MiB") as caught:
            names(tmp_path, with_window(window))
        assert caught.value.hint
    with pytest.raises(TreeError, match="too much memory"):
        names(tmp_path, with_window(1 << 41))


def test_a_single_segment_that_says_it_is_huge_is_refused(tmp_path: Path) -> None:
    header = b"\x28\xb5\x2f\xfd" + bytes((0b11100000,)) + struct.pack("<Q", 1 << 50)
    with pytest.raises(WindowError):
        names(tmp_path, header + bytes((1, 0, 0)))


def test_memory_does_not_grow_with_what_a_few_bytes_expand_to(tmp_path: Path) -> None:
    """A block of four bytes repeats one byte 131072 times; all of these come at one read."""
    block = ((128 << 10) << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    path = tmp_path / "bomb.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd\0\x38" + block * 3000 + bytes((1, 0, 0)))
    tracemalloc.start()
    try:
        with ZstdStream(path.open("rb"), str(path)) as stream:
            assert sum(len(stream.read(1 << 20)) for _ in range(375)) == 3000 << 17
            assert stream.read(1) == b""
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_zstandard_is_imported_for_zstd_only(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from counterproof.trees.tree import walk\n"
        "list(walk(Path(sys.argv[1])))\n"
        "sys.exit('zstandard' in sys.modules)\n"
    )
    for data, imported in ((pack_tar(FILES), 0), (pack_tar_zst(FILES), 1)):
        path = tmp_path / "archive"
        path.write_bytes(data)
        done = subprocess.run((sys.executable, "-c", program, path), check=False)
        assert done.returncode == imported

"""The native kernel gives what hashlib gives, whatever it is asked."""

from __future__ import annotations

import ctypes
import hashlib
import mmap
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import cannot_try

try:
    from countersign import _kernel
except ImportError as error:
    cannot_try(f"there is no kernel: {error}")

ALGORITHMS = ("sha1", "sha256")
PAGE_SIZES = (1, 55, 56, 63, 64, 65, 1000, 4096, 4097, 16384)
NOISE = b"".join(hashlib.sha512(number.to_bytes(4)).digest() for number in range(16 * 1024))
"""A megabyte."""

every_implementation = pytest.mark.parametrize("implementation", _kernel.implementations)
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


def expected(data: bytes | memoryview, page_size: int, algorithm: str) -> bytes:
    pages = (data[at : at + page_size] for at in range(0, len(data), page_size))
    return b"".join(hashlib.new(algorithm, page).digest() for page in pages)


def test_the_fastest_implementation_comes_first_and_the_portable_one_last() -> None:
    assert _kernel.implementation == _kernel.implementations[0]
    assert _kernel.implementations[-1] == "portable"
    assert set(_kernel.implementations) <= {"sha-ni", "avx2", "armv8", "portable"}


@pytest.mark.skipif(not Path("/proc/cpuinfo").is_file(), reason="needs Linux")
@pytest.mark.parametrize(
    ("flag", "implementation"), [("sha_ni", "sha-ni"), ("avx2", "avx2"), ("sha2", "armv8")]
)
def test_what_the_system_says_of_the_processor_is_used(flag: str, implementation: str) -> None:
    words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    assert (implementation in _kernel.implementations) == (flag in words)


@every_implementation
@every_algorithm
@pytest.mark.parametrize("page_size", PAGE_SIZES)
def test_every_length_around_whole_pages_agrees_with_hashlib(
    implementation: str, algorithm: str, page_size: int
) -> None:
    for pages in (0, 1, 2, 3, 4, 5, 7, 8, 9, 17):
        for more in (-1, 0, 1, page_size // 2):
            data = NOISE[: max(pages * page_size + more, 0)]
            found = _kernel.hash_pages(data, page_size, algorithm, 1, implementation)
            assert found == expected(data, page_size, algorithm), len(data)


@every_implementation
@every_algorithm
def test_the_alignment_does_not_show(implementation: str, algorithm: str) -> None:
    view = memoryview(NOISE)
    for offset in range(64):
        data = view[offset : offset + 9 * 256 + 100]
        found = _kernel.hash_pages(data, 256, algorithm, 1, implementation)
        assert found == expected(data, 256, algorithm), offset


@every_implementation
@every_algorithm
@pytest.mark.parametrize("threads", [1, 2, 3, 8, 64, 65, 2**31 - 1])
def test_the_number_of_threads_does_not_show(
    implementation: str, algorithm: str, threads: int
) -> None:
    data = memoryview(NOISE)[1:-1]
    found = _kernel.hash_pages(data, 4096, algorithm, threads, implementation)
    assert found == expected(data, 4096, algorithm)


@every_algorithm
def test_without_a_name_the_fastest_implementation_serves(algorithm: str) -> None:
    assert _kernel.hash_pages(NOISE, 4096, algorithm, 1) == expected(NOISE, 4096, algorithm)
    assert _kernel.hash_pages(NOISE, 4096, algorithm, 1, None) == expected(NOISE, 4096, algorithm)


@settings(deadline=None)  # no test asserts a time
@given(
    data=st.binary(max_size=6000),
    repeated=st.integers(1, 60),
    page_size=st.integers(1, 5000),
    offset=st.integers(0, 70),
    algorithm=st.sampled_from(ALGORITHMS),
    threads=st.integers(1, 4),
    implementation=st.sampled_from(_kernel.implementations),
)
def test_any_bytes_in_any_pages_agree_with_hashlib(
    data: bytes,
    repeated: int,
    page_size: int,
    offset: int,
    algorithm: str,
    threads: int,
    implementation: str,
) -> None:
    view = memoryview(data * repeated)[offset:]
    page_size = max(page_size, len(view) // 1000)  # hashlib takes its time for each page
    found = _kernel.hash_pages(view, page_size, algorithm, threads, implementation)
    assert found == expected(view, page_size, algorithm)


def test_any_contiguous_buffer_will_do(tmp_path: Path) -> None:
    wanted = expected(NOISE, 4096, "sha256")
    file = tmp_path / "noise"
    file.write_bytes(NOISE)
    with (
        file.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        assert _kernel.hash_pages(mapped, 4096, "sha256", 2) == wanted
    words = memoryview(NOISE).cast("Q")
    for data in (bytearray(NOISE), memoryview(NOISE), words):
        assert _kernel.hash_pages(data, 4096, "sha256", 1) == wanted


def test_the_input_is_not_copied() -> None:
    tracemalloc.start()
    try:
        _kernel.hash_pages(memoryview(NOISE)[1:], 4096, "sha256", 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(NOISE) // 8


def test_the_buffer_is_let_go_in_the_end() -> None:
    data = bytearray(NOISE)
    _kernel.hash_pages(data, 4096, "sha256", 2)
    with pytest.raises(ValueError, match="page_size"):
        _kernel.hash_pages(data, 0, "sha256", 1)
    with pytest.raises(TypeError):
        _kernel.hash_pages(data, 4096, "sha256", "1")  # type: ignore[arg-type]
    data.append(0)  # raises BufferError while somebody holds the memory


@pytest.fixture
def one_thread_at_a_time() -> Iterator[None]:
    """Python itself never takes the GIL away: who has it keeps it until it gives it up."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.usefixtures("one_thread_at_a_time")
@pytest.mark.parametrize("threads", [1, 2])
def test_other_threads_run_meanwhile(threads: int) -> None:
    """The other thread can only have counted if hashing gave up the GIL: nothing else here does,
    once the clock has been read."""
    data = bytes(16 * 1024 * 1024)
    counted, over = [0], threading.Event()

    def count() -> None:
        while not over.is_set():
            counted[0] += 1
            time.sleep(0)  # gives the GIL back

    other = threading.Thread(target=count, daemon=True)
    other.start()
    give_up = time.monotonic() + 120
    try:
        ran = False
        while not ran and time.monotonic() < give_up:
            before = counted[0]
            _kernel.hash_pages(data, 4096, "sha256", threads)
            ran = counted[0] > before
    finally:
        over.set()
        other.join()
    assert ran


@pytest.mark.parametrize("page_size", [0, -1, -(2**63)])
def test_a_page_size_that_is_not_positive_is_refused(page_size: int) -> None:
    with pytest.raises(ValueError, match="page_size must be positive"):
        _kernel.hash_pages(NOISE, page_size, "sha256", 1)


@pytest.mark.parametrize("threads", [0, -1, -(2**31)])
def test_a_number_of_threads_that_is_not_positive_is_refused(threads: int) -> None:
    with pytest.raises(ValueError, match="threads must be positive"):
        _kernel.hash_pages(NOISE, 4096, "sha256", threads)


@pytest.mark.parametrize("algorithm", ["", "sha384", "SHA256", "sha256\0", "é" * 1000])
def test_an_unknown_algorithm_is_refused(algorithm: str) -> None:
    with pytest.raises(ValueError, match=r"algorithm|null"):
        _kernel.hash_pages(NOISE, 4096, algorithm, 1)


@pytest.mark.parametrize("implementation", ["", "sha", "portable\0"])
def test_an_unknown_implementation_is_refused(implementation: str) -> None:
    with pytest.raises(ValueError, match=r"implementation|null"):
        _kernel.hash_pages(NOISE, 4096, "sha256", 1, implementation)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((), TypeError),
        ((NOISE,), TypeError),
        (("text", 4096, "sha256", 1), TypeError),
        ((None, 4096, "sha256", 1), TypeError),
        ((NOISE, "4096", "sha256", 1), TypeError),
        ((NOISE, 4096.0, "sha256", 1), TypeError),
        ((NOISE, 4096, b"sha256", 1), TypeError),
        ((NOISE, 4096, "sha256", None), TypeError),
        ((NOISE, 4096, "sha256", 1, 1), TypeError),
        ((NOISE, 4096, "sha256", 1, None, None), TypeError),
        ((memoryview(NOISE)[::2], 4096, "sha256", 1), BufferError),
        ((NOISE, 2**63, "sha256", 1), OverflowError),
        ((NOISE, 4096, "sha256", 2**31), OverflowError),
        ((NOISE, 4096, "sha256", -(2**64)), OverflowError),
    ],
)
def test_wrong_arguments_are_refused(arguments: tuple[object, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        _kernel.hash_pages(*arguments)  # type: ignore[arg-type]


def test_arguments_have_names() -> None:
    found = _kernel.hash_pages(
        data=NOISE, page_size=4096, algorithm="sha1", threads=1, implementation="portable"
    )
    assert found == expected(NOISE, 4096, "sha1")


@every_implementation
@every_algorithm
@pytest.mark.parametrize("page_size", [len(NOISE), len(NOISE) + 1, 2**62, 2**63 - 1])
def test_one_huge_page_is_one_page(implementation: str, algorithm: str, page_size: int) -> None:
    found = _kernel.hash_pages(NOISE, page_size, algorithm, 8, implementation)
    assert found == hashlib.new(algorithm, NOISE).digest()


def test_more_digests_than_memory_can_have_are_refused_before_anything_is_read() -> None:
    """The array claims addresses that are not there; whoever reads them crashes."""
    place = ctypes.create_string_buffer(1)
    huge = (ctypes.c_char * 2**62).from_address(ctypes.addressof(place))
    with pytest.raises(OverflowError, match="too many pages"):
        _kernel.hash_pages(huge, 1, "sha256", 1)
    with pytest.raises(MemoryError):
        _kernel.hash_pages(huge, 64, "sha256", 1)

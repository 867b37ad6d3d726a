"""How fast pages are hashed, beside what everybody has.

    python benchmarks/kernel.py [--runs N] [--mebibytes N] [--page-size BYTES]

Hashes the same memory by each of these in turn, and prints medians:

- OpenSSL's EVP interface from C on one core, without Python around it: a small library
  (``evp_pages.c``) that is compiled for the purpose and called once for all pages. It needs ``cc``
  and OpenSSL's headers (for example: apt-get install gcc libssl-dev), and is left out without them.
- hashlib, page by page: what hashes where the kernel is missing,
- the native kernel with one thread and with two, and its other implementations with one.

All must give the same digests. Nothing else is asserted: the figures are for people.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import platform
import shlex
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from countermark.render.table import table
from countersign import _kernel
from countersign.digest import HashType
from countersign.pagehash import page_count, page_hashes_python

SOURCE = Path(__file__).with_name("evp_pages.c")

Hash = Callable[[bytes], bytes]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--mebibytes", type=int, default=32)
    parser.add_argument("--page-size", type=int, default=4096)
    chosen = parser.parse_args()
    data = os.urandom(chosen.mebibytes << 20)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{ssl.OPENSSL_VERSION}; {chosen.mebibytes} MiB, pages of {chosen.page_size} bytes")
    with tempfile.TemporaryDirectory() as directory:
        library = compile_evp(Path(directory))
        for hash_type in (HashType.SHA256, HashType.SHA1):
            hashes = contestants(library, chosen.page_size, hash_type)
            seconds = interleaved(chosen.runs, data, hashes)
            print(f"\n{hash_type.algorithm}")
            print(table(("what", "MB/s", "ratio"), rows(len(data), seconds)))


def compile_evp(place: Path) -> ctypes.CDLL | None:
    """Compile the library, or say why not."""
    target = place / "evp_pages.so"
    command = ["cc", "-O2", "-shared", "-fPIC", str(SOURCE), "-o", str(target), "-lcrypto"]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"without OpenSSL's own rate: {error}\n{getattr(error, 'stderr', '')}")
        return None
    return ctypes.CDLL(str(target))


def contestants(
    library: ctypes.CDLL | None, page_size: int, hash_type: HashType
) -> dict[str, Hash]:
    """Name the ways to hash; the ratios are to the first."""
    ways: dict[str, Hash] = {}
    if library is not None:
        ways["OpenSSL EVP from C, 1 thread"] = evp(library, page_size, hash_type)
    ways["hashlib page by page"] = by_hashlib(page_size, hash_type)
    fastest, *others = _kernel.implementations
    for implementation, threads in ((fastest, 1), (fastest, 2), *((other, 1) for other in others)):
        name = f"kernel, {implementation}, {threads} thread{'s' if threads > 1 else ''}"
        ways[name] = kernel(implementation, threads, page_size, hash_type.algorithm)
    return ways


def by_hashlib(page_size: int, hash_type: HashType) -> Hash:
    """Hash as without a kernel."""
    return lambda data: page_hashes_python(memoryview(data), page_size, hash_type)


def evp(library: ctypes.CDLL, page_size: int, hash_type: HashType) -> Hash:
    """Hash through the library."""

    def hash_all(data: bytes) -> bytes:
        digests = ctypes.create_string_buffer(page_count(len(data), page_size) * hash_type.size)
        good = library.evp_hash_pages(
            ctypes.c_char_p(data),
            ctypes.c_size_t(len(data)),
            ctypes.c_size_t(page_size),
            ctypes.c_char_p(hash_type.algorithm.encode()),
            digests,
        )
        assert good
        return digests.raw

    return hash_all


def kernel(implementation: str, threads: int, page_size: int, algorithm: str) -> Hash:
    """Hash through one implementation of the kernel."""
    return lambda data: _kernel.hash_pages(data, page_size, algorithm, threads, implementation)


def interleaved(runs: int, data: bytes, hashes: dict[str, Hash]) -> dict[str, float]:
    """Return the median of the seconds of each, measured in turn."""
    wanted = {hash_all(data) for hash_all in hashes.values()}
    assert len(wanted) == 1, "they do not agree"
    samples = [[timed(hash_all, data) for hash_all in hashes.values()] for _ in range(runs)]
    medians = map(statistics.median, zip(*samples, strict=True))
    return dict(zip(hashes, medians, strict=True))


def timed(hash_all: Hash, data: bytes) -> float:
    """Return how many seconds hashing took."""
    start = time.perf_counter()
    hash_all(data)
    return time.perf_counter() - start


def rows(size: int, seconds: dict[str, float]) -> list[tuple[str, str, str]]:
    """Return the lines of the table."""
    first = next(iter(seconds.values()))
    return [
        (name, f"{size / median / 1e6:,.0f}", f"{first / median:.2f}")
        for name, median in seconds.items()
    ]


if __name__ == "__main__":
    print(shlex.join(["python", *sys.argv]))
    main()

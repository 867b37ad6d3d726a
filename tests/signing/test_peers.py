"""What other people's programs write and read."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from countersign.macho.slice import parse_slice
from countersign.settings import Settings
from countersign.signer import sign, sign_bytes
from countersign.style import Style
from countersign.verifier import verify
from macho import Macho, fat

PROGRAM = "int main(void) { return 0; }\n"


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_lief_reads_what_we_write(arch: str, style: Style) -> None:
    lief = pytest.importorskip("lief")
    image = Macho(arch=arch, text_pages=3)
    data = sign_bytes(image.build(), "a", Settings(style=style))
    binary = lief.MachO.parse(list(data)).at(0)
    signature = binary.code_signature
    assert signature.data_offset == image.text_size + image.linkedit_size
    assert signature.data_offset + signature.data_size == len(data)
    linkedit = binary.get_segment("__LINKEDIT")
    assert linkedit.file_offset + linkedit.file_size == len(data)
    content = bytes(signature.content)
    assert content == data[signature.data_offset :]
    assert digests(content) == pages(data[: signature.data_offset], binary, style)


def digests(signature: bytes) -> bytes:
    """Find the page hashes of a signature whose first blob is its only code directory."""
    start = int.from_bytes(signature[16:20])
    directory = signature[start:]
    offset, count = int.from_bytes(directory[16:20]), int.from_bytes(directory[28:32])
    return directory[offset : offset + 32 * count]


def pages(code: bytes, binary: object, style: Style) -> bytes:
    large = style is Style.MACOS26 and "ARM64" in str(binary.header.cpu_type)  # type: ignore[attr-defined]
    size = 0x4000 if large else 0x1000
    cuts = range(0, len(code), size)
    return b"".join(hashlib.sha256(code[at : at + size]).digest() for at in cuts)


def test_lief_reads_our_universal_files() -> None:
    lief = pytest.importorskip("lief")
    joined = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", Macho().build())])
    data = sign_bytes(joined, "a")
    binaries = lief.MachO.parse(list(data))
    assert binaries.size == 2
    for binary in binaries:
        start = binary.fat_offset
        signature = binary.code_signature
        thin = parse_slice(memoryview(data)[start:], start)
        assert thin.signature is not None
        assert thin.signature.data_offset == signature.data_offset
        assert thin.signature.data_size == signature.data_size


@pytest.fixture(scope="session")
def zig_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zig")


@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="needs ziglang")
@pytest.mark.parametrize(("cpu", "arch"), [("aarch64", "arm64"), ("x86_64", "x86_64")])
def test_what_zigs_linker_made_is_accepted_and_signed(
    cpu: str, arch: str, zig_cache: Path, tmp_path: Path
) -> None:
    source, program = tmp_path / "program.c", tmp_path / "program"
    source.write_text(PROGRAM)
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(zig_cache), "ZIG_LOCAL_CACHE_DIR": str(zig_cache)}
    command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{cpu}-macos.14.0"]
    command += ["-nostdlib", "-lSystem"]  # without zig's own runtime, which takes long to build
    subprocess.run(
        [*command, "-o", str(program), str(source)],
        check=True,
        capture_output=True,
        env={**os.environ, **caches},
    )
    (linked,) = verify(program).slices
    assert linked.arch == arch
    assert linked.kind == ("linker" if arch == "arm64" else None)
    assert [finding.rule for finding in linked.findings] == ([] if arch == "arm64" else ["A1"])
    signed = sign(program)
    assert signed.changed
    verdict = verify(program)
    assert verdict.accepted
    assert verdict.slices[0].kind == "ad-hoc"
    assert verdict.slices[0].findings == ()
    assert not sign(program).changed

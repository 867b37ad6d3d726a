"""Programs of other machines and things that are no programs: refused by content, never run."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Place = Callable[[Path], Path]

EM_S390, EM_AARCH64 = 22, 183
X86_64, ARM64 = 0x01000007, 0x0100000C
PPC = 18


def elf(machine: int, bits: int = 64, big_endian: bool = False, kind: int = 3) -> bytes:
    ident = b"\x7fELF" + bytes([bits // 32, 1 + big_endian, 1]) + bytes(9)
    return ident + struct.pack(">HH" if big_endian else "<HH", kind, machine) + bytes(44)


def macho(cpu: int, kind: int = 2) -> bytes:
    return struct.pack("<IIII", 0xFEEDFACF, cpu, 0, kind) + bytes(16)


def fat(*cpus: int) -> bytes:
    head = struct.pack(">II", 0xCAFEBABE, len(cpus))
    return head + b"".join(struct.pack(">IIIII", cpu, 0, 4096, 32, 12) for cpu in cpus)


def pe(machine: int, flags: int = 2, magic: int = 0x20B) -> bytes:
    stub = b"MZ" + bytes(58) + struct.pack("<I", 64)
    return (
        stub
        + b"PE\0\0"
        + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, 240, flags)
        + struct.pack("<H", magic)
    )


@pytest.fixture
def refusal(wrapper: Path, tmp_path: Path, run: Run) -> Callable[[bytes], str]:
    """Say why the wrapper does not run a file with these bytes."""

    def refuse(content: bytes) -> str:
        program = tmp_path / "libexec/bitcoin-node"
        program.parent.mkdir(exist_ok=True)
        program.write_bytes(content)
        program.chmod(0o755)
        done = run(wrapper, "node")
        assert (done.returncode, done.stdout) == (1, "")
        line = done.stderr.splitlines()[1]
        start = f"  {program}: not a program for this machine: "
        assert line.startswith(start)
        return line.removeprefix(start).removesuffix(" (the search ends here)")

    return refuse


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n", "neither ELF nor Mach-O nor PE"),
        (b"#!/bin/sh\necho ran\n", "a script"),
        (b"echo ran\n", "neither ELF nor Mach-O nor PE"),
        (bytes(64), "neither ELF nor Mach-O nor PE"),
        (b"\x7fELF", "its header is damaged"),
        (b"\x7fELF\x03\x01" + bytes(60), "its header is damaged"),
        (elf(EM_AARCH64, kind=1), "an ELF file but not a program"),
        (macho(ARM64)[:12], "its header is damaged"),
        (macho(ARM64, kind=6), "a Mach-O file but not a program"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + bytes(64), "neither ELF nor Mach-O nor PE"),
        (fat(ARM64)[:16], "neither ELF nor Mach-O nor PE"),
        (b"MZ" + bytes(62), "an MS-DOS program or a damaged PE file"),
        (b"MZ" + bytes(58) + b"\xff" * 4, "an MS-DOS program or a damaged PE file"),
        (pe(0x8664, flags=0x2002), "a DLL but not a program"),
    ],
)
def test_what_is_no_program_is_named(
    refusal: Callable[[bytes], str], content: bytes, reason: str
) -> None:
    assert refusal(content) == reason


@pytest.mark.parametrize(
    ("content", "program"),
    [
        (elf(EM_S390, big_endian=True), "64-bit ELF program for s390x of the other byte order"),
        (elf(0xFFFF), "64-bit ELF program for an unknown machine"),
        (elf(40, bits=32), "32-bit ELF program for arm"),
        (macho(PPC), "64-bit Mach-O program for an unknown machine"),
        (fat(PPC), "32-bit Mach-O program for an unknown machine"),
        (pe(0xAA64), "64-bit PE program for arm64"),
        (pe(0x14C, magic=0x10B), "32-bit PE program for x86"),
    ],
)
def test_a_program_of_another_machine_is_named(
    refusal: Callable[[bytes], str], content: bytes, program: str
) -> None:
    assert refusal(content).startswith(f"a {program}, where a 64-bit ")


@pytest.mark.skipif(sys.platform != "linux", reason="ELF is native here")
@pytest.mark.parametrize(
    ("content", "program"),
    [(macho(X86_64), "x86_64"), (macho(ARM64), "arm64"), (fat(X86_64, ARM64), "x86_64")],
)
def test_a_mac_program_is_refused_on_linux(
    refusal: Callable[[bytes], str], content: bytes, program: str
) -> None:
    assert refusal(content).startswith(f"a 64-bit Mach-O program for {program}, where a ")


@pytest.mark.skipif(sys.platform != "darwin", reason="Mach-O is native there")
def test_a_universal_program_is_run_when_it_has_this_machine(
    wrapper: Path, run: Run, place: Place
) -> None:
    program = place(wrapper.with_name("bitcoin-node"))
    program.write_bytes(fat(PPC, X86_64, ARM64))
    assert run(wrapper, "--print-exec", "node").stdout == f"{program}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="ELF is native here")
@pytest.mark.parametrize(
    ("offset", "change", "words"),
    [
        (18, lambda byte: byte ^ 0xFF, "an unknown machine"),
        (4, lambda byte: 3 - byte, "a 32-bit ELF program"),
        (5, lambda byte: 3 - byte, "program"),
    ],
    ids=["machine", "class", "byte order"],
)
def test_one_changed_byte_of_a_real_program_is_enough(
    refusal: Callable[[bytes], str],
    probe: Path,
    offset: int,
    change: Callable[[int], int],
    words: str,
) -> None:
    content = bytearray(probe.read_bytes())
    content[offset] = change(content[offset])
    assert words in refusal(bytes(content))


@pytest.mark.skipif(sys.platform != "linux", reason="the loader's path stands in ELF programs")
def test_a_missing_loader_is_told_from_a_missing_program(
    wrapper: Path, run: Run, place: Place
) -> None:
    program = place(wrapper.with_name("bitcoin-node"))
    content = program.read_bytes()
    assert b"/ld-" in content
    program.write_bytes(content.replace(b"/ld-", b"/no-", 1))
    done = run(wrapper, "node")
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: Cannot run '{program}': the loader that it asks for is not there\n"
        f"Try '{wrapper} --help' for more information.\n"
    )

"""How many slices a universal file may have: codesign reads fewer than the kernel does."""

from __future__ import annotations

import struct

import pytest

from countersign.findings import Enforcer
from countersign.verifier import verify_image
from kit.bases import PROGRAM


def joined(count: int) -> bytes:
    """Write the table of so many slices, of which only the first one is there."""
    program = PROGRAM.build()
    first = struct.pack(">5I", 0x0100000C, 0, 0x4000, len(program), 14)
    others = (
        struct.pack(">5I", 1000 + each, 0, 0x4000 + len(program), 0, 0) for each in range(count - 1)
    )
    table = struct.pack(">2I", 0xCAFEBABE, count) + first + b"".join(others)
    return table.ljust(0x4000, b"\0") + program


@pytest.mark.parametrize(("count", "refused"), [(100, False), (101, True), (204, True)])
def test_codesign_reads_no_more_than_a_hundred_slices(count: int, refused: bool) -> None:
    found = [
        each for each in verify_image(joined(count), path="many").findings if each.rule == "R2"
    ]
    assert [each.enforced_by for each in found] == [(Enforcer.CODESIGN,)] * refused


def test_the_kernel_reads_what_a_page_can_list() -> None:
    (found,) = (each for each in verify_image(joined(205), path="many").findings)
    assert Enforcer.KERNEL in found.enforced_by

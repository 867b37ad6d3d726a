"""The rules of loading: what the kernel and dyld demand of any image, signed or not."""

from __future__ import annotations

from typing import Final

from countersign.findings import Enforcer
from countersign.rule import Rule
from countersign.rulebook.enforcers import DYLD, ERROR, KERNEL, LINK_AGAIN

__all__ = ["RULES"]

RULES: Final = (
    Rule(
        id="K2",
        name="pie",
        severity=ERROR,
        enforced_by=KERNEL,
        apple="LOAD_FAILURE",
        demands="An arm64 program is position-independent.",
        why="The kernel does not start it.",
        cause="-no_pie, or a linker for another system.",
        fix="Link it without -no_pie.",
        source="xnu mach_loader.c parse_machfile",
    ),
    Rule(
        id="K7",
        name="uuid",
        severity=ERROR,
        enforced_by=DYLD,
        since=((Enforcer.DYLD, 26),),
        demands="A program built with the SDK of macOS 26 has an LC_UUID, and a library built "
        "with that of macOS 12.",
        why="dyld does not start the program, or refuses to load the library.",
        cause="-no_uuid, which some use to make builds reproducible, or an old linker.",
        fix="Link it without -no_uuid; linkers make the same LC_UUID for the same bytes.",
        source="dyld UnsafeHeader.cpp UnsafeHeader::validSemanticsUUID, Policy.cpp enforceHasUUID",
    ),
    Rule(
        id="K12",
        name="segment-overlap",
        severity=ERROR,
        enforced_by=DYLD,
        demands="No two segments share bytes of the file or addresses in memory.",
        why="dyld refuses to load the library.",
        cause="A tool that made a segment longer without moving the ones behind it.",
        fix=LINK_AGAIN,
        source="dyld UnsafeHeader.cpp UnsafeHeader::validSemanticsSegments",
    ),
)

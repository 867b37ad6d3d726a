"""The rules of delivery: how images travel, and what a user demands of them."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, POLICY, STRICT, WARNING

__all__ = ["RULES"]

_DEMANDED: Final = "The one who verifies demands it; macOS does not."
_SOURCE: Final = "countermark verify"

_PACKED_ON_A_MAC: Final = (
    "The archive was packed on a Mac, with the AppleDouble files of tar or Finder."
)
_PACK_WITHOUT: Final = (
    "Pack it again without the ._ files: with COPYFILE_DISABLE=1 for tar, or on another system."
)

RULES: Final = (
    Rule(
        id="R60",
        name="sideband-data",
        severity=ERROR,
        enforced_by=STRICT,
        apple="errSecCSInvalidAssociatedFileData",
        demands="An image gets no resource fork or Finder information when macOS unpacks it.",
        why="macOS makes them of the ._ file beside it, and codesign refuses code that has them.",
        cause=_PACKED_ON_A_MAC,
        fix=_PACK_WITHOUT,
        source="Security singlediskrep.cpp SingleDiskRep::strictValidate; copyfile copyfile.c "
        "copyfile_unpack; libarchive archive_read_support_format_tar.c read_mac_metadata_blob",
    ),
    Rule(
        id="P9",
        name="apple-double",
        severity=WARNING,
        enforced_by=POLICY,
        demands="No AppleDouble files travel with a release.",
        why="They are litter where others than macOS unpack it, and each machine writes others.",
        cause=_PACKED_ON_A_MAC,
        fix=_PACK_WITHOUT,
        source="copyfile copyfile.c copyfile_pack",
    ),
    Rule(
        id="N9",
        name="not-looked-into",
        severity=WARNING,
        enforced_by=POLICY,
        demands="All archives can be looked into.",
        why="Whatever images are in it were not checked.",
        cause="It is compressed in a way that is not read here, or encrypted.",
        fix="Unpack it and verify what was in it.",
        source=_SOURCE,
    ),
    Rule(
        id="Q1",
        name="required-signature",
        severity=ERROR,
        enforced_by=POLICY,
        demands="With --require-signed, every slice is signed.",
        why=_DEMANDED,
        cause="It was built after the others were signed, or for a CPU that runs it unsigned.",
        fix="Sign it.",
        source=_SOURCE,
    ),
    Rule(
        id="Q2",
        name="required-kind",
        severity=ERROR,
        enforced_by=POLICY,
        demands="With --require-kind, every slice has a signature of one of these kinds.",
        why=_DEMANDED,
        cause="The file was left as the linker signed it, or was signed by somebody else.",
        fix="Sign it with what the release is signed with, or drop the demand.",
        source=_SOURCE,
    ),
    Rule(
        id="Q3",
        name="required-identifier",
        severity=ERROR,
        enforced_by=POLICY,
        demands="With --require-identifier, every slice has an identifier that a pattern matches.",
        why=_DEMANDED,
        cause="The file was signed under the name that it had then, or by somebody else.",
        fix="Sign it with --identifier, or correct the pattern.",
        source=_SOURCE,
    ),
    Rule(
        id="Q4",
        name="required-team",
        severity=ERROR,
        enforced_by=POLICY,
        demands="With --require-team, a certificate of one of these teams signed every slice.",
        why=_DEMANDED,
        cause="The file was signed ad-hoc, which belongs to no team, or by somebody else.",
        fix="Have it signed with a certificate of the team.",
        source=_SOURCE,
    ),
)

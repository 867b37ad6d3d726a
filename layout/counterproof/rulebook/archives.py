"""The rules of how an archive is packed."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import POLICY, WARNING

__all__ = ["MEMBER_ORDER", "MEMBER_TIMES", "PACKER_TRACES", "PREFIX", "RULES", "ZIP_FIELDS"]

PREFIX: Final = Rule(
    id="L34",
    name="prefix-directory",
    severity=WARNING,
    enforced_by=POLICY,
    demands="All members stand in one directory, called by the release's name and version.",
    why="Unpacked in a directory with other files it mixes with them, or replaces them.",
    cause="The stage was packed from inside, or under the name of a working directory.",
    fix="Pack the directory NAME-VERSION itself, as countermark pack does.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, DISTNAME",
)
MEMBER_ORDER: Final = Rule(
    id="L35",
    name="member-order",
    severity=WARNING,
    enforced_by=POLICY,
    demands="The members of an archive are sorted by the bytes of their paths.",
    why="In the order of a file system every builder gets another archive.",
    cause="The archive was packed without --sort=name, or the files were sorted in a locale.",
    fix="Pack again with countermark pack, or sort the names with LC_ALL=C.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, sort --zero-terminated",
)
MEMBER_TIMES: Final = Rule(
    id="L36",
    name="member-times",
    severity=WARNING,
    enforced_by=POLICY,
    demands="All members of an archive have one time, that of the source.",
    why="With the times of a build every builder gets another archive.",
    cause="The archive was packed without --mtime, or before all files were touched.",
    fix="Pack again with countermark pack, or with tar --mtime=@SOURCE_DATE_EPOCH.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, TAR_OPTIONS",
)
PACKER_TRACES: Final = Rule(
    id="L37",
    name="packer-traces",
    severity=WARNING,
    enforced_by=POLICY,
    demands=(
        "A tar records no owners by name and no pax records but long names, and its gzip header"
        " no name and no time."
    ),
    why="They tell who packed the archive, when and where, and no two builders get the same.",
    cause="The archive was packed without --numeric-owner, in the pax format, or without gzip -n.",
    fix="Pack again with countermark pack, or with tar --format=gnu --numeric-owner and gzip -n.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, TAR_OPTIONS and gzip -9n",
)
ZIP_FIELDS: Final = Rule(
    id="L38",
    name="zip-fields",
    severity=WARNING,
    enforced_by=POLICY,
    demands="The members of a zip have Unix modes, and neither extra fields nor data descriptors.",
    why="Extra fields hold times and owners of the packer's machine, and differ between builders.",
    cause="The archive was packed without zip -X, into a pipe, or on Windows.",
    fix="Pack again with countermark pack, or with zip -X on Unix.",
    source="Bitcoin Core cmake/script/macos_zip.sh; PKWARE APPNOTE.TXT 4.3.9 and 4.5",
)

RULES: Final = (PREFIX, MEMBER_ORDER, MEMBER_TIMES, PACKER_TRACES, ZIP_FIELDS)

"""The causes why two archives, trees or builds differ, the gravest first."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY, WARNING

__all__ = [
    "COMPRESSION",
    "FILE_BYTES",
    "IMAGE_CODE",
    "LINK_TARGET",
    "MEMBER_KIND",
    "MEMBER_MISSING",
    "MEMBER_MODE",
    "MEMBER_ORDER",
    "MEMBER_OWNER",
    "MEMBER_TIME",
    "PREFIX_NAME",
    "RULES",
    "SIGNATURE",
    "TAR_END",
    "TAR_FORMAT",
    "TEXT_LINES",
    "UNREADABLE",
    "UNUSED_BYTES",
    "ZIP_FORMAT",
]

UNREADABLE: Final = Rule(
    id="X01",
    name="archive-unreadable",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Two archives that should be the same can both be read to their end.",
    why="What cannot be read cannot be compared, and nobody can unpack it either.",
    cause="The archive was cut short or changed on its way: a disk, a proxy, or somebody.",
    fix="Fetch it again from its source, and check its digest before anything else.",
    source="RFC 1952, RFC 8878, POSIX.1-2017 pax, PKWARE APPNOTE.TXT",
)
MEMBER_MISSING: Final = Rule(
    id="X02",
    name="member-missing",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Two trees that should be the same hold the same files.",
    why="Who gets the smaller one lacks a file; the larger one brings what nobody checked.",
    cause="A component was built or installed on one side only, or a file was left behind.",
    fix="Build both with the same options, and stage from an empty directory.",
    source="Bitcoin Core contrib/guix/libexec/build.sh, install and packing",
)
MEMBER_KIND: Final = Rule(
    id="X03",
    name="member-kind",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A path is on both sides the same kind: a file, a directory or a link.",
    why="A link can lead to other bytes on every machine that it is unpacked on.",
    cause="One packer follows links, or keeps hard links, and the other does not.",
    fix="Pack both with the same program and options, as countermark pack does.",
    source="POSIX.1-2017 pax, typeflag",
)
LINK_TARGET: Final = Rule(
    id="X04",
    name="link-target",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A link leads on both sides to the same path.",
    why="What it leads to is what is run or read.",
    cause="The link was made with a path of the build machine in it.",
    fix="Make links relative to the directory that they stand in.",
    source="POSIX.1-2017 pax, linkname",
)
IMAGE_CODE: Final = Rule(
    id="X05",
    name="image-content",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program or library is on both sides the same, byte for byte.",
    why="Programs that differ may do different things; nobody can vouch for both.",
    cause=(
        "Another compiler or linker, a path or time of the build in the file, an identifier made"
        " at random, or input files in another order; or the program was changed."
    ),
    fix=(
        "Compare the two files themselves with countermark compare, which names the functions;"
        " then build both with the same tools, SOURCE_DATE_EPOCH and -ffile-prefix-map."
    ),
    source="reproducible-builds.org, documentation of sources of differences",
)
TEXT_LINES: Final = Rule(
    id="X06",
    name="text-content",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A text is on both sides the same, byte for byte.",
    why="Scripts and configuration files do things too, and every byte changes the archive.",
    cause="A date, a version, a host name or a locale was written into it, or its line endings.",
    fix="Write texts from SOURCE_DATE_EPOCH and LC_ALL=C, with the line endings of the source.",
    source="reproducible-builds.org, documentation of sources of differences",
)
FILE_BYTES: Final = Rule(
    id="X07",
    name="file-content",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A file is on both sides the same, byte for byte.",
    why="Every byte changes the archive, and nobody can vouch for both.",
    cause="It holds a time or something at random, or it was damaged or changed.",
    fix="Find what writes the file; diffoscope shows what is in many formats.",
    source="reproducible-builds.org, documentation of sources of differences",
)
SIGNATURE: Final = Rule(
    id="X08",
    name="signature-only",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Files that should be the same, signatures included, carry the same signatures.",
    why="The code is proven to be the same; who vouches for it is not.",
    cause="One side was signed and the other not, or by somebody else, or at another time.",
    fix="Compare with --modulo-signature when one side is meant to be signed.",
    source="countersign.comparison: signed = unsigned + signature",
)
MEMBER_MODE: Final = Rule(
    id="X09",
    name="member-mode",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A path has on both sides the same permission bits.",
    why="A program without its bits does not start; one with more of them can be overwritten.",
    cause="The umask of the machine that installed or packed the files.",
    fix="Pack again with countermark pack, or with tar --mode=u+rw,go+r-w,a+X.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, TAR_OPTIONS",
)
PREFIX_NAME: Final = Rule(
    id="X10",
    name="prefix-name",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The directory that everything stands in has on both sides the same name.",
    why="It names the release; what is called otherwise is taken for another version.",
    cause="Two versions are compared, or the version was told to one of the builds only.",
    fix="Build both from the same commit and tag.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, DISTNAME",
)
MEMBER_ORDER: Final = Rule(
    id="X11",
    name="member-order-differs",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The members of two archives stand in the same order.",
    why="The same files in another order are another archive.",
    cause="The files were packed in the order of the file system, or sorted in a locale.",
    fix="Pack again with countermark pack, or sort the names with LC_ALL=C.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, sort --zero-terminated",
)
MEMBER_OWNER: Final = Rule(
    id="X12",
    name="member-owner",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A member has in both archives the same owner and group.",
    why="Packed with the user who built it, every builder gets another archive.",
    cause="One of them was packed without --owner=0 --group=0 --numeric-owner.",
    fix="Pack again with countermark pack, or with these options of GNU tar.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, TAR_OPTIONS",
)
MEMBER_TIME: Final = Rule(
    id="X13",
    name="member-time",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A member has in both archives the same time.",
    why="With the times of a build every builder gets another archive.",
    cause="SOURCE_DATE_EPOCH was not set, or differs; a zip also takes the time zone in.",
    fix="Pack both with the same SOURCE_DATE_EPOCH, and zips with TZ=UTC.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, TAR_OPTIONS and touch",
)
TAR_FORMAT: Final = Rule(
    id="X14",
    name="tar-format",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Two tars are written in the same format: GNU's, with nothing but long names.",
    why="The same files in another format are another archive.",
    cause="Another program or another --format wrote one of them; pax is Python's default.",
    fix="Pack again with countermark pack, or with GNU tar --format=gnu.",
    source="POSIX.1-2017 pax; GNU tar manual, 8.1 Using Less Space through Formats",
)
ZIP_FORMAT: Final = Rule(
    id="X15",
    name="zip-format",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The headers of two zips say the same of every member.",
    why="The same files with other headers are another archive.",
    cause="Another program wrote one of them, or zip was run without -X, or on another system.",
    fix="Pack again with countermark pack, or with zip -X on Unix.",
    source="PKWARE APPNOTE.TXT 4.3.7, 4.3.12 and 4.5",
)
UNUSED_BYTES: Final = Rule(
    id="X16",
    name="unused-bytes",
    severity=ERROR,
    enforced_by=POLICY,
    demands="What belongs to no member is the same in two archives: padding, gaps and the end.",
    why="Nobody sees these bytes when unpacking, and anything can hide in them.",
    cause="Another program packed one of them, or something was added by hand.",
    fix="Pack again with countermark pack; look closely at bytes that are not zero.",
    source="POSIX.1-2017 pax, ustar Interchange Format; PKWARE APPNOTE.TXT 4.3.6",
)
TAR_END: Final = Rule(
    id="X18",
    name="tar-end",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Two tars end with the same number of zeros.",
    why="Zeros at the end change the digest, and nothing else: nothing can hide in them.",
    cause="Another program, or another record size of GNU tar (--blocking-factor).",
    fix="Pack again with countermark pack, or with GNU tar, which fills up 10,240 bytes.",
    source="GNU tar manual, 9.4 Blocking",
)
COMPRESSION: Final = Rule(
    id="X17",
    name="compression-only",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Two archives of the same content are compressed to the same bytes.",
    why="Their digests differ although nothing in them does: it is not what tampering looks like.",
    cause="Another compressor, version or level: gzip, pigz, zlib and zlib-ng all differ.",
    fix="Compress both with the program and version that the manifest names.",
    source="RFC 1951: a compressor is free in its choices; RFC 8878",
)

RULES: Final[tuple[Rule, ...]] = (
    UNREADABLE,
    MEMBER_MISSING,
    MEMBER_KIND,
    LINK_TARGET,
    IMAGE_CODE,
    TEXT_LINES,
    FILE_BYTES,
    SIGNATURE,
    MEMBER_MODE,
    PREFIX_NAME,
    MEMBER_ORDER,
    MEMBER_OWNER,
    MEMBER_TIME,
    TAR_FORMAT,
    ZIP_FORMAT,
    UNUSED_BYTES,
    TAR_END,
    COMPRESSION,
)

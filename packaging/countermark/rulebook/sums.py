"""The rules of lists of digests, ``SHA256SUMS`` and its kin."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY, WARNING

__all__ = [
    "BINARY_MARKER",
    "BSD_LINE",
    "CARRIAGE_RETURN",
    "CONTROL_CHARACTER",
    "CUT_OFF",
    "DIGEST_KIND",
    "DIGEST_MISMATCH",
    "ESCAPED_NAME",
    "LISTED_TWICE",
    "MISSING_FILE",
    "NOTHING_LISTED",
    "NOT_A_LINE",
    "OUTSIDE",
    "RULES",
    "UNLISTED_FILE",
    "UNSAFE_NAME",
]

_DOWNLOAD_AGAIN: Final = "Get the list anew from where it is published, and check its signatures."
_WRITE_AGAIN: Final = "Write the list with sha256sum, or with countermark pack."

NOTHING_LISTED: Final = Rule(
    id="D01",
    name="nothing-listed",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A list of digests names at least one file.",
    why="A check of nothing would pass.",
    cause="The download failed and left an empty file, or the list was made in an empty folder.",
    fix=_DOWNLOAD_AGAIN,
    source="GNU coreutils, sha256sum --check: no properly formatted checksum lines found",
)
NOT_A_LINE: Final = Rule(
    id="D02",
    name="not-a-line",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every line of a list is a digest, two spaces and a name.",
    why="A file whose line is not understood is not checked, and sha256sum only warns.",
    cause="The list was edited by hand, or is a web page or a signed message.",
    fix=_DOWNLOAD_AGAIN,
    source="GNU coreutils, sha256sum --check --strict",
)
LISTED_TWICE: Final = Rule(
    id="D03",
    name="listed-twice",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every name stands in a list once.",
    why="Which of two digests counts would depend on who reads it.",
    cause="Lists of several builds were put together, or names differ only in small letters.",
    fix=_WRITE_AGAIN,
    source="Bitcoin Core contrib/guix/guix-attest, sort -u",
)
UNSAFE_NAME: Final = Rule(
    id="D04",
    name="unsafe-name",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Names are relative paths with forward slashes, without '.' and '..'.",
    why="The digest of a file outside the release would be taken for one of it.",
    cause="The list was made in another directory, on Windows, or to mislead.",
    fix=_WRITE_AGAIN,
    source="OWASP, path traversal",
)
CONTROL_CHARACTER: Final = Rule(
    id="D05",
    name="control-character",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Names are UTF-8 of characters that can be printed.",
    why="A name with others can hide what it is, and command the terminal that shows it.",
    cause="The list was made to mislead, or in another encoding.",
    fix=_WRITE_AGAIN,
    source="Bitcoin Core contrib/guix/libexec/package.sh: names of releases are ASCII",
)
CARRIAGE_RETURN: Final = Rule(
    id="D06",
    name="carriage-return",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Lines end with a line feed alone.",
    why="sha256sum takes the carriage return for a part of the name, and finds no such file.",
    cause="The list went through a program that changes ends of lines; its signatures fail then.",
    fix=_DOWNLOAD_AGAIN,
    source="GNU coreutils, sha256sum --check",
)
BINARY_MARKER: Final = Rule(
    id="D07",
    name="binary-marker",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Two spaces stand between digest and name.",
    why="Some programs take the asterisk for a part of the name.",
    cause="The list was made with sha256sum --binary, or on Windows.",
    fix="Nothing needs to be done: it means the same.",
    source="GNU coreutils, sha256sum: the input mode flag",
)
BSD_LINE: Final = Rule(
    id="D08",
    name="bsd-line",
    severity=NOTE,
    enforced_by=POLICY,
    demands="A line is a digest and a name, not 'SHA256 (name) = digest'.",
    why="Bitcoin Core's verify.py does not understand it.",
    cause="The list was made with sha256sum --tag, shasum --tag or on a BSD.",
    fix="Nothing needs to be done: it means the same.",
    source="GNU coreutils, sha256sum --tag",
)
ESCAPED_NAME: Final = Rule(
    id="D09",
    name="escaped-name",
    severity=WARNING,
    enforced_by=POLICY,
    demands="No name needs a backslash before its line.",
    why="Few programs know that a backslash means a line feed or a backslash in the name.",
    cause="A file of the release has a strange name.",
    fix="Name the file so that it can be typed.",
    source="GNU coreutils, sha256sum: a backslash at the start of the line",
)
DIGEST_KIND: Final = Rule(
    id="D10",
    name="digest-kind",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Digests are SHA-256, SHA-384 or SHA-512: 64, 96 or 128 hexadecimal digits.",
    why="Two files with one MD5 or SHA-1 digest can be made, so it proves nothing.",
    cause="The list was made with md5sum or sha1sum, or the line was cut off.",
    fix=_WRITE_AGAIN,
    source="NIST SP 800-131A; RFC 9155",
)
DIGEST_MISMATCH: Final = Rule(
    id="D11",
    name="digest-mismatch",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every listed file has the digest that is listed.",
    why="It is not the file that was signed for.",
    cause="The file was cut off, damaged or changed, or belongs to another release.",
    fix="Get the file anew. If it differs again, do not use it, and tell who publishes it.",
    source="FIPS 180-4",
)
MISSING_FILE: Final = Rule(
    id="D12",
    name="listed-but-missing",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every listed file is there.",
    why="A file that is not there was not checked, and a check of nothing would pass.",
    cause="Only some files were downloaded, or they are in another directory.",
    fix="Name the directory with --directory; for a part of a release use --allow-missing.",
    source="Bitcoin Core contrib/verify-binaries/verify.py passes then; sha256sum does not",
)
OUTSIDE: Final = Rule(
    id="D13",
    name="outside",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Listed files are ordinary files below the directory, not links that lead out of it.",
    why="Another file than that of the release would be checked, and a device never ends.",
    cause="The file is a symbolic link, a directory or a device.",
    fix="Put the file itself there.",
    source="OWASP, path traversal",
)
UNLISTED_FILE: Final = Rule(
    id="D14",
    name="unlisted-file",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Every file that stands among the listed ones is listed.",
    why="Nobody vouches for it, although it looks as if it belonged to the release.",
    cause="It was made later, or comes from elsewhere.",
    fix="Do not use it as a part of the release.",
    source="Bitcoin Core contrib/guix/guix-attest lists all output",
)
CUT_OFF: Final = Rule(
    id="D15",
    name="no-last-line-feed",
    severity=WARNING,
    enforced_by=POLICY,
    demands="The last line of a list ends with a line feed.",
    why="More lines may have followed.",
    cause="The list was cut off, or written by an editor that leaves it out.",
    fix=_DOWNLOAD_AGAIN,
    source="POSIX, 3.206 Line",
)
RULES: Final[tuple[Rule, ...]] = (
    NOTHING_LISTED,
    NOT_A_LINE,
    LISTED_TWICE,
    UNSAFE_NAME,
    CONTROL_CHARACTER,
    CARRIAGE_RETURN,
    BINARY_MARKER,
    BSD_LINE,
    ESCAPED_NAME,
    DIGEST_KIND,
    DIGEST_MISMATCH,
    MISSING_FILE,
    OUTSIDE,
    UNLISTED_FILE,
    CUT_OFF,
)

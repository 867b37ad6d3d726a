"""What dyld prints when it refuses a library, with the words that the kernel and AMFI lend it."""

from __future__ import annotations

import re
from typing import Final

from countersign.kernelerrors import errno_name
from countersign.sightings.phrase import IMAGE, SEALED, Meaning, Phrase, phrase
from countersign.sightings.sighting import Reporter

__all__ = ["PHRASES"]

_NOT_VALID: Final = (
    rf"(?:code signature in (?:{IMAGE}|\((?P<old_path>[^)]{{0,1024}})\)) not valid for use in "
    r"process[^:]{0,40}: )?"
)
"""dyld named the image in another way until macOS 11."""
LIBRARY: Final = (
    "Sign program and library by the same team, or sign the program without the options runtime "
    "and library, or give it com.apple.security.cs.disable-library-validation."
)


def _dyld_error(match: re.Match[str]) -> Meaning:
    number = int(match["number"])
    name = errno_name(number) or f"errno {number}"
    rules = {
        "EPERM": SEALED,
        "EBADEXEC": SEALED,
        "E2BIG": ("R21",),
        "EINVAL": ("R33",),
        "EALREADY": ("R54",),
    }.get(name, ())
    return Meaning(
        f"The kernel did not take the signature of a library: {name}.",
        rules,
        "" if rules else "Look for what the kernel and AMFI logged at the same time.",
    )


def _dyld_text(mark: str, pattern: str, source: str, text: str, *rules: str) -> Phrase:
    return phrase(mark, pattern, Reporter.DYLD, f"dyld {source}", Meaning(text, rules))


PHRASES: Final[tuple[Phrase, ...]] = (
    phrase(
        "code signature invalid in",
        rf"code signature invalid in {IMAGE} \(errno=(?P<number>\d{{1,10}})\) "
        r"sliceOffset=0x(?P<slice>[0-9a-fA-F]{1,16}), "
        r"codeBlobOffset=0x(?P<blob>[0-9a-fA-F]{1,16})",
        Reporter.DYLD,
        "dyld DyldDelegates.cpp SyscallDelegate::registerSignature",
        _dyld_error,
    ),
    phrase(
        "code signature invalid for",
        r"code signature invalid for '(?P<path>[^']{0,1024})'",
        Reporter.DYLD,
        "dyld-852 src/ImageLoaderMachO.cpp, until macOS 11",
        Meaning("The kernel did not take the signature of a library.", SEALED),
    ),
    phrase(
        "code signature invalid (",
        r"code signature invalid \(errno=(?P<number>\d{1,10})\) "
        r"sliceOffset=0x(?P<slice>[0-9A-F]{1,16}), codeBlobOffset=0x(?P<blob>[0-9A-F]{1,16}), "
        r"codeBlobSize=0x[0-9A-F]{1,16} for '(?P<path>[^']{0,1024})'",
        Reporter.DYLD,
        "dyld-852 dyld3/Loading.cpp, until macOS 11",
        _dyld_error,
    ),
    phrase(
        "F_ADDFILESIGS_RETURN",
        rf"F_ADDFILESIGS_RETURN\) failed with errno=(?P<number>\d{{1,10}}) in {IMAGE}",
        Reporter.DYLD,
        "dyld DyldDelegates.cpp SyscallDelegate::registerSignature",
        _dyld_error,
    ),
    phrase(
        "does not cover entire file",
        rf"code signature does not cover entire file up to signature in {IMAGE}",
        Reporter.DYLD,
        "dyld DyldDelegates.cpp SyscallDelegate::registerSignature",
        Meaning("The signed bytes end before the signature begins.", ("R33",)),
    ),
    phrase(
        "different Team IDs",
        rf"{_NOT_VALID}mapping process and mapped file "
        r"\(non-platform\) have different Team IDs",
        Reporter.DYLD,
        "dyld Loader.cpp mapSegments, with the words of AMFI",
        Meaning(
            "The program validates its libraries, and this one is signed by another team or by "
            "none.",
            ("A3",),
            LIBRARY,
        ),
    ),
    phrase(
        "mapped file has no cdhash",
        rf"{_NOT_VALID}mapped file has no cdhash",
        Reporter.DYLD,
        "dyld Loader.cpp mapSegments, with the words of AMFI",
        Meaning("The library is not signed, or its signature was refused.", ("A1", *SEALED)),
    ),
    phrase(
        "mapped file has no Team ID",
        rf"{_NOT_VALID}mapped file has no Team ID",
        Reporter.DYLD,
        "dyld Loader.cpp mapSegments, with the words of AMFI",
        Meaning(
            "The program validates its libraries, and this one is signed without a certificate.",
            ("A3",),
            LIBRARY,
        ),
    ),
    phrase(
        "code signing blocked mmap",
        r"code signing blocked mmap\(\) of '(?P<path>[^']{0,1024})'",
        Reporter.DYLD,
        "dyld Loader.cpp mapSegments",
        Meaning(
            "The kernel does not let this file be mapped as code.", ("R27", "R40", "R19", "A1")
        ),
    ),
    _dyld_text(
        "missing LC_UUID", r"missing LC_UUID load command",
        "UnsafeHeader.cpp validSemanticsUUID", "The image has no LC_UUID.", "K7",
    ),
    _dyld_text(
        "filesize exceeds vmsize", r"segment '[^']{0,16}' filesize exceeds vmsize",
        "UnsafeHeader.cpp validSegment",
        "A segment takes more bytes in the file than in memory.", "R17",
    ),
    _dyld_text(
        "content extends beyond end", r"segment '[^']{0,16}' load command content extends beyond",
        "UnsafeHeader.cpp validSegment", "A segment reaches past the end.", "R18",
    ),
    _dyld_text(
        "overlaps segment", r"(?:vm|file) range of segment '[^']{0,16}' overlaps segment",
        "UnsafeHeader.cpp validSemanticsSegments", "Two segments share bytes.", "K12",
    ),
    _dyld_text(
        "missing SG_READ_ONLY", r"__DATA_CONST segment missing SG_READ_ONLY flag",
        "UnsafeHeader.cpp validSegment", "__DATA_CONST is not marked read-only.", "K10",
    ),
    _dyld_text(
        "segment permissions is not", r"segment permissions is not '",
        "UnsafeHeader.cpp validSegment", "A segment has the wrong protection.", "K19",
    ),
    _dyld_text(
        "out of order", r"segment '[^']{0,16}' (?:file offset|vm address) out of order",
        "UnsafeHeader.cpp validSemanticsSegments", "Segments are out of order.", "K20",
    ),
    _dyld_text(
        "mis-aligned code signature", r"mis-aligned code signature",
        "Image.cpp validStructureLinkedit", "The signature is not aligned.", "R14",
    ),
    _dyld_text(
        "slice is not page aligned", r"slice is not page aligned",
        "Universal.cpp validSlice", "A slice does not start on a page.", "R9",
    ),
    _dyld_text(
        "does not match fat header", r"in slice \([^)]{0,40}\) does not match fat header",
        "Universal.cpp validSlice", "A slice is for another CPU than the table says.", "K11",
    ),
    _dyld_text(
        "overlapping slices", r"overlapping slices",
        "Universal.cpp valid", "Two slices share bytes.", "R5",
    ),
    _dyld_text(
        "slice extends beyond end", r"slice extends beyond end of file",
        "Universal.cpp valid", "A slice reaches past the end of the file.", "R3",
    ),
    _dyld_text(
        "incompatible architecture", r"mach-o file, but is an incompatible architecture",
        "MachOFile.cpp", "The library has no slice for the CPU of this process.",
    ),
)  # fmt: skip

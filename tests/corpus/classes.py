"""Tell by whom a slice was linked, edited and signed: from its bytes alone.

Three questions are kept apart. :func:`classify` names the class of a slice with the help of its
signature. :func:`linker_of` and :func:`editor_of` look at everything but the signature, and
:func:`guess_dialect` puts them together: which dialect of a linker signature the slice would get
if it had none. The criteria are measured on the corpus, which also says how often they are right.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from countersign.codedirectory import CodeDirectory, Flag, header_size
from countersign.macho.slice import Slice
from countersign.signature import Kind, Signature
from countersign.superblob import Slot
from evidence import LD, LLD, ZIG, Evidence

__all__ = [
    "Class",
    "Editor",
    "SliceClass",
    "Trait",
    "classify",
    "codesign_size",
    "editor_of",
    "guess_dialect",
    "linker_of",
]


class Class(enum.StrEnum):
    """What a slice is in the corpus for; the linker dialects are the middle group."""

    CODESIGN_ARM64_4K = "codesign-arm64-4k"
    CODESIGN_ARM64_16K = "codesign-arm64-16k"
    CODESIGN_ARM64_20100 = "codesign-arm64-20100"
    CODESIGN_X86_64 = "codesign-x86_64"
    CODESIGN_X86_64_SHA1 = "codesign-x86_64-sha1"
    CODESIGN_X86_64_20100 = "codesign-x86_64-20100"
    ADHOC_OTHER = "adhoc-other"

    LD_PRIME = "ld-prime"
    LD64 = "ld64"
    LD64_609 = "ld64-609"
    CCTOOLS = "cctools"
    LLVM = "llvm"
    LLD = "lld"
    GO = "go"
    ZIG = "zig"
    LINKER_OTHER = "linker-other"

    CMS_CODESIGN = "cms-codesign"
    CMS_OTHER = "cms-other"

    UNSIGNED_ARM64 = "unsigned-arm64"
    UNSIGNED_X86_64 = "unsigned-x86_64"
    OBJECT = "object"
    DSYM = "dsym"
    FOREIGN = "foreign"


class Trait(enum.StrEnum):
    """What else a slice is in the corpus for."""

    FAT = "fat"
    ENTITLEMENTS = "entitlements"
    INFO_PLIST = "info-plist"
    RESOURCES = "resources"
    RUNTIME = "runtime"
    SHA1 = "sha1"
    STALE_TAIL = "stale-tail"
    COMMAND_NOT_LAST = "command-not-last"
    ROOMY_LINKEDIT = "roomy-linkedit"
    """__LINKEDIT has more memory than its contents rounded to 16 KiB."""


class Editor(enum.StrEnum):
    """Who rewrote the symbols or the load commands behind the linker's back."""

    NONE = "-"
    STRIP = "strip"
    INSTALL_NAME_TOOL = "install_name_tool"
    LLVM = "llvm-objcopy"


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceClass:
    """A class with its traits."""

    name: Class
    traits: frozenset[Trait]


PRIME: Final = 1000
"""The new linker of Xcode 15 has versions from 1015 on, ld64 ended at 956."""
ROUNDING: Final = 857
"""The oldest ld64 seen that rounds the size of a signature to 8; 820 does not."""
OLDEST_LD: Final = 100
"""lld up to 14 claims to be ld, with its own version."""
PRIME_SDK: Final = 14 << 16
CMS_RESERVE: Final = 18000
LLVM_FIRST_BLOB: Final = 24
"""LLVM aligns the code directory, which leaves a hole behind the index."""
_FILETYPES: Final = {1: Class.OBJECT, 10: Class.DSYM}


def classify(evidence: Evidence) -> SliceClass:
    """Name the class of a slice, from its signature where it has one."""
    return SliceClass(name=_name(evidence), traits=frozenset(_traits(evidence)))


def _name(evidence: Evidence) -> Class:
    thin, signature = evidence.thin, evidence.signature
    if thin.header.filetype in _FILETYPES:
        return _FILETYPES[thin.header.filetype]
    if thin.arch not in ("arm64", "x86_64"):
        return Class.FOREIGN
    if signature is None:
        return Class.UNSIGNED_ARM64 if thin.is_arm64 else Class.UNSIGNED_X86_64
    if signature.kind is Kind.LINKER:
        return _linker_class(evidence, signature)
    apple = thin.signature is not None and thin.signature.data_size == codesign_size(signature)
    if signature.kind is Kind.CMS:
        return Class.CMS_CODESIGN if apple else Class.CMS_OTHER
    return _codesign_class(thin, signature) if apple else Class.ADHOC_OTHER


def _codesign_class(thin: Slice, signature: Signature) -> Class:
    code = signature.best.code
    old = code.version < 0x20400
    if thin.is_arm64:
        large = Class.CODESIGN_ARM64_16K if code.page_size == 0x4000 else Class.CODESIGN_ARM64_4K
        return Class.CODESIGN_ARM64_20100 if old else large
    if old:
        return Class.CODESIGN_X86_64_20100
    dual = len(signature.directories) > 1
    return Class.CODESIGN_X86_64_SHA1 if dual else Class.CODESIGN_X86_64


def codesign_size(signature: Signature) -> int:
    """Give the room that codesign leaves for such a signature.

    Code directories count as if they had the newest header, the certificate's signature as
    18,000 bytes (signerutils.cpp, CodeSigner.cpp).
    """
    blobs = (Slot.REQUIREMENTS, Slot.ENTITLEMENTS, Slot.ENTITLEMENTS_DER)
    room = 12 + 8 + CMS_RESERVE
    room += sum(8 + len(blob.data) for blob in signature.superblob.blobs if blob.slot in blobs)
    room += sum(8 + _directory_room(each.code) for each in signature.directories)
    return -(-room // 16) * 16


def _directory_room(code: CodeDirectory) -> int:
    names = [code.identifier, *([code.team] if code.team else [])]
    strings = sum(len(name.encode(errors="surrogateescape")) + 1 for name in names)
    slots = len(code.special) + code.code_count
    return header_size(0x20500) + strings + slots * code.hash_type.size


def _linker_class(evidence: Evidence, signature: Signature) -> Class:
    """Name the dialect of a linker signature."""
    linkedit, text = evidence.thin.segment("__LINKEDIT"), evidence.thin.segment("__TEXT")
    if linkedit is None or text is None:
        return Class.LINKER_OTHER
    unrounded = linkedit.vmsize == linkedit.filesize
    if signature.superblob.blobs[0].offset == LLVM_FIRST_BLOB:
        return Class.LLD if unrounded else Class.LLVM
    code = signature.best.code
    if code.page_size == 0x4000:
        return Class.ZIG
    if unrounded:
        return Class.GO
    if code.exec_segment.limit == evidence.text_section_size:
        return Class.LD_PRIME
    if code.exec_segment.limit != text.filesize:
        return Class.LINKER_OTHER
    return _segment_dialect(evidence, signature)


def _segment_dialect(evidence: Evidence, signature: Signature) -> Class:
    """Tell apart those of Apple's tools that seal the size of the segment __TEXT."""
    if editor_of(evidence) is not Editor.NONE or linker_of(evidence) is Class.LD_PRIME:
        return Class.CCTOOLS
    command, length = evidence.thin.signature, signature.superblob.length
    if command is None or length % 8 == 0:
        return linker_of(evidence)
    return Class.LD64_609 if command.data_size == length else Class.LD64


def _traits(evidence: Evidence) -> list[Trait]:
    signature, linkedit = evidence.signature, evidence.thin.segment("__LINKEDIT")
    traits = [Trait.FAT] if evidence.in_fat else []
    if signature is None or linkedit is None:
        return traits
    code = signature.best.code
    rounded = -(-linkedit.filesize // 0x4000) * 0x4000
    for trait, holds in (
        (Trait.ENTITLEMENTS, signature.superblob.find(Slot.ENTITLEMENTS) is not None),
        (Trait.INFO_PLIST, code.special_slot(Slot.INFO_PLIST) is not None),
        (Trait.RESOURCES, code.special_slot(Slot.RESOURCES) is not None),
        (Trait.RUNTIME, Flag.RUNTIME in code.flags),
        (Trait.SHA1, len(signature.directories) > 1),
        (Trait.STALE_TAIL, any(evidence.tail)),
        (Trait.COMMAND_NOT_LAST, evidence.commands_behind_signature > 0),
        (Trait.ROOMY_LINKEDIT, linkedit.vmsize > rounded),
    ):
        if holds:
            traits.append(trait)
    return traits


def linker_of(evidence: Evidence) -> Class:
    """Name the linker, without a look at the signature."""
    kinds = {tool.kind: tool for tool in evidence.tools}
    if ZIG in kinds:
        return Class.ZIG
    if LLD in kinds:
        return Class.LLD
    if LD in kinds:
        return _ld(kinds[LD].major)
    if not evidence.thin.targets:
        return Class.LD64
    if evidence.has_section("__gopclntab"):
        return Class.GO
    prime = evidence.thin.targets[0].sdk >= PRIME_SDK
    return Class.LD_PRIME if prime else Class.LD64


def _ld(major: int) -> Class:
    if major < OLDEST_LD:
        return Class.LLD
    if major >= PRIME:
        return Class.LD_PRIME
    return Class.LD64 if major >= ROUNDING else Class.LD64_609


def editor_of(evidence: Evidence) -> Editor:
    """Tell who edited a slice after it was linked; what only renames libraries leaves no trace."""
    if evidence.string_table_start.startswith(b"\0\0"):
        return Editor.STRIP
    if evidence.rpath_was_added:
        return Editor.INSTALL_NAME_TOOL
    names = [name[::-1] for name in evidence.names()]
    if len(names) > 3 and all(one >= other for one, other in pairwise(names)):
        return Editor.LLVM
    return Editor.NONE


def guess_dialect(evidence: Evidence) -> Class:
    """Say which dialect of a linker signature a slice would carry, without a look at it."""
    editor = editor_of(evidence)
    if editor is Editor.LLVM:
        return Class.LLVM
    if editor is Editor.NONE:
        return linker_of(evidence)
    return Class.CCTOOLS

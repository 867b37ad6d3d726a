"""The signing plan: where everything goes, by arithmetic alone.

Rules: ``code_sign_allocate`` in Security's codesign_alloc.cpp (places and header changes),
``SecCodeSigner::Signer`` in signer.cpp and ``CodeDirectory::Builder`` in cdbuilder.cpp (sizes).
Nothing here reads a file or hashes a byte; offsets count from the start of the slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from countersign.codedirectory import MAIN_BINARY, NO_CODE, ExecSegment, header_size
from countersign.digest import HashType
from countersign.errors import FormatError, NoRoomError, NotSignableError
from countersign.macho.header import CODE_TYPES, FILE_TYPES, MH_EXECUTE
from countersign.macho.patch import (
    COMMAND_SIZE,
    Patch,
    append_signature,
    move_signature,
    resize_segment,
)
from countersign.macho.segment import Segment
from countersign.macho.slice import Slice
from countersign.pagehash import page_count
from countersign.style import Style
from countersign.superblob import EMPTY_REQUIREMENTS

__all__ = ["SPECIAL_SLOTS", "Plan", "plan_signature", "signature_room"]

SPECIAL_SLOTS: Final = 2
"""Info.plist and requirements: codesign always seals the requirements, so never fewer."""

CMS_ROOM: Final = 18000
"""What codesign sets aside for the CMS signature, even when there will be none."""
MEASURED_VERSION: Final = 0x20500
"""codesign measures a code directory as if it had this version, and may write an older one."""
LINKEDIT_ALIGN: Final = 0x4000
"""The unit of __LINKEDIT's vmsize, on every CPU."""
TRAILING_ALLOWED: Final = 7
"""An existing signature may end this many bytes before the end of the slice."""
MAX_SIZE: Final = 0xFFFFFFFF
"""LC_CODE_SIGNATURE has 32-bit fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything about a signature but the hashes."""

    arch: str
    identifier: str
    version: int
    """The version of the code directories."""
    digests: tuple[HashType, ...]
    """One code directory for each, the weakest first."""
    page_size: int
    data_offset: int
    """Where the signature starts, which is also the code limit."""
    data_size: int
    exec_segment: ExecSegment
    patches: tuple[Patch, ...]

    @property
    def size(self) -> int:
        """Bytes of the signed slice."""
        return self.data_offset + self.data_size


def plan_signature(
    thin: Slice, *, identifier: str, style: Style, digests: tuple[HashType, ...]
) -> Plan:
    """Plan the ad-hoc signature of one slice.

    Raises :class:`NotSignableError` for what is no code, :class:`NoRoomError` when the load
    command does not fit, and :class:`FormatError` when the facts contradict each other.
    """
    linkedit = _signable_linkedit(thin)
    page_size = style.page_size(thin)
    data_offset = thin.signature.data_offset if thin.signature else _round_up(thin.size, 16)
    data_size = signature_room(
        identifier=identifier, pages=page_count(data_offset, page_size), digests=digests
    )
    if data_offset + data_size > MAX_SIZE:
        raise NotSignableError("a slice of 4 GiB or more")
    exec_segment = _exec_segment(thin)
    return Plan(
        arch=thin.arch,
        identifier=identifier,
        version=0x20400 if exec_segment.limit else 0x20100,
        digests=digests,
        page_size=page_size,
        data_offset=data_offset,
        data_size=data_size,
        exec_segment=exec_segment,
        patches=_patches(thin, linkedit, data_offset=data_offset, data_size=data_size),
    )


def signature_room(*, identifier: str, pages: int, digests: tuple[HashType, ...]) -> int:
    """Bytes that codesign reserves for an ad-hoc signature.

    An index entry takes 8 bytes; what comes to more than the blobs is zero padding.
    """
    fixed = header_size(MEASURED_VERSION) + len(identifier.encode("utf-8", "surrogateescape")) + 1
    directories = sum(8 + fixed + (SPECIAL_SLOTS + pages) * each.size for each in digests)
    return _round_up(12 + 8 + len(EMPTY_REQUIREMENTS) + directories + 8 + CMS_ROOM, 16)


def _exec_segment(thin: Slice) -> ExecSegment:
    """Describe __TEXT; codesign leaves it out of files that name no platform."""
    text = thin.segment("__TEXT")
    if text is None or not text.filesize or not thin.targets:
        return NO_CODE
    program = thin.header.filetype == MH_EXECUTE
    return ExecSegment(text.fileoff, text.filesize, MAIN_BINARY if program else 0)


def _patches(
    thin: Slice, linkedit: Segment, *, data_offset: int, data_size: int
) -> tuple[Patch, ...]:
    """Point the header to the signature and let __LINKEDIT end with it."""
    filesize = data_offset + data_size - linkedit.fileoff
    vmsize = _round_up(filesize, LINKEDIT_ALIGN)
    beyond = linkedit.vmaddr + vmsize
    if any(linkedit.vmaddr < each.vmaddr < beyond for each in thin.segments if each.vmsize):
        raise NotSignableError("another segment follows __LINKEDIT in memory")
    resize = resize_segment(thin, linkedit, filesize=filesize, vmsize=vmsize)
    if thin.signature is not None:
        place = move_signature(thin, thin.signature, data_offset=data_offset, data_size=data_size)
        return (resize, place)
    if thin.header_room < COMMAND_SIZE:
        raise NoRoomError(COMMAND_SIZE - thin.header_room)
    return (resize, *append_signature(thin, data_offset=data_offset, data_size=data_size))


def _signable_linkedit(thin: Slice) -> Segment:
    """Refuse what cannot be signed; give the segment that takes the signature."""
    kind = FILE_TYPES.get(thin.header.filetype, f"file of type {thin.header.filetype}")
    if thin.header.filetype not in CODE_TYPES:
        raise NotSignableError(f"a Mach-O {kind} is not code")
    linkedit = thin.segment("__LINKEDIT")
    if linkedit is None:
        raise NotSignableError("there is no __LINKEDIT segment")
    _check_commands(thin)
    last = max(segment.end for segment in thin.segments)
    command = thin.signature
    start, end = (command.data_offset, command.data_end) if command else (thin.size, linkedit.end)
    unused = TRAILING_ALLOWED if command else 0
    for good, problem in (
        (last <= thin.size, "a segment reaches past the end of the slice"),
        (last == linkedit.end, "a segment lies behind __LINKEDIT"),
        (linkedit.fileoff <= start, "the signature lies before __LINKEDIT"),
        (thin.size - end <= unused, f"{thin.size - end} bytes follow __LINKEDIT or the signature"),
    ):
        if not good:
            raise NotSignableError(problem)
    return linkedit


def _check_commands(thin: Slice) -> None:
    """Refuse signature commands that the kernel would refuse or misread."""
    if len(thin.signatures) > 1:
        at = thin.base + thin.signatures[1].offset
        raise FormatError("LC_CODE_SIGNATURE", at, "there are several", rule="R11")
    for command in thin.signatures:
        at = thin.base + command.offset
        if command.cmdsize != COMMAND_SIZE:
            problem = f"its size is {command.cmdsize}, not {COMMAND_SIZE}"
            raise FormatError("LC_CODE_SIGNATURE", at, problem, rule="R11")
        if command.data_end > thin.size:
            raise FormatError("LC_CODE_SIGNATURE", at, "it points past the end", rule="R12")
        if command.data_offset < thin.header.commands_end:
            raise FormatError("LC_CODE_SIGNATURE", at, "it points into the header", rule="R12")


def _round_up(value: int, unit: int) -> int:
    return -(-value // unit) * unit

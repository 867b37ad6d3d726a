"""The signing plan: where everything goes, by arithmetic alone.

Rules: ``code_sign_allocate`` in Security's codesign_alloc.cpp (places and header changes),
``SecCodeSigner::Signer`` in signer.cpp and ``CodeDirectory::Builder`` in cdbuilder.cpp (sizes);
for linkers' signatures see :mod:`countersign.dialect`. Nothing here reads a file or hashes a byte;
offsets count from the start of the slice.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from countersign.codedirectory import (
    MAIN_BINARY,
    NO_CODE,
    CodeDirectory,
    ExecSegment,
    Flag,
    header_size,
)
from countersign.contents import Contents, OutsideSeal
from countersign.dialect import Form
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
from countersign.rounding import round_up
from countersign.style import Style
from countersign.superblob import EMPTY_WRAPPER, Slot, index_size

__all__ = ["Plan", "plan_signature", "signable_linkedit"]

CMS_ROOM: Final = 18000
"""What codesign sets aside for the CMS signature, even when there will be none."""
MEASURED_VERSION: Final = 0x20500
"""codesign measures a code directory as if it had this version, and may write an older one."""
PLAIN, WITH_CODE, WITH_RUNTIME = 0x20100, 0x20400, 0x20500
"""The versions of a code directory that are written: the oldest that has the fields needed."""
LINKEDIT_ALIGN: Final = 0x4000
"""The unit of __LINKEDIT's vmsize, on every CPU, in codesign_alloc.cpp."""
TRAILING_ALLOWED: Final = 7
"""An existing signature may end this many bytes before the end of the slice."""
MAX_SIZE: Final = 0xFFFFFFFF
"""LC_CODE_SIGNATURE has 32-bit fields, and codesign refuses larger files altogether."""


_SMALLER: Final = "Leave debug information out, or split the program."
_LINK_AGAIN: Final = "Something was added behind what the linker wrote; build the file again."


class Plan(NamedTuple):
    """Everything about the signature of one slice but the hashes."""

    arch: str
    directory: CodeDirectory
    """Without hashes; each of the code directories is this one with its own."""
    digests: tuple[HashType, ...]
    """One code directory for each, the weakest first."""
    sealed: tuple[tuple[int, bytes], ...]
    """Slots with the bytes that the special slots seal."""
    outside: tuple[OutsideSeal, ...]
    """What lies outside the file and stays sealed as it was."""
    blobs: tuple[tuple[int, bytes], ...]
    """What the superblob holds beside the code directories, by slot."""
    align: int
    """The unit of the first blob's place in the superblob."""
    data_offset: int
    """Where the signature starts, which is also the code limit."""
    data_size: int
    patches: tuple[Patch, ...]

    @property
    def size(self) -> int:
        """Bytes of the signed slice."""
        return self.data_offset + self.data_size

    @property
    def page_size(self) -> int:
        """Bytes that one page hash covers."""
        return self.directory.page_size


class _Seal(NamedTuple):
    """The part of a plan that is the same wherever the signature goes."""

    directory: CodeDirectory
    room_unit: int
    sealed: tuple[tuple[int, bytes], ...] = ()
    blobs: tuple[tuple[int, bytes], ...] = ()
    align: int = 1
    spare: int = 0
    special_count: int = 0


def plan_signature(
    thin: Slice,
    contents: Contents,
    *,
    style: Style,
    digests: tuple[HashType, ...],
    form: Form | None = None,
) -> Plan:
    """Plan the ad-hoc signature of one slice, in the ``form`` of a linker or as codesign does.

    Raises :class:`NotSignableError` for what is no code, :class:`NoRoomError` when the load
    command does not fit, and :class:`FormatError` when the facts contradict each other.
    """
    linkedit = signable_linkedit(thin)
    start = thin.signature_start
    data_offset = round_up(thin.size, 16) if start is None else start
    if form is not None:
        seal = _linker_seal(thin, contents, form, data_offset)
    else:
        seal = _codesign_seal(thin, contents, style, data_offset)
    data_size = _room(seal, digests)
    if data_offset + data_size > MAX_SIZE:
        raise NotSignableError(
            "a slice of 4 GiB or more, which codesign refuses too", hint=_SMALLER
        )
    return Plan(
        arch=thin.arch,
        directory=seal.directory,
        digests=digests,
        sealed=seal.sealed,
        outside=contents.outside,
        blobs=seal.blobs,
        align=seal.align,
        data_offset=data_offset,
        data_size=data_size,
        patches=_patches(
            thin,
            linkedit,
            data_offset=data_offset,
            data_size=data_size,
            vmsize=_vmsize(thin, linkedit, data_offset + data_size, style, form),
        ),
    )


def _codesign_seal(thin: Slice, contents: Contents, style: Style, data_offset: int) -> _Seal:
    """Say what ``SecCodeSigner::Signer::populate`` in signer.cpp puts into a signature."""
    blobs = tuple(
        (slot, blob)
        for slot, blob in (
            (Slot.REQUIREMENTS, contents.requirements),
            (Slot.ENTITLEMENTS, contents.entitlements),
            (Slot.ENTITLEMENTS_DER, contents.entitlements_der),
        )
        if blob is not None
    )
    plist = () if contents.info_plist is None else ((int(Slot.INFO_PLIST), contents.info_plist),)
    exec_segment = _exec_segment(thin, style, contents.exec_flags)
    version = WITH_RUNTIME if contents.runtime else WITH_CODE if exec_segment.limit else PLAIN
    directory = CodeDirectory(
        version=version,
        flags=Flag.ADHOC | contents.flags,
        identifier=contents.identifier,
        page_size=style.page_size(thin),
        code_limit=data_offset,
        hashes=b"",
        exec_segment=exec_segment,
        runtime=contents.runtime,
    )
    return _Seal(
        directory=directory,
        sealed=(*plist, *blobs),
        blobs=(*blobs, (Slot.CMS, EMPTY_WRAPPER)),
        special_count=max(
            *(slot for slot, _ in blobs), *(seal.slot for seal in contents.outside), 0
        ),
        room_unit=16,
        spare=CMS_ROOM - len(EMPTY_WRAPPER),
    )


def _linker_seal(thin: Slice, contents: Contents, form: Form, data_offset: int) -> _Seal:
    program = thin.header.filetype == MH_EXECUTE
    directory = CodeDirectory(
        version=WITH_CODE,
        flags=Flag.ADHOC | Flag.LINKER_SIGNED,
        identifier=contents.identifier,
        page_size=form.page_size(thin),
        code_limit=data_offset,
        hashes=b"",
        exec_segment=ExecSegment(0, form.exec_limit(thin), MAIN_BINARY if program else 0),
    )
    align = 8 if form.aligned else 1
    if form.aligned:
        end = round_up(index_size(1), align) + directory.size
        directory = directory._replace(gap=round_up(end, 16) - end)
    return _Seal(
        directory=directory,
        align=align,
        room_unit=form.room_unit,
    )


def _room(seal: _Seal, digests: tuple[HashType, ...]) -> int:
    """Bytes that are set aside for a signature; what comes to more than the blobs is padding."""
    code = seal.directory
    slots = seal.special_count + page_count(code.code_limit, code.page_size)
    fixed = code.size
    if seal.spare:
        fixed += header_size(MEASURED_VERSION) - header_size(code.version)
    directories = sum(fixed + slots * each.size for each in digests)
    start = round_up(index_size(len(seal.blobs) + len(digests)), seal.align)
    size = start + sum(len(blob) for _, blob in seal.blobs) + directories
    return round_up(size + seal.spare, seal.room_unit)


def _exec_segment(thin: Slice, style: Style, flags: int) -> ExecSegment:
    """Describe __TEXT; codesign leaves it out of files that name no platform."""
    text = thin.segment("__TEXT")
    program = thin.header.filetype == MH_EXECUTE
    if style is Style.MACOS10_15 or text is None or not text.filesize or not thin.targets:
        return NO_CODE
    return ExecSegment(text.fileoff, text.filesize, (MAIN_BINARY if program else 0) | flags)


def _vmsize(thin: Slice, linkedit: Segment, end: int, style: Style, form: Form | None) -> int:
    """Choose __LINKEDIT's size in memory when it ends at ``end`` in the file."""
    filesize = end - linkedit.fileoff
    if form is not None:
        return round_up(filesize, form.vmsize_unit)
    if style.uses_allocate:
        return round_up(filesize, 1 << thin.segment_align)
    return round_up(filesize, LINKEDIT_ALIGN)


def _patches(
    thin: Slice, linkedit: Segment, *, data_offset: int, data_size: int, vmsize: int
) -> tuple[Patch, ...]:
    """Point the header to the signature and let __LINKEDIT end with it."""
    filesize = data_offset + data_size - linkedit.fileoff
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


def signable_linkedit(thin: Slice) -> Segment:
    """Give the segment that takes the signature; refuse what cannot be signed.

    Raises :class:`NotSignableError` and :class:`FormatError`.
    """
    kind = FILE_TYPES.get(thin.header.filetype, f"file of type {thin.header.filetype}")
    if thin.header.filetype not in CODE_TYPES:
        raise NotSignableError(f"a Mach-O {kind} is not code")
    linkedits = [segment for segment in thin.segments if segment.name == "__LINKEDIT"]
    if len(linkedits) != 1:
        count = "several" if linkedits else "no"
        raise NotSignableError(f"there is {count} __LINKEDIT segment{'s' if linkedits else ''}")
    (linkedit,) = linkedits
    _check_commands(thin)
    last = max(segment.end for segment in thin.segments)
    command = thin.signature if thin.signature_start is not None else None
    start, end = (command.data_offset, command.data_end) if command else (thin.size, linkedit.end)
    unused = TRAILING_ALLOWED if command else 0
    for good, problem in (
        (last <= thin.size, "a segment reaches past the end of the slice"),
        (last == linkedit.end, "a segment lies behind __LINKEDIT"),
        (linkedit.fileoff <= start, "the signature lies before __LINKEDIT"),
        (thin.size - end <= unused, f"{thin.size - end} bytes follow __LINKEDIT or the signature"),
    ):
        if not good:
            raise NotSignableError(problem, hint=_LINK_AGAIN)
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
        if not command.is_reserved and command.data_offset < thin.header.commands_end:
            raise FormatError("LC_CODE_SIGNATURE", at, "it points into the header", rule="R12")

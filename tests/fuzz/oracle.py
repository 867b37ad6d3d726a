"""What macOS makes of the signature of a thin Mach-O: a second opinion, by other means.

Written from xnu's ubc_subr.c and mach_loader.c and from Security's StaticCode.cpp,
codedirectory.cpp and superblob.h, as shortly as they allow, and without a line of the package:
where the two differ, one of them is wrong. It knows ad-hoc signatures alone, and nothing of what
makes an image load.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

__all__ = ["UndecidedError", "refusals"]

HASHES: Final = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}
STRENGTH: Final = (1, 3, 2, 4)
DIRECTORY: Final = 0xFADE0C02
MAGICS: Final = {5: 0xFADE7171, 7: 0xFADE7172, **dict.fromkeys(range(8, 12), 0xFADE8181)}
ALTERNATES: Final = range(0x1000, 0x1005)
RESOURCES: Final = 3
UNWRAPPED: Final = (4, 6)
"""Slots of disk images, whose blobs are sealed without their first eight bytes."""
LAST_SLOT: Final = 11
CMS: Final = 0x10000
ADHOC: Final = 0x2
EXECUTE: Final = 2
RUN: Final = 4


class RefusedError(Exception):
    """Somebody refuses the file."""


class UndecidedError(Exception):
    """The file asks for more than is known here: a certificate, or a bundle."""


def demand(condition: bool, why: str) -> None:
    if not condition:
        raise RefusedError(why)


def refusals(data: bytes) -> Mapping[str, str]:
    """Tell who refuses a thin file and why: the kernel, codesign, and codesign --strict.

    Raises :class:`UndecidedError`.
    """
    judges: dict[str, Callable[[Image], None]] = {
        "kernel": kernel,
        "codesign": codesign,
        "codesign-strict": strict,
    }
    found = {}
    for name, judge in judges.items():
        try:
            judge(read(data))
        except RefusedError as error:
            found[name] = str(error)
        except struct.error as error:
            found[name] = f"cut short: {error}"
    return found


# -- the image


class Segment(NamedTuple):
    name: str
    start: int
    end: int
    executable: bool


@dataclass(frozen=True)
class Image:
    data: bytes
    program: bool
    arm64: bool
    commands: tuple[tuple[int, bytes], ...]

    def first(self, kind: int) -> bytes:
        return next((body for each, body in self.commands if each == kind), b"")

    def mapped(self, end: int) -> int:
        """Round up to a page of memory."""
        page = 0x4000 if self.arm64 else 0x1000
        return -(-end // page) * page

    @property
    def signature(self) -> tuple[int, int]:
        """Where the signature is, and the bytes set aside for it."""
        command = self.first(0x1D)
        demand(len(command) >= 16, "unsigned")
        return struct.unpack_from("<2I", command, 8)

    @property
    def segments(self) -> Iterator[Segment]:
        for kind, body in self.commands:
            if kind == 0x19:
                name, start, size = struct.unpack_from("<16s16x2Q", body, 8)
                (protection,) = struct.unpack_from("<I", body, 60)
                text = _name(name).decode("latin-1")
                yield Segment(text, start, start + size, bool(protection & RUN))

    @property
    def info_plist(self) -> bytes | None:
        for kind, body in self.commands:
            if kind == 0x19 and _name(body[8:24]) == b"__TEXT":
                for at in range(72, len(body), 80):
                    if _name(body[at : at + 16]) == b"__info_plist":
                        size, offset = struct.unpack_from("<QI", body, at + 40)
                        return self.data[offset : offset + size]
        return None


def _name(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def read(data: bytes) -> Image:
    """Read a little-endian 64-bit Mach-O, which is all that is mutated here."""
    magic, cputype, _, filetype, count, size = struct.unpack_from("<6I", data)
    demand(magic == 0xFEEDFACF, "no Mach-O")
    demand(32 + size <= len(data), "commands beyond the file")
    commands, at = [], 32
    for _ in range(count):
        demand(at + 8 <= 32 + size, "commands cut short")
        kind, length = struct.unpack_from("<2I", data, at)
        demand(length >= 8 and at + length <= 32 + size, "command beyond the commands")
        commands.append((kind, data[at : at + length]))
        at += length
    return Image(data, filetype == EXECUTE, cputype == 0x0100000C, tuple(commands))


# -- the superblob


class Blob(NamedTuple):
    slot: int
    data: bytes

    @property
    def magic(self) -> int:
        return int.from_bytes(self.data[:4])


def superblob(room: bytes, *, strict: bool) -> list[Blob]:
    """Read an index: the kernel lets blobs share bytes with it, codesign (``strict``) does not.

    codesign passes over an entry that points to 0.
    """
    magic, length, count = struct.unpack_from(">3I", room)
    demand(magic == 0xFADE0CC0, "no superblob")
    demand(12 + 8 * count <= length <= len(room), "superblob too long")
    whole, blobs = room[:length], []
    first = 12 + 8 * count if strict else 0
    for at in range(12, 12 + 8 * count, 8):
        slot, offset = struct.unpack_from(">2I", whole, at)
        if strict and not offset:
            continue
        demand(first <= offset and offset + 8 <= length, "blob beyond the superblob")
        size = int.from_bytes(whole[offset + 4 : offset + 8])
        demand(offset + size <= length, "blob too long")
        blobs.append(Blob(slot, whole[offset : offset + size]))
    return blobs


class Directory:
    """A code directory, of which nothing has been checked."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        (self.magic, self.length, self.version, self.flags, self.hashes, self.identifier,
         self.specials, self.pages, self.limit, self.hash_size, self.hash_type, self.platform,
         self.shift) = struct.unpack_from(">9I4B", data)  # fmt: skip
        self.scatter = self._since(0x20100, ">I", 44)
        self.team = self._since(0x20200, ">I", 48)
        self.long_limit = self._since(0x20300, ">Q", 56)
        self.pre_encrypt = self._since(0x20500, ">I", 92)
        self.linkage = self._since(0x20600, ">B", 96)

    def _since(self, version: int, layout: str, at: int) -> int:
        if self.version < version:
            return 0
        (value,) = struct.unpack_from(layout, self.data, at)
        return int(value)

    @property
    def page(self) -> int:
        return 1 << int(self.shift)

    def digest(self, data: bytes) -> bytes:
        name, size = HASHES[self.hash_type]
        return hashlib.new(name, data).digest()[:size]

    def slot(self, number: int) -> bytes:
        """The hash of a page, or with a negative number of a special slot."""
        at: int = self.hashes + number * self.hash_size
        return self.data[at : at + self.hash_size] if at >= 0 else b""

    def sealed(self, number: int) -> bool:
        return number <= self.specials and any(self.slot(-number))

    def text_ends(self, offset: int) -> bool:
        return offset <= len(self.data) and b"\0" in self.data[offset:]


# -- the kernel


def kernel(image: Image) -> None:
    """Do as ``load_code_signature``, ``cs_validate_csblob`` and ``cs_validate_page`` do."""
    demand(len(image.first(0x1D)) == 16 or not image.program, "command of a wrong size")
    start, size = image.signature
    room = image.data[start : start + size]
    if not image.program:
        demand(size <= 40 << 20, "signature too large")
        room = room.ljust(size, b"\0")
    demand(len(room) == size, "signature beyond the file")
    best, blobs = _kernel_superblob(room, image.arm64)
    demand(best.limit > 0, "nothing is signed")
    for number, magic in MAGICS.items():
        blob = next((each for each in blobs if each.slot == number and each.magic == magic), None)
        sealed = best.sealed(number)
        demand(sealed == (blob is not None), f"slot {number} and its blob")
        demand(blob is None or best.digest(blob.data) == best.slot(-number), f"slot {number}")
    _kernel_pages(image, best)


def _kernel_superblob(room: bytes, arm64: bool) -> tuple[Directory, list[Blob]]:
    if int.from_bytes(room[:4]) == DIRECTORY:
        length = int.from_bytes(room[4:8])
        demand(length <= len(room), "directory too long")
        directory = Directory(room[:length])
        _kernel_directory(directory, arm64)
        return directory, []
    blobs = superblob(room, strict=False)
    directories: dict[int, Directory] = {}
    seen = set()
    for blob in blobs:
        if blob.slot == 0 or blob.slot in ALTERNATES:
            directory = Directory(blob.data)
            _kernel_directory(directory, arm64)
            best = max(directories, key=STRENGTH.index, default=0)
            demand(directory.hash_type != best, "two directories of one hash type")
            directories[directory.hash_type] = directory
        elif blob.slot in MAGICS:
            demand(blob.magic == MAGICS[blob.slot], "blob with a wrong magic")
            demand(blob.slot not in seen, "blob that is there twice")
            seen.add(blob.slot)
    demand(bool(directories), "no directory")
    return _best(directories), blobs


def _kernel_directory(code: Directory, arm64: bool) -> None:
    size = len(code.data)
    demand(size >= 112, "directory too short")
    demand(code.magic == DIRECTORY, "no directory")
    demand(code.shift in ((12, 14) if arm64 else (12,)), "page size")
    demand(code.hash_type in HASHES, "hash type")
    demand(HASHES[code.hash_type][1] == code.hash_size, "hash size")
    demand(code.hashes <= size, "hashes beyond the directory")
    demand(code.specials <= code.hashes // code.hash_size, "special slots before the directory")
    demand(code.pages <= (size - code.hashes) // code.hash_size, "hashes beyond the directory")
    if code.scatter:
        list(_scatter(code))
    demand(not code.identifier or code.text_ends(code.identifier), "identifier without an end")
    demand(not code.team or code.text_ends(code.team), "team without an end")
    if code.linkage:
        offset, length = struct.unpack_from(">2I", code.data, 100)
        demand(offset + length <= size, "linkage beyond the directory")


def _scatter(code: Directory) -> Iterator[tuple[int, int]]:
    at = code.scatter
    while True:
        demand(at + 24 <= len(code.data), "scatter table without an end")
        count, base = struct.unpack_from(">2I", code.data, at)
        if not count:
            return
        yield count, base
        at += 24


def _kernel_pages(image: Image, code: Directory) -> None:
    covered = -(-code.limit // code.page) * code.page
    for number in range(covered // code.page):
        at = number * code.page
        end = min(at + code.page, code.limit)
        runs = any(
            each.executable and each.start < at + code.page and image.mapped(each.end) > at
            for each in image.segments
        )
        digest = _kernel_hash(code, number)
        if digest is None:
            demand(not runs, f"code in page {number}, which has no hash")
            continue
        demand(end <= len(image.data), "signed bytes beyond the file")
        demand(digest == code.digest(image.data[at:end]), f"page {number}")
        demand(end == at + code.page or not runs, "code in a page that is signed in part")
    start, size = image.signature
    for segment in image.segments:
        end = min(segment.end, len(image.data))
        if segment.start < start and end <= start + size:  # nobody runs the signature
            end = min(end, start)
        unsigned = segment.executable and image.mapped(end) > covered
        demand(not unsigned, f"unsigned code in {segment.name}")


def _kernel_hash(code: Directory, page: int) -> bytes | None:
    """Find the hash of a page as ``hashes`` in ubc_subr.c does, off by one as it is."""
    if not code.scatter:
        return code.slot(page) if page <= code.pages else None
    index = 0
    for count, base in _scatter(code):
        if base > page:
            return None
        if base + count >= page:
            return code.slot(index + page - base)
        index += count
    return None


# -- codesign


def codesign(image: Image) -> None:
    """Do as ``SecStaticCode::staticValidate`` does for one architecture of a plain file."""
    blobs = _codesign_superblob(image)
    directories = _codesign_directories(blobs)
    best = _best(directories)
    if not best.flags & ADHOC:
        cms = next((blob for blob in blobs if blob.slot == CMS), None)
        demand(cms is not None and len(cms.data) > 8, "no certificate")
        raise UndecidedError
    if best.sealed(RESOURCES):
        raise UndecidedError
    for number in range(1, min(best.specials, LAST_SLOT) + 1):
        _codesign_slot(image, blobs, best, number)
    for code in directories.values():
        _codesign_pages(image, code, best)


def _best(directories: Mapping[int, Directory]) -> Directory:
    return directories[max(directories, key=STRENGTH.index)]


def _codesign_superblob(image: Image) -> list[Blob]:
    """Read what is there; the file may end inside the room of the signature."""
    start, size = image.signature
    length = int.from_bytes(image.data[start + 4 : start + 8])
    demand(length <= size or not size, "superblob longer than its room")
    demand(start + length <= len(image.data), "superblob beyond the file")
    return superblob(image.data[start : start + length], strict=True)


def _codesign_directories(blobs: list[Blob]) -> dict[int, Directory]:
    found: dict[int, Directory] = {}
    for slot in (0, *ALTERNATES):
        blob = next((each for each in blobs if each.slot == slot), None)
        if blob is None:
            demand(slot != 0, "no directory in slot 0")
            break
        code = Directory(blob.data)
        _codesign_directory(code)
        demand(code.hash_type not in found, "two directories of one hash type")
        demand(code.hash_type in HASHES, "hash type")
        found[code.hash_type] = code
    return found


def _codesign_directory(code: Directory) -> None:
    size = len(code.data)
    demand(code.magic == DIRECTORY, "no directory")
    demand(0x20001 <= code.version <= 0x2F000, "version")
    demand(code.text_ends(code.identifier), "identifier without an end")
    demand(not code.team or code.text_ends(code.team), "team without an end")
    first = code.hashes - code.specials * code.hash_size
    demand(first >= 0 and code.hashes + code.pages * code.hash_size <= size, "hashes beyond")
    if code.pre_encrypt:
        demand(code.pre_encrypt + code.pages * code.hash_size <= size, "hashes beyond")
    if code.scatter:
        pages = sum(count for count, _ in _scatter(code))
        last = code.hashes + (pages - 1) * code.hash_size
        demand(last >= 0 and last + code.hash_size <= size, "hashes beyond")
    limit = code.long_limit or code.limit
    demand(limit > 0 or not code.shift, "nothing is signed")
    pages = -(-limit // code.page) if code.shift else int(limit > 0)
    demand(pages == code.pages, "number of hashes")


def _codesign_slot(image: Image, blobs: list[Blob], code: Directory, number: int) -> None:
    if not code.sealed(number):
        return
    part = next((blob.data for blob in blobs if blob.slot == number), None)
    if number in UNWRAPPED and part is not None:
        raise UndecidedError
    if number == 1:
        part = image.info_plist
    demand(part is not None, f"slot {number} seals nothing")
    assert part is not None
    demand(code.digest(part) == code.slot(-number), f"slot {number}")


def _codesign_pages(image: Image, code: Directory, best: Directory) -> None:
    limit = best.long_limit or best.limit
    demand(limit <= len(image.data), "signed bytes beyond the file")
    page = best.page if best.shift else limit
    for number in range(best.pages):
        part = image.data[number * page : min((number + 1) * page, limit)]
        demand(code.digest(part) == code.slot(number), f"page {number}")


def strict(image: Image) -> None:
    """Do as ``codesign --strict`` does on top."""
    codesign(image)
    best = _best(_codesign_directories(_codesign_superblob(image)))
    start, _ = image.signature
    demand((best.long_limit or best.limit) == start, "the limit is not the signature's start")
    for kind, body in image.commands:
        if kind == 0x19 and _name(body[8:24]) == b"__LINKEDIT":
            end = sum(struct.unpack_from("<2Q", body, 40))
            break
        if kind == 0x2:
            end = sum(struct.unpack_from("<2I", body, 16))
            break
    else:
        raise RefusedError("neither __LINKEDIT nor a string table")
    demand(end == len(image.data), "the end is not the file's")

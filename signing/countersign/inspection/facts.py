"""What is in the signatures of a file: facts without a verdict.

:mod:`countersign.inspection.inspector` finds them. Nothing in here points into the file, which may
be gone by the time that it is read.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import NamedTuple

from countersign.codedirectory import CodeDirectory
from countersign.dialect import Dialect
from countersign.findings import Finding
from countersign.macho.slice import SignatureCommand, Target
from countersign.plists.propertylist import Value
from countersign.signature import Kind
from countersign.style import Style

__all__ = [
    "BlobEntry",
    "BlobMap",
    "CertificateInspection",
    "CmsInspection",
    "Constraint",
    "Contents",
    "DirectoryInspection",
    "EntitlementsInspection",
    "Gap",
    "Inspection",
    "RequirementInspection",
    "SealState",
    "SignatureInspection",
    "SliceInspection",
    "SpecialSlot",
]


class BlobEntry(NamedTuple):
    """One entry of a superblob's index; the offset counts from the superblob's start.

    Offset 0 points to nothing.
    """

    slot: int
    offset: int
    magic: int | None
    """None when the blob's first bytes are not there."""
    length: int | None
    """Bytes of the blob, as it says itself."""
    readable: bool
    """False when the blob is not there as a whole."""


class Gap(NamedTuple):
    """Bytes between blobs that belong to none; the offset counts from the superblob's start."""

    offset: int
    size: int
    empty: bool
    """True when they are all zeros."""


class BlobMap(NamedTuple):
    """Where everything in a superblob lies."""

    magic: int
    length: int
    """Bytes of the superblob, as it says itself."""
    claimed: int
    """How many entries it says that there are."""
    entries: tuple[BlobEntry, ...]
    """In the order of the index."""
    gaps: tuple[Gap, ...]
    padding: int
    """Bytes of the signature's room behind the superblob."""
    padding_empty: bool
    """True when they are all zeros; else they are the rest of something older."""


class SealState(enum.StrEnum):
    """How a special slot and what it seals fit together."""

    MATCHES = "matches"
    DIFFERS = "differs"
    """What is there is not what was sealed."""
    MISSING = "missing"
    """What was sealed is not there."""
    UNSEALED = "unsealed"
    """Something is there, and the slot is empty."""
    OUTSIDE = "outside"
    """What was sealed lies outside the file, in its bundle."""


class SpecialSlot(NamedTuple):
    """One special slot of a code directory that seals something, or should."""

    slot: int
    digest: bytes | None
    """None when the slot is empty or absent."""
    state: SealState


class DirectoryInspection(NamedTuple):
    """One code directory."""

    slot: int
    offset: int
    """From the start of the superblob."""
    size: int
    code: CodeDirectory
    digest: bytes
    """The whole hash of the directory, by its own hash type."""
    best: bool
    """True for the one that the kernel uses."""
    special: tuple[SpecialSlot, ...]
    wrong_pages: tuple[int, ...] | None = None
    """The pages whose hash is another one; None when nobody asked, or nobody can tell."""
    padded: bool = False
    """True when the last of these was hashed as if it were filled up with zeros."""

    @property
    def cdhash(self) -> str:
        """The name that macOS knows the code by: 40 hexadecimal digits."""
        return self.digest[:20].hex()


class EntitlementsInspection(NamedTuple):
    """The entitlements in the two forms that are signed."""

    xml: str | None = None
    """The property list as it stands there."""
    values: dict[str, Value] | None = None
    """What it says; None when it is not there, or cannot be read."""
    der: bytes | None = None
    """The DER form as it stands there, which macOS 12 and later read."""
    der_values: dict[str, Value] | None = None
    """What that says; None when it is not there, or cannot be read."""


class RequirementInspection(NamedTuple):
    """One requirement of those that a signature carries."""

    kind: str
    """Such as ``designated``."""
    text: str | None
    """The source text, as ``csreq -t`` prints it; None when it cannot be read."""
    blob: bytes
    """The compiled form as it stands there."""


class CertificateInspection(NamedTuple):
    """One certificate of those that lead from the signer to a root."""

    name: str
    organization: str
    team: str | None
    sha256: str
    """The fingerprint, in hexadecimal."""
    valid_from: datetime
    valid_until: datetime


class CmsInspection(NamedTuple):
    """The signature that a certificate made."""

    size: int
    """Bytes without the blob's head."""
    sha256: str
    """The hash of these bytes, in hexadecimal."""
    readable: bool
    """False when nothing below is known."""
    chain: tuple[CertificateInspection, ...] = ()
    """From the signer on, as far as the certificates are there."""
    is_apple: bool = False
    """True when it ends at one of Apple's roots."""
    digest: str | None = None
    """The hash algorithm."""
    signing_time: datetime | None = None
    """When the signer says that it signed, which nobody vouches for."""
    timestamp: datetime | None = None
    """When a timestamp authority saw the signature."""
    cdhashes: tuple[str, ...] = ()
    """The code directories that the signature lists, in hexadecimal."""


class Constraint(NamedTuple):
    """A launch or library constraint, as it stands there: its DER form without the blob's head."""

    slot: int
    der: bytes


class Contents(NamedTuple):
    """What the blobs beside the code directories say."""

    entitlements: EntitlementsInspection | None = None
    requirements: tuple[RequirementInspection, ...] | None = None
    """None when there is no set of requirements, or it cannot be read."""
    cms: CmsInspection | None = None
    """None when there is no certificate's signature, or an empty one."""
    constraints: tuple[Constraint, ...] = ()
    problems: tuple[Finding, ...] = ()
    """What cannot be read."""


class SignatureInspection(NamedTuple):
    """The signature of one slice, as far as it can be read."""

    command: SignatureCommand
    blobs: BlobMap
    kind: Kind | None = None
    """None when no code directory can be read."""
    style: Style | None = None
    """Whose layout it follows; None when that of no style that is known here."""
    dialect: Dialect | None = None
    """Which linker made it; None when none did."""
    directories: tuple[DirectoryInspection, ...] = ()
    """Those that can be read, in the order of the index."""
    contents: Contents = Contents()

    @property
    def best(self) -> DirectoryInspection | None:
        """The code directory that the kernel uses."""
        return next((each for each in self.directories if each.best), None)


class SliceInspection(NamedTuple):
    """One architecture."""

    arch: str
    offset: int
    """Where it starts in the file."""
    size: int
    file_type: str | None = None
    """Such as ``program``; None when the header cannot be read."""
    target: Target | None = None
    uuid: str | None = None
    """The bytes of LC_UUID, in hexadecimal."""
    info_plist: int | None = None
    """Bytes of the embedded Info.plist; None when there is none."""
    signature: SignatureInspection | None = None
    """None when there is none, or the slice cannot be read."""
    problems: tuple[Finding, ...] = ()
    """What cannot be read, and what is not as it was sealed."""


class Inspection(NamedTuple):
    """One file, or one member of an archive."""

    path: str
    member: str | None = None
    """The path inside the archive ``path``; None for a plain file."""
    universal: bool = False
    slices: tuple[SliceInspection, ...] = ()
    problems: tuple[Finding, ...] = ()
    """What is wrong with the file as a whole; the rest stands at its slice."""

    @property
    def name(self) -> str:
        """The path, with that of the member in it."""
        return self.path if self.member is None else f"{self.path}: {self.member}"

    @property
    def sound(self) -> bool:
        """True when everything could be read and is as it was sealed."""
        return not self.problems and not any(each.problems for each in self.slices)

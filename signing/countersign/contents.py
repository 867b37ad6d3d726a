"""What a signature says of one slice, apart from where it goes and the hashes of its pages.

Rules: ``SecCodeSigner::Signer::prepare`` and ``populate`` in Security's signer.cpp.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from countersign.codedirectory import CodeDirectory, Flag
from countersign.dialect import Dialect, recognize
from countersign.digest import HashType
from countersign.errors import NotSignableError
from countersign.macho.header import MH_EXECUTE
from countersign.reading import Part
from countersign.requirements.defaults import default_requirements
from countersign.settings import IdentifierRule, Preserve, Settings, require_identifier
from countersign.signature import Kind
from countersign.style import Style
from countersign.superblob import EMPTY_REQUIREMENTS, Slot

if TYPE_CHECKING:
    from countersign.plists.entitlements import Entitlements

__all__ = ["Contents", "choose_contents", "choose_identifier"]


_NATIVE: Final = {"arm64e": 2, "arm64": 1}
"""What Apple silicon runs, the rest being equal to it."""
OUTSIDE: Final = (Slot.INFO_PLIST, Slot.RESOURCES, Slot.APPLICATION, Slot.REP_SPECIFIC)
"""The special slots that seal what is no part of the file, in a bundle."""


class OutsideSeal(NamedTuple):
    """The digests of something that lies outside the file, one for each hash type there was."""

    slot: int
    digests: tuple[tuple[HashType, bytes], ...]


class Contents(NamedTuple):
    """What is signed along with the pages; blobs are complete, magic and length included."""

    identifier: str
    flags: Flag = Flag(0)
    """The flags beside ad-hoc."""
    runtime: int = 0
    requirements: bytes = EMPTY_REQUIREMENTS
    entitlements: bytes | None = None
    entitlements_der: bytes | None = None
    exec_flags: int = 0
    """What the entitlements add to the flags of the executable segment."""
    info_plist: bytes | None = None
    outside: tuple[OutsideSeal, ...] = ()
    """A bundle's Info.plist and resources, which stay sealed as they were."""


def choose_identifier(parts: Sequence[Part], name: str, settings: Settings) -> str:
    """Choose the one identifier of a file whose base name is ``name``.

    Raises :class:`IdentifierError` for one that cannot be stored or shown.
    """
    identifier = settings.identifier
    if identifier is None and Preserve.IDENTIFIER in settings.preserve:
        identifier = next(
            (code.identifier for part in parts if (code := _inherited(part)) is not None), None
        )
    if identifier is None:
        identifier = _found_identifier(parts, name, settings)
    require_identifier(identifier)
    return identifier


def choose_contents(part: Part, identifier: str, settings: Settings) -> Contents:
    """Choose everything else for one slice."""
    if settings.style is Style.LINKER:
        return Contents(identifier=identifier)
    flags = _flags(part, settings)
    if Flag.REQUIRE_LV in flags and part.thin.arch == "i386":
        raise NotSignableError(
            "library validation does not go with an i386 slice", hint="Leave the option out."
        )
    entitlements = _entitlements(part, settings)
    return Contents(
        identifier=identifier,
        flags=flags,
        runtime=_runtime(part, flags, settings) if Flag.RUNTIME in flags else 0,
        requirements=_requirements(part, settings),
        entitlements=entitlements.xml_blob if entitlements else None,
        entitlements_der=entitlements.der_blob if entitlements else None,
        exec_flags=entitlements.exec_flags if entitlements else 0,
        info_plist=part.info_plist,
        outside=tuple(_outside(part)),
    )


def _found_identifier(parts: Sequence[Part], name: str, settings: Settings) -> str:
    main = _main(parts)
    if settings.identifier_rule is IdentifierRule.NAME:
        prefix = settings.prefix if settings.prefix and "." not in name else ""
        return f"{prefix}{name}"
    if settings.style is Style.LINKER:
        installed = (main.thin.install_name or "").rpartition("/")[2]
        return _dialect_name(main, settings) or installed or name
    from countersign.identifier import apple_identifier

    return apple_identifier(
        name,
        info_plist=main.info_plist,
        uuid=main.thin.uuid,
        header_and_commands=main.head,
        prefix=settings.prefix,
    )


def _dialect_name(part: Part, settings: Settings) -> str | None:
    dialect = settings.dialect
    if dialect is Dialect.AUTO:
        dialect = recognize(part.thin, part.signature)
    return dialect.form.identifier


def _main(parts: Sequence[Part]) -> Part:
    """Choose the slice that names a universal file: the one that runs on the Macs of today.

    ``codesign`` takes the one that runs on the Mac that it signs on.
    """
    return max(parts, key=lambda part: _NATIVE.get(part.thin.arch, 0))


def _inherited(part: Part) -> CodeDirectory | None:
    """Give the code directory that things are taken over from; never a linker's."""
    signature = part.signature
    return signature.best.code if signature and signature.kind is not Kind.LINKER else None


def _flags(part: Part, settings: Settings) -> Flag:
    """Choose the flags: given ones, those of the Info.plist, or kept ones, in this order."""
    code = _inherited(part)
    if settings.flags:
        return settings.flags
    if part.info_plist is not None and b"CSFlags" in part.info_plist:
        from countersign.plists.infoplist import parse_info_plist

        flags = parse_info_plist(part.info_plist).flags
        if flags is not None:
            return flags
    if code is None:
        return settings.flags
    if Preserve.FLAGS in settings.preserve:
        return code.flags & ~Flag.ADHOC
    if Preserve.RUNTIME in settings.preserve:
        return code.flags & Flag.RUNTIME
    return settings.flags


def _runtime(part: Part, flags: Flag, settings: Settings) -> int:
    """Choose the version of the hardened runtime: what was asked for, kept, or of the SDK."""
    code = _inherited(part)
    if settings.runtime_version is not None:
        return settings.runtime_version
    if Preserve.RUNTIME in settings.preserve and code is not None and code.runtime:
        return code.runtime
    sdk = next((target.sdk for target in part.thin.targets if target.sdk), 0)
    if not sdk:
        raise NotSignableError(
            "it names no SDK, so the hardened runtime has no version",
            hint="Give one with --runtime-version.",
        )
    return sdk


def _requirements(part: Part, settings: Settings) -> bytes:
    if settings.requirements is not None:
        return settings.requirements
    if Preserve.REQUIREMENTS in settings.preserve and _inherited(part) is not None:
        return _present_blob(part, Slot.REQUIREMENTS) or EMPTY_REQUIREMENTS
    return default_requirements(part.library_requirements)


def _entitlements(part: Part, settings: Settings) -> Entitlements | None:
    """Choose the entitlements of a program; codesign gives a library none."""
    if part.thin.header.filetype != MH_EXECUTE:
        return None
    xml = settings.entitlements
    if xml is None and Preserve.ENTITLEMENTS in settings.preserve and _inherited(part) is not None:
        present = _present_blob(part, Slot.ENTITLEMENTS)
        xml = present[8:] if present else None
    if xml is None:
        return None
    from countersign.plists.entitlements import Entitlements

    return Entitlements.parse(xml)


def _outside(part: Part) -> Iterator[OutsideSeal]:
    """Find what the present signature seals outside the file: it is not there to be hashed."""
    if part.signature is None or _inherited(part) is None:
        return
    codes = [directory.code for directory in part.signature.directories]
    for slot in OUTSIDE:
        if slot == Slot.INFO_PLIST and part.info_plist is not None and not _in_bundle(part):
            continue
        digests = [(code.hash_type, code.special_slot(slot)) for code in codes]
        found = tuple((kind, digest) for kind, digest in digests if digest is not None)
        if found:
            yield OutsideSeal(slot=slot, digests=found)


def _in_bundle(part: Part) -> bool:
    """Tell whether the file is the program of a bundle: its signature seals the resources."""
    code = _inherited(part)
    return code is not None and code.special_slot(Slot.RESOURCES) is not None


def _present_blob(part: Part, slot: int) -> bytes | None:
    blob = part.signature.superblob.find(slot) if part.signature else None
    return bytes(blob.data) if blob else None

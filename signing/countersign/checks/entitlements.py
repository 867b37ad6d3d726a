"""R43, E1 to E5, A3 and A4: what a program asks the system to be allowed, and what it loads.

Sources: ``SecStaticCode::component`` and ``entitlements`` in Security's StaticCode.cpp. Who
grants entitlements when a program starts is AMFI, whose source is closed; what is known of it is
what it logs and what Apple's technical note TN3125 says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from countersign.codedirectory import Flag
from countersign.errors import EntitlementsError, FormatError
from countersign.escaping import listed
from countersign.findings import Finding
from countersign.macho.header import MH_EXECUTE
from countersign.macho.slice import Platform, Slice
from countersign.rules import broken, unreadable
from countersign.signature import Kind, Signature
from countersign.superblob import Blob, Slot

if TYPE_CHECKING:
    from countersign.plists.propertylist import Value

__all__ = ["check_entitlements"]

MAGICS: Final = {Slot.ENTITLEMENTS: 0xFADE7171, Slot.ENTITLEMENTS_DER: 0xFADE7172}
HEADER_SIZE: Final = 8
"""The magic and the length of a blob."""

RESTRICTED_NAMES: Final = frozenset({"com.apple.application-identifier", "keychain-access-groups"})
RESTRICTED_GROUPS: Final = (
    "com.apple.developer.",
    "com.apple.private.",
    "com.apple.rootless.",
    "com.apple.vm.",
)
"""Entitlements that only a provisioning profile, or Apple itself, can grant."""

LOADS_ANYTHING: Final = "com.apple.security.cs.disable-library-validation"
SYSTEM: Final = ("/usr/lib/", "/System/", "@rpath/libswift")
"""Where the libraries of macOS are; those of Swift are looked for in /usr/lib/swift first."""


class _Form(NamedTuple):
    """One of the two forms: its blob and, where it can be read, what it says."""

    blob: Blob
    at: int
    """Where the contents begin, in bytes from the start of the file."""
    values: Mapping[str, Value] | None

    @property
    def content(self) -> bytes:
        return bytes(self.blob.data[HEADER_SIZE:])


def check_entitlements(thin: Slice, signature: Signature, start: int) -> Iterator[Finding]:
    """Check the entitlements of a slice; its superblob begins ``start`` bytes into the file."""
    findings: list[Finding] = []
    xml = _read(signature, Slot.ENTITLEMENTS, start, findings)
    der = _read(signature, Slot.ENTITLEMENTS_DER, start, findings)
    yield from findings
    form = der or xml
    if form is not None:
        yield from _check_forms(xml, der)
        if thin.header.filetype != MH_EXECUTE:
            yield broken("E4", form.at, "a library has entitlements")
    if _is_adhoc_program(thin, signature):
        values = form.values if form is not None else None
        yield from _check_adhoc_program(thin, signature, values or {}, start)


def _read(signature: Signature, slot: int, start: int, findings: list[Finding]) -> _Form | None:
    """Read one form; a blob with another magic breaks R26, and is no form."""
    blob = signature.superblob.find(slot)
    if blob is None or blob.magic != MAGICS[slot]:
        return None
    from countersign.plists.der import decode_entitlements
    from countersign.plists.propertylist import parse_property_list

    form = _Form(blob, start + blob.offset + HEADER_SIZE, None)
    try:
        if slot == Slot.ENTITLEMENTS:
            return form._replace(values=parse_property_list(form.content))
        return form._replace(values=decode_entitlements(form.content, form.at))
    except EntitlementsError as error:
        findings.append(broken("E1", form.at, str(error)))
    except FormatError as error:
        findings.append(unreadable(error))
    return form


def _check_forms(xml: _Form | None, der: _Form | None) -> Iterator[Finding]:
    """Check both forms together; where one cannot be read there is nothing to compare."""
    if der is None:
        yield broken("E3", xml.at if xml else None, "the entitlements have no DER form")
        return
    if der.values is None:
        return
    from countersign.plists.der import encode_entitlements

    if encode_entitlements(der.values) != der.content:
        yield broken("E5", der.at, "codesign writes the same entitlements in another way")
    if xml is None or xml.values is None:
        return
    keys = sorted(xml.values.keys() | der.values.keys())
    different = [key for key in keys if _encoded(xml.values, key) != _encoded(der.values, key)]
    if different:
        yield broken("R43", der.at, f"XML and DER differ in {listed(different)}")


def _encoded(values: Mapping[str, Value], key: str) -> bytes:
    """Encode the value of a key, so that true and 1 are two things; empty without the key."""
    from countersign.plists.der import encode_entitlements

    return encode_entitlements({key: values[key]}) if key in values else b""


def _is_adhoc_program(thin: Slice, signature: Signature) -> bool:
    """Tell whether a slice is a program for macOS that no certificate stands for."""
    mac = not thin.targets or thin.targets[0].platform == Platform.MACOS
    return mac and thin.header.filetype == MH_EXECUTE and signature.kind is not Kind.CMS


def _check_adhoc_program(
    thin: Slice, signature: Signature, values: Mapping[str, Value], start: int
) -> Iterator[Finding]:
    refused = [key for key in sorted(values) if _is_restricted(key)]
    if refused:
        yield broken("A4", start, f"no certificate stands for {listed(refused)}")
    if _validates_libraries(signature.best.code.flags, values):
        foreign = [name for name in thin.libraries if not name.startswith(SYSTEM)]
        if foreign:
            yield broken("A3", start, f"it will not load {listed(foreign)}")


def _is_restricted(key: str) -> bool:
    return key in RESTRICTED_NAMES or key.startswith(RESTRICTED_GROUPS)


def _validates_libraries(flags: Flag, values: Mapping[str, Value]) -> bool:
    """Tell whether the program loads only libraries of its own team, and of macOS."""
    if Flag.REQUIRE_LV in flags:
        return True
    return Flag.RUNTIME in flags and values.get(LOADS_ANYTHING) is not True

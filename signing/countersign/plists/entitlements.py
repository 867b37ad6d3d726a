"""Entitlements: what a program asks the system to be allowed, in both forms that are signed.

Forms: ``EntitlementBlob`` and ``EntitlementDERBlob`` in Security's sigblob.h; what they imply
for the executable segment: ``SecCodeSigner::Signer::cookEntitlements`` in signer.cpp.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Mapping
from typing import Final, NamedTuple

from countersign.errors import EntitlementsError
from countersign.plists.der import encode_entitlements
from countersign.plists.propertylist import Value, parse_property_list

__all__ = ["DER_MAGIC", "XML_MAGIC", "Entitlements", "ExecFlag"]

XML_MAGIC: Final = 0xFADE7171
DER_MAGIC: Final = 0xFADE7172

_HEADER = struct.Struct(">2I")


class ExecFlag(enum.IntFlag):
    """``CS_EXECSEG_*`` in xnu's cs_blobs.h: what entitlements add to an ``ExecSegment``."""

    ALLOW_UNSIGNED = 0x10
    DEBUGGER = 0x20
    JIT = 0x40
    SKIP_LIBRARY_VALIDATION = 0x80
    CAN_LOAD_CDHASH = 0x100
    CAN_EXEC_CDHASH = 0x200


_EXEC_FLAGS: Final = {
    "get-task-allow": ExecFlag.ALLOW_UNSIGNED,
    "run-unsigned-code": ExecFlag.ALLOW_UNSIGNED,
    "com.apple.private.cs.debugger": ExecFlag.DEBUGGER,
    "dynamic-codesigning": ExecFlag.JIT,
    "com.apple.private.skip-library-validation": ExecFlag.SKIP_LIBRARY_VALIDATION,
    "com.apple.private.amfi.can-load-cdhash": ExecFlag.CAN_LOAD_CDHASH,
    "com.apple.private.amfi.can-execute-cdhash": ExecFlag.CAN_EXEC_CDHASH,
}
"""None of the ``com.apple.security`` names that macOS programs use is among them."""


class Entitlements(NamedTuple):
    """The entitlements of one program.

    ``codesign`` puts them into programs only: since macOS 15 it leaves both forms out of
    libraries, before that it left the DER form out.
    """

    xml: bytes
    """The property list as it was written, to the byte."""
    values: Mapping[str, Value]

    @classmethod
    def parse(cls, data: bytes) -> Entitlements:
        """Read an entitlements file: an XML property list, with or without its blob header.

        Raises :class:`EntitlementsError`, and no other error, whatever the bytes are.
        """
        xml = _without_header(data)
        return cls(xml=xml, values=parse_property_list(xml))

    @property
    def xml_blob(self) -> bytes:
        """What slot 5 holds."""
        return _blob(XML_MAGIC, self.xml)

    @property
    def der_blob(self) -> bytes:
        """What slot 7 holds, and macOS 12 and later read."""
        return _blob(DER_MAGIC, encode_entitlements(self.values))

    @property
    def exec_flags(self) -> ExecFlag:
        """The flags of the executable segment; only the boolean true sets one."""
        flags = ExecFlag(0)
        for key, flag in _EXEC_FLAGS.items():
            if self.values.get(key) is True:
                flags |= flag
        return flags


def _blob(magic: int, content: bytes) -> bytes:
    return _HEADER.pack(magic, _HEADER.size + len(content)) + content


def _without_header(data: bytes) -> bytes:
    if not data.startswith(XML_MAGIC.to_bytes(4)):
        return data
    if len(data) < _HEADER.size or _HEADER.unpack_from(data)[1] != len(data):
        raise EntitlementsError(f"the blob's length is not {len(data)}, that of the file")
    return data[_HEADER.size :]

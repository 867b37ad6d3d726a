"""What is fuzzed: the readers of hostile bytes, each with the only errors that it may raise."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from countersign.appledouble import parse_apple_double
from countersign.bundle.posixregex import compile_pattern
from countersign.bundle.resources import parse_resources, parse_seal
from countersign.certificates.cms import parse_cms
from countersign.codedirectory import CodeDirectory
from countersign.errors import EntitlementsError, FormatError, PatternError, PropertyListError
from countersign.inspection.inspector import inspect_image
from countersign.plists.corefoundation import read_dictionary
from countersign.plists.der import decode_entitlements
from countersign.plists.propertylist import parse_property_list
from countersign.requirements.requirement import parse_requirement, parse_requirements
from countersign.sightings.reader import read_report
from countersign.signature import parse_signature
from countersign.verifier import verify_image
from kit.bases import LIBRARY, PROGRAM, both, directories
from kit.bundle import RULES, Bundle
from kit.catalogue import make
from kit.entitlements import der, xml
from kit.files.delivery import apple_double
from kit.files.trust import vouched
from kit.requirement import APPLE_GENERIC, requirement, requirement_set, word
from kit.requirement import both as all_of
from kit.signature import CMS, SHA1, Directory
from oracle import superblob

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A reader, and good input to begin with."""

    read: Callable[[bytes], object]
    raises: tuple[type[Exception], ...] = ()
    seeds: tuple[bytes, ...]

    def __call__(self, data: bytes) -> None:
        """Read once; what it may not raise goes through."""
        try:
            self.read(data)
        except self.raises:
            return


def _signatures() -> Iterable[bytes]:
    for image in (PROGRAM, directories(PROGRAM, Directory(hash_type=SHA1), Directory())):
        yield image.build()[image.limit :]


def _code_directory() -> bytes:
    signature = PROGRAM.build()[PROGRAM.limit :]
    at = int.from_bytes(signature[16:20])
    return signature[at : at + int.from_bytes(signature[at + 4 : at + 8])]


def _cms() -> bytes:
    """Take the message out of a file that a certificate signed."""
    signature = vouched()()[PROGRAM.limit :]
    (blob,) = (each for each in superblob(signature, strict=False) if each.slot == CMS)
    return blob.data[8:]


def _resources() -> bytes:
    tree = Bundle(files={"Resources/data": b"data"}, nested={}, rules=RULES).build()
    content = tree["_CodeSignature/CodeResources"]
    assert isinstance(content, bytes)
    return content


def _read_requirement(data: bytes) -> str:
    return parse_requirement(data).text


def _read_requirements(data: bytes) -> str:
    return parse_requirements(data).text


def _read_resources(data: bytes) -> None:
    for seal in parse_resources(data).seals.values():
        parse_seal(seal)


def _read_pattern(data: bytes) -> bool:
    text = data.decode("latin-1")
    return compile_pattern(text[:200]).occurs_in(text[200:1000])


def _requirement() -> bytes:
    return requirement(all_of(APPLE_GENERIC, word(3)))


IMAGES: Final = (PROGRAM.build(), LIBRARY.build(), both(), vouched()(), make("E5-pass"))
TARGETS: Final = {
    "verify": Target(read=lambda data: verify_image(data, path="file"), seeds=IMAGES),
    "inspect": Target(
        read=lambda data: inspect_image(data, path="file", hashes=True), seeds=IMAGES
    ),
    "superblob": Target(
        read=lambda data: parse_signature(memoryview(data)),
        raises=(FormatError,),
        seeds=tuple(_signatures()),
    ),
    "code-directory": Target(
        read=CodeDirectory.parse, raises=(FormatError,), seeds=(_code_directory(),)
    ),
    "entitlements": Target(
        read=decode_entitlements,
        raises=(FormatError,),
        seeds=(der({"com.example.a": True, "com.example.b": "text"})[8:],),
    ),
    "property-list": Target(
        read=parse_property_list,
        raises=(EntitlementsError,),
        seeds=(xml({"com.example.a": True})[8:],),
    ),
    "info-plist": Target(
        read=lambda data: read_dictionary(data, limit=1 << 20),
        raises=(PropertyListError,),
        seeds=(xml({"com.example.a": True})[8:], b"bplist00\xd0\x08" + bytes(6) + b"\1\1"
               + bytes(7) + b"\1" + bytes(15) + b"\x09"),
    ),
    "requirement": Target(
        read=_read_requirement, raises=(FormatError,), seeds=(_requirement(),)
    ),
    "requirements": Target(
        read=_read_requirements,
        raises=(FormatError,),
        seeds=(requirement_set((3, _requirement())),),
    ),
    "cms": Target(read=parse_cms, raises=(FormatError,), seeds=(_cms(),)),
    "resources": Target(read=_read_resources, raises=(FormatError,), seeds=(_resources(),)),
    "pattern": Target(
        read=_read_pattern,
        raises=(PatternError,),
        seeds=(b"^(.*/)?\\.DS_Store$".ljust(200) + b"Resources/.DS_Store",),
    ),
    "apple-double": Target(read=parse_apple_double, seeds=(apple_double(b"fork"),)),
    "crash-report": Target(read=read_report, seeds=(b"Process: program [1]\nCODESIGNING 2\n",)),
}  # fmt: skip
"""By the names that ``guided.py`` takes."""

"""Linkers' signatures: each dialect in its own layout, and recognised again."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from countersign.codedirectory import Flag
from countersign.dialect import Dialect, recognize
from countersign.macho.slice import Slice, parse_slice
from countersign.reading import read_image
from countersign.settings import IdentifierRule, Settings
from countersign.signature import Kind, Signature, parse_signature
from countersign.signer import sign_bytes
from countersign.source import BytesSource
from countersign.style import Style
from countersign.unsigner import unsign_bytes
from countersign.verifier import verify_image
from macho import DYLIB, Macho

DIALECTS = [dialect for dialect in Dialect if dialect is not Dialect.AUTO]
LLD, OLD_LLD, ZIG = ((4, 19 << 16),), ((3, 14 << 16),), ((5, 0),)
LD_PRIME, LD64, LD64_609 = ((3, 1230 << 16),), ((3, 857 << 16),), ((3, 820 << 16),)


def linked(image: Macho, dialect: Dialect, name: str = "program", **more: object) -> bytes:
    chosen = Settings(style=Style.LINKER, dialect=dialect, **more)  # type: ignore[arg-type]
    return sign_bytes(image.build(), name, chosen)


def parsed(data: bytes) -> tuple[Slice, Signature]:
    (part,) = read_image(BytesSource(data)).parts
    assert part.signature is not None
    return part.thin, part.signature


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("arch", ["arm64", "x86_64", "i386"])
def test_every_dialect_is_accepted_and_says_what_it_is(dialect: Dialect, arch: str) -> None:
    data = linked(Macho(arch=arch), dialect)
    verdict = verify_image(data, path="file")
    assert verdict.accepted
    (one,) = verdict.slices
    assert (one.kind, one.flags) == ("linker", ("adhoc", "linker-signed"))
    _, signature = parsed(data)
    assert [blob.slot for blob in signature.superblob.blobs] == [0]
    assert signature.best.code.special == ()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_dialect_is_recognised_by_its_signature(dialect: Dialect) -> None:
    section = "__gopclntab" if dialect is Dialect.GO else "__text"
    data = linked(Macho(linkedit_size=0x1230, section=section), dialect, "program1")
    assert recognize(*parsed(data)) is dialect
    auto = sign_bytes(data, "program1", Settings(style=Style.LINKER))
    assert auto == data


@pytest.mark.parametrize(
    ("tools", "dialect"),
    [
        (LLD, Dialect.LLD),
        (LD_PRIME, Dialect.LD_PRIME),
        (LD64, Dialect.LD64),
        (LD64_609, Dialect.LD64_609),
        (OLD_LLD, Dialect.LLD),
        (ZIG, Dialect.ZIG),
    ],
)
def test_without_a_linkers_signature_the_linker_that_the_image_names_decides(
    tools: tuple[tuple[int, int], ...], dialect: Dialect
) -> None:
    image = Macho(tools=tools)
    assert recognize(parse_slice(memoryview(image.build())), None) is dialect
    signed = sign_bytes(image.build(), "program")
    assert recognize(*parsed(signed)) is dialect
    auto = sign_bytes(signed, "program", Settings(style=Style.LINKER))
    assert unsign_bytes(auto) == unsign_bytes(linked(image, dialect))


@pytest.mark.parametrize(
    ("minimum", "dialect"), [((13, 0, 0), Dialect.LD64), ((14, 0, 0), Dialect.LD_PRIME)]
)
def test_an_old_version_command_tells_the_linker_by_its_sdk(
    minimum: tuple[int, int, int], dialect: Dialect
) -> None:
    image = Macho(old_version_command=True, minimum=minimum)
    assert recognize(parse_slice(memoryview(image.build())), None) is dialect


def test_llvm_aligns_its_directory_to_8_and_its_hashes_to_16() -> None:
    thin, signature = parsed(linked(Macho(), Dialect.LLD))
    (directory,) = signature.directories
    assert directory.blob.offset == 24
    hash_offset = struct.unpack_from(">I", directory.blob.data, 16)[0]
    assert (24 + hash_offset) % 16 == 0
    assert thin.signature is not None
    assert thin.signature.data_size == signature.superblob.length


@pytest.mark.parametrize(
    ("dialect", "unit"),
    [(Dialect.LD_PRIME, 8), (Dialect.LD64, 8), (Dialect.LD64_609, 1), (Dialect.ZIG, 8)],
)
def test_the_room_is_rounded_as_the_linker_does(dialect: Dialect, unit: int) -> None:
    for length in range(1, 9):
        thin, signature = parsed(linked(Macho(), dialect, "x" * length))
        assert thin.signature is not None
        size = signature.superblob.length
        assert thin.signature.data_size == -(-size // unit) * unit


def test_apples_linker_limits_the_segment_to_its_first_section() -> None:
    thin, prime = parsed(linked(Macho(), Dialect.LD_PRIME))
    text = thin.segment("__TEXT")
    assert text is not None
    assert prime.best.code.exec_segment.limit == text.sections[0].size
    _, classic = parsed(linked(Macho(), Dialect.LD64))
    assert classic.best.code.exec_segment.limit == text.filesize


def test_zig_hashes_large_pages_on_arm64_alone() -> None:
    assert parsed(linked(Macho(), Dialect.ZIG))[1].best.code.page_size == 0x4000
    assert parsed(linked(Macho(arch="x86_64"), Dialect.ZIG))[1].best.code.page_size == 0x1000


@pytest.mark.parametrize("dialect", [Dialect.LLD, Dialect.GO])
def test_some_linkers_do_not_round_linkedit_in_memory(dialect: Dialect) -> None:
    thin, _ = parsed(linked(Macho(), dialect))
    linkedit = thin.segment("__LINKEDIT")
    assert linkedit is not None
    assert linkedit.vmsize == linkedit.filesize


def test_what_a_tool_rounded_later_stays_rounded() -> None:
    image = replace(Macho().sealed(), linkedit_vmsize=0x4000)
    thin, _ = parsed(linked(image, Dialect.LLD))
    linkedit = thin.segment("__LINKEDIT")
    assert linkedit is not None
    assert linkedit.vmsize == 0x4000


@pytest.mark.parametrize(
    ("image", "dialect", "identifier"),
    [
        (Macho(), Dialect.LD_PRIME, "file"),
        (Macho(filetype=DYLIB, install_name="@rpath/lib.1.dylib"), Dialect.LD64, "lib.1.dylib"),
        (Macho(), Dialect.GO, "a.out"),
    ],
)
def test_linkers_have_names_of_their_own(image: Macho, dialect: Dialect, identifier: str) -> None:
    data = linked(image, dialect, "file", identifier_rule=IdentifierRule.APPLE)
    assert parsed(data)[1].best.code.identifier == identifier


def test_an_image_without_platform_gets_both_digests() -> None:
    _, signature = parsed(linked(Macho(platform=None), Dialect.LD64))
    assert [each.code.hash_type for each in signature.directories] == [1, 2]


def test_a_linkers_signature_is_marked_as_one() -> None:
    _, signature = parsed(linked(Macho(), Dialect.LD64))
    assert signature.kind is Kind.LINKER
    assert signature.best.code.flags == Flag.ADHOC | Flag.LINKER_SIGNED
    assert parse_signature(memoryview(bytes(signature.superblob))) == signature

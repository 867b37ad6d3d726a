"""CMS messages: what they say, whatever form they come in, and that none can do harm."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from countersign.certificates.cms import MAX_SIZE, SignedMessage, parse_cms
from countersign.errors import FormatError
from kit.certificates import (
    CODE_DIGESTS,
    SIGNED_AT,
    Message,
    Stamp,
    attribute,
    authority,
    der,
    developer,
    directories,
    object_id,
    stamp_authority,
)
from macho import Macho

DIRECTORIES = directories(Macho().sealed(hash_types=(1, 2)).build())
MESSAGE = Message(identity=developer(), directories=DIRECTORIES)
TIME = SIGNED_AT.replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("is_definite", [True, False])
def test_a_message_is_read_in_both_forms(is_definite: bool) -> None:
    message = parse_cms(replace(MESSAGE, is_definite=is_definite).stamped().build())
    assert message.signer is not None
    assert message.signer.team == "TEAM123456"
    assert len(message.certificates) == 3
    assert message.digest == "sha256"
    assert message.digest_declared
    assert message.content is None
    assert message.signing_time == TIME
    assert message.message_digest == hashlib.sha256(DIRECTORIES[0]).digest()
    assert message.digest_of(DIRECTORIES[0]) == message.message_digest
    assert message.signed_content_type == message.content_type
    assert message.signed is not None
    assert message.signer.verifies(message.signature, message.signed, message.digest)
    assert message.chain is not None
    assert message.chain.complete


def test_both_lists_of_code_directories_are_read() -> None:
    message = parse_cms(MESSAGE.build())
    sha1, sha256 = (hashlib.new(kind, data) for kind, data in _named())
    assert message.code_hashes == (sha1.digest(), sha256.digest()[:20])
    assert message.code_digests == {"sha1": sha1.digest(), "sha256": sha256.digest()}


def _named() -> list[tuple[str, bytes]]:
    return list(zip(("sha1", "sha256"), DIRECTORIES, strict=True))


def test_lists_that_are_not_there_are_none() -> None:
    message = parse_cms(replace(MESSAGE, listed=False).build())
    assert message.code_hashes is None
    assert message.code_digests is None


def test_an_attribute_that_is_there_twice_counts_for_nothing() -> None:
    more = (attribute("1.2.840.113549.1.9.4", der(4, b"other")),)
    assert parse_cms(replace(MESSAGE, more=more).build()).message_digest is None


def test_a_message_without_attributes_signs_its_content() -> None:
    message = parse_cms(replace(MESSAGE, attributes=False).build())
    assert message.signed is None
    assert message.message_digest is None
    assert message.signing_time is None
    assert message.signer is not None
    assert message.signer.verifies(message.signature, DIRECTORIES[0], "sha256")


def test_rsa_signatures_verify() -> None:
    message = parse_cms(
        replace(MESSAGE, identity=developer(key=rsa.generate_private_key(65537, 2048))).build()
    )
    assert message.signer is not None
    assert message.signer.verifies(message.signature, message.signed or b"", "sha256")


def test_a_timestamp_says_when_and_over_what() -> None:
    message = parse_cms(MESSAGE.stamped().build())
    assert message.stamp_token is not None
    token = parse_cms(message.stamp_token, rule="R58")
    stamp = token.stamp()
    assert stamp.time == TIME
    assert stamp.covers(message.signature)
    assert not stamp.covers(message.signature + b"x")
    assert token.signer is not None
    assert token.digest_of(token.content or b"") == token.message_digest


def test_a_timestamp_with_another_hash_covers_nothing() -> None:
    stamp = Stamp(covered=b"signature", identity=stamp_authority(), digest="sha384")
    assert not parse_cms(stamp.build()).stamp().covers(b"signature")


def test_another_message_is_no_timestamp() -> None:
    with pytest.raises(FormatError) as caught:
        parse_cms(MESSAGE.build()).stamp()
    assert caught.value.rule == "R58"
    empty = Message(identity=developer(), content=b"", content_type="1.2.840.113549.1.9.16.1.4")
    with pytest.raises(FormatError):
        parse_cms(empty.build()).stamp()


def test_the_signer_may_be_named_by_its_key() -> None:
    message = parse_cms(replace(MESSAGE, names_key=True).build())
    assert message.signer is not None
    assert message.signer.team == "TEAM123456"


def test_the_signer_may_be_missing() -> None:
    certificates = (authority().certificate,)
    message = parse_cms(replace(MESSAGE, certificates=certificates).build())
    assert message.signer is None
    assert message.chain is None


@pytest.mark.parametrize(
    "values",
    [
        (der(0x30, object_id("1.3.14.3.2.26")),),
        (der(0x30, object_id("1.3.14.3.2.26"), der(4, b"1")),) * 2,
        (der(4, b"no pair"),),
    ],
)
def test_a_damaged_list_of_digests_is_refused(values: tuple[bytes, ...]) -> None:
    more = (attribute(CODE_DIGESTS, *values),)
    message = parse_cms(replace(MESSAGE, listed=False, more=more).build())
    with pytest.raises(FormatError):
        _ = message.code_digests


@pytest.mark.parametrize("content", [b"", b"no list", b"<plist><dict/></plist>"])
def test_a_damaged_list_of_cdhashes_is_refused(content: bytes) -> None:
    more = (attribute("1.2.840.113635.100.9.1", der(4, content)),)
    message = parse_cms(replace(MESSAGE, listed=False, more=more).build())
    with pytest.raises(FormatError):
        _ = message.code_hashes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        der(0x30, object_id("1.2.840.113549.1.7.1"), der(0xA0, der(4, b"data"))),
        der(0x30, object_id("1.2.840.113549.1.7.2"), der(0xA0, der(0x30))),
        MESSAGE.build()[:-10],
        b"\x30\x80" * 1000,
    ],
)
def test_what_is_no_signed_message_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        parse_cms(data, 64)
    assert caught.value.rule == "R56"
    assert caught.value.offset >= 64


def test_what_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(FormatError) as caught:
        parse_cms(bytes(MAX_SIZE + 1))
    assert caught.value.rule == "T5"


def read_everything(data: bytes) -> SignedMessage:
    message = parse_cms(data)
    for name in ("chain", "signed", "signing_time", "message_digest", "signed_content_type"):
        getattr(message, name)
    for name in ("code_hashes", "code_digests"):
        with contextlib.suppress(FormatError):
            getattr(message, name)
    if message.stamp_token is not None:
        with contextlib.suppress(FormatError):
            parse_cms(message.stamp_token).stamp()
    return message


WHOLE = MESSAGE.stamped().build()
DEFINITE = replace(MESSAGE, is_definite=True).stamped().build()


@given(st.sampled_from([WHOLE, DEFINITE]), st.data())
def test_no_change_makes_it_raise_anything_else(whole: bytes, data: st.DataObject) -> None:
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(FormatError):
        read_everything(bytes(changed))


@given(st.integers(0, len(WHOLE) - 1), st.binary(max_size=8), st.integers(0, 8))
def test_no_splice_makes_it_raise_anything_else(at: int, piece: bytes, cut: int) -> None:
    with contextlib.suppress(FormatError):
        read_everything(WHOLE[:at] + piece + WHOLE[at + cut :])


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        read_everything(data)

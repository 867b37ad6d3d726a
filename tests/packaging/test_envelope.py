"""DSSE envelopes, held against the protocol's own words and example."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.provenance.envelope import (
    PAYLOAD_TYPE,
    Envelope,
    EnvelopeError,
    EnvelopeSignature,
    add_signature,
    format_envelope,
    open_envelope,
    pre_authentication_encoding,
    seal,
)
from countermark.provenance.strictjson import StrictJsonError
from stated import KeyOf

SIGNATURES = st.builds(
    EnvelopeSignature, keyid=st.text(max_size=40), packet=st.binary(max_size=200)
)


def test_the_example_of_the_protocol() -> None:
    kind = "http://example.com/HelloWorld"
    encoded = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pre_authentication_encoding(kind, b"hello world") == encoded


def test_lengths_are_those_of_bytes() -> None:
    assert pre_authentication_encoding("ü", b"") == b"DSSEv1 2 \xc3\xbc 0 "


@given(st.text(), st.binary(), st.text(), st.binary())
def test_no_two_payloads_are_signed_alike(
    kind: str, payload: bytes, other_kind: str, other: bytes
) -> None:
    same = (kind, payload) == (other_kind, other)
    one = pre_authentication_encoding(kind, payload)
    assert (one == pre_authentication_encoding(other_kind, other)) is same


@given(st.binary(max_size=300), st.lists(SIGNATURES, max_size=3))
def test_what_is_written_is_read_as_the_same(
    payload: bytes, signatures: list[EnvelopeSignature]
) -> None:
    envelope = Envelope(payload=payload, payload_type="a/b", signatures=tuple(signatures))
    assert open_envelope(format_envelope(envelope)) == envelope


def test_the_fields_are_those_of_the_protocol() -> None:
    sealed = seal(b"{}", KeyOf("alice"))
    document = json.loads(format_envelope(sealed))
    assert set(document) == {"payload", "payloadType", "signatures"}
    assert document["payloadType"] == PAYLOAD_TYPE == "application/vnd.in-toto+json"
    assert base64.b64decode(document["payload"]) == b"{}"
    ((signature,),) = (document["signatures"],)
    assert signature["keyid"] == KeyOf("alice").fingerprint
    assert base64.b64decode(signature["sig"]) == sealed.signatures[0].packet


def test_a_signature_is_one_of_the_encoding_by_openpgp() -> None:
    from pysequoia import Sig, verify

    from builders import secret_key

    sealed = seal(b"{}", KeyOf("alice"))
    signed = b"DSSEv1 28 application/vnd.in-toto+json 2 {}"
    assert sealed.signed_bytes == signed
    certificate = secret_key("alice").extract_certificate()
    for encoded in (sealed.signatures[0].packet, sealed.signatures[0].armored):
        done = verify(signed, store=lambda _: [certificate], signature=Sig.from_bytes(encoded))
        assert len(done.valid_sigs) == 1


def test_others_sign_too_and_nobody_twice() -> None:
    alice = seal(b"{}", KeyOf("alice"))
    both = add_signature(alice, KeyOf("bob"))
    again = add_signature(both, KeyOf("alice"))
    names = sorted(KeyOf(name).fingerprint for name in ("alice", "bob"))
    assert [each.keyid for each in both.signatures] == names
    assert [each.keyid for each in again.signatures] == names


def test_the_order_of_signing_does_not_matter() -> None:
    both = add_signature(seal(b"{}", KeyOf("alice")), KeyOf("bob"))
    turned = Envelope(
        payload=b"{}", payload_type=PAYLOAD_TYPE, signatures=tuple(reversed(both.signatures))
    )
    named = next(each for each in both.signatures if each.keyid == KeyOf("bob").fingerprint)
    assert add_signature(turned, KeyOf("bob")).signatures[0].keyid == both.signatures[0].keyid
    assert named in both.signatures


def test_a_signer_that_gives_something_else_is_refused() -> None:
    class Broken:
        fingerprint = "A"

        def sign_detached(self, data: bytes) -> bytes:
            return b"-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n"

    with pytest.raises(EnvelopeError, match="something else"):
        seal(b"{}", Broken())


def test_armor_with_headers_and_a_check_sum_is_taken_off() -> None:
    class Gnu:
        fingerprint = "A"

        def sign_detached(self, data: bytes) -> bytes:
            return (
                b"-----BEGIN PGP SIGNATURE-----\r\nComment: x\r\n\r\nAAEC\r\n=abcd\r\n"
                b"-----END PGP SIGNATURE-----\r\n"
            )

    assert seal(b"{}", Gnu()).signatures[0].packet == b"\0\1\2"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_both_alphabets_of_base64_are_read(encode: object) -> None:
    assert callable(encode)
    text = encode(b"\xfb\xff\xfe").decode()
    content = json.dumps({"payload": text, "payloadType": "t", "signatures": [{"sig": text}]})
    opened = open_envelope(content.encode())
    assert opened.payload == opened.signatures[0].packet == b"\xfb\xff\xfe"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"payload": "e30=", "signatures": []},
        {"payload": 1, "payloadType": "t"},
        {"payload": "e3", "payloadType": ["t"]},
        {"payload": "%%%%", "payloadType": "t"},
        {"payload": "e31", "payloadType": "t"},
        {"payload": "e30", "payloadType": "t", "signatures": {"sig": ""}},
        {"payload": "e30", "payloadType": "t", "signatures": [{}]},
        {"payload": "e30", "payloadType": "t", "signatures": [{"sig": "é"}]},
        {"payload": "e30", "payloadType": "t", "signatures": [{"sig": ""}] * 1001},
    ],
)
def test_what_is_no_envelope_is_refused(document: object) -> None:
    with pytest.raises(EnvelopeError):
        open_envelope(json.dumps(document).encode())


def test_an_envelope_is_strict_json() -> None:
    with pytest.raises(StrictJsonError, match="twice"):
        open_envelope(b'{"payload": "e30=", "payload": "e30=", "payloadType": "t"}')


def test_fields_that_are_not_known_are_passed_over() -> None:
    content = b'{"payload": "e30=", "payloadType": "t", "more": [1]}'
    assert open_envelope(content).payload == b"{}"

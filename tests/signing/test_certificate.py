"""Certificates, what they say, and how they lead to a root."""

from __future__ import annotations

import datetime as dt

import pytest
from asn1crypto import x509 as parsed
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from countersign.certificates.certificate import Certificate, Purpose, read_certificate
from countersign.certificates.chain import build_chain
from kit.certificates import (
    DER,
    DEVELOPER_ID,
    Identity,
    authority,
    developer,
    fingerprint,
    issue,
    key_of,
    self_signed,
)


def read(identity: Identity) -> Certificate:
    return read_one(identity.certificate)


def read_one(certificate: x509.Certificate) -> Certificate:
    return read_certificate(parsed.Certificate.load(certificate.public_bytes(DER)))


def chain_of(identity: Identity) -> list[Certificate]:
    return [read_one(each) for each in identity.chain]


def test_a_certificate_is_read() -> None:
    leaf = read(developer())
    assert leaf.common_name == "Developer ID Application: Example (TEAM123456)"
    assert (leaf.organization, leaf.team) == ("Example", "TEAM123456")
    assert leaf.valid_from.year == 2020
    assert leaf.valid_at(dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
    assert not leaf.valid_at(dt.datetime(2050, 1, 1, tzinfo=dt.UTC))
    assert DEVELOPER_ID[1] in leaf.extensions
    assert leaf.usage == frozenset({"digital_signature"})
    assert leaf.serves(Purpose.CODE_SIGNING)
    assert not leaf.serves(Purpose.TIME_STAMPING)
    assert not leaf.is_authority
    assert leaf.sha256 == fingerprint(developer().certificate)


def test_a_certificate_without_purposes_serves_all() -> None:
    assert read(issue("Any")).serves(Purpose.CODE_SIGNING)


def test_of_several_units_the_first_is_the_team_and_the_last_is_found() -> None:
    certificate = read(issue("x", team="FIRST"))
    twice = (*certificate.subject, ("2.5.4.11", "LAST"))
    changed = Certificate(**{
        name: getattr(certificate, name) for name in Certificate.__slots__ if name != "subject"
    }, subject=twice)  # fmt: skip
    assert changed.team == "FIRST"
    assert changed.attribute("2.5.4.11") == "LAST"


def test_mail_addresses_are_found_beside_the_name() -> None:
    names = x509.SubjectAlternativeName([x509.RFC822Name("a@example.org")])
    assert read(issue("x", others=[names])).emails == ("a@example.org",)


def test_a_chain_leads_to_its_root() -> None:
    leaf, *above = chain_of(developer())
    chain = build_chain(leaf, above[::-1])
    assert [each.common_name for each in chain.certificates][1:] == [
        "Developer ID Certification Authority",
        "Apple Root CA",
    ]
    assert chain.complete
    assert chain.is_developer_id
    assert chain.is_apple(frozenset({fingerprint(authority().certificate)}))
    assert not chain.is_apple()


def test_a_chain_with_a_gap_is_not_complete() -> None:
    leaf, between, root = chain_of(developer())
    assert build_chain(leaf, [root]).complete is False
    assert build_chain(leaf, [between]).certificates == (leaf, between)


def test_a_name_alone_is_no_issuer() -> None:
    leaf = read(developer())
    key = key_of(9)
    impostor = issue("Developer ID Certification Authority", is_authority=True, key=key)
    assert build_chain(leaf, [read(impostor)]).complete is False
    assert build_chain(leaf, [read(impostor)]).certificates == (leaf,)


def test_what_may_not_issue_does_not_count() -> None:
    middle = issue("Middle", by=authority(), is_authority=False)
    leaf = issue("Leaf", by=middle)
    assert build_chain(*_split(leaf)).complete is False


def _split(identity: Identity) -> tuple[Certificate, list[Certificate]]:
    leaf, *above = chain_of(identity)
    return leaf, above


def test_who_vouches_for_itself_ends_the_chain() -> None:
    alone = read(self_signed())
    assert build_chain(alone, []).complete
    assert build_chain(alone, []).certificates == (alone,)


def test_a_circle_of_issuers_ends() -> None:
    one = issue("One", is_authority=True)
    two = issue("Two", by=one, is_authority=True)
    one_again = issue("One", by=two, is_authority=True)
    leaf = issue("Leaf", by=one_again)
    circle = [read(each) for each in (one_again, two)]
    assert build_chain(read(leaf), circle).complete is False


def test_keys_of_both_kinds_verify() -> None:
    for identity in (developer(), issue("RSA", key=rsa.generate_private_key(65537, 2048))):
        leaf = read(identity)
        issuer, *_ = [*chain_of(identity)[1:], leaf]
        assert issuer.issued(leaf) is True
        assert issuer.verifies(leaf.signature, leaf.signed + b"x", "sha256") is False
        assert issuer.verifies(b"", leaf.signed, "sha256") is False


def test_other_algorithms_stay_open() -> None:
    alone = read(issue("Edwards", key=ed25519.Ed25519PrivateKey.generate()))
    assert alone.issued(alone) is None
    assert build_chain(alone, []).complete is None
    assert read(developer()).verifies(b"", b"", "sha3_256") is None
    assert alone.verifies(b"", b"", "sha256") is None


@pytest.mark.parametrize(
    ("organization", "name", "expected"),
    [
        ("Apple Inc.", "Developer ID Certification Authority", True),
        ("Apple Inc.", "Apple Root CA - G2", False),
        ("Example", "Example CA", False),
    ],
)
def test_an_intermediate_of_apple_is_told_by_its_name(
    organization: str, name: str, expected: bool
) -> None:
    issuer = issue(name, organization=organization, is_authority=True)
    assert read(issue("Leaf", by=issuer)).is_of_apple_intermediate is expected

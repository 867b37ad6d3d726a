"""Whether code satisfies a requirement: yes, no, or not to be decided here."""

from __future__ import annotations

import datetime as dt
import hashlib
import struct

import pytest
from asn1crypto import x509 as parsed
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from countersign.certificates.certificate import Certificate, read_certificate
from countersign.requirements.evaluation import Answer, Subject, evaluate
from countersign.requirements.requirement import parse_requirement
from kit.certificates import DER, authority, developer, issue
from kit.requirement import (
    ALWAYS,
    APPLE,
    APPLE_GENERIC,
    EXISTS,
    NEVER,
    both,
    counted,
    developer_id,
    either,
    negated,
    requirement,
    term,
)

OPEN = term(21)
"""Notarized: nobody knows that here."""
ABSENT = 14
MARKER = bytes.fromhex("2a864886f76364060206")
OTHER = bytes.fromhex("2a864886f76364060299")


def read(certificate: x509.Certificate) -> Certificate:
    return read_certificate(parsed.Certificate.load(certificate.public_bytes(DER)))


CHAIN = tuple(read(each) for each in developer().chain)
ADHOC = Subject(
    identifier=b"org.example.tool",
    cdhash=bytes(range(20)),
    platform=3,
    info={"CFBundleVersion": "2.10", "On": True, "Off": False, "List": ["a", "b"], "Int": 5},
    entitlements={"com.apple.x": True, "when": dt.datetime(2001, 1, 1, 0, 1)},
)
SIGNED = Subject(
    identifier=b"org.example.tool", cdhash=bytes(20), certificates=CHAIN, is_apple=True
)
UNKNOWN = Subject(identifier=b"", cdhash=b"", certificates=None)


def holds(body: bytes, code: Subject = ADHOC) -> bool | None:
    return evaluate(parse_requirement(requirement(body)), code).holds


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ALWAYS, True),
        (NEVER, False),
        (OPEN, None),
        (both(ALWAYS, ALWAYS), True),
        (both(ALWAYS, NEVER), False),
        (both(OPEN, NEVER), False),
        (both(NEVER, OPEN), False),
        (both(OPEN, ALWAYS), None),
        (either(NEVER, NEVER), False),
        (either(OPEN, ALWAYS), True),
        (either(OPEN, NEVER), None),
        (negated(NEVER), True),
        (negated(ALWAYS), False),
        (negated(OPEN), None),
        (both(ALWAYS, both(either(NEVER, ALWAYS), negated(NEVER))), True),
        (term(0x80000063, b"12345678"), False),
        (term(0x40000063, b"12345678") + ALWAYS, True),
    ],
)
def test_answers_combine_as_far_as_they_are_known(body: bytes, expected: bool | None) -> None:
    assert holds(body) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (term(2, b"org.example.tool"), True),
        (term(2, b"org.example"), False),
        (term(8, bytes(range(20))), True),
        (term(8, bytes(20)), False),
        (term(20, 3), True),
        (term(20, 0), False),
        (term(5, b"CFBundleVersion", b"2.10"), True),
        (term(10, b"CFBundleVersion", 8, b"2.9"), True),
        (term(10, b"CFBundleVersion", 7, b"2.9"), False),
        (term(10, b"CFBundleVersion", 5, b"2.11"), True),
        (term(10, b"CFBundleVersion", 6, b"2.11"), False),
        (term(10, b"CFBundleVersion", 2, b".1"), True),
        (term(10, b"CFBundleVersion", 3, b"2."), True),
        (term(10, b"CFBundleVersion", 3, b"10"), False),
        (term(10, b"CFBundleVersion", 4, b"10"), True),
        (term(10, b"CFBundleVersion", 4, b""), False),
        (term(10, b"CFBundleVersion", 77, b"2.10"), False),
        (term(10, b"CFBundleVersion", EXISTS), True),
        (term(10, b"CFBundleVersion", ABSENT), False),
        (term(10, b"Missing", EXISTS), False),
        (term(10, b"Missing", ABSENT), True),
        (term(10, b"Missing", 1, b""), False),
        (term(10, b"On", EXISTS), True),
        (term(10, b"Off", EXISTS), False),
        (term(10, b"Off", ABSENT), False),
        (term(10, b"List", 1, b"b"), True),
        (term(10, b"List", 1, b"c"), False),
        (term(10, b"Int", 1, b"5"), False),
        (term(16, b"com.apple.x", EXISTS), True),
        (term(16, b"com.apple.y", EXISTS), False),
        (term(16, b"when", 9) + struct.pack(">q", 60), True),
        (term(16, b"when", 10) + struct.pack(">q", 60), False),
        (term(16, b"when", 11) + struct.pack(">q", 59), True),
        (term(16, b"when", 12) + struct.pack(">q", 60), True),
        (term(16, b"when", 13) + struct.pack(">q", 61), False),
        (term(16, b"com.apple.x", 9) + struct.pack(">q", 60), False),
    ],
)
def test_what_stands_in_the_file_decides(body: bytes, expected: bool) -> None:
    assert holds(body) is expected


LEAF_HASH = hashlib.sha1(CHAIN[0].der).digest()


@pytest.mark.parametrize(
    ("body", "adhoc", "signed"),
    [
        (APPLE_GENERIC, False, True),
        (APPLE, None, None),
        (term(4, 0, LEAF_HASH), False, True),
        (term(4, -3, LEAF_HASH), False, True),
        (term(4, -1, LEAF_HASH), False, False),
        (term(4, 9, LEAF_HASH), False, False),
        (term(4, -9, LEAF_HASH), False, False),
        (term(11, 0, b"subject.OU", 1, b"TEAM123456"), False, True),
        (term(11, 0, b"subject.O", 3, b"Exam"), False, True),
        (term(11, 0, b"subject.L", EXISTS), False, False),
        (term(11, 0, b"subject.L", ABSENT), False, False),
        (term(11, 0, b"subject.XX", EXISTS), False, False),
        (term(11, 5, b"subject.O", EXISTS), False, False),
        (term(14, 1, MARKER, EXISTS), False, True),
        (term(14, 1, OTHER, EXISTS), False, False),
        (term(14, 1, OTHER, ABSENT), False, True),
        (term(17, 0, MARKER, EXISTS), False, False),
        (term(12, 0), False, None),
        (term(13), False, None),
        (term(18, b"tvos"), None, None),
        (term(19, b"name"), None, None),
        (term(23), None, None),
        (developer_id(b"org.example.tool", b"TEAM123456"), False, True),
        (developer_id(b"org.example.tool", b"OTHER"), False, False),
    ],
)
def test_certificates_decide_where_there_are_any(
    body: bytes, adhoc: bool | None, signed: bool | None
) -> None:
    assert holds(body) is adhoc
    assert holds(body, SIGNED) is signed


def test_certificates_without_an_end_leave_questions_open() -> None:
    for body in (APPLE_GENERIC, term(4, 0, LEAF_HASH), term(11, 0, b"subject.O", EXISTS)):
        assert holds(body, UNKNOWN) is None
    assert "root" in evaluate(parse_requirement(requirement(APPLE_GENERIC)), UNKNOWN).reason


def test_what_is_not_at_hand_leaves_questions_open() -> None:
    assert holds(term(10, b"CFBundleVersion", EXISTS), SIGNED) is None
    assert holds(term(16, b"com.apple.x", EXISTS), SIGNED) is None


def test_apples_own_code_is_told_by_its_certificates() -> None:
    name = "Apple Code Signing Certification Authority"
    above = issue(name, by=authority(), is_authority=True)
    leaf = issue("Software Signing", by=above, markers=("1.2.840.113635.100.6.22",))
    chain = tuple(read(each) for each in leaf.chain)
    own = Subject(identifier=b"", cdhash=b"", certificates=chain, is_apple=True)
    assert holds(APPLE, own) is True
    other = Subject(identifier=b"", cdhash=b"", certificates=chain, is_apple=False)
    assert holds(APPLE, other) is None


def test_a_mail_address_may_be_any_of_several() -> None:
    names = x509.SubjectAlternativeName([x509.RFC822Name(f"{each}@x.org") for each in "ab"])
    leaf = read(issue("Mail", others=[names]).certificate)
    code = Subject(identifier=b"", cdhash=b"", certificates=(leaf,))
    assert holds(term(11, 0, b"email", 1, b"b@x.org"), code) is True
    assert holds(term(11, 0, b"email", 1, b"c@x.org"), code) is False


def test_a_policy_of_a_certificate_is_found() -> None:
    policy = x509.PolicyInformation(x509.ObjectIdentifier("1.2.840.113635.100.6.2.6"), None)
    leaf = read(issue("Policy", others=[x509.CertificatePolicies([policy])]).certificate)
    code = Subject(identifier=b"", cdhash=b"", certificates=(leaf,))
    assert holds(term(17, 0, MARKER, EXISTS), code) is True


def test_a_time_in_a_certificate_is_compared() -> None:
    kind = x509.ObjectIdentifier("1.2.840.113635.100.6.2.6")
    stamp = x509.UnrecognizedExtension(kind, b"\x0c\x0f20010101000100Z")
    code = Subject(
        identifier=b"", cdhash=b"", certificates=(read(issue("T", others=[stamp]).certificate),)
    )
    assert holds(term(22, 0, MARKER, 10) + struct.pack(">q", 61), code) is True
    assert holds(term(22, 0, MARKER, 10) + struct.pack(">q", 60), code) is False
    assert holds(term(22, 0, OTHER, ABSENT), code) is True
    assert holds(term(22, 4, OTHER, ABSENT), code) is True


def test_a_lightweight_requirement_stays_open() -> None:
    found = parse_requirement(requirement(counted(b"\x30\0"), form=2))
    assert evaluate(found, ADHOC).holds is None


def test_a_no_names_the_first_term_that_made_it() -> None:
    body = both(ALWAYS, both(APPLE_GENERIC, NEVER))
    answer = evaluate(parse_requirement(requirement(body)), ADHOC)
    assert answer.term is not None
    assert answer.term.op == 15
    assert evaluate(parse_requirement(requirement(negated(ALWAYS))), ADHOC) == Answer(False)


LEAVES = st.sampled_from([(NEVER, False), (ALWAYS, True), (OPEN, None)])


def _both(one: bool | None, other: bool | None) -> bool | None:
    return False if False in (one, other) else None if None in (one, other) else True


def _either(one: bool | None, other: bool | None) -> bool | None:
    return True if True in (one, other) else None if None in (one, other) else False


PAIRS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: (both(a[0], b[0]), _both(a[1], b[1])), inner, inner),
        st.builds(lambda a, b: (either(a[0], b[0]), _either(a[1], b[1])), inner, inner),
        st.builds(lambda a: (negated(a[0]), None if a[1] is None else not a[1]), inner),
    ),
    max_leaves=30,
)


@given(PAIRS)
def test_any_expression_is_decided_as_its_parts_are(pair: tuple[bytes, bool | None]) -> None:
    body, expected = pair
    assert holds(body) is expected

"""Who vouches for a signature: what is found in the certificate's side of it."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from countersign.checks.certificates import check_certificates
from countersign.checks.trust import check_trust
from countersign.findings import Enforcer, Finding, Severity
from countersign.signature import parse_signature
from countersign.verifier import verify_image
from kit.certificates import (
    Identity,
    Message,
    attribute,
    authority,
    certified,
    der,
    developer,
    directories,
    fingerprint,
    intermediate,
    issue,
    key_of,
    self_signed,
    stamp_authority,
    wrapped,
)
from kit.requirement import (
    ALWAYS,
    APPLE,
    APPLE_GENERIC,
    NEVER,
    developer_id,
    requirement,
    requirement_set,
    term,
    word,
)
from macho import Macho

ROOTS = frozenset({fingerprint(authority().certificate)})
TEAM = "TEAM123456"
DIRECTORIES = directories(Macho().sealed(flags=0, team=TEAM, hash_types=(1, 2)).build())
GOOD = Message(identity=developer(), directories=DIRECTORIES)
SIGNING = (ExtendedKeyUsageOID.CODE_SIGNING,)


def superblob(entries: dict[int, bytes]) -> bytes:
    at = 12 + 8 * len(entries)
    index, body = b"", b""
    for slot, blob in entries.items():
        index += struct.pack(">2I", slot, at + len(body))
        body += blob
    return struct.pack(">3I", 0xFADE0CC0, at + len(body), len(entries)) + index + body


def findings(blob: bytes, codes: tuple[bytes, ...] = DIRECTORIES) -> list[Finding]:
    """Check a signature with the given code directories and the blob of its message."""
    slots = dict(zip((0, 0x1000), codes, strict=False))
    signature = parse_signature(memoryview(superblob({**slots, 0x10000: blob})))
    return list(check_certificates(signature, 0x1000, roots=ROOTS))


def said(message: Message, *, stamp: bool = True, by: Identity | None = None) -> list[str]:
    """Give rule and text of every finding in a message, with a timestamp unless it has one."""
    whole = message.stamped(by) if stamp else message
    return [f"{each.rule}: {each.message}" for each in findings(wrapped(whole.build()))]


def rules(message: Message, *, stamp: bool = True, by: Identity | None = None) -> set[str]:
    return {each.partition(":")[0] for each in said(message, stamp=stamp, by=by)}


def the(rule: str, message: Message) -> str:
    """The one finding of a rule."""
    (found,) = [each for each in said(message) if each.startswith(f"{rule}:")]
    return found


def with_leaf(**changes: object) -> Message:
    settings: dict[str, object] = {
        "by": intermediate(),
        "organization": "Example",
        "team": TEAM,
        "markers": ("1.2.840.113635.100.6.1.13",),
        "purposes": SIGNING,
        **changes,
    }
    return replace(GOOD, identity=issue("Leaf", **settings))  # type: ignore[arg-type]


def test_a_developer_id_with_a_timestamp_leaves_only_what_is_not_in_the_file() -> None:
    assert rules(GOOD) == {"N1"}
    assert rules(replace(GOOD, is_definite=True)) == {"N1"}


def test_without_a_timestamp_the_time_stays_open() -> None:
    assert rules(GOOD, stamp=False) == {"N1", "T7"}


def test_a_self_signed_certificate_is_told_from_apples() -> None:
    message = replace(GOOD, identity=self_signed())
    assert rules(message) == {"N1", "T3"}
    assert the("T3", message).endswith("'Somebody' vouches for itself")


def test_a_private_authority_is_told_from_apples_whatever_its_name() -> None:
    key = key_of(9)
    root = issue("Apple Root CA", is_authority=True, key=key)
    leaf = issue("Developer ID Application: X", by=root, purposes=SIGNING, team=TEAM)
    assert "not Apple's" in the("T3", replace(GOOD, identity=leaf))


def test_another_certificate_of_apples_is_no_developer_id() -> None:
    message = with_leaf(markers=("1.2.840.113635.100.6.1.12",))
    assert rules(message) == {"N1"}
    assert "no Developer ID" in the("N1", message)
    assert "no Developer ID" not in the("N1", GOOD)


@pytest.mark.parametrize("marker", ["1.2.840.113635.100.6.1.13", "1.2.840.113635.100.6.1.7"])
def test_the_team_must_be_the_certificates(marker: str) -> None:
    message = with_leaf(team="OTHER", markers=(marker,))
    assert "TEAM123456" in the("R57", message)
    (found,) = [each for each in findings(wrapped(message.build())) if each.rule == "R57"]
    assert (found.apple, found.code) == ("errSecCSBadTeamIdentifier", -66997)


def test_a_team_means_nothing_where_the_certificate_is_not_a_developers() -> None:
    assert rules(with_leaf(team="OTHER", markers=())) == {"N1", "T3"}
    assert "proves nothing" in the("T3", with_leaf(markers=()))
    assert rules(replace(GOOD, identity=issue("Own", team="OTHER"))) == {"N1", "T3"}


@pytest.mark.parametrize(
    ("changes", "apple"),
    [
        ({"may_sign": False}, "CSSMERR_APPLETP_INVALID_KEY_USAGE"),
        (
            {"purposes": (ExtendedKeyUsageOID.SERVER_AUTH,)},
            "CSSMERR_APPLETP_INVALID_EXTENDED_KEY_USAGE",
        ),
        ({"life": (dt.datetime(2020, 1, 1), dt.datetime(2021, 1, 1))}, "CSSMERR_TP_CERT_EXPIRED"),
        ({"life": (dt.datetime(2030, 1, 1), dt.datetime(2031, 1, 1))}, "CSSMERR_TP_CERT_EXPIRED"),
    ],
)
def test_a_certificate_that_is_not_for_this_is_refused(
    changes: dict[str, object], apple: str
) -> None:
    message = with_leaf(**changes).stamped()
    (found,) = [each for each in findings(wrapped(message.build())) if each.rule == "R57"]
    assert found.apple == apple
    assert found.code is not None
    assert found.enforced_by == (Enforcer.CODESIGN,)


def test_any_purpose_and_none_are_good_for_code() -> None:
    for purposes in ((), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)):
        assert rules(with_leaf(purposes=purposes)) == {"N1"}


def test_an_expired_certificate_is_forgiven_where_no_timestamp_tells() -> None:
    life = (dt.datetime(2020, 1, 1), dt.datetime(2021, 1, 1))
    assert rules(with_leaf(life=life), stamp=False) == {"N1", "T7"}


def test_a_missing_intermediate_of_apples_is_refused() -> None:
    leaf, _, root = developer().chain
    message = replace(GOOD, certificates=(leaf, root))
    assert "above" in the("R57", message)
    assert rules(message) == {"N1", "R57"}


def test_a_missing_root_stays_open() -> None:
    message = replace(GOOD, certificates=developer().chain[:2])
    assert rules(message) == {"N1", "T6"}


def test_a_root_that_did_not_sign_is_refused() -> None:
    forger = key_of(9)
    forged = replace(authority(), key=forger)
    above = issue("Other CA", by=forged, is_authority=True, organization="Example")
    message = replace(GOOD, identity=issue("Leaf", by=above, purposes=SIGNING))
    assert "did not sign" in the("R57", message)
    alone = replace(issue("Alone", purposes=SIGNING), key=forger)
    false_root = issue("Alone", by=alone, purposes=SIGNING)
    message = replace(GOOD, identity=replace(false_root, above=()))
    assert "did not sign itself" in the("R57", message)


def test_an_algorithm_that_is_not_known_stays_open() -> None:
    edwards = issue("Edwards", key=ed25519.Ed25519PrivateKey.generate(), purposes=SIGNING)
    assert rules(replace(GOOD, identity=edwards)) == {"N1", "T5"}
    assert rules(replace(GOOD, digest="sha3_256", signature=bytes(71)), stamp=False) == {
        "N1", "T5", "T7",
    }  # fmt: skip


def test_what_is_too_large_stays_open() -> None:
    assert [each.rule for each in findings(wrapped(bytes(1 << 19)))] == ["T5"]


BROKEN: dict[str, Callable[[], Message]] = {
    "another hash": lambda: replace(GOOD, directories=(DIRECTORIES[1], DIRECTORIES[0])),
    "did not make the signature": lambda: replace(GOOD, signature=bytes(71)),
    "who signed is missing": lambda: replace(GOOD, certificates=(authority().certificate,)),
    "not announced": lambda: replace(GOOD, declared="sha1"),
    "signed type": lambda: replace(GOOD, signed_type="1.2.3"),
    "list of cdhashes": lambda: replace(GOOD, cdhashes=(bytes(20), bytes(20))),
    "SHA1 digest": lambda: replace(GOOD, digests=(("sha256", bytes(32)),)),
    "3 code directories were signed": lambda: _three_listed(),
    "listed twice": lambda: replace(GOOD, digests=(("sha1", b"1"), ("sha1", b"2"))),
    "CMS: it cannot be read": lambda: replace(GOOD, digest_value=der(5)),
    "cannot be read": lambda: replace(
        GOOD, listed=False, more=(attribute("1.2.840.113635.100.9.1", der(4, b"no list")),)
    ),
}


def _three_listed() -> Message:
    whole = Message(identity=developer(), directories=DIRECTORIES).digests_listed()
    return replace(GOOD, digests=(*whole, ("sha384", bytes(48))))


@pytest.mark.parametrize("problem", BROKEN)
def test_a_signature_that_does_not_cover_the_directories_is_refused(problem: str) -> None:
    messages = [each for each in said(BROKEN[problem](), stamp=False) if each.startswith("R56")]
    assert any(problem in each for each in messages), messages


def test_no_change_of_a_message_makes_the_check_raise() -> None:
    message = GOOD.stamped().build()
    for at in range(0, len(message), 37):
        changed = bytearray(message)
        changed[at] ^= 0x0F
        assert findings(wrapped(bytes(changed)))


def test_lists_may_be_missing_for_older_signers() -> None:
    assert rules(replace(GOOD, listed=False)) == {"N1"}


def test_a_signature_without_attributes_covers_the_directory_itself() -> None:
    assert rules(replace(GOOD, attributes=False)) == {"N1"}
    other = replace(GOOD, attributes=False, directories=DIRECTORIES[::-1])
    assert "R56" in rules(other)


def test_a_stripped_code_directory_is_missed() -> None:
    blob = wrapped(GOOD.build())
    found = [each.message for each in findings(blob, DIRECTORIES[:1]) if each.rule == "R56"]
    assert "2 code directories were signed, 1 are there" in found


def test_what_is_no_message_is_refused_as_codesign_does() -> None:
    (found,) = findings(wrapped(b"no message"))
    assert (found.rule, found.apple, found.code) == ("R56", "errSecUnknownFormat", -25257)
    (found,) = findings(b"\xfa\xde\x71\x71" + struct.pack(">I", 12) + b"cms!")
    assert (found.rule, found.apple) == ("R56", "errSecCSSignatureInvalid")


def stamped_by(**changes: object) -> Identity:
    purposes = (ExtendedKeyUsageOID.TIME_STAMPING,)
    settings: dict[str, object] = {"by": authority(), "purposes": purposes, **changes}
    return issue("Stamps", **settings)  # type: ignore[arg-type]


STAMPS: dict[str, Callable[[], Message]] = {
    "no timestamp among them": lambda: replace(GOOD, unsigned=(attribute("1.2.3", der(5)),)),
    "another signature": lambda: GOOD.stamped(covered=b"other"),
    "sha384 is no hash of stamps": lambda: GOOD.stamped(digest="sha384"),
    "not valid when it was made": lambda: GOOD.stamped(time=dt.datetime(2050, 1, 1)),
    "not for timestamps": lambda: GOOD.stamped(stamped_by(purposes=SIGNING)),
    "of type": lambda: GOOD.stamped(content_type="1.2.840.113549.1.7.1"),
    "cannot be read": lambda: replace(GOOD, stamp=der(0x30, der(4, b"no token"))),
    "did not make the signature": lambda: GOOD.stamped(replace(stamp_authority(), key=key_of(9))),
    "above 'Timestamp Signer' is missing": lambda: GOOD.stamped(
        certificates=(stamp_authority().certificate, authority().certificate)
    ),
    "the timestamp is not Apple's": lambda: GOOD.stamped(stamped_by(by=None)),
}


@pytest.mark.parametrize("problem", STAMPS)
def test_a_timestamp_that_is_wrong_is_refused(problem: str) -> None:
    found = findings(wrapped(STAMPS[problem]().build()))
    wrong = [each for each in found if each.rule == "R58"]
    assert wrong
    assert {each.rule for each in found} <= {"R58", "N1"}
    if not problem.startswith("sha384"):
        assert any(problem in each.message for each in wrong), wrong
    if problem == "the timestamp is not Apple's":
        assert wrong[0].apple == "CSSMERR_TP_NOT_TRUSTED"


def test_a_certificate_of_ones_own_may_have_anybodys_timestamp() -> None:
    own = replace(GOOD, identity=self_signed())
    assert rules(own, by=stamped_by(by=None)) == {"N1", "T3", "T8"}


def sealed(*requirements: tuple[int, bytes], blob: bytes | None = None) -> dict[str, object]:
    blob = requirement_set(*requirements) if blob is None else blob
    return {"special": {2: blob}, "blobs": ((2, blob),)}


def adhoc(**seal: object) -> list[Finding]:
    image = Macho().sealed(**{"flags": 2, **seal}).build()
    (one,) = verify_image(image, path="file").slices
    return list(one.findings)


@pytest.mark.parametrize(
    ("body", "rule"),
    [(ALWAYS, None), (NEVER, "T1"), (APPLE_GENERIC, "T1"), (APPLE, "T4"), (term(21), "T4")],
)
def test_the_designated_requirement_of_adhoc_code_is_decided(body: bytes, rule: str | None) -> None:
    found = adhoc(**sealed((3, requirement(body))))
    assert [each.rule for each in found] == ([rule] if rule else [])


def test_the_term_that_does_not_hold_is_named() -> None:
    (found,) = adhoc(**sealed((3, requirement(developer_id(b"program", b"TEAM")))))
    assert found.severity is Severity.WARNING
    assert "'anchor apple generic' does not hold" in found.message


def test_the_cdhash_of_the_code_itself_cannot_be_in_it_but_its_identifier_can() -> None:
    assert adhoc(**sealed((3, requirement(term(2, b"program"))))) == []


@pytest.mark.parametrize(
    ("seal", "rule", "apple"),
    [
        (sealed(blob=requirement(ALWAYS)), "R59", "errSecCSReqInvalid"),
        (sealed((3, requirement(word(6)))), "R59", "errSecCSReqInvalid"),
        (sealed((3, requirement(word(99)))), "R59", "errSecCSUnimplemented"),
        (sealed((3, requirement(ALWAYS, form=9))), "R59", "errSecCSReqUnsupported"),
        (sealed((4, requirement(word(6)))), "T2", None),
    ],
)
def test_what_cannot_be_read_is_said(seal: dict[str, object], rule: str, apple: str | None) -> None:
    (found,) = adhoc(**seal)
    assert (found.rule, found.apple) == (rule, apple)
    assert found.offset is not None


def test_what_is_not_sealed_or_not_a_requirement_is_passed_over() -> None:
    blob = requirement_set((3, requirement(NEVER)))
    assert [each.rule for each in adhoc(blobs=((2, blob),))] == ["P6"]
    assert adhoc(**sealed((3, requirement(NEVER, magic=1)))) == []


def test_entitlements_are_asked_where_they_can_be_read() -> None:
    plist = b"<plist><dict><key>com.apple.x</key><true/></dict></plist>"
    blob = struct.pack(">2I", 0xFADE7171, 8 + len(plist)) + plist
    wanted = requirement_set((3, requirement(term(16, b"com.apple.x", 0))))
    for content, expected in ((blob, None), (blob[:-1] + b"!", "T4")):
        parts = {2: wanted, 5: content}
        signature = directories(
            Macho().sealed(flags=2, special=parts, blobs=tuple(parts.items())).build()
        )
        whole = parse_signature(memoryview(superblob({0: signature[0], **parts})))
        found = [each.rule for each in check_trust(whole, 0)]
        assert found == ([expected] if expected else [])


def test_the_designated_requirement_of_a_developer_id_holds() -> None:
    blob = requirement_set((3, requirement(developer_id(b"program", TEAM.encode()))))
    parts = {2: blob}
    codes = directories(
        Macho().sealed(flags=0, special=parts, blobs=((2, blob),), team=TEAM).build()
    )
    message = replace(GOOD, directories=codes).stamped()
    whole = superblob({0: codes[0], 2: blob, 0x10000: wrapped(message.build())})
    signature = parse_signature(memoryview(whole))
    assert [each.rule for each in check_certificates(signature, 0, roots=ROOTS)] == ["N1"]
    assert "T1" in {each.rule for each in check_certificates(signature, 0)}


def test_adhoc_code_is_never_asked_for_a_certificate() -> None:
    blob = wrapped(b"no message at all")
    assert [each.rule for each in adhoc(blobs=((0x10000, blob),))] == ["P1"]


@pytest.mark.parametrize(
    ("blobs", "apple"),
    [((), "errSecCSUnsigned"), (((0x10000, wrapped(b"")),), "errSecUnknownFormat")],
)
def test_code_that_is_neither_adhoc_nor_certified_is_refused(
    blobs: tuple[tuple[int, bytes], ...], apple: str
) -> None:
    (found,) = adhoc(flags=0, blobs=blobs)
    assert (found.rule, found.apple) == ("R45", apple)


def own_image(**seal: object) -> bytes:
    """An image that somebody signed with a certificate of their own."""

    def build(blob: bytes) -> bytes:
        return Macho().sealed(**{"flags": 0, **seal, "blobs": ((0x10000, blob),)}).build()

    own = Message(identity=self_signed())
    return certified(build, lambda codes: replace(own, directories=codes).stamped())


def test_a_whole_file_is_accepted_with_its_warnings() -> None:
    verdict = verify_image(own_image(team=TEAM, hash_types=(1, 2)), path="file")
    assert verdict.accepted
    (one,) = verdict.slices
    assert one.kind == "cms"
    assert {each.rule for each in one.findings} == {"N1", "T3", "T8"}


def test_a_changed_code_directory_is_no_longer_vouched_for() -> None:
    image = bytearray(own_image())
    at = image.index(struct.pack(">I", 0xFADE0C02))
    image[at + 88] ^= 1  # the first letter of the identifier
    verdict = verify_image(bytes(image), path="file")
    errors = {each.rule for each in verdict.slices[0].findings if each.severity == "error"}
    assert errors == {"R56"}

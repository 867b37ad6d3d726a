"""Every signature is judged by itself, and only those count that everything speaks for."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from pathlib import Path

import pysequoia
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermark.openpgp.checking import (
    MOST_SIGNATURES,
    SKEW,
    CheckedSignature,
    State,
    check_signatures,
)
from countermark.openpgp.findings import signature_finding
from countermark.openpgp.keyring import Keyring, read_keyring
from openpgp_packets import (
    STANDALONE,
    TEXT,
    armored,
    certificate,
    ed25519,
    moment,
    packet,
    revocation,
    rsa_key,
    signature,
    signing_subkey,
    subkey_revocation,
    subpacket,
)

DATA = b"the list\n"
NOW = moment("2026-01-01")
ALICE, BOB, CAROL, SUBKEY = (ed25519(seed) for seed in (1, 2, 3, 4))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A key folder with the key of Alice, and a place for others."""
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "alice.gpg").write_bytes(certificate(ALICE, "Alice <alice@example.org>"))
    return keys


def judged(
    folder: Path, *signatures: bytes, data: bytes = DATA, now: datetime = NOW
) -> list[tuple[State, str]]:
    """Check signatures, each in a block of its own."""
    text = b"".join(map(armored, signatures))
    checked = check_signatures(data, text, read_keyring(folder), now=now)
    return [(each.state, each.detail) for each in checked]


def states(folder: Path, *signatures: bytes, data: bytes = DATA) -> list[State]:
    return [state for state, _ in judged(folder, *signatures, data=data)]


def keep(folder: Path, name: str, key: bytes) -> None:
    (folder / f"{name}.gpg").write_bytes(key)


def test_a_good_signature_names_its_primary_key_and_counts(folder: Path) -> None:
    (checked,) = check_signatures(
        DATA, armored(signature(ALICE, DATA)), read_keyring(folder), now=NOW
    )
    assert checked.state is State.GOOD
    assert checked.counts
    assert checked.fingerprint == ALICE.fingerprint.hex().upper()
    assert checked.certificate is not None
    assert checked.certificate.file == "alice.gpg"
    assert checked.created == moment("2025-01-01")
    assert checked.hash == "SHA256"
    assert not checked.detail


def test_a_bad_signature_hides_no_good_one(folder: Path) -> None:
    keep(folder, "bob", certificate(BOB, "Bob <bob@example.org>"))
    found = states(folder, signature(BOB, b"another list\n"), signature(ALICE, DATA))
    assert found == [State.BAD, State.GOOD]


def test_packets_of_one_block_are_judged_one_by_one(folder: Path) -> None:
    found = states(folder, signature(ALICE, b"x") + signature(BOB, DATA) + signature(ALICE, DATA))
    assert found == [State.BAD, State.UNKNOWN_KEY, State.GOOD]


def test_binary_signatures_are_read_too(folder: Path) -> None:
    binary = signature(ALICE, DATA)
    (checked,) = check_signatures(DATA, binary, read_keyring(folder), now=NOW)
    assert checked.state is State.GOOD


def test_the_same_key_counts_once(folder: Path) -> None:
    one, again = signature(ALICE, DATA), signature(ALICE, DATA, created="2025-02-01")
    assert states(folder, one, again, one) == [State.GOOD, State.DUPLICATE, State.DUPLICATE]


def test_a_subkey_and_its_primary_key_count_once(folder: Path) -> None:
    key = certificate(ALICE, "Alice <alice@example.org>") + signing_subkey(ALICE, SUBKEY)
    keep(folder, "alice", key)
    found = states(folder, signature(SUBKEY, DATA), signature(ALICE, DATA))
    assert found == [State.GOOD, State.DUPLICATE]


def test_two_keys_of_one_person_count_once(folder: Path) -> None:
    keep(folder, "alice-2", certificate(BOB, "A. <ALICE@example.org>"))
    (_, first), (state, second) = judged(folder, signature(ALICE, DATA), signature(BOB, DATA))
    assert not first
    assert state is State.DUPLICATE
    assert ALICE.fingerprint.hex().upper() in second


def test_a_bad_signature_does_not_use_up_its_owner(folder: Path) -> None:
    assert states(folder, signature(ALICE, b"x"), signature(ALICE, DATA)) == [
        State.BAD,
        State.GOOD,
    ]


@pytest.mark.parametrize("reason", [0, 1, 2, 3])
def test_a_revoked_key_does_not_count_for_whatever_reason(folder: Path, reason: int) -> None:
    key = certificate(ALICE, "Alice <alice@example.org>")
    end = 6 + len(ALICE.body)  # a revocation follows the key itself
    keep(folder, "alice", key[:end] + revocation(ALICE, reason=reason) + key[end:])
    assert states(folder, signature(ALICE, DATA), signature(ALICE, b"x")) == [
        State.REVOKED,
        State.BAD,
    ]


def test_a_later_word_of_the_key_takes_no_revocation_back(folder: Path) -> None:
    key = certificate(ALICE, "Alice <alice@example.org>", said="2025-09-01")
    end = 6 + len(ALICE.body)
    keep(folder, "alice", key[:end] + revocation(ALICE, reason=1) + key[end:])
    assert states(folder, signature(ALICE, DATA)) == [State.REVOKED]


def test_a_revocation_by_somebody_else_revokes_nothing(folder: Path) -> None:
    key = certificate(ALICE, "Alice <alice@example.org>")
    end = 6 + len(ALICE.body)
    forged = bytearray(revocation(ALICE))
    forged[-1] ^= 1
    for wrong in (revocation(ALICE, by=BOB), bytes(forged)):
        keep(folder, "alice", key[:end] + wrong + key[end:])
        assert states(folder, signature(ALICE, DATA)) == [State.GOOD]


def test_a_revoked_subkey_does_not_count_and_its_primary_key_does(folder: Path) -> None:
    whole = certificate(ALICE, "Alice <alice@example.org>") + signing_subkey(ALICE, SUBKEY)
    keep(folder, "alice", whole + subkey_revocation(ALICE, SUBKEY))
    found = states(folder, signature(SUBKEY, DATA), signature(ALICE, DATA))
    assert found == [State.REVOKED, State.GOOD]
    keep(folder, "alice", whole + subkey_revocation(ALICE, SUBKEY, by=BOB))
    assert states(folder, signature(SUBKEY, DATA)) == [State.GOOD]


def test_a_revocation_in_one_of_two_copies_is_not_missed(folder: Path) -> None:
    keep(folder, "zoe", packet(6, ALICE.body) + revocation(ALICE))
    assert states(folder, signature(ALICE, DATA)) == [State.REVOKED]


@pytest.mark.parametrize(
    ("until", "state"),
    [
        ("2024-06-01", State.EXPIRED_KEY),  # before it signed
        ("2025-06-01", State.EXPIRED_KEY),  # since then
        ("2026-06-01", State.GOOD),
    ],
)
def test_an_expired_key_does_not_count(folder: Path, until: str, state: State) -> None:
    keep(folder, "alice", certificate(ALICE, "Alice <alice@example.org>", until=until))
    assert states(folder, signature(ALICE, DATA)) == [state]


def test_an_expired_subkey_does_not_count(folder: Path) -> None:
    key = certificate(ALICE, "A") + signing_subkey(ALICE, SUBKEY, until="2025-06-01")
    keep(folder, "alice", key)
    assert states(folder, signature(SUBKEY, DATA)) == [State.EXPIRED_KEY]


def test_a_key_that_was_prolonged_since_is_the_same_key(folder: Path) -> None:
    """All that the file says of the key is newer than the signature."""
    key = certificate(ALICE, "A", said="2025-09-01", until="2027-01-01")
    keep(folder, "alice", key + signing_subkey(ALICE, SUBKEY, said="2025-09-01"))
    assert states(folder, signature(ALICE, DATA)) == [State.GOOD]
    assert states(folder, signature(SUBKEY, DATA)) == [State.GOOD]
    assert states(folder, signature(ALICE, b"x"), signature(SUBKEY, b"x")) == [State.BAD] * 2


def test_a_prolonged_key_that_must_not_sign_does_not_count(folder: Path) -> None:
    keep(folder, "alice", certificate(ALICE, "A", said="2025-09-01", flags=0x01))
    ((state, detail),) = judged(folder, signature(ALICE, DATA))
    assert state is State.BAD
    assert "not meant to sign" in detail


def test_who_claims_the_subkey_of_another_does_not_sign_with_it(folder: Path) -> None:
    """What binds it is good, and the subkey does not say that it belongs there."""
    for said in ("2024-01-01", "2025-09-01"):
        stolen = certificate(BOB, "Bob <bob@example.org>", said=said)
        keep(folder, "alice", stolen + signing_subkey(BOB, SUBKEY, said=said, agreed=False))
        ((state, _),) = judged(folder, signature(SUBKEY, DATA))
        assert state is State.BAD
        keep(folder, "alice", stolen + signing_subkey(BOB, SUBKEY, said=said))
        assert states(folder, signature(SUBKEY, DATA)) == [State.GOOD]


def test_a_key_that_does_not_say_what_it_is_for_may_sign(folder: Path) -> None:
    for said in ("2024-01-01", "2025-09-01"):
        keep(folder, "alice", certificate(ALICE, "A", said=said, flags=None))
        assert states(folder, signature(ALICE, DATA)) == [State.GOOD]


def test_a_critical_part_that_nobody_knows_is_not_passed_over(folder: Path) -> None:
    keep(folder, "alice", certificate(ALICE, "A", said="2025-09-01"))
    odd = signature(ALICE, DATA, more=subpacket(0x80 | 101, b"?"))
    assert states(folder, odd) == [State.UNSUPPORTED]
    keep(folder, "alice", certificate(ALICE, "A"))
    assert states(folder, odd) == [State.UNSUPPORTED]


def test_an_expired_signature_does_not_count(folder: Path) -> None:
    short = signature(ALICE, DATA, more=subpacket(3, (86400).to_bytes(4)))
    assert states(folder, short) == [State.EXPIRED_SIGNATURE]


def test_a_signature_from_the_future_hints_at_this_machines_clock(folder: Path) -> None:
    one = signature(ALICE, DATA)
    made = moment("2025-01-01")
    ((state, detail),) = judged(folder, one, now=made - SKEW - timedelta(seconds=1))
    assert state is State.NOT_YET_VALID
    assert "clock" in detail
    assert judged(folder, one, now=made - SKEW)[0][0] is State.GOOD


def test_a_signature_older_than_its_key_does_not_count(folder: Path) -> None:
    assert states(folder, signature(ALICE, DATA, created="2023-12-31")) == [State.NOT_YET_VALID]


@pytest.mark.parametrize("name", ["md5", "sha1"])
def test_a_weak_hash_does_not_count(folder: Path, name: str) -> None:
    assert states(folder, signature(ALICE, DATA, name=name)) == [State.WEAK]


def test_a_small_key_does_not_count(folder: Path) -> None:
    small = rsa_key(1024)
    keep(folder, "bob", certificate(small, "Bob <bob@example.org>"))
    ((state, detail),) = judged(folder, signature(small, DATA))
    assert state is State.WEAK
    assert "RSA of 1,024 bits" in detail


def test_a_key_that_only_sha1_ties_to_its_owner_does_not_count(folder: Path) -> None:
    keep(folder, "alice", certificate(ALICE, "A", name="sha1"))
    ((state, detail),) = judged(folder, signature(ALICE, DATA))
    assert state is State.WEAK
    assert "SHA1" in detail


def test_an_unknown_key_is_named_as_the_signature_names_it(folder: Path) -> None:
    keyring = read_keyring(folder)
    (checked,) = check_signatures(DATA, armored(signature(BOB, DATA)), keyring, now=NOW)
    assert checked.state is State.UNKNOWN_KEY
    assert checked.fingerprint is None
    assert checked.issuer == BOB.fingerprint.hex().upper()


def test_text_signatures_hold_with_either_end_of_line(folder: Path) -> None:
    text = signature(ALICE, b"the list\r\n", kind=TEXT)
    assert states(folder, text) == [State.GOOD]
    assert states(folder, text, data=b"the list\r\n") == [State.GOOD]
    assert states(folder, text, data=b"a list\n") == [State.BAD]
    keep(folder, "alice", certificate(ALICE, "A", said="2025-09-01"))
    assert states(folder, text) == [State.GOOD]


def test_what_signs_no_file_is_no_signature_of_one(folder: Path) -> None:
    for kind in (STANDALONE, 0x10, 0x20, 0x40):
        assert states(folder, signature(ALICE, DATA, kind=kind)) == [State.MALFORMED]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "no OpenPGP signature"),
        (b"<html>not found</html>\n", "no OpenPGP signature"),
        (armored(signature(ALICE, DATA))[:-30], "cut off"),
        (armored(signature(ALICE, DATA)[:60]), "cut off"),
        (armored(b"\x00\x01"), "no packet"),
        (armored(packet(11, b"t\0\0\0\0\0x")), "tag 11"),
        (armored(b"")[:29] + b"\n\n\xff\xfe\n-----END PGP SIGNATURE-----\n", "not base64"),
        (armored(certificate(ALICE, "A"), "PUBLIC KEY BLOCK"), "public key block"),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nx\n", "signed message"),
        (armored(b""), "no OpenPGP signature"),
        (armored(packet(2, b"\x63" + bytes(40))), ""),
        (signature(ALICE, DATA)[:40], "cut off"),
    ],
)
def test_what_is_no_signature_is_said_to_be_none(folder: Path, text: bytes, why: str) -> None:
    checked = check_signatures(DATA, text, read_keyring(folder), now=NOW)
    assert checked
    assert all(each.state is State.MALFORMED for each in checked)
    assert why in checked[0].detail


def test_whatever_does_not_count_breaks_a_rule() -> None:
    for state in State:
        finding = signature_finding(CheckedSignature(state=state, detail="for a reason"))
        assert (finding is None) is (state is State.GOOD)


def test_what_follows_a_damaged_block_is_still_judged(folder: Path) -> None:
    cut = armored(signature(ALICE, DATA)).replace(b"-----END", b"-----NOT")
    text = cut + armored(signature(ALICE, DATA))
    checked = check_signatures(DATA, text, read_keyring(folder), now=NOW)
    assert [each.state for each in checked] == [State.MALFORMED, State.GOOD]


def test_endless_signatures_are_not_all_checked(folder: Path) -> None:
    many = armored(signature(BOB, DATA) * (MOST_SIGNATURES + 5))
    checked = check_signatures(DATA, many, read_keyring(folder), now=NOW)
    assert len(checked) == MOST_SIGNATURES + 1
    assert checked[-1].state is State.MALFORMED


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    keys = tmp_path_factory.mktemp("keys")
    (keys / "alice.gpg").write_bytes(certificate(ALICE, "A") + signing_subkey(ALICE, SUBKEY))
    return read_keyring(keys)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 180), bits=st.integers(1, 255), cut=st.integers(0, 200))
def test_no_damage_makes_an_exception(keyring: Keyring, at: int, bits: int, cut: int) -> None:
    damaged = bytearray(signature(SUBKEY, DATA))
    damaged[at % len(damaged)] ^= bits
    for text in (armored(bytes(damaged)), bytes(damaged), bytes(damaged[:cut])):
        assert check_signatures(DATA, text, keyring, now=NOW)


@settings(max_examples=200)
@given(text=st.binary(max_size=300), framed=st.booleans())
def test_no_garbage_is_good(keyring: Keyring, text: bytes, framed: bool) -> None:
    content = armored(packet(2, text)) if framed else text
    checked = check_signatures(DATA, content, keyring, now=NOW)
    assert not any(each.counts for each in checked)


@pytest.mark.parametrize("suite", ["Cv25519", "P256", "P384", "P521", "RSA2k", "Cv448", "RFC9580"])
def test_keys_of_every_kind_that_sequoia_makes_are_judged(tmp_path: Path, suite: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = (
            pysequoia.Tsk.generate("C <c@example.org>", profile=pysequoia.Profile.RFC9580)
            if suite == "RFC9580"
            else pysequoia.Tsk.generate(
                "C <c@example.org>", cipher_suite=getattr(pysequoia.CipherSuite, suite)
            )
        )
    (tmp_path / "c.pgp").write_text(str(made.extract_certificate()))
    mode = pysequoia.SignatureMode.DETACHED
    text = pysequoia.sign(made.signer(), DATA, mode=mode)
    now = datetime.now().astimezone()
    keyring = read_keyring(tmp_path)
    for data, state in ((DATA, State.GOOD), (b"x", State.BAD)):
        (checked,) = check_signatures(data, text, keyring, now=now)
        assert checked.state is state, checked.detail

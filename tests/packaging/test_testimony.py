"""One list with its signature: whatever the bytes are, it counts only when both are good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysequoia import SignatureMode, Tsk, sign

from builders import VERSION, list_of, release_names, secret_key
from countermark.attestations import testimony
from countermark.attestations.testimony import Standing, hear
from countermark.attestations.tree import StoredList
from countermark.openpgp.keyring import Keyring, read_keyring

CONTENT = list_of(release_names())
NOW = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    folder = tmp_path_factory.mktemp("keys")
    for builder in ("alice", "bob"):
        key = secret_key(builder).extract_certificate()
        (folder / f"{builder}.gpg").write_text(str(key))
    return read_keyring(folder)


@pytest.fixture(scope="module")
def signature() -> bytes:
    return sign(secret_key("alice").signer(), CONTENT, mode=SignatureMode.DETACHED)


def heard(keyring: Keyring | None, content: bytes, signature: bytes | None) -> testimony.Testimony:
    stored = StoredList(
        path=f"{VERSION}/alice/all.SHA256SUMS",
        signer="alice",
        list="all",
        content=content,
        signature=signature,
    )
    return hear(stored, VERSION, keyring, NOW)


def test_a_good_list_with_a_good_signature_counts(keyring: Keyring, signature: bytes) -> None:
    told = heard(keyring, CONTENT, signature)
    assert (told.standing, told.counts) == (Standing.GOOD, True)
    assert told.findings == ()
    assert told.key == secret_key("alice").extract_certificate().fingerprint.upper()
    assert len(told.digests) == 28


def test_without_keys_every_sound_list_counts(signature: bytes) -> None:
    assert heard(None, CONTENT, None).counts
    assert not heard(None, b"no list", signature).counts


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_other_content_counts(keyring: Keyring, signature: bytes, content: bytes) -> None:
    assert not heard(keyring, content, signature).counts


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_other_signature_counts(keyring: Keyring, other: bytes) -> None:
    told = heard(keyring, CONTENT, other)
    assert told.standing is Standing.BAD
    assert not told.counts


@settings(deadline=None)
@given(st.integers(0, len(CONTENT) - 1), st.integers(0, 7))
def test_every_flipped_bit_of_a_list_is_noticed(
    keyring: Keyring, signature: bytes, at: int, bit: int
) -> None:
    content = bytearray(CONTENT)
    content[at] ^= 1 << bit
    told = heard(keyring, bytes(content), signature)
    assert told.standing is Standing.BAD
    assert not told.counts


@pytest.mark.parametrize("standing", [each for each in Standing if each is not Standing.GOOD])
def test_only_good_and_unasked_signatures_count(standing: Standing) -> None:
    told = heard(None, CONTENT, None)
    assert replace(told, standing=standing).counts == (standing is Standing.UNCHECKED)


def test_an_expired_key_is_without_weight(tmp_path: Path) -> None:
    key = Tsk.generate("alice <alice@example.org>", validity_seconds=86_400)
    (tmp_path / "alice.gpg").write_text(str(key.extract_certificate()))
    signature = sign(key.signer(), CONTENT, mode=SignatureMode.DETACHED)
    stored = StoredList(
        path=f"{VERSION}/alice/all.SHA256SUMS",
        signer="alice",
        list="all",
        content=CONTENT,
        signature=signature,
    )
    keyring = read_keyring(tmp_path)
    assert hear(stored, VERSION, keyring, NOW).counts
    later = hear(stored, VERSION, keyring, NOW + timedelta(days=2))
    assert (later.standing, later.counts) == (Standing.INVALID, False)
    assert [finding.rule for finding in later.findings] == ["M10"]
    assert "expired" in later.detail
    sooner = hear(stored, VERSION, keyring, NOW - timedelta(days=2))
    assert (sooner.standing, sooner.counts) == (Standing.INVALID, False)

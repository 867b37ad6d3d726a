"""A key folder says which keys count, and what makes it doubtful."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pysequoia
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.errors import ConfigurationError
from countermark.openpgp.armor import blocks, packets
from countermark.openpgp.keyring import read_keyring
from openpgp_packets import (
    armored,
    certificate,
    ed25519,
    moment,
    packet,
    revocation,
    signature,
    signing_subkey,
)

ALICE, BOB, SUBKEY = (ed25519(seed) for seed in (1, 2, 4))
ALICES = certificate(ALICE, "Alice <alice@example.org>")
BOBS = certificate(BOB, "Bob <bob@example.org>")


def problems(folder: Path) -> list[tuple[str, str]]:
    return [(each.file, each.finding.name) for each in read_keyring(folder).problems]


def test_keys_are_read_armored_and_binary_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "alice.asc").write_bytes(armored(ALICES, "PUBLIC KEY BLOCK"))
    (tmp_path / "bob.PGP").write_bytes(BOBS)
    (tmp_path / "README.md").write_text("the keys")
    (tmp_path / "old.gpg").mkdir()
    keyring = read_keyring(tmp_path)
    assert {each.file: each.user_ids for each in keyring.certificates} == {
        "alice.asc": ("Alice <alice@example.org>",),
        "bob.PGP": ("Bob <bob@example.org>",),
    }
    assert not keyring.problems


def test_one_file_may_hold_many_keys_in_one_block_or_several(tmp_path: Path) -> None:
    file = tmp_path / "all.asc"
    kind = "PUBLIC KEY BLOCK"
    both = ALICES + BOBS
    for content in (both, armored(both, kind), armored(ALICES, kind) + armored(BOBS, kind)):
        file.write_bytes(content)
        keyring = read_keyring(file)
        assert len(keyring.certificates) == 2
        assert not keyring.problems


def test_subkeys_are_found_by_fingerprint_and_key_id(tmp_path: Path) -> None:
    (tmp_path / "alice.gpg").write_bytes(ALICES + signing_subkey(ALICE, SUBKEY, until="2026-01-01"))
    keyring = read_keyring(tmp_path)
    for issuer in (SUBKEY.fingerprint, SUBKEY.fingerprint[-8:], ALICE.fingerprint[-8:]):
        assert keyring.holding(issuer.hex().upper()) == keyring.certificates
    assert not keyring.holding(BOB.fingerprint.hex().upper())
    primary, subkey = keyring.certificates[0].keys
    assert (primary.expires, subkey.expires) == (None, moment("2026-01-01"))


def test_copies_of_a_key_are_put_together(tmp_path: Path) -> None:
    (tmp_path / "a.gpg").write_bytes(ALICES)
    (tmp_path / "b.gpg").write_bytes(packet(6, ALICE.body) + revocation(ALICE))
    keyring = read_keyring(tmp_path)
    (alice,) = keyring.certificates
    assert alice.revoked
    assert keyring.files == {alice.fingerprint: frozenset({"a.gpg", "b.gpg"})}


def test_keys_with_an_address_in_common_are_one_persons(tmp_path: Path) -> None:
    (tmp_path / "alice.gpg").write_bytes(ALICES)
    (tmp_path / "bob.gpg").write_bytes(BOBS)
    carol = ed25519(3)
    joined = certificate(carol, "C <ALICE@example.org>") + certificate(carol, "B <bob@example.org>")
    (tmp_path / "carol.gpg").write_bytes(joined)
    keyring = read_keyring(tmp_path)
    assert len(set(keyring.persons.values())) == 1
    assert problems(tmp_path) == [("carol.gpg", "one-person")]


def test_a_comment_behind_an_address_makes_no_other_person(tmp_path: Path) -> None:
    (tmp_path / "alice.gpg").write_bytes(certificate(ALICE, "Alice <alice@example.org>"))
    other = certificate(ed25519(3), "Alice <Alice@example.org> (at work)")
    (tmp_path / "work.gpg").write_bytes(other)
    assert len(set(read_keyring(tmp_path).persons.values())) == 1
    assert problems(tmp_path) == [("work.gpg", "one-person")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no OpenPGP block"),
        (b"<!DOCTYPE html>\n", "no OpenPGP block"),
        (ALICES[:80], "cut off"),
        (armored(ALICES, "PUBLIC KEY BLOCK")[:200], "cut off"),
        (armored(signature(ALICE, b"x")), "signature is no key"),
        (signature(ALICE, b"x"), ""),
        (packet(8, b"\1" + bytes(40)), "tag 8"),  # compressed: it might never end
        (packet(13, b"Alice"), ""),
        (bytes.fromhex("0000002001010002") + b"KBXf" + bytes(16), "no OpenPGP block"),
        (b"\xff" * 100, ""),
    ],
)
def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "alice.gpg").write_bytes(ALICES)
    (tmp_path / "odd.gpg").write_bytes(content)
    keyring = read_keyring(tmp_path)
    assert [each.file for each in keyring.certificates] == ["alice.gpg"]
    assert problems(tmp_path) == [("odd.gpg", "not-a-key")]
    assert why in keyring.problems[0].finding.message


def test_a_key_of_another_version_is_named_and_hides_no_other(tmp_path: Path) -> None:
    strange = packet(6, b"\5" + ALICE.body[1:]) + ALICES[6 + len(ALICE.body) :]
    (tmp_path / "all.gpg").write_bytes(strange + BOBS)
    keyring = read_keyring(tmp_path)
    assert [each.name for each in keyring.certificates] == ["Bob <bob@example.org>"]
    (problem,) = keyring.problems
    assert (problem.finding.name, problem.finding.severity) == ("unsupported-key", "warning")
    assert "version 5" in problem.finding.message


def test_huge_files_and_pipes_are_no_keys(tmp_path: Path) -> None:
    with (tmp_path / "huge.gpg").open("wb") as stream:
        stream.truncate(1 << 40)
    os.mkfifo(tmp_path / "pipe.gpg")
    (tmp_path / "gone.gpg").symlink_to("nowhere")
    found = problems(tmp_path)
    assert found == [(f"{name}.gpg", "not-a-key") for name in ("gone", "huge", "pipe")]


def test_secret_keys_are_warned_of_and_their_public_part_counts(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = pysequoia.Tsk.generate("D <d@example.org>")
    (tmp_path / "d.asc").write_text(str(made))
    assert problems(tmp_path) == [("d.asc", "secret-key")]
    assert len(read_keyring(tmp_path).certificates) == 1


def test_an_empty_folder_and_a_missing_one_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no file named"):
        read_keyring(tmp_path)
    with pytest.raises(ConfigurationError, match="there is no"):
        read_keyring(tmp_path / "keys")


@settings(max_examples=200)
@given(content=st.binary(max_size=200))
def test_packets_are_cut_without_a_rest(content: bytes) -> None:
    found = list(packets(content))
    assert b"".join(each.encoded for each in found) == content
    assert not any(each.problem for each in found[:-1])


@settings(max_examples=200)
@given(content=st.binary(max_size=200), kind=st.sampled_from(["SIGNATURE", "PUBLIC KEY BLOCK"]))
def test_armor_gives_back_what_was_put_in(content: bytes, kind: str) -> None:
    (found,) = blocks(b"some text\n" + armored(content, kind) + b"more\n")
    assert (found.kind, found.content, found.problem) == (kind, content, "")


def test_armor_may_have_headers_other_ends_of_lines_and_no_check_sum() -> None:
    plain = armored(ALICES)
    begin, rest = plain.split(b"\n\n", 1)
    dressed = begin + b"\nComment: of Alice\nVersion: 1\n\n" + rest
    bare = b"".join(line for line in plain.splitlines(keepends=True) if line[:1] != b"=")
    for text in (dressed, dressed.replace(b"\n", b"\r\n"), bare):
        (found,) = blocks(text)
        assert (found.content, found.problem) == (ALICES, "")


@pytest.mark.parametrize("size", [0, 1, 191, 192, 8383, 8384, 70000])
def test_lengths_of_every_form_are_read(size: int) -> None:
    body = bytes(size)
    short = bytes((size,)) if size < 192 else b""
    middle = (size - 192 + (192 << 8)).to_bytes(2) if 192 <= size < 8384 else b""
    forms = [b"\xff" + size.to_bytes(4), short or middle]
    headers = [b"\xc2" + form for form in forms if form]
    legacy = [(1, 0x88), (2, 0x89), (4, 0x8A)]
    headers += [bytes((t,)) + size.to_bytes(n) for n, t in legacy if size < 1 << 8 * n]
    for header in headers:
        (found,) = packets(header + body)
        assert (found.tag, found.body, found.problem) == (2, body, "")

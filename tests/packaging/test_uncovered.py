"""No bit of a file of signatures changes unseen: either it is no longer good, or it is remarked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from countermark.openpgp.armor import blocks
from countermark.openpgp.checking import State, check_signatures
from countermark.openpgp.keyring import Keyring, read_keyring
from countermark.openpgp.uncovered import armor_remarks

DATA = b"0" * 64 + b"  a.tar.gz\n"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Keyring, bytes]:
    """A key in a folder, and its armored signature of :data:`DATA`."""
    from pysequoia import SignatureMode, Tsk, sign

    key = Tsk.generate("Alice <alice@example.org>")
    folder = tmp_path_factory.mktemp("keys")
    (folder / "alice.asc").write_text(str(key.extract_certificate()))
    return read_keyring(folder), bytes(sign(key.signer(), DATA, mode=SignatureMode.DETACHED))


def state(keyring: Keyring, armored: bytes) -> list[State]:
    checked = check_signatures(DATA, armored, keyring, now=datetime.now(UTC))
    return [each.state for each in checked]


def test_what_programs_write_is_not_remarked(signed: tuple[Keyring, bytes]) -> None:
    keyring, armored = signed
    assert state(keyring, armored) == [State.GOOD]
    for content in (armored, armored * 2, armored.replace(b"\n", b"\r\n"), b"\n" + armored):
        assert list(armor_remarks(content)) == []


def test_every_changed_bit_shows(signed: tuple[Keyring, bytes]) -> None:
    keyring, armored = signed
    for at in range(len(armored) - 1):  # the line feed at the end may be anything
        for bit in range(8):
            changed = bytearray(armored)
            changed[at] ^= 1 << bit
            told = list(armor_remarks(bytes(changed)))
            assert told or state(keyring, bytes(changed)) != [State.GOOD], (at, bit)


def test_every_changed_bit_of_the_packet_shows(signed: tuple[Keyring, bytes]) -> None:
    keyring, armored = signed
    (block,) = blocks(armored)
    for at in range(len(block.content)):
        changed = bytearray(block.content)
        changed[at] ^= 1 << at % 8
        checked = check_signatures(DATA, bytes(changed), keyring, now=datetime.now(UTC))
        told = [*armor_remarks(bytes(changed)), *(one.remark for one in checked if one.remark)]
        assert told or not any(one.counts for one in checked), at


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        (b"-----BEGIN", b"Hello\n-----BEGIN", "around or in the armor"),
        (b"SIGNATURE-----\n\n", b"SIGNATURE-----\nComment: me\n\n", "headers"),
    ],
)
def test_what_is_added_is_named(
    signed: tuple[Keyring, bytes], old: bytes, new: bytes, remark: str
) -> None:
    keyring, armored = signed
    changed = armored.replace(old, new, 1)
    assert state(keyring, changed) == [State.GOOD]
    assert any(remark in each for each in armor_remarks(changed))

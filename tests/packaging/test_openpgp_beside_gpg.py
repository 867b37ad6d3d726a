"""What GnuPG says of the same signatures, made by GnuPG itself or packet by packet."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders import Gpg
from countermark.openpgp.checking import State, check_signatures
from countermark.openpgp.keyring import read_keyring
from openpgp_packets import (
    TEXT,
    armored,
    certificate,
    ed25519,
    revocation,
    rsa_key,
    signature,
    signing_subkey,
    subkey_revocation,
    subpacket,
)

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")

DATA = b"the list\n"
ALICE, BOB, SUBKEY = (ed25519(seed) for seed in (1, 2, 4))
_WORDS = {
    "GOODSIG": State.GOOD,
    "BADSIG": State.BAD,
    "REVKEYSIG": State.REVOKED,
    "EXPKEYSIG": State.EXPIRED_KEY,
    "EXPSIG": State.EXPIRED_SIGNATURE,
    "ERRSIG": State.UNKNOWN_KEY,
}


@pytest.fixture
def gpg(tmp_path: Path) -> Iterator[Gpg]:
    gpg = Gpg(tmp_path / "gnupg")
    yield gpg
    gpg.end()


def key(**more: str) -> bytes:
    return certificate(ALICE, "Alice <alice@example.org>", **more)  # type: ignore[arg-type]


def revoked() -> bytes:
    end = 6 + len(ALICE.body)
    return key()[:end] + revocation(ALICE) + key()[end:]


WITH_SUBKEY = key() + signing_subkey(ALICE, SUBKEY)
LARGE = rsa_key(2048)
CASES = {
    "good": (key(), signature(ALICE, DATA)),
    "bad": (key(), signature(ALICE, b"x")),
    "unknown": (key(), signature(BOB, DATA)),
    "text": (key(), signature(ALICE, b"the list\r\n", kind=TEXT)),
    "sha512": (key(), signature(ALICE, DATA, name="sha512")),
    "rsa": (certificate(LARGE, "R"), signature(LARGE, DATA)),
    "subkey": (WITH_SUBKEY, signature(SUBKEY, DATA)),
    "unclaimed subkey": (key(), signature(SUBKEY, DATA)),
    "prolonged since": (key(said="2025-09-01"), signature(ALICE, DATA)),
    "prolonged since, bad": (key(said="2025-09-01"), signature(ALICE, b"x")),
    "revoked": (revoked(), signature(ALICE, DATA)),
    "revoked, bad": (revoked(), signature(ALICE, b"x")),
    "revoked by another": (key() + revocation(ALICE, by=BOB), signature(ALICE, DATA)),
    "revoked subkey": (
        WITH_SUBKEY + subkey_revocation(ALICE, SUBKEY),
        signature(SUBKEY, DATA),
    ),
    "primary of a revoked subkey": (
        WITH_SUBKEY + subkey_revocation(ALICE, SUBKEY),
        signature(ALICE, DATA),
    ),
    "expired since": (key(until="2025-06-01"), signature(ALICE, DATA)),
    "expired since, bad": (key(until="2025-06-01"), signature(ALICE, b"x")),
    "expired signature": (
        key(),
        signature(ALICE, DATA, more=subpacket(3, (86400).to_bytes(4))),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_gpg_says_the_same(tmp_path: Path, gpg: Gpg, case: str) -> None:
    public, made = CASES[case]
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "alice.gpg").write_bytes(public)
    gpg.run("--import", str(tmp_path / "keys" / "alice.gpg"))
    (tmp_path / "list").write_bytes(DATA)
    (tmp_path / "list.asc").write_bytes(armored(made))
    said = subprocess.run(
        ["gpg", "--batch", "--status-fd", "1", "--verify", "list.asc", "list"],
        cwd=tmp_path,
        env={**os.environ, **gpg.variables},
        capture_output=True,
        check=False,
        text=True,
    ).stdout
    (word,) = re.findall(rf"\[GNUPG:\] ({'|'.join(_WORDS)}) ", said)
    keyring = read_keyring(tmp_path / "keys")
    (checked,) = check_signatures(DATA, armored(made), keyring, now=datetime.now(UTC))
    assert checked.state is _WORDS[word], checked.detail

"""``countermark sums verify``, as somebody runs it who has downloaded a release."""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from commands import Ended, Run
from documents import validate
from openpgp_packets import (
    armored,
    certificate,
    ed25519,
    packet,
    revocation,
    signature,
)

PEOPLE = {name: ed25519(seed) for seed, name in enumerate(("alice", "bob", "carol", "dave"), 1)}
STRANGER = ed25519(99)
FILES = {"prog-1.0.tar.gz": b"the archive", "prog-1.0.zip": b"the other", "src/prog.tar": b"src"}


def key_of(name: str) -> bytes:
    return certificate(PEOPLE[name], f"{name.title()} <{name}@example.org>")


def sums_of(files: dict[str, bytes]) -> bytes:
    return "".join(f"{sha256(files[name]).hexdigest()}  {name}\n" for name in files).encode()


class Release:
    """A release as it was downloaded, with a folder of keys beside it."""

    def __init__(self, place: Path, run: Run) -> None:
        self.place, self._run = place, run
        self.dist, self.keys = place / "dist", place / "keys"
        self.keys.mkdir()
        for name in PEOPLE:
            (self.keys / f"{name}.gpg").write_bytes(key_of(name))
        for name, content in FILES.items():
            (self.dist / name).parent.mkdir(parents=True, exist_ok=True)
            (self.dist / name).write_bytes(content)
        self.publish(sums_of(FILES), "alice", "bob", "carol")

    def publish(self, sums: bytes, *signers: str) -> None:
        """Write the list, and signatures of it."""
        (self.dist / "SHA256SUMS").write_bytes(sums)
        self.sign(*(signature(PEOPLE[name], sums) for name in signers))

    def sign(self, *signatures: bytes) -> None:
        """Write the file of signatures."""
        (self.dist / "SHA256SUMS.asc").write_bytes(b"".join(map(armored, signatures)))

    def verify(self, *options: object, path: str = "dist/SHA256SUMS", **variables: str) -> Ended:
        command = ("sums", "verify", path, "--keys", "keys", *options)
        return self._run(*command, cwd=self.place, **variables)

    def document(self, *options: object, path: str = "dist/SHA256SUMS") -> Any:  # noqa: ANN401
        ended = self.verify(*options, "--format", "json", path=path)
        assert ended.code in (0, 1), ended.err
        document = validate(ended.out)
        assert (ended.code == 0) is document["accepted"]
        return document


@pytest.fixture
def release(tmp_path: Path, run: Run) -> Release:
    return Release(tmp_path, run)


def rules(document: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    return [(each["finding"]["name"], each["finding"]["severity"]) for each in document["findings"]]


def states(document: Any, of: str = "signatures") -> list[str]:  # noqa: ANN401
    return [each["state"] for each in document[of]]


def test_a_good_release_is_accepted_and_says_what_that_means(release: Release) -> None:
    ended = release.verify()
    assert (ended.code, ended.err) == (0, "")
    assert "Alice <alice@example.org>" in ended.out
    assert PEOPLE["alice"].fingerprint.hex().upper() in ended.out
    assert "accepted: 3 good signatures, 3 needed; 3 of 3 files match" in ended.out
    assert "does not say that the files do what they should" in " ".join(ended.out.split())


def test_the_document_names_signers_and_files(release: Release) -> None:
    document = release.document()
    assert (document["good"], document["threshold"], document["matching"]) == (3, 3, 3)
    assert states(document) == ["good"] * 3
    assert states(document, "files") == ["matches"] * 3
    first = document["signatures"][0]
    assert first["fingerprint"] == PEOPLE["alice"].fingerprint.hex().upper()
    assert (first["key_file"], first["created"]) == ("alice.gpg", "2025-01-01T00:00:00Z")
    assert not document["findings"]


def test_a_directory_stands_for_the_list_in_it(release: Release) -> None:
    assert release.document(path="dist")["accepted"]


def test_every_flipped_byte_of_a_file_is_found(release: Release) -> None:
    for name, content in FILES.items():
        changed = bytearray(content)
        changed[len(content) // 2] ^= 1
        (release.dist / name).write_bytes(changed)
        document = release.document()
        (bad,) = (each for each in document["files"] if each["state"] == "differs")
        assert bad["name"] == name
        assert bad["found"] == sha256(changed).hexdigest()
        (release.dist / name).write_bytes(content)
    assert release.document()["accepted"]


def test_a_changed_list_has_no_good_signature(release: Release) -> None:
    (release.dist / "SHA256SUMS").write_bytes(sums_of(FILES).replace(b"prog-1.0.zip", b"prog.zip"))
    document = release.document()
    assert states(document) == ["bad"] * 3
    assert ("threshold", "error") in rules(document)


def test_a_missing_file_fails_unless_it_may_be_missing(release: Release) -> None:
    (release.dist / "prog-1.0.zip").unlink()
    assert rules(release.document()) == [("listed-but-missing", "error")]
    allowed = release.document("--allow-missing")
    assert allowed["accepted"]
    assert rules(allowed) == [("listed-but-missing", "note")]
    assert "2 of 3 files match, 1 are not here" in release.verify("--allow-missing").out


def test_a_check_of_no_file_at_all_never_passes(release: Release) -> None:
    document = release.document("--allow-missing", "--directory", "keys")
    assert not document["accepted"]
    assert ("listed-but-missing", "error") in rules(document)


def test_one_bad_signature_hides_no_good_one(release: Release) -> None:
    sums = sums_of(FILES)
    good = [signature(PEOPLE[name], sums) for name in ("alice", "bob", "carol")]
    release.sign(signature(PEOPLE["dave"], b"x"), good[0], signature(STRANGER, sums), *good[1:])
    document = release.document()
    assert document["accepted"]
    assert states(document) == ["bad", "good", "unknown-key", "good", "good"]


def test_people_are_counted_and_not_signatures(release: Release) -> None:
    sums = sums_of(FILES)
    alices = [signature(PEOPLE["alice"], sums, created=f"2025-01-0{day}") for day in (1, 2, 3)]
    release.sign(*alices, signature(PEOPLE["bob"], sums))
    document = release.document()
    assert states(document) == ["good", "duplicate", "duplicate", "good"]
    assert (document["good"], document["accepted"]) == (2, False)
    assert release.document("--threshold", 2)["accepted"]


def test_revoked_and_expired_keys_do_not_count_and_are_named(release: Release) -> None:
    alice, bob = PEOPLE["alice"], PEOPLE["bob"]
    (release.keys / "alice.gpg").write_bytes(packet(6, alice.body) + revocation(alice))
    (release.keys / "bob.gpg").write_bytes(certificate(bob, "Bob", until="2025-06-01"))
    document = release.document("--threshold", 1)
    assert states(document) == ["revoked", "expired-key", "good"]
    assert document["accepted"]
    text = release.verify()
    assert text.code == 1
    assert "revoked: not counted" in text.out
    assert "the key expired 2025-06-01" in text.out
    assert "1 of 3 people who are needed have signed; there are keys of 4 in keys" in text.out


def test_signatures_may_stand_in_several_files(release: Release) -> None:
    sums = sums_of(FILES)
    for name in ("alice", "bob", "carol", "alice"):
        (release.place / f"{name}.asc").write_bytes(armored(signature(PEOPLE[name], sums)))
    named = [("--signatures", f"{name}.asc") for name in ("alice", "bob", "carol")]
    assert release.document(*(word for pair in named for word in pair))["good"] == 3
    (release.place / "again.asc").write_bytes(armored(signature(PEOPLE["alice"], sums)))
    once = release.document("--signatures", "alice.asc", "--signatures", "again.asc")
    assert states(once) == ["good", "duplicate"]


def test_signatures_of_another_file_are_bad(release: Release) -> None:
    release.sign(*(signature(PEOPLE[name], b"another file") for name in PEOPLE))
    assert states(release.document()) == ["bad"] * 4


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\xff\xfe\x00" * 9, b"-----BEGIN PGP SIGNED MESSAGE-----\nx\n"]
)
def test_what_is_no_signature_is_no_pass(release: Release, content: bytes) -> None:
    (release.dist / "SHA256SUMS.asc").write_bytes(content)
    document = release.document()
    assert set(states(document)) == {"malformed"}
    assert ("threshold", "error") in rules(document)


def test_a_file_in_the_key_folder_that_is_no_key_fails(release: Release) -> None:
    (release.keys / "erin.gpg").write_bytes(b"<html>")
    document = release.document()
    assert rules(document) == [("not-a-key", "error")]
    assert document["good"] == 3


@pytest.mark.parametrize("target", ["/etc/passwd", "../keys/alice.gpg", "/dev/zero"])
def test_a_link_out_of_the_directory_is_refused(release: Release, target: str) -> None:
    (release.dist / "prog-1.0.zip").unlink()
    (release.dist / "prog-1.0.zip").symlink_to(target)
    document = release.document("--allow-missing")
    assert rules(document) == [("outside", "error")]
    assert document["files"][1]["found"] is None


def test_a_folder_that_is_a_link_out_is_refused(release: Release) -> None:
    (release.dist / "src/prog.tar").rename(release.place / "prog.tar")
    (release.dist / "src").rmdir()
    (release.dist / "src").symlink_to(release.place)
    assert rules(release.document()) == [("outside", "error")]


def test_links_that_stay_inside_are_followed(release: Release) -> None:
    (release.dist / "prog-1.0.zip").rename(release.dist / "real.zip")
    (release.dist / "prog-1.0.zip").symlink_to("real.zip")
    document = release.document()
    assert document["accepted"]
    assert document["unlisted"] == ["real.zip"]


def test_pipes_and_directories_are_refused_at_once(release: Release) -> None:
    (release.dist / "prog-1.0.zip").unlink()
    os.mkfifo(release.dist / "prog-1.0.zip")
    assert rules(release.document()) == [("outside", "error")]
    (release.dist / "prog-1.0.zip").unlink()
    (release.dist / "prog-1.0.zip").mkdir()
    assert rules(release.document()) == [("outside", "error")]


def test_links_in_a_circle_could_not_be_checked(release: Release) -> None:
    (release.dist / "prog-1.0.zip").unlink()
    (release.dist / "prog-1.0.zip").symlink_to("prog-1.0.zip")
    ended = release.verify()
    assert ended.code == 3
    assert "prog-1.0.zip could not be read" in ended.out


def test_an_unlisted_link_in_a_circle_is_named_like_any_other(release: Release) -> None:
    (release.dist / "loop").symlink_to("loop")
    document = release.document()
    assert document["accepted"]
    assert document["unlisted"] == ["loop"]


def test_a_file_that_nobody_lists_is_a_note(release: Release) -> None:
    (release.dist / "evil.exe").write_bytes(b"x")
    document = release.document()
    assert document["accepted"]
    assert rules(document) == [("unlisted-file", "note")]
    assert document["unlisted"] == ["evil.exe"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("../keys/alice.gpg", "unsafe-name"),
        ("/etc/hostname", "unsafe-name"),
        ("prog\x1b[31m", "control-character"),
        ("prog-1.0.zip", "listed-twice"),
    ],
)
def test_signed_lists_with_tricks_are_rejected(release: Release, line: str, name: str) -> None:
    release.publish(sums_of(FILES) + f"{'0' * 64}  {line}\n".encode(), "alice", "bob", "carol")
    document = release.document()
    assert document["good"] == 3
    assert rules(document) == [(name, "error")]
    assert "\x1b" not in release.verify().out


def test_other_ends_of_lines_and_markers_are_understood(release: Release) -> None:
    sums = sums_of(FILES).replace(b"\n", b"\r\n").replace(b"  ", b" *")
    release.publish(sums, "alice", "bob", "carol")
    document = release.document()
    assert document["accepted"]
    assert rules(document) == [("carriage-return", "warning"), ("binary-marker", "note")]


def test_what_is_too_large_is_no_list_and_no_signatures(release: Release) -> None:
    with (release.dist / "huge").open("wb") as stream:
        stream.truncate(1 << 40)
    for options, path in (
        ((), "dist/huge"),
        (("--signatures", "dist/huge"), "dist/SHA256SUMS"),
    ):
        (release.dist / "huge.asc").write_bytes(b"")
        ended = release.verify(*options, path=path)
        assert ended.code == 2
        assert "has more than 4 MiB" in ended.err


def test_an_empty_list_never_passes(release: Release) -> None:
    release.publish(b"", "alice", "bob", "carol")
    document = release.document("--allow-missing")
    assert document["good"] == 3
    assert ("nothing-listed", "error") in rules(document)


def attest(sigs: Path, name: str, sums: bytes) -> None:
    (sigs / name).mkdir(parents=True)
    (sigs / name / "all.SHA256SUMS").write_bytes(sums)
    signed = armored(signature(PEOPLE[name], sums))
    (sigs / name / "all.SHA256SUMS.asc").write_bytes(signed)


def test_signers_with_lists_of_their_own_are_counted_together(release: Release) -> None:
    sums = sums_of(FILES)
    for name in ("alice", "bob"):
        attest(release.place / "1.0", name, sums)
    attest(release.place / "1.0", "carol", b"".join(reversed(sums.splitlines(keepends=True))))
    attest(release.place / "1.0", "dave", sums.replace(sums[:8], b"00000000"))
    document = release.document("--directory", "dist", path="1.0")
    assert (document["accepted"], document["good"]) == (True, 3)
    assert ("other-list", "warning") in rules(document)
    ended = release.verify(path="1.0")
    assert ended.code == 2
    assert "--directory" in ended.err


def test_lists_with_as_many_signers_each_are_not_decided_between(release: Release) -> None:
    attest(release.place / "1.0", "alice", sums_of(FILES))
    attest(release.place / "1.0", "bob", sums_of({"x": b""}))
    ended = release.verify("--directory", "dist", path="1.0")
    assert ended.code == 2
    assert "no list has more signers" in ended.err


@pytest.mark.parametrize(
    ("options", "path", "said"),
    [
        (("--threshold", "0"), "dist/SHA256SUMS", "0 is not in the range"),
        ((), "dist/NOTHING", "there is no dist/NOTHING"),
        ((), "keys", "holds neither SHA256SUMS"),
        (("--signatures", "gone.asc"), "dist/SHA256SUMS", "there is no gone.asc"),
        (("--signatures", "dist"), "dist/SHA256SUMS", "dist is no file"),
        ((), "dist/prog-1.0.zip", "there is no prog-1.0.zip.asc"),
        (("--directory", "gone"), "dist/SHA256SUMS", "there is no gone"),
        (("--directory", "keys/bob.gpg"), "dist/SHA256SUMS", "is no directory"),
        (("--keys", "dist"), "dist/SHA256SUMS", "holds no file named"),
        (("--keys", "gone"), "dist/SHA256SUMS", "there is no gone"),
    ],
)
def test_wrong_usage_ends_with_2(
    release: Release, options: tuple[str, ...], path: str, said: str
) -> None:
    if options == ("--keys", "dist"):
        (release.dist / "SHA256SUMS.asc").rename(release.dist / "SHA256SUMS.sig")
    ended = release.verify(*options, path=path)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""


def test_other_formats_tell_the_findings(release: Release) -> None:
    (release.dist / "prog-1.0.zip").write_bytes(b"changed")
    sarif = json.loads(release.verify("--format", "sarif").out)
    assert [each["ruleId"] for each in sarif["runs"][0]["results"]] == ["D11"]
    assert "D11" in release.verify("--format", "junit").out
    assert release.verify("--format", "github").out.startswith("::error")


def test_keys_and_threshold_may_come_from_variables(release: Release, run: Run) -> None:
    command = ("sums", "verify", "dist/SHA256SUMS", "--format", "json")
    variables = {"COUNTERMARK_KEYS": "keys", "COUNTERMARK_THRESHOLD": "4"}
    ended = run(*command, cwd=release.place, **variables)
    assert ended.code == 1
    assert json.loads(ended.out)["threshold"] == 4

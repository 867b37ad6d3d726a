"""From a suite to a published release that others check, with nothing but public keys."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import tarfile
from pathlib import Path

import jsonschema
import pytest

from builders import secret_key, write_secret
from commands import Ended, Run
from countermark.render.document import schema_of

DARWIN = "bitcoin-1.0.0-arm64-apple-darwin.tar.gz"
UNSIGNED = "bitcoin-1.0.0-arm64-apple-darwin-unsigned.tar.gz"
SBOM = "bitcoin-1.0.0.cdx.json"
STATEMENT = "bitcoin-1.0.0.provenance.json"
ENVELOPE = "bitcoin-1.0.0.provenance.dsse.json"
PUBLISHED = (DARWIN, UNSIGNED, "SHA256SUMS", "SHA256SUMS.asc", SBOM, STATEMENT, ENVELOPE)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The public keys of two people."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("alice", "bob"):
        (folder / f"{name}.asc").write_text(str(secret_key(name).extract_certificate()))
    return folder


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    """A release that alice and bob signed."""
    directory = tmp_path_factory.mktemp("released")
    kinds = ("--artifact", "binaries", "--artifact", "unsigned")
    made = run("release", "--host", "arm64-apple-darwin", *kinds, "-q", cwd=directory)
    assert made.code == 0, made.err
    assert f"with SHA256SUMS, {SBOM}, {STATEMENT}" in made.out
    for name in ("alice", "bob", "alice"):  # who signs twice counts once
        key = write_secret(directory, name)
        signed = run("sums", "sign", "dist", "--key", key, cwd=directory)
        assert signed.code == 0, signed.err
    return directory / "dist"


@pytest.fixture
def published(dist: Path, tmp_path: Path) -> Path:
    """What is published of it, in another directory."""
    directory = tmp_path / "downloads"
    directory.mkdir()
    for name in (*PUBLISHED, UNSIGNED.replace(".tar.gz", ".zip")):
        shutil.copy(dist / name, directory)
    return directory


def verify(run: Run, published: Path, keys: Path, *options: object) -> Ended:
    return run(
        "verify", published.name, "--keys", keys, "--threshold", "2", *options, cwd=published.parent
    )


def test_anyone_can_check_all_of_it(published: Path, keys: Path, run: Run) -> None:
    ended = verify(run, published, keys)
    assert ended.code == 0, ended.out + ended.err
    assert "2 good signatures, 2 needed; 3 of 3 files match" in ended.out
    for question in ("sums", "completeness", "provenance", "layout", "pairs"):
        assert f"good  {question} " in ended.out
    assert "BAD" not in ended.out
    assert "It does not say that the source is good" in " ".join(ended.out.split())


def test_the_json_says_the_same(published: Path, keys: Path, run: Run) -> None:
    document = json.loads(verify(run, published, keys, "--format", "json").out)
    jsonschema.validate(document, schema_of("countermark.verify-release/1"))
    assert document["accepted"] is True
    assert all(answer["good"] for answer in document["answers"])


def test_signers_of_the_sums_signed_an_attestation_too(dist: Path, run: Run) -> None:
    sigs = dist.parent / "sigs"
    sigs.mkdir(exist_ok=True)
    ended = run(
        *("attest", "dist", "--sigs", sigs, "--signer", "alice", "--no-sign"), cwd=dist.parent
    )
    assert ended.code == 0, ended.err
    attested = sigs / "1.0.0/alice/all.SHA256SUMS"
    assert attested.read_bytes() == (dist / "SHA256SUMS").read_bytes()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_flipped_bit_anywhere_is_found(published: Path, keys: Path, run: Run, name: str) -> None:
    content = bytearray((published / name).read_bytes())
    place = random.Random(name).randrange(len(content) - 1)
    content[place] ^= 1 << random.Random(place).randrange(8)
    (published / name).write_bytes(content)
    ended = verify(run, published, keys)
    assert ended.code == 1, f"{place}: {ended.out}{ended.err}"
    assert name in ended.out + ended.err
    assert "REJECTED" in ended.out


@pytest.mark.parametrize("name", [DARWIN, "SHA256SUMS.asc", SBOM])
def test_a_missing_file_is_found(published: Path, keys: Path, run: Run, name: str) -> None:
    (published / name).unlink()
    ended = verify(run, published, keys)
    assert ended.code in (1, 2), ended.out
    assert name in ended.out + ended.err


def test_without_provenance_it_is_said(published: Path, keys: Path, run: Run) -> None:
    for name in (SBOM, STATEMENT, ENVELOPE):
        (published / name).unlink()
    ended = verify(run, published, keys)
    assert ended.code == 0
    assert "U03 no-provenance: nothing is said of how it was made" in ended.out


def test_an_archive_that_nobody_signed_for_is_found(published: Path, keys: Path, run: Run) -> None:
    for name in (SBOM, STATEMENT, ENVELOPE):
        (published / name).unlink()
    shutil.copy(published / DARWIN, published / DARWIN.replace("arm64", "x86_64"))
    ended = verify(run, published, keys)
    assert ended.code == 1
    assert "D14 unlisted-file: it is called like a file of this release" in ended.out


def test_without_signatures_all_else_is_still_told(published: Path, keys: Path, run: Run) -> None:
    (published / "SHA256SUMS.asc").unlink()
    ended = verify(run, published, keys)
    assert ended.code == 2
    assert "BAD   sums " in ended.out
    assert "good  completeness " in ended.out
    assert ended.err.count("SHA256SUMS.asc") == 1


def test_an_sbom_that_nobody_signed_for_is_warned_of(published: Path, keys: Path, run: Run) -> None:
    for name in (STATEMENT, ENVELOPE):
        (published / name).unlink()
    (published / SBOM).write_text("{}")
    ended = verify(run, published, keys)
    assert ended.code == 0
    assert "warning D14 unlisted-file: nobody has signed for this SBOM" in ended.out


def test_an_unsigned_archive_of_another_build_is_found(
    published: Path, keys: Path, run: Run
) -> None:
    path = published / UNSIGNED
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    with tarfile.open(path) as archive:
        members = [(each, archive.extractfile(each)) for each in archive.getmembers()]
        with tarfile.open(published / "new", "w:gz") as changed:
            for member, content in members:
                if member.name.endswith("bin/bitcoin") and content is not None:
                    content = io.BytesIO(content.read()[:-1] + b"!")
                changed.addfile(member, content)
    (published / "new").rename(path)
    sums = (published / "SHA256SUMS").read_text()
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    (published / "SHA256SUMS").write_text(sums.replace(old, new))
    ended = verify(run, published, keys)
    assert ended.code == 1
    assert "U01 archives-of-two-builds" in ended.out


def test_strangers_do_not_count(published: Path, tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "others"
    folder.mkdir()
    (folder / "mallory.asc").write_text(str(secret_key("mallory").extract_certificate()))
    ended = verify(run, published, folder)
    assert ended.code == 1
    assert "0 good signatures, 2 needed" in ended.out


def test_only_one_release_can_be_checked_at_a_time(published: Path, keys: Path, run: Run) -> None:
    for paths in ([published, published], [published / DARWIN], [keys]):
        ended = run("verify", *paths, "--keys", keys, cwd=published)
        assert ended.code == 2
        assert "SHA256SUMS" in ended.err


def test_nobody_signs_what_is_not_so(published: Path, tmp_path: Path, run: Run) -> None:
    key = write_secret(tmp_path, "alice")
    before = (published / "SHA256SUMS.asc").read_bytes()
    (published / DARWIN).write_bytes(b"changed")
    ended = run("sums", "sign", published, "--key", key, cwd=tmp_path)
    assert ended.code == 3
    assert f"{DARWIN} (differs)" in ended.err
    assert (published / "SHA256SUMS.asc").read_bytes() == before


def test_signatures_of_what_is_no_longer_so_go(dist: Path, tmp_path: Path, run: Run) -> None:
    work = tmp_path / "dist"
    shutil.copytree(dist, work, symlinks=True)
    kinds = ("--host", "arm64-apple-darwin", "--artifact", "binaries", "--artifact", "unsigned")
    assert run("release", *kinds, "-q", cwd=tmp_path).code == 0
    assert (work / "SHA256SUMS.asc").exists()
    assert (work / ENVELOPE).exists()
    assert run("release", "--host", "arm64-apple-darwin", "-q", cwd=tmp_path).code == 0
    assert not (work / "SHA256SUMS.asc").exists()
    assert not (work / ENVELOPE).exists()


def test_documents_are_made_anew_when_they_or_what_they_say_changed(
    dist: Path, tmp_path: Path, run: Run
) -> None:
    work = tmp_path / "dist"
    shutil.copytree(dist, work, symlinks=True)
    kinds = ("--host", "arm64-apple-darwin", "--artifact", "binaries", "--artifact", "unsigned")
    good = (work / SBOM).read_bytes()
    for damage in (lambda: (work / SBOM).unlink(), lambda: (work / SBOM).write_bytes(b"{}")):
        damage()
        assert run("release", *kinds, "-q", cwd=tmp_path).code == 0
        assert (work / SBOM).read_bytes() == good
    configuration = tmp_path / "countermark.toml"
    settings = (work / "countermark-effective.toml").read_text()
    configuration.write_text(f'builder = "https://example.org/builder"\n{settings}')
    ended = run("release", "--config", configuration, "--out", "dist", "-q", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "https://example.org/builder" in (work / STATEMENT).read_text()

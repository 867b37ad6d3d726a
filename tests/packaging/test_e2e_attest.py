"""``countermark attest``, as a builder runs it, beside what Guix builders run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import VERSION, Gpg, make_artifacts, release_names, secret_key, write_secret
from commands import Run
from documents import validate

CORE = os.environ.get("COUNTERMARK_BITCOIN_CORE")
needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A whole release in dist, an empty tree of attestations, and a key."""
    make_artifacts(tmp_path / "dist", release_names())
    (tmp_path / "sigs").mkdir()
    write_secret(tmp_path, "alice")
    return tmp_path


@pytest.fixture
def gpg(tmp_path: Path) -> Iterator[Gpg]:
    """GnuPG with the key of bob."""
    gpg = Gpg(tmp_path / "gnupg")
    gpg.make_key("bob")
    yield gpg
    gpg.end()


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def guix_lines(parts: list[Path]) -> bytes:
    """What guix-attest makes of fragments, by the programs that it uses."""
    script = "cat \"$@\" | sort -u | sort -k2 | sed -E 's@(^[0-9a-f]{64} +).+/([^/]+$)@\\1\\2@'"
    command = ["sh", "-c", script, "sh", *map(str, parts)]
    return subprocess.run(
        command, env={**os.environ, "LC_ALL": "C"}, capture_output=True, check=True
    ).stdout


def test_a_whole_release_is_attested_in_the_order_of_guix(work: Path, run: Run) -> None:
    ended = run(
        *("attest", "dist", "--sigs", "sigs", "--signer", "alice", "--key", "alice.secret.asc"),
        *("--parts", "output", "--format", "json"),
        cwd=work,
    )
    assert (ended.code, ended.err) == (0, "")
    document = validate(ended.out)
    assert [(each["outputs"], each["signature"]) for each in document["files"]] == [
        (21, "written"),
        (28, "written"),
    ]
    parts = sorted((work / "output").glob("*/SHA256SUMS.part"))
    plain = [part for part in parts if not part.parent.name.endswith("-codesigned")]
    attested = work / "sigs" / VERSION / "alice"
    assert (attested / "all.SHA256SUMS").read_bytes() == guix_lines(parts)
    assert (attested / "noncodesigned.SHA256SUMS").read_bytes() == guix_lines(plain)
    names = [line.split()[1] for line in lines(attested / "all.SHA256SUMS")]
    assert sorted(names) == sorted(release_names())
    signed = f"bitcoin-{VERSION}-arm64-apple-darwin.tar.gz"
    assert names.index(signed) < names.index(f"bitcoin-{VERSION}-arm64-apple-darwin-unsigned.zip")
    assert names[-1].startswith(f"bitcoin-{VERSION}-win64")
    assert sorted(path.name for path in attested.iterdir()) == [
        "all.SHA256SUMS",
        "all.SHA256SUMS.asc",
        "noncodesigned.SHA256SUMS",
        "noncodesigned.SHA256SUMS.asc",
    ]


def test_the_output_of_a_guix_build_gives_the_same(work: Path, run: Run) -> None:
    attest = ("attest", "--sigs", "sigs", "--no-sign", "--signer")
    run(*attest, "alice", "dist", "--parts", "guix-build/output", cwd=work)
    output = work / "guix-build" / "output"
    for part in output.glob("*/SHA256SUMS.part"):
        for line in lines(part):
            path = output / line.split()[1]
            path.parent.mkdir(exist_ok=True)
            shutil.copy(work / "dist" / path.name, path)
    ended = run(*attest, "carol", "guix-build", cwd=work)
    assert ended.code == 0
    tree = work / "sigs" / VERSION
    for name in ("all.SHA256SUMS", "noncodesigned.SHA256SUMS"):
        assert (tree / "alice" / name).read_bytes() == (tree / "carol" / name).read_bytes()
    (output / "x86_64-linux-gnu" / f"bitcoin-{VERSION}-x86_64-linux-gnu.tar.gz").write_text("other")
    ended = run(*attest, "dave", "guix-build", cwd=work)
    assert ended.code == 3
    assert "changed since SHA256SUMS.part was written: x86_64-linux-gnu/bitcoin" in ended.err
    assert not (tree / "dave").exists()


@pytest.mark.parametrize(
    "line",
    [
        f"{'0' * 64}  ../../etc/passwd",
        f"{'0' * 64}  /etc/passwd",
        f"{'0' * 64}  x86_64-linux-gnu/..",
        f"{'0' * 64} *x86_64-linux-gnu/file",
        f"{'0' * 63}  x86_64-linux-gnu/file",
        f"{'0' * 64}  x86_64-linux-gnu/file\x1b[2J",
        "",
    ],
)
def test_a_fragment_that_sha256sum_did_not_write_is_refused(
    tmp_path: Path, run: Run, line: str
) -> None:
    part = tmp_path / "output" / "x86_64-linux-gnu" / "SHA256SUMS.part"
    part.parent.mkdir(parents=True)
    part.write_text(f"{line}\n")
    (tmp_path / "sigs").mkdir()
    ended = run(
        *("attest", "output", "--sigs", "sigs", "--signer", "alice", "--no-sign"), cwd=tmp_path
    )
    assert ended.code == 2
    assert "SHA256SUMS.part: line 1 is not a digest" in ended.err
    assert "\x1b" not in ended.err


def test_what_is_there_stays_and_what_differs_is_refused(work: Path, run: Run) -> None:
    attest = ("attest", "dist", "--sigs", "sigs", "--signer", "alice", "--key", "alice.secret.asc")
    assert run(*attest, cwd=work).code == 0
    before = {path: path.read_bytes() for path in (work / "sigs").rglob("*SHA256SUMS*")}
    again = run(*attest, cwd=work)
    assert again.code == 0
    assert "as it was  signed before" in again.out
    (work / "dist" / f"bitcoin-{VERSION}-win64.zip").write_text("other")
    ended = run(*attest, cwd=work)
    assert ended.code == 3
    assert "all.SHA256SUMS attests to something else" in ended.err
    assert f"bitcoin-{VERSION}-win64.zip" in ended.err
    assert "arm64" not in ended.err
    assert {path: path.read_bytes() for path in before} == before


def test_a_signature_without_its_sums_is_no_signature_of_ours(work: Path, run: Run) -> None:
    attest = ("attest", "dist", "--sigs", "sigs", "--signer", "alice", "--key", "alice.secret.asc")
    assert run(*attest, cwd=work).code == 0
    (work / "sigs" / VERSION / "alice" / "all.SHA256SUMS").unlink()
    ended = run(*attest, cwd=work)
    assert ended.code == 3
    assert "all.SHA256SUMS.asc is there without all.SHA256SUMS" in ended.err


def test_hosts_that_nobody_codesigns_need_one_list_only(tmp_path: Path, run: Run) -> None:
    make_artifacts(
        tmp_path / "dist", [f"tiny-2.5-{host}.tar.zst" for host in ("x86_64-linux-gnu",)]
    )
    (tmp_path / "dist" / "manifest.json").write_text("{}")
    (tmp_path / "sigs").mkdir()
    ended = run("attest", "--sigs", "sigs", "--signer", "alice", "--no-sign", cwd=tmp_path)
    assert ended.code == 0
    assert "no all.SHA256SUMS: nothing codesigned is there yet" in ended.out
    assert "left out, for they are no artifacts: manifest.json" in ended.out
    assert "NOT SIGNED" in ended.out
    assert [path.name for path in (tmp_path / "sigs/2.5/alice").iterdir()] == [
        "noncodesigned.SHA256SUMS"
    ]


def test_links_and_other_releases_are_not_attested_to(tmp_path: Path, run: Run) -> None:
    make_artifacts(tmp_path / "dist", ["tiny-2.5-x86_64-linux-gnu.tar.gz"])
    (tmp_path / "dist" / "tiny-2.5-aarch64-linux-gnu.tar.gz").symlink_to("/etc/passwd")
    (tmp_path / "sigs").mkdir()
    attest = ("attest", "--sigs", "sigs", "--signer", "alice", "--no-sign")
    ended = run(*attest, cwd=tmp_path)
    assert "left out, for they are no artifacts: tiny-2.5-aarch64-linux-gnu.tar.gz" in ended.out
    make_artifacts(tmp_path / "dist", ["tiny-2.6.tar.gz"])
    ended = run(*attest, cwd=tmp_path)
    assert ended.code == 2
    assert "artifacts of several releases: tiny-2.5, tiny-2.6" in ended.err


@pytest.mark.parametrize("name", ["../alice", "a/b", "", ".hidden", "a\nb", "-x"])
def test_a_signer_has_one_directory_in_the_tree(work: Path, run: Run, name: str) -> None:
    ended = run("attest", f"--signer={name}", "--sigs", "sigs", "--no-sign", cwd=work)
    assert ended.code == 2
    assert not list((work / "sigs").iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--signer", "alice"), "no key to sign with"),
        (("--signer", "alice", "--key", "absent"), "there is no absent"),
        (("--signer", "alice", "--key", "dist"), "is not a secret key"),
        (("--signer", "alice", "--key", "public.asc"), "is not a secret key"),
        (("--signer", "alice", "--key", "text"), "is not a secret key"),
        (("--signer", "alice", "--key", "text", "--gpg", "alice"), "name two keys"),
        (("--no-sign",), "the name of its signer"),
    ],
)
def test_without_a_key_nothing_is_written(
    work: Path, run: Run, options: tuple[str, ...], words: str
) -> None:
    (work / "public.asc").write_text(str(secret_key("alice").extract_certificate()))
    (work / "text").write_text("hello")
    ended = run("attest", "--sigs", "sigs", *options, cwd=work)
    assert ended.code == 2
    assert words in ended.err
    assert "backtrace" not in ended.err
    assert not list((work / "sigs").iterdir())


@needs_gpg
def test_a_locked_key_is_opened_by_a_file_or_a_variable(work: Path, run: Run, gpg: Gpg) -> None:
    gpg.make_key("carol", passphrase="open sesame")
    exported = gpg.run("--export-secret-keys", "carol@example.org", passphrase="open sesame")
    (work / "carol.secret").write_bytes(exported)
    (work / "word").write_text("open sesame\n")
    attest = ("attest", "--sigs", "sigs", "--signer", "carol", "--key", "carol.secret")
    ended = run(*attest, cwd=work)
    assert (ended.code, "carol.secret is locked" in ended.err) == (2, True)
    ended = run(*attest, cwd=work, COUNTERMARK_PASSPHRASE="wrong words")
    assert (ended.code, "does not open this key" in ended.err) == (2, True)
    assert "wrong words" not in ended.err + ended.out
    assert not list((work / "sigs").iterdir())
    assert run(*attest, "--passphrase-file", "word", cwd=work).code == 0
    shutil.rmtree(work / "sigs" / VERSION)
    assert run(*attest, cwd=work, COUNTERMARK_PASSPHRASE="open sesame").code == 0
    sums = work / "sigs" / VERSION / "carol" / "all.SHA256SUMS"
    gpg.run("--verify", f"{sums}.asc", sums)


@needs_gpg
def test_gnupg_signs_with_sha256(work: Path, run: Run, gpg: Gpg) -> None:
    attest = ("attest", "--sigs", "sigs", "--signer", "bob", "--gpg")
    ended = run(*attest, "bob@example.org", cwd=work, **gpg.variables)
    assert (ended.code, ended.err) == (0, "")
    sums = work / "sigs" / VERSION / "bob" / "all.SHA256SUMS"
    status = gpg.run("--status-fd", "1", "--verify", f"{sums}.asc", sums).decode()
    valid = next(line.split() for line in status.splitlines() if " VALIDSIG " in line)
    assert valid[9] == "8"  # SHA-256 (RFC 9580, 9.5)
    assert valid[11] in ended.out
    ended = run(*attest, "nobody@example.org", cwd=work, **gpg.variables)
    assert (ended.code, "gpg has no secret key 'nobody@example.org'" in ended.err) == (2, True)


@needs_gpg
@pytest.mark.skipif(CORE is None, reason="COUNTERMARK_BITCOIN_CORE names no checkout")
def test_guix_attest_and_guix_verify_agree(work: Path, run: Run, gpg: Gpg) -> None:
    """The real scripts write the same bytes, and accept what we wrote."""
    core = work / "core"
    shutil.copytree(f"{CORE}/contrib", core / "contrib")
    subprocess.run(["git", "init", "--quiet", core], check=True)
    attest = ("attest", "dist", "--sigs", "sigs", "--signer", "alice", "--key", "alice.secret.asc")
    assert run(*attest, "--parts", "output", cwd=work).code == 0
    guix = {
        **os.environ,
        **gpg.variables,
        "FORCE_VERSION": VERSION,
        "OUTDIR_BASE": str(work / "output"),
        "GUIX_SIGS_REPO": str(work / "sigs"),
    }
    signed = {**guix, "SIGNER": "bob@example.org=bob"}
    subprocess.run(["contrib/guix/guix-attest"], cwd=core, env=signed, check=True)
    tree = work / "sigs" / VERSION
    for name in ("all.SHA256SUMS", "noncodesigned.SHA256SUMS"):
        assert (tree / "alice" / name).read_bytes() == (tree / "bob" / name).read_bytes()
    (work / "alice.asc").write_text(str(secret_key("alice").extract_certificate()))
    gpg.run("--import", work / "alice.asc")
    subprocess.run(["contrib/guix/guix-verify"], cwd=core, env=guix, check=True)

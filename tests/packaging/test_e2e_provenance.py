"""``countermark provenance``, as builders, release managers and users run it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from builders import Gpg, write_secret
from commands import Run
from countermark.files import sha256_of
from documents import validate
from stated import (
    DARWIN_ARCHIVE,
    LABEL,
    LINUX_ARCHIVE,
    SOURCE_ARCHIVE,
    KeyOf,
    key_folder,
    make_release,
)

needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="GnuPG is not installed")
ENVELOPE = f"{LABEL}.provenance.dsse.json"
STATEMENT = f"{LABEL}.provenance.json"
SBOM = f"{LABEL}.cdx.json"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A release in dist, the keys of two builders, and what others know of these."""
    make_release(tmp_path / "dist")
    for name in ("alice", "bob"):
        write_secret(tmp_path, name)
    key_folder(tmp_path / "keys", "alice", "bob")
    return tmp_path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    """A release with its documents, signed by both."""
    folder = tmp_path_factory.mktemp("published")
    make_release(folder / "dist")
    for arguments in (
        ("write", "dist"),
        ("sign", "dist", "--key", write_secret(folder, "alice")),
        ("sign", "dist", "--key", write_secret(folder, "bob")),
    ):
        ended = run("provenance", *arguments, cwd=folder)
        assert (ended.code, ended.err) == (0, ""), ended.err
    return folder / "dist"


@pytest.fixture
def signed(work: Path, published: Path) -> Path:
    """The same beside the keys."""
    shutil.copytree(published, work / "dist", dirs_exist_ok=True)
    return work


@pytest.fixture
def gpg(tmp_path: Path) -> Iterator[Gpg]:
    gpg = Gpg(tmp_path / "gnupg")
    gpg.make_key("carol")
    yield gpg
    gpg.end()


def test_what_is_written_is_named(work: Path, run: Run) -> None:
    ended = run("provenance", "write", cwd=work)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [f"dist/{SBOM}", f"dist/{STATEMENT}"]
    ended = run("provenance", "write", "dist", "--format", "json", cwd=work)
    assert validate(ended.out)["written"] == [f"dist/{SBOM}", f"dist/{STATEMENT}"]
    left = {path.name for path in (work / "dist").iterdir() if path.name.startswith(".")}
    assert left == set()


def test_a_release_is_verified_from_elsewhere_with_the_keys_alone(signed: Path, run: Run) -> None:
    elsewhere = signed / "elsewhere"
    shutil.copytree(signed / "dist", elsewhere / "download")
    ended = run(
        *("provenance", "verify", "download", "--keys", "../keys", "--threshold", "2"),
        cwd=elsewhere,
    )
    assert (ended.code, ended.err) == (0, ""), ended.out
    assert ended.out.count("accepted  download/") == 8
    assert "REJECTED" not in ended.out


@pytest.mark.parametrize("output", ["json", "sarif", "junit", "github"])
def test_a_changed_file_is_told_in_every_format(signed: Path, run: Run, output: str) -> None:
    (signed / "dist" / LINUX_ARCHIVE).write_bytes(b"changed")
    ended = run(*("provenance", "verify", "dist", "--keys", "keys", "--format", output), cwd=signed)
    assert ended.code == 1
    assert "V10" in ended.out
    assert LINUX_ARCHIVE in ended.out
    if output == "json":
        assert validate(ended.out)["accepted"] is False


def test_too_few_signatures(signed: Path, run: Run) -> None:
    ended = run("provenance", "verify", "--keys", "keys", "--threshold", "3", cwd=signed)
    assert ended.code == 1
    assert "2 of 3 good signatures" in ended.out


def test_a_folder_with_two_keys_of_one_person_is_doubted(signed: Path, run: Run) -> None:
    (signed / "keys" / "carol.asc").write_text("no key")
    ended = run("provenance", "verify", "--keys", "keys", cwd=signed)
    assert ended.code == 1
    assert "G01 not-a-key" in ended.out


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--keys", "keys", "--no-signatures"),
        ("--keys", "absent"),
        ("--keys", "keys", "--threshold", "0"),
    ],
)
def test_whose_signatures_count_must_be_said(
    signed: Path, run: Run, options: tuple[str, ...]
) -> None:
    ended = run("provenance", "verify", "dist", *options, cwd=signed)
    assert ended.code == 2
    assert ended.out == ""


def test_signatures_are_left_out_by_choice(signed: Path, run: Run) -> None:
    ended = run("provenance", "verify", "--no-signatures", cwd=signed)
    assert ended.code == 0
    assert "V05 signatures-not-checked" in ended.out


def test_a_part_of_a_release_is_verified_by_choice(signed: Path, run: Run) -> None:
    (signed / "dist" / SOURCE_ARCHIVE).unlink()
    assert run("provenance", "verify", "--keys", "keys", cwd=signed).code == 1
    ended = run("provenance", "verify", "--keys", "keys", "--allow-missing", cwd=signed)
    assert ended.code == 0
    assert "it is not there" in ended.out


def test_what_is_not_so_is_not_signed(work: Path, run: Run) -> None:
    assert run("provenance", "write", cwd=work).code == 0
    (work / "dist" / DARWIN_ARCHIVE).write_bytes(b"changed")
    ended = run("provenance", "sign", "--key", "alice.secret.asc", cwd=work)
    assert ended.code == 1
    assert "was not signed" in ended.err
    assert "V10 changed-subject" in ended.err
    assert ended.out == ""
    assert not (work / "dist" / ENVELOPE).exists()


def test_a_second_builder_signs_what_they_have_built_too(signed: Path, run: Run) -> None:
    other = signed / "other"
    make_release(other / "dist")
    (other / "dist" / SBOM).write_bytes((signed / "dist" / SBOM).read_bytes())
    (other / "dist" / ENVELOPE).write_bytes((signed / "dist" / ENVELOPE).read_bytes())
    write_secret(other, "carol")
    ended = run("provenance", "sign", "dist", "--key", "carol.secret.asc", cwd=other)
    assert ended.code == 0, ended.err
    key_folder(other / "keys", "alice", "bob", "carol")
    ended = run("provenance", "verify", "--keys", "keys", "--threshold", "3", cwd=other)
    assert ended.code == 0, ended.out


def test_two_builders_write_the_same_bytes(work: Path, run: Run) -> None:
    make_release(work / "another" / "place")
    options = ("--source-uri", "git+https://example.org/demo", "--builder", "https://example.org/b")
    for directory in ("dist", "another/place"):
        ended = run("provenance", "write", directory, *options, cwd=work, TZ="Asia/Tokyo")
        assert ended.code == 0, ended.err
    for name in (SBOM, STATEMENT):
        assert (work / "dist" / name).read_bytes() == (work / "another/place" / name).read_bytes()


@pytest.mark.parametrize("word", ["", "no URI", "git+https://a b", "https://a\x1b", "UPPER:x"])
def test_what_is_no_uri_is_refused(work: Path, run: Run, word: str) -> None:
    ended = run("provenance", "write", "dist", "--source-uri", word, cwd=work)
    assert ended.code == 2
    assert "\x1b" not in ended.err


def test_nothing_to_write_about(tmp_path: Path, run: Run) -> None:
    assert run("provenance", "write", "absent", cwd=tmp_path).code == 3
    ended = run("provenance", "write", ".", cwd=tmp_path)
    assert ended.code == 2
    assert "no archive that tells" in ended.err
    assert run("provenance", "sign", ".", "--key", "absent", cwd=tmp_path).code == 2


def test_documents_are_shown_with_what_they_are_worth(signed: Path, run: Run) -> None:
    for name, words in (
        (".", ("2 signatures, not checked here", "It does not vouch for:")),
        (ENVELOPE, ("urn:countermark:release:1", "the builder is not declared")),
        (STATEMENT, ("not signed", "nothing: nobody has signed it")),
        (SBOM, ("CycloneDX 1.6", "libc++", "nothing by itself")),
    ):
        ended = run("provenance", "show", signed / "dist" / name, cwd=signed)
        assert (ended.code, ended.err) == (0, "")
        assert all(word in ended.out for word in words), ended.out
        ended = run("provenance", "show", signed / "dist" / name, "--format", "json", cwd=signed)
        assert validate(ended.out)["vouches_not_for"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", 3), (b"[]", 3), (b"{}", 3), (b'{"payloadType": 1}', 3), (b'{"bomFormat": 1}', 3)],
)
def test_what_cannot_be_shown(tmp_path: Path, run: Run, content: bytes, code: int) -> None:
    (tmp_path / "document.json").write_bytes(content)
    assert run("provenance", "show", "document.json", cwd=tmp_path).code == code
    assert run("provenance", "show", "absent.json", cwd=tmp_path).code == 2
    assert run("provenance", "show", ".", cwd=tmp_path).code == 2


def test_nothing_that_is_shown_reaches_the_terminal_as_it_is(signed: Path, run: Run) -> None:
    statement = json.loads((signed / "dist" / STATEMENT).read_bytes())
    statement["subject"][0]["name"] = "\x1b[2J"
    statement["predicate"]["buildDefinition"]["externalParameters"] = {
        "\x1b]0;x": ["\x1b", {"\x07": "\x1b"}],
        "hosts": {"\x1b": "\x1b"},
    }
    statement["predicate"]["runDetails"]["builder"]["id"] = "\x1b"
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    envelope = {
        "payload": payload,
        "payloadType": "\x1b",
        "signatures": [{"sig": "", "keyid": "\x1b"}],
    }
    (signed / "hostile.json").write_text(json.dumps(envelope))
    for output in ("text", "json"):
        ended = run("provenance", "show", "hostile.json", "--format", output, cwd=signed)
        assert ended.code == 0
        assert not {"\x1b", "\x07"} & set(ended.out)


def test_checking_sums_checks_the_envelope_too(signed: Path, run: Run) -> None:
    dist = signed / "dist"
    names = sorted(path.name for path in dist.iterdir() if path.suffix in (".gz", ".zip", ".exe"))
    lines = [f"{sha256_of(dist / name)}  {name}\n" for name in names]
    (dist / "SHA256SUMS").write_text("".join(lines))
    signature = KeyOf("alice").sign_detached((dist / "SHA256SUMS").read_bytes())
    (dist / "SHA256SUMS.asc").write_bytes(signature)
    options = ("sums", "verify", "dist/SHA256SUMS", "--keys", "keys", "--threshold", "1")
    ended = run(*options, cwd=signed)
    assert ended.code == 0, ended.out
    assert "1 of 1 statement of provenance agree" in ended.out
    envelope = json.loads((dist / ENVELOPE).read_bytes())
    envelope["payload"] = envelope["payload"][:-8]
    (dist / ENVELOPE).write_text(json.dumps(envelope))
    ended = run(*options, "--format", "json", cwd=signed)
    assert ended.code == 1
    found = {each["finding"]["rule"] for each in validate(ended.out)["findings"]}
    assert {"G04", "V01"} <= found


@needs_gpg
def test_gnupg_signs_and_gnupg_checks(work: Path, run: Run, gpg: Gpg) -> None:
    assert run("provenance", "write", cwd=work).code == 0
    ended = run("provenance", "sign", "--gpg", "carol@example.org", cwd=work, **gpg.variables)
    assert ended.code == 0, ended.err
    (work / "keys" / "carol.asc").write_bytes(gpg.run("--armor", "--export", "carol@example.org"))
    ended = run("provenance", "verify", "--keys", "keys", cwd=work)
    assert ended.code == 0, ended.out
    page = Path(__file__).parents[2] / "docs/reference/provenance.md"
    script = page.read_text(encoding="utf-8").partition("```sh\n")[2].partition("```")[0]
    (work / "demo-1.0.provenance.dsse.json").write_bytes((work / "dist" / ENVELOPE).read_bytes())
    subprocess.run(
        ["bash", "-ec", script], cwd=work, env={**os.environ, **gpg.variables}, check=True
    )


def test_a_real_release_and_its_documents(tmp_path: Path, run: Run) -> None:
    hosts = ("--host", "x86_64-linux-gnu", "--host", "arm64-apple-darwin")
    assert run("release", *hosts, cwd=tmp_path).code == 0
    assert run("provenance", "write", cwd=tmp_path).code == 0
    ended = run("provenance", "verify", "--no-signatures", cwd=tmp_path)
    assert ended.code == 0, ended.out
    dist = tmp_path / "dist"
    content = (dist / "bitcoin-1.0.0.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content) is None
    bill = json.loads(content)
    names = {each["bom-ref"] for each in bill["components"]}
    assert {"linux:libc.so.6", "darwin:/usr/lib/libSystem.B.dylib"} < names
    manifest = json.loads((dist / "manifest.json").read_bytes())
    statement = json.loads((dist / "bitcoin-1.0.0.provenance.json").read_bytes())
    stated = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    for host in manifest["hosts"]:
        (archive,) = host["artifacts"]
        assert stated[archive["name"]] == archive["sha256"]
        for image in host["images"]:
            name = f"{archive['name']}#bitcoin-1.0.0/{image['path']}"
            assert stated[name] == image["sha256"]
            assert stated.get(f"{name};unsigned") == image["unsigned_sha256"]

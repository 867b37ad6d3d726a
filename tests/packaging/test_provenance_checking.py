"""Whatever is not so in a set that was signed is found, and said to be what it is."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from countermark.errors import ConfigurationError
from countermark.files import sha256_of
from countermark.openpgp.keyring import Keyring
from countermark.provenance.checking import Demanded, check_listed, check_provenance
from countermark.provenance.envelope import (
    Envelope,
    add_signature,
    format_envelope,
    open_envelope,
    seal,
)
from countermark.provenance.names import ENVELOPE, SBOM, STATEMENT
from countermark.provenance.signing import NotSoError, sign_provenance
from countermark.provenance.writing import write_provenance
from countersign import sign_bytes
from countersign.findings import FileVerdict, Severity, Verdict
from macho import Macho
from stated import (
    DARWIN,
    DARWIN_ARCHIVE,
    LABEL,
    LINUX_ARCHIVE,
    RECORD,
    SIGNED,
    SOURCE_ARCHIVE,
    UNSIGNED_ARCHIVE,
    KeyOf,
    files_for,
    keyring,
    make_release,
)
from trees import pack_tar_gz, pack_zip

NOW = datetime.now(UTC) + timedelta(days=1)  # the keys are made later than this module is read
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release with its documents, signed by alice and by bob."""
    folder = make_release(tmp_path_factory.mktemp("written") / "dist")
    write_provenance(folder, source_uri="git+https://example.org/demo")
    for name in ("alice", "bob"):
        sign_provenance(folder, KeyOf(name))
    return folder


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return keyring(tmp_path_factory.mktemp("trusted") / "keys", "alice", "bob", "carol")


@pytest.fixture
def dist(written: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for path in written.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def demanded(keys: Keyring) -> Demanded:
    return Demanded(keys, NOW, threshold=2)


def found(verdicts: tuple[FileVerdict, ...]) -> dict[str, set[str]]:
    """Rules that are broken, by file; the members of an archive stand behind a ``#``."""
    by_file: dict[str, set[str]] = {}
    for each in verdicts:
        name = Path(each.path).name + (f"#{each.member}" if each.member else "")
        by_file.setdefault(name, set()).update(finding.rule for finding in each.findings)
    return {name: rules for name, rules in by_file.items() if rules}


def messages(verdicts: tuple[FileVerdict, ...]) -> str:
    return "\n".join(finding.message for each in verdicts for finding in each.findings)


def restate(folder: Path, change: Change) -> None:
    """Change the statement, and have everybody sign it again: its signatures are good."""
    statement = json.loads((folder / f"{LABEL}{STATEMENT}").read_bytes())
    change(statement)
    content = json.dumps(statement).encode()
    (folder / f"{LABEL}{STATEMENT}").write_bytes(content)
    envelope = add_signature(seal(content, KeyOf("alice")), KeyOf("bob"))
    (folder / f"{LABEL}{ENVELOPE}").write_bytes(format_envelope(envelope))


def rebill(folder: Path, change: Change) -> None:
    """Change the SBOM, and have everybody sign for it again."""
    bill = json.loads((folder / f"{LABEL}{SBOM}").read_bytes())
    change(bill)
    put_bill(folder, json.dumps(bill).encode())


def put_bill(folder: Path, content: bytes) -> None:
    import hashlib

    (folder / f"{LABEL}{SBOM}").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()

    def change(statement: dict[str, Any]) -> None:
        statement["predicate"]["runDetails"]["byproducts"][0]["digest"]["sha256"] = digest

    restate(folder, change)


def subject(statement: dict[str, Any], name: str) -> dict[str, Any]:
    each: dict[str, Any] = next(one for one in statement["subject"] if one["name"] == name)
    return each


def test_a_release_as_it_was_signed_is_accepted(dist: Path, demanded: Demanded) -> None:
    verdicts = check_provenance(dist, demanded)
    assert Verdict(verdicts).accepted
    assert found(verdicts) == {}
    names = {Path(each.path).name for each in verdicts}
    stated = {path.name for path in dist.iterdir() if path.name.startswith(LABEL)}
    assert names == stated - {f"{LABEL}{STATEMENT}"}


def test_another_directory_and_only_the_envelope_will_do(dist: Path, demanded: Demanded) -> None:
    (dist / f"{LABEL}{STATEMENT}").unlink()
    assert Verdict(check_provenance(dist, demanded)).accepted


def test_signing_does_not_change_what_is_said(written: Path) -> None:
    envelope = open_envelope((written / f"{LABEL}{ENVELOPE}").read_bytes())
    assert envelope.payload == (written / f"{LABEL}{STATEMENT}").read_bytes()
    assert len(envelope.signatures) == 2


# Who signed


def test_too_few_signatures(dist: Path, keys: Keyring) -> None:
    verdicts = check_provenance(dist, Demanded(keys, NOW, threshold=3))
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"G04"}}
    assert "2 of 3 good signatures" in messages(verdicts)


def test_keys_that_are_not_trusted_do_not_count(dist: Path, tmp_path: Path) -> None:
    trusted = keyring(tmp_path / "only", "alice")
    assert Verdict(check_provenance(dist, Demanded(trusted, NOW))).accepted
    verdicts = check_provenance(dist, Demanded(trusted, NOW, threshold=2))
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"G04", "G06"}}


def test_one_signature_twice_is_one(dist: Path, demanded: Demanded) -> None:
    path = dist / f"{LABEL}{ENVELOPE}"
    document = json.loads(path.read_bytes())
    document["signatures"] = [document["signatures"][0]] * 2
    document["signatures"][1] = {"keyid": "another", "sig": document["signatures"][0]["sig"]}
    path.write_text(json.dumps(document))
    assert found(check_provenance(dist, demanded)) == {path.name: {"G04", "G12", "G16"}}


def test_the_key_ids_of_an_envelope_decide_nothing(dist: Path, demanded: Demanded) -> None:
    path = dist / f"{LABEL}{ENVELOPE}"
    document = json.loads(path.read_bytes())
    for each in document["signatures"]:
        each["keyid"] = "\x1b[2J"
    del document["signatures"][0]["keyid"]
    path.write_text(json.dumps(document))
    verdicts = check_provenance(dist, demanded)
    assert Verdict(verdicts).accepted
    assert found(verdicts) == {path.name: {"G16"}}
    assert messages(verdicts).replace("\n", "").isprintable()


def test_a_changed_payload_has_no_good_signature(dist: Path, demanded: Demanded) -> None:
    path = dist / f"{LABEL}{ENVELOPE}"
    envelope = open_envelope(path.read_bytes())
    payload = envelope.payload.replace(b'"sourceDateEpoch": 17', b'"sourceDateEpoch": 18')
    assert payload != envelope.payload
    changed = Envelope(
        payload=payload, payload_type=envelope.payload_type, signatures=envelope.signatures
    )
    path.write_bytes(format_envelope(changed))
    assert found(check_provenance(dist, demanded)) == {
        f"{LABEL}{STATEMENT}": {"V06"},
        path.name: {"G04", "G05", "V13"},
    }


def test_the_payload_type_is_signed_too(dist: Path, demanded: Demanded) -> None:
    path = dist / f"{LABEL}{ENVELOPE}"
    document = json.loads(path.read_bytes())
    document["payloadType"] = "application/json\x1b"
    path.write_text(json.dumps(document))
    assert found(check_provenance(dist, demanded))[path.name] == {"V02", "G04", "G05"}
    assert "\x1b" not in messages(check_provenance(dist, demanded))


def test_a_good_signature_of_another_type_is_not_enough(dist: Path, demanded: Demanded) -> None:
    content = (dist / f"{LABEL}{STATEMENT}").read_bytes()
    envelope = seal(content, KeyOf("alice"), payload_type="application/json")
    path = dist / f"{LABEL}{ENVELOPE}"
    path.write_bytes(format_envelope(add_signature(envelope, KeyOf("bob"))))
    assert found(check_provenance(dist, demanded)) == {path.name: {"V02"}}


@pytest.mark.parametrize("packet", [b"", b"\x00", b"no signature", b"\xc2\x02\x04\x00"])
def test_what_is_no_signature_does_not_count(dist: Path, demanded: Demanded, packet: bytes) -> None:
    path = dist / f"{LABEL}{ENVELOPE}"
    document = json.loads(path.read_bytes())
    document["signatures"].append({"sig": base64.b64encode(packet).decode()})
    path.write_text(json.dumps(document))
    verdicts = check_provenance(dist, demanded)
    assert Verdict(verdicts).accepted  # the other two are good
    document["signatures"] = document["signatures"][2:]
    path.write_text(json.dumps(document))
    assert {"G04"} < found(check_provenance(dist, demanded))[path.name]


def test_no_signatures_at_all(dist: Path, demanded: Demanded) -> None:
    path = dist / f"{LABEL}{ENVELOPE}"
    envelope = open_envelope(path.read_bytes())
    path.write_bytes(
        format_envelope(Envelope(payload=envelope.payload, payload_type=envelope.payload_type))
    )
    assert found(check_provenance(dist, demanded))[path.name] == {"G04"}


def test_a_clock_that_is_wrong(dist: Path, keys: Keyring) -> None:
    past = NOW - timedelta(days=365)
    verdicts = check_provenance(dist, Demanded(keys, past))
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"G04", "G11"}}


def test_a_statement_that_nobody_signed(dist: Path, demanded: Demanded) -> None:
    (dist / f"{LABEL}{ENVELOPE}").unlink()
    verdicts = check_provenance(dist, demanded)
    assert found(verdicts) == {f"{LABEL}{STATEMENT}": {"V04"}}
    assert not Verdict(verdicts).accepted


def test_signatures_that_are_left_out_by_choice_are_warned_of(dist: Path) -> None:
    verdicts = check_provenance(dist, Demanded(None, NOW))
    assert Verdict(verdicts).accepted
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"V05"}}


def test_nothing_to_check_is_an_error(tmp_path: Path, demanded: Demanded) -> None:
    with pytest.raises(ConfigurationError, match="no statement"):
        check_provenance(tmp_path, demanded)


# What is said


def test_every_changed_byte_of_a_file_is_found(dist: Path, demanded: Demanded) -> None:
    for name in (DARWIN_ARCHIVE, LINUX_ARCHIVE, f"{LABEL}-win64-setup.exe", f"{LABEL}{SBOM}"):
        content = (dist / name).read_bytes()
        for at in (0, len(content) // 2, len(content) - 1):
            spoilt = bytearray(content)
            spoilt[at] ^= 1
            (dist / name).write_bytes(spoilt)
            verdicts = check_provenance(dist, demanded)
            assert not Verdict(verdicts).accepted
            assert set(found(verdicts)) - {f"{LABEL}{ENVELOPE}"} >= {name}
        (dist / name).write_bytes(content)
    assert Verdict(check_provenance(dist, demanded)).accepted


def test_packing_alone_is_told_from_another_content(dist: Path, demanded: Demanded) -> None:
    path = dist / DARWIN_ARCHIVE
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=0))
    verdicts = check_provenance(dist, demanded)
    assert found(verdicts) == {DARWIN_ARCHIVE: {"V10"}, f"{LABEL}{SBOM}": {"V16"}}
    assert "its files are the same, so only how they are packed differs" in messages(verdicts)


def test_signing_again_is_told_from_another_program(dist: Path, demanded: Demanded) -> None:
    files = files_for(DARWIN)
    files["bin/demo"] = sign_bytes(Macho().build(), "org.example.demo")
    (dist / DARWIN_ARCHIVE).write_bytes(pack_tar_gz(files, LABEL))
    verdicts = check_provenance(dist, demanded)
    member = f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"
    assert found(verdicts)[DARWIN_ARCHIVE] == found(verdicts)[member] == {"V10"}
    assert "without signatures its files are the same" in messages(verdicts)
    assert "without its signatures it is the same" in messages(verdicts)


def test_a_changed_program_is_named(dist: Path, demanded: Demanded) -> None:
    files = files_for(DARWIN)
    files["bin/demo"] = bytes(SIGNED[:-1]) + b"\1"
    (dist / DARWIN_ARCHIVE).write_bytes(pack_tar_gz(files, LABEL))
    assert f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo" in found(check_provenance(dist, demanded))
    assert f"{DARWIN_ARCHIVE}#{LABEL}/lib/universal" not in found(check_provenance(dist, demanded))


def test_programs_that_were_added_or_left_out(dist: Path, demanded: Demanded) -> None:
    files = files_for(DARWIN)
    files["bin/other"] = files.pop("bin/demo")
    (dist / DARWIN_ARCHIVE).write_bytes(pack_tar_gz(files, LABEL))
    verdicts = found(check_provenance(dist, demanded))
    assert verdicts[f"{DARWIN_ARCHIVE}#{LABEL}/bin/other"] == {"V11"}
    assert verdicts[f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"] == {"V09"}
    assert verdicts[f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo;unsigned"] == {"V09"}


def test_a_truncated_archive(dist: Path, demanded: Demanded) -> None:
    path = dist / DARWIN_ARCHIVE
    path.write_bytes(path.read_bytes()[:-100])
    assert found(check_provenance(dist, demanded))[DARWIN_ARCHIVE] == {"V10", "V17"}


def test_an_archive_that_leads_out_of_itself(dist: Path, demanded: Demanded) -> None:
    (dist / DARWIN_ARCHIVE).write_bytes(pack_tar_gz({"../../bin/demo": SIGNED}, LABEL))
    assert found(check_provenance(dist, demanded))[DARWIN_ARCHIVE] == {"V10", "V17"}


def test_a_missing_file(dist: Path, demanded: Demanded) -> None:
    (dist / SOURCE_ARCHIVE).unlink()
    verdicts = found(check_provenance(dist, demanded))
    assert verdicts == {SOURCE_ARCHIVE: {"V09"}}


def test_files_may_be_missing_by_choice(dist: Path, demanded: Demanded) -> None:
    for name in (SOURCE_ARCHIVE, LINUX_ARCHIVE, UNSIGNED_ARCHIVE):
        (dist / name).unlink()
    verdicts = check_provenance(dist, demanded._replace(allow_missing=True))
    assert Verdict(verdicts).accepted, messages(verdicts)
    assert found(verdicts) == {
        name: {"V09"} for name in (SOURCE_ARCHIVE, LINUX_ARCHIVE, UNSIGNED_ARCHIVE)
    }
    severities = {finding.severity for each in verdicts for finding in each.findings}
    assert severities == {Severity.NOTE}


def test_something_must_be_there(dist: Path, demanded: Demanded) -> None:
    for path in dist.iterdir():
        if path.suffix != ".json":
            path.unlink()
    verdicts = check_provenance(dist, demanded._replace(allow_missing=True))
    assert not Verdict(verdicts).accepted


def test_a_link_out_of_the_directory_is_not_followed(dist: Path, demanded: Demanded) -> None:
    (dist / SOURCE_ARCHIVE).rename(dist.parent / "elsewhere")
    (dist / SOURCE_ARCHIVE).symlink_to("../elsewhere")
    verdicts = check_provenance(dist, demanded._replace(allow_missing=True))
    assert found(verdicts) == {SOURCE_ARCHIVE: {"V09"}}
    assert not Verdict(verdicts).accepted


def test_a_pipe_is_no_file(dist: Path, demanded: Demanded) -> None:
    (dist / SOURCE_ARCHIVE).unlink()
    os.mkfifo(dist / SOURCE_ARCHIVE)
    assert found(check_provenance(dist, demanded)) == {SOURCE_ARCHIVE: {"V09"}}


def test_a_statement_that_is_a_pipe_is_not_waited_for(dist: Path, demanded: Demanded) -> None:
    for suffix in (ENVELOPE, STATEMENT):
        (dist / f"{LABEL}{suffix}").unlink()
    os.mkfifo(dist / f"{LABEL}{STATEMENT}")
    with pytest.raises(OSError, match="no ordinary file"):
        check_provenance(dist, demanded)


def test_a_file_that_was_added_to_the_release(dist: Path, demanded: Demanded) -> None:
    (dist / f"{LABEL}-riscv64-linux-gnu.tar.gz").write_bytes(pack_tar_gz({"a": b""}, LABEL))
    verdicts = found(check_provenance(dist, demanded))
    assert verdicts == {f"{LABEL}-riscv64-linux-gnu.tar.gz": {"V11"}}


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/passwd",
        "a/b",
        "..",
        "",
        "C:\\a",
        "\x1b[2J",
        f"{SOURCE_ARCHIVE}#../a",
        SOURCE_ARCHIVE,
    ],
)
def test_names_that_must_not_be_followed(dist: Path, demanded: Demanded, name: str) -> None:
    (dist.parent / "outside").write_text("x")
    restate(
        dist, lambda said: said["subject"].append({"name": name, "digest": {"sha256": "0" * 64}})
    )
    verdicts = check_provenance(dist, demanded)
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"V07"}}
    assert messages(verdicts).isprintable()


def test_a_name_of_half_a_letter_is_no_json(dist: Path, demanded: Demanded) -> None:
    restate(
        dist,
        lambda said: said["subject"].append({"name": "\ud800", "digest": {"sha256": "0" * 64}}),
    )
    verdicts = check_provenance(dist, demanded)
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"V01"}}
    assert messages(verdicts).isprintable()


@pytest.mark.parametrize("digest", [{"md5": "0" * 32}, {"sha1": "0" * 40}, {}])
def test_a_digest_of_another_kind_is_none(
    dist: Path, demanded: Demanded, digest: dict[str, str]
) -> None:
    restate(dist, lambda said: subject(said, SOURCE_ARCHIVE).update(digest=digest))
    assert found(check_provenance(dist, demanded)) == {SOURCE_ARCHIVE: {"V08"}}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cdhash", {"arm64": "0" * 40}),
        ("cdhash", None),
        ("identifier", "other"),
        ("unsigned", {"sha256": "0" * 64}),
        ("unsigned", [[[]]]),
        ("more", 1),
    ],
)
def test_what_is_said_of_a_program_must_be_so(
    dist: Path, demanded: Demanded, field: str, value: object
) -> None:
    name = f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"
    restate(
        dist,
        lambda said: subject(said, name)["annotations"]["countermark"].update({field: value}),
    )
    verdicts = check_provenance(dist, demanded)
    assert found(verdicts) == {name: {"V12"}}
    assert field in messages(verdicts)


def test_a_program_that_says_it_has_no_unsigned_bytes(dist: Path, demanded: Demanded) -> None:
    name = f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"

    def leave_out(said: dict[str, Any]) -> None:
        said["subject"].remove(subject(said, f"{name};unsigned"))
        del subject(said, name)["annotations"]

    restate(dist, leave_out)
    assert found(check_provenance(dist, demanded)) == {
        name: {"V12"},
        f"{name};unsigned": {"V11"},
    }


def test_another_unsigned_archive(dist: Path, demanded: Demanded) -> None:
    def swap(said: dict[str, Any]) -> None:
        facts = subject(said, DARWIN_ARCHIVE)["annotations"]["countermark"]
        facts["unsigned"] = {"name": LINUX_ARCHIVE, "digest": {"sha256": "0" * 64}}

    restate(dist, swap)
    assert found(check_provenance(dist, demanded)) == {DARWIN_ARCHIVE: {"V12"}}


def parameters(said: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = said["predicate"]["buildDefinition"]["externalParameters"]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda said: parameters(said).update(sourceDateEpoch=0),
        lambda said: parameters(said).update(more="x"),
        lambda said: parameters(said).update(source={"uri": "x"}),
        lambda said: parameters(said).pop("hosts"),
        lambda said: parameters(said)["hosts"].pop(DARWIN),
        lambda said: parameters(said)["hosts"].update({"vax-dec-vms": {}}),
        lambda said: parameters(said)["hosts"][DARWIN].update(style="linker"),
        lambda said: parameters(said)["hosts"][DARWIN]["cmake"].update(EVIL="ON"),
        lambda said: said["predicate"]["buildDefinition"]["resolvedDependencies"].pop(),
        lambda said: said["predicate"]["buildDefinition"]["resolvedDependencies"].append(
            {"name": "gcc", "uri": "pkg:generic/gcc@2"}
        ),
        lambda said: said["predicate"]["buildDefinition"]["resolvedDependencies"][0][
            "digest"
        ].update(countermarkTree="6" * 64),
    ],
)
def test_what_is_said_of_the_build_must_be_so(
    dist: Path, demanded: Demanded, change: Change
) -> None:
    restate(dist, change)
    assert found(check_provenance(dist, demanded)) == {f"{LABEL}{ENVELOPE}": {"V13"}}


def test_the_name_of_the_release_must_be_so(dist: Path, demanded: Demanded) -> None:
    restate(dist, lambda said: parameters(said).update(version=["1.2.3"]))
    assert found(check_provenance(dist, demanded))[f"{LABEL}{ENVELOPE}"] == {"V13"}


def test_archives_without_build_records_tell_nothing(dist: Path, demanded: Demanded) -> None:
    archives = [path for path in dist.iterdir() if path.name.startswith(f"{LABEL}-")]
    for path in archives:
        pack = pack_zip if path.suffix == ".zip" else pack_tar_gz
        path.write_bytes(pack({"README.md": b""}, LABEL))
    verdicts = check_provenance(dist, demanded)
    assert "no archive tells what it was made from" in messages(verdicts)


def test_archives_of_one_host_must_agree(dist: Path, demanded: Demanded) -> None:
    files = files_for(DARWIN, style="linker")
    (dist / UNSIGNED_ARCHIVE).write_bytes(pack_tar_gz(files, LABEL))
    verdicts = check_provenance(dist, demanded)
    assert f"the archives tell of another {DARWIN}" in messages(verdicts)


def test_an_sbom_that_the_statement_does_not_name(dist: Path, demanded: Demanded) -> None:
    restate(dist, lambda said: said["predicate"]["runDetails"].pop("byproducts"))
    assert found(check_provenance(dist, demanded)) == {f"{LABEL}{SBOM}": {"V11"}}


def test_another_build_type_is_checked_by_digests_and_said_so(
    dist: Path, demanded: Demanded
) -> None:
    def foreign(said: dict[str, Any]) -> None:
        said["predicate"]["buildDefinition"] = {
            "buildType": "https://example.org/ci\x1b",
            "externalParameters": {"workflow": {}},
        }
        said["subject"] = [subject(said, DARWIN_ARCHIVE), subject(said, LINUX_ARCHIVE)]

    restate(dist, foreign)
    verdicts = check_provenance(dist, demanded)
    assert Verdict(verdicts).accepted
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"V18"}}
    assert messages(verdicts).isprintable()
    (dist / LINUX_ARCHIVE).write_bytes(b"x")
    assert found(check_provenance(dist, demanded))[LINUX_ARCHIVE] == {"V10"}


# Documents


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "V01"),
        (b"[" * 100_000, "V01"),
        (b'{"payload": "", "payload": ""}', "V01"),
        (b'{"payload": 1' + b"0" * 5000 + b"}", "V01"),
        (b"{}", "V02"),
        (b'{"payload": "*", "payloadType": "t"}', "V02"),
    ],
)
def test_what_is_no_envelope(dist: Path, demanded: Demanded, content: bytes, rule: str) -> None:
    (dist / f"{LABEL}{ENVELOPE}").write_bytes(content)
    assert found(check_provenance(dist, demanded)) == {f"{LABEL}{ENVELOPE}": {rule}}


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b"", "V01"),
        (b'{"_type": 1, "_type": 1}', "V01"),
        (b"{}", "V03"),
        (b'{"_type": "https://in-toto.io/Statement/v1", "predicateType": "x"}', "V03"),
    ],
)
def test_what_is_no_statement(dist: Path, demanded: Demanded, payload: bytes, rule: str) -> None:
    (dist / f"{LABEL}{STATEMENT}").unlink()
    envelope = add_signature(seal(payload, KeyOf("alice")), KeyOf("bob"))
    (dist / f"{LABEL}{ENVELOPE}").write_bytes(format_envelope(envelope))
    assert found(check_provenance(dist, demanded)) == {f"{LABEL}{ENVELOPE}": {rule}}


def test_a_missing_sbom(dist: Path, demanded: Demanded) -> None:
    (dist / f"{LABEL}{SBOM}").unlink()
    assert found(check_provenance(dist, demanded)) == {f"{LABEL}{SBOM}": {"V14"}}


def test_an_sbom_that_was_edited(dist: Path, demanded: Demanded) -> None:
    path = dist / f"{LABEL}{SBOM}"
    path.write_bytes(path.read_bytes() + b"\n")
    assert found(check_provenance(dist, demanded)) == {path.name: {"V14"}}


@pytest.mark.parametrize("name", ["../a.json", "", "a/b"])
def test_a_byproduct_elsewhere(dist: Path, demanded: Demanded, name: str) -> None:
    restate(dist, lambda said: said["predicate"]["runDetails"]["byproducts"][0].update(name=name))
    assert {"V07"} in found(check_provenance(dist, demanded)).values()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"not JSON", "V01"),
        (b"[]", "V15"),
        (b'{"bomFormat": "SPDX", "components": []}', "V15"),
        (b'{"bomFormat": "CycloneDX", "components": [{"name": 1}]}', "V15"),
        (b'{"bomFormat": "CycloneDX", "components": []}', "V16"),
    ],
)
def test_an_sbom_that_is_none(dist: Path, demanded: Demanded, content: bytes, rule: str) -> None:
    put_bill(dist, content)
    assert found(check_provenance(dist, demanded)) == {f"{LABEL}{SBOM}": {rule}}


def file_component(bill: dict[str, Any], name: str) -> dict[str, Any]:
    each: dict[str, Any] = next(one for one in bill["components"] if one["bom-ref"] == name)
    return each


def set_property(component: dict[str, Any], name: str, value: str) -> None:
    (found,) = (each for each in component["properties"] if each["name"] == name)
    found["value"] = value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda bill: file_component(bill, DARWIN_ARCHIVE)["components"].pop(0),
            "is not listed",
        ),
        (
            lambda bill: bill["components"].remove(file_component(bill, LINUX_ARCHIVE)),
            "is not listed",
        ),
        (
            lambda bill: file_component(bill, DARWIN_ARCHIVE)["hashes"][0].update(content="0" * 64),
            "another SHA-256",
        ),
        (
            lambda bill: bill["components"].append(
                {**file_component(bill, LINUX_ARCHIVE), "bom-ref": "x\x1b"}
            ),
            "there is no such file",
        ),
        (
            lambda bill: set_property(
                file_component(bill, DARWIN_ARCHIVE)["components"][0],
                "countermark:cdhash:arm64",
                "0" * 40,
            ),
            "another cdhash:arm64",
        ),
        (
            lambda bill: set_property(
                file_component(bill, DARWIN_ARCHIVE)["components"][0],
                "countermark:unsigned-sha256",
                "0" * 64,
            ),
            "another unsigned-sha256",
        ),
    ],
)
def test_an_sbom_lists_what_is_there(
    dist: Path, demanded: Demanded, change: Change, message: str
) -> None:
    rebill(dist, change)
    verdicts = check_provenance(dist, demanded)
    assert set().union(*found(verdicts).values()) == {"V16"}
    assert message in messages(verdicts)
    assert messages(verdicts).replace("\n", "").isprintable()


def test_an_sbom_full_of_strangers_is_told_in_short(dist: Path, demanded: Demanded) -> None:
    def fill(bill: dict[str, Any]) -> None:
        bill["components"] += [
            {"type": "file", "name": "x", "bom-ref": f"x{number}"} for number in range(1000)
        ]

    rebill(dist, fill)
    verdicts = check_provenance(dist, demanded)
    assert "900 more differ" in messages(verdicts)


# Signing


def test_what_is_not_so_is_not_signed(dist: Path) -> None:
    envelope = (dist / f"{LABEL}{ENVELOPE}").read_bytes()
    (dist / LINUX_ARCHIVE).write_bytes(b"changed")
    with pytest.raises(NotSoError) as caught:
        sign_provenance(dist, KeyOf("carol"))
    assert {"V10"} in found(caught.value.verdict.files).values()
    assert (dist / f"{LABEL}{ENVELOPE}").read_bytes() == envelope


def test_one_release_is_signed_at_a_time(dist: Path, tmp_path: Path) -> None:
    (dist / f"other{STATEMENT}").write_bytes(b"{}")
    for folder in (dist, tmp_path):
        with pytest.raises(ConfigurationError, match="not about one"):
            sign_provenance(folder, KeyOf("carol"))


# Beside a list of digests


@pytest.fixture
def digests(dist: Path) -> dict[str, str]:
    """What SHA256SUMS lists."""
    return {path.name: sha256_of(path) for path in dist.glob(f"{LABEL}*[!n]")}


def test_a_list_and_a_statement_that_say_the_same(
    dist: Path, keys: Keyring, digests: dict[str, str]
) -> None:
    assert len(digests) == 6
    for path in dist.glob(f"{LABEL}*[!n]"):
        path.unlink()  # no file is read
    verdicts = check_listed(dist, keys, {**digests, "other.zip": "0" * 64}, now=NOW)
    assert found(verdicts) == {}
    assert [Path(each.path).name for each in verdicts] == [f"{LABEL}{ENVELOPE}"]


def test_a_list_that_says_something_else(
    dist: Path, keys: Keyring, digests: dict[str, str]
) -> None:
    digests[LINUX_ARCHIVE] = "0" * 64
    digests[f"{LABEL}-vax.tar.gz"] = "1" * 64
    verdicts = check_listed(dist, keys, digests, now=NOW)
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"V10", "V11"}}
    assert f"{LINUX_ARCHIVE} is " in messages(verdicts)


def test_a_statement_that_no_known_key_signed_beside_a_list(
    dist: Path, digests: dict[str, str], tmp_path: Path
) -> None:
    strangers = keyring(tmp_path / "strangers", "carol")
    verdicts = check_listed(dist, strangers, digests, now=NOW)
    assert found(verdicts) == {f"{LABEL}{ENVELOPE}": {"G04", "G06"}}


def test_envelopes_that_are_none_beside_a_list(dist: Path, keys: Keyring) -> None:
    (dist / f"{LABEL}{ENVELOPE}").write_bytes(b"{}")
    (dist / f"other{ENVELOPE}").write_bytes(format_envelope(seal(b"[]", KeyOf("alice"))))
    verdicts = found(check_listed(dist, keys, {}, now=NOW))
    assert verdicts == {f"{LABEL}{ENVELOPE}": {"V02"}, f"other{ENVELOPE}": {"V03"}}


def test_no_statement_beside_a_list_is_nothing_to_check(tmp_path: Path, keys: Keyring) -> None:
    assert check_listed(tmp_path, keys, {}, now=NOW) == ()
    assert check_listed(tmp_path / "absent", keys, {}, now=NOW) == ()


# Writing again


def test_an_outdated_envelope_does_not_stay(dist: Path, demanded: Demanded) -> None:
    write_provenance(dist, source_uri="git+https://example.org/demo")
    assert (dist / f"{LABEL}{ENVELOPE}").is_file()  # it says the same
    files = {**files_for(DARWIN), "more.txt": b"more"}
    assert RECORD in files
    (dist / DARWIN_ARCHIVE).write_bytes(pack_tar_gz(files, LABEL))
    write_provenance(dist)
    assert not (dist / f"{LABEL}{ENVELOPE}").exists()
    sign_provenance(dist, KeyOf("carol"))
    assert Verdict(check_provenance(dist, demanded._replace(threshold=1))).accepted

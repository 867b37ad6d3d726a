"""``countermark attestations``, as a release manager runs it at midnight."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from pysequoia import Sig, verify

from builders import VERSION, Sigs, list_of, release_names, secret_key
from commands import Ended, Run
from documents import validate

BUILDERS = ["alice", "bob", "carol", "dave", "erin", "frank"]
EVERYTHING = release_names()
PLAIN = release_names(codesigned=False)
WINDOWS = f"bitcoin-{VERSION}-win64.zip"


@pytest.fixture
def sigs(tmp_path: Path) -> Sigs:
    """Six builders who agree on everything."""
    sigs = Sigs(tmp_path / "sigs")
    sigs.agree(BUILDERS)
    return sigs


def judge(run: Run, sigs: Sigs, *options: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code and the document of the newest version."""
    ended = run("attestations", sigs.root, "--format", "json", *options, cwd=sigs.root.parent)
    document = validate(ended.out)
    assert document["accepted"] == (ended.code == 0)
    version: dict[str, Any] = document["versions"][-1]
    return ended.code, version


def rules(version: dict[str, Any], builder: str | None = None) -> set[tuple[str, str]]:
    """Return the rules and severities of what was found, of one builder or of the version."""
    if builder is None:
        return {(each["rule"], each["severity"]) for each in version["findings"]}
    return {
        (each["rule"], each["severity"])
        for attestation in version["attestations"]
        if attestation["builder"] == builder
        for each in attestation["findings"]
    }


def test_six_who_agree_are_enough(sigs: Sigs, run: Run) -> None:
    ended = run("attestations", "sigs", cwd=sigs.root.parent)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[:2] == [f"{VERSION}: READY TO UPLOAD", "No builder contradicts another one."]
    assert "noncodesigned: 6 agree, 3 needed (reached); 6 builders, 21 files" in lines
    assert "all: 6 agree, 6 needed (reached); 6 builders, 28 files" in lines
    code, version = judge(run, sigs)
    assert (code, version["outcome"]) == (0, "ready to upload")
    assert [each["matching"] for each in version["lists"]] == [6, 6]
    assert {each["signature"] for each in version["attestations"]} == {"good"}


def test_builders_who_differ_are_named_with_the_files(sigs: Sigs, run: Run) -> None:
    sigs.put("frank", list_of(EVERYTHING, **{WINDOWS: "evil"}))
    code, version = judge(run, sigs)
    assert (code, version["outcome"]) == (1, "something is wrong")
    assert ("M01", "error") in rules(version, "frank")
    assert not rules(version, "alice")
    everything = version["lists"][1]
    assert [cluster["builders"] for cluster in everything["clusters"]] == [
        BUILDERS[:5],
        ["frank"],
    ]
    assert everything["clusters"][1]["differing"] == [WINDOWS]
    assert ("M11", "error") in rules(version)
    ended = run("attestations", "sigs", cwd=sigs.root.parent)
    assert "Builders contradict each other. all: frank in 1 file." in ended.out
    assert f"says something else than 5 others of 1 of 28 files: {WINDOWS}" in ended.out


def test_where_nobody_has_a_majority_nobody_is_accused(tmp_path: Path, run: Run) -> None:
    sigs = Sigs(tmp_path / "sigs")
    sigs.agree(BUILDERS[:2])
    sigs.put("bob", list_of(EVERYTHING, **{WINDOWS: "other"}))
    code, version = judge(run, sigs, "--threshold", "1", "1")
    assert code == 1
    assert rules(version) == {("M02", "error"), ("M11", "error")}
    assert not rules(version, "alice") | rules(version, "bob")


def test_a_partial_attestation_is_not_bad(sigs: Sigs, run: Run) -> None:
    sigs.add_key("grace")
    sigs.put("grace", list_of([name for name in EVERYTHING if "darwin" not in name]))
    code, version = judge(run, sigs)
    assert code == 0
    assert rules(version, "grace") == {("M03", "note")}
    ended = run("attestations", "sigs", cwd=sigs.root.parent)
    assert "18 of 28 files; nothing of arm64-apple-darwin, x86_64-apple-darwin" in ended.out
    rows = [line.split() for line in ended.out.splitlines()]
    assert [f"bitcoin-{VERSION}-arm64-apple-darwin.zip", "A", "-"] in rows
    assert not any(row[:1] == [WINDOWS] for row in rows)


def test_files_of_a_host_that_is_not_released_are_noticed(sigs: Sigs, run: Run) -> None:
    extra = f"bitcoin-{VERSION}-powerpc64le-linux-gnu.tar.gz"
    sigs.put("alice", list_of([*EVERYTHING, extra]))
    code, version = judge(run, sigs)
    assert code == 0
    assert rules(version, "alice") == {("M04", "warning")}
    files = {each["name"]: each for each in version["lists"][1]["files"]}
    assert (files[extra]["release"], files[extra]["matching"]) == (False, 1)


def test_too_few_builders_fail_by_the_asked_threshold(tmp_path: Path, run: Run) -> None:
    sigs = Sigs(tmp_path / "sigs")
    sigs.agree(BUILDERS[:3])
    code, version = judge(run, sigs)
    assert (code, version["outcome"]) == (1, "ready to codesign")
    assert rules(version) == {("M11", "error")}
    assert judge(run, sigs, "--threshold", "3", "3")[0] == 0
    code, version = judge(run, sigs, "--threshold", "4", "4")
    assert (code, version["outcome"]) == (1, "too few builders")


def test_a_host_that_two_have_built_is_below_the_threshold(sigs: Sigs, run: Run) -> None:
    riscv = [name for name in PLAIN if "riscv64" in name]
    for builder in BUILDERS[:4]:
        sigs.put(builder, list_of([n for n in PLAIN if n not in riscv]), name="noncodesigned")
        sigs.put(builder, list_of([n for n in EVERYTHING if n not in riscv]))
    for builder in ("x1", "x2", "x3"):
        sigs.add_key(builder)
        sigs.put(builder, list_of(EVERYTHING))
    code, version = judge(run, sigs, "--threshold", "3", "6")
    everything = version["lists"][1]
    assert code == 1
    assert everything["matching"] == 5
    message = next(each["message"] for each in version["findings"] if "all:" in each["message"])
    assert message == "all: 5 of 6 builders agree on 2 of 28 files (riscv64-linux-gnu)"


def test_before_codesigning_only_the_first_threshold_is_asked(tmp_path: Path, run: Run) -> None:
    sigs = Sigs(tmp_path / "sigs")
    for builder in BUILDERS[:3]:
        sigs.add_key(builder)
        sigs.put(builder, list_of(PLAIN), name="noncodesigned")
    code, version = judge(run, sigs)
    assert (code, version["outcome"]) == (1, "ready to codesign")
    assert [each["message"] for each in version["findings"]] == [
        "all: nobody has attested yet; 6 must"
    ]
    code, version = judge(run, sigs, "--threshold", "3", "0")
    assert (code, version["outcome"]) == (0, "ready to codesign")


def test_what_is_not_signed_does_not_count(sigs: Sigs, run: Run) -> None:
    (sigs.root / VERSION / "alice" / "all.SHA256SUMS.asc").unlink()
    code, version = judge(run, sigs)
    assert code == 1
    assert rules(version, "alice") == {("M06", "warning")}
    assert version["lists"][1]["matching"] == 5
    assert judge(run, sigs, "--no-signatures")[0] == 0


def test_a_list_that_was_changed_after_signing_is_bad(sigs: Sigs, run: Run) -> None:
    path = sigs.root / VERSION / "alice" / "all.SHA256SUMS"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    code, version = judge(run, sigs)
    assert code == 1
    assert ("M07", "error") in rules(version, "alice")
    assert version["lists"][1]["matching"] == 5


def test_nobody_speaks_for_another_builder(sigs: Sigs, run: Run) -> None:
    sigs.put("alice", list_of(EVERYTHING), key="bob")
    code, version = judge(run, sigs)
    assert code == 1
    assert ("M08", "error") in rules(version, "alice")
    assert version["lists"][1]["matching"] == 5


def test_a_key_that_is_not_in_the_folder_does_not_count(sigs: Sigs, run: Run) -> None:
    sigs.put("mallory", list_of(EVERYTHING, **{WINDOWS: "evil"}))
    code, version = judge(run, sigs)
    assert code == 0
    assert rules(version, "mallory") == {("M09", "warning"), ("M01", "warning")}


def test_a_key_under_two_names_is_one_voice(sigs: Sigs, run: Run) -> None:
    sigs.add_key("alice", file="alicia")
    sigs.put("alicia", list_of(EVERYTHING), key="alice")
    code, version = judge(run, sigs)
    assert code == 0
    assert version["lists"][1]["builders"] == 7
    assert version["lists"][1]["matching"] == 6
    assert ("M16", "warning") in rules(version)
    assert not rules(version, "alicia")


def test_two_signatures_count_once(sigs: Sigs, run: Run) -> None:
    path = sigs.put("alice", list_of(EVERYTHING))
    signature = path.with_name(f"{path.name}.asc")
    first = signature.read_bytes()
    sigs.put("alice", list_of(EVERYTHING), key="bob")
    signature.write_bytes(first + signature.read_bytes())
    code, version = judge(run, sigs)
    assert code == 0
    assert rules(version, "alice") == {("M17", "warning")}


def test_the_first_list_must_be_part_of_the_second(sigs: Sigs, run: Run) -> None:
    name = f"bitcoin-{VERSION}-win64-unsigned.zip"
    sigs.put("alice", list_of(PLAIN, **{name: "before"}), name="noncodesigned")
    code, version = judge(run, sigs)
    assert code == 1
    assert rules(version, "alice") == {("M01", "error"), ("M05", "error")}


@pytest.mark.parametrize(
    ("names", "rule"),
    [
        ([*EVERYTHING, "bitcoin-99.2-win64.zip"], "M12"),
        ([*EVERYTHING, "bitcoin-99.10-win64.zip"], "M12"),
        ([*EVERYTHING, "notes.txt"], "M12"),
    ],
)
def test_every_name_carries_the_version(sigs: Sigs, run: Run, names: list[str], rule: str) -> None:
    sigs.put("alice", list_of(names))
    code, version = judge(run, sigs)
    assert code == 1
    assert (rule, "error") in rules(version, "alice")


def test_detached_signatures_before_their_tag_are_noticed(sigs: Sigs, run: Run) -> None:
    commit = f"bitcoin-{VERSION}-codesignatures-{'0' * 12}.tar.gz"
    names = [commit if "codesignatures" in name else name for name in EVERYTHING]
    for builder in BUILDERS:
        sigs.put(builder, list_of(names))
    code, version = judge(run, sigs)
    assert code == 0
    assert rules(version, "alice") == {("M12", "warning")}


def test_hosts_that_most_leave_out_are_not_forgotten(sigs: Sigs, run: Run) -> None:
    without = [name for name in EVERYTHING if "darwin" not in name]
    for builder in BUILDERS[2:]:
        sigs.put(builder, list_of(without), signed=True)
        (sigs.root / VERSION / builder / "noncodesigned.SHA256SUMS").unlink()
    code, version = judge(run, sigs)
    assert code == 1
    everything = version["lists"][1]
    assert everything["matching"] == 2
    assert sum(each["release"] for each in everything["files"]) == 28
    messages = [each["message"] for each in version["findings"] if "all:" in each["message"]]
    assert messages == [
        "all: 2 of 6 builders agree on 10 of 28 files (arm64-apple-darwin, x86_64-apple-darwin)"
    ]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\\b", f"x-{VERSION}\x1b[2J"])
def test_names_outside_the_directory_are_errors(sigs: Sigs, run: Run, name: str) -> None:
    sigs.put("alice", list_of([*EVERYTHING, name]))
    code, version = judge(run, sigs)
    assert code == 1
    assert any(rule.startswith("D") and sev == "error" for rule, sev in rules(version, "alice"))
    for output in ("text", "html", "github", "junit", "sarif"):
        ended = run("attestations", "sigs", "--format", output, cwd=sigs.root.parent)
        assert ended.code == 1
        assert "\x1b" not in ended.out + ended.err


def test_odd_files_are_named_and_not_read(sigs: Sigs, run: Run) -> None:
    (sigs.root / VERSION / "alice" / "al.SHA256SUMS").write_text("?")
    (sigs.root / VERSION / "README").write_text("?")
    (sigs.root / VERSION / "nobody").mkdir()
    (sigs.root / VERSION / "linked").symlink_to("alice")
    code, version = judge(run, sigs)
    assert code == 0
    messages = [each["message"] for each in version["findings"] if each["rule"] == "M14"]
    assert [message.partition(" ")[0] for message in messages] == [
        f"{VERSION}/README",
        f"{VERSION}/alice/al.SHA256SUMS",
        f"{VERSION}/linked",
        f"{VERSION}/nobody/",
    ]


def test_names_that_are_no_text_are_shown_and_judged(sigs: Sigs, run: Run) -> None:
    folder = sigs.root / VERSION / os.fsdecode(b"\xffodd\nname")
    folder.mkdir()
    (folder / "all.SHA256SUMS").write_bytes(list_of(EVERYTHING))
    for output in ("text", "json", "html", "github", "junit", "sarif"):
        ended = run("attestations", "sigs", "--format", output, cwd=sigs.root.parent)
        assert (ended.code, ended.err) == (0, "")
        assert "odd\nname" not in ended.out
    _code, version = judge(run, sigs)
    assert rules(version, "\\udcffodd\\nname") == {("M06", "warning")}


def test_a_file_that_is_no_key_is_named(sigs: Sigs, run: Run) -> None:
    (sigs.root / "builder-keys" / "mallory.gpg").write_text("no key")
    ended = run("attestations", "sigs", "--format", "json", cwd=sigs.root.parent)
    document = validate(ended.out)
    assert ended.code == 1
    assert len(document["findings"]) == 1
    assert document["versions"][0]["outcome"] == "ready to upload"
    ended = run("attestations", "sigs", cwd=sigs.root.parent)
    assert "builder-keys/mallory.gpg" in ended.out


def test_links_devices_and_huge_files_are_not_read(sigs: Sigs, run: Run) -> None:
    version_folder = sigs.root / VERSION
    for builder in ("alice", "bob", "carol", "dave"):
        (version_folder / builder / "all.SHA256SUMS").unlink()
    (version_folder / "alice" / "all.SHA256SUMS").symlink_to("/dev/zero")
    os.mkfifo(version_folder / "bob" / "all.SHA256SUMS")
    (version_folder / "carol" / "all.SHA256SUMS").write_bytes(b"\0" * ((1 << 20) + 1))
    (version_folder / "dave" / "all.SHA256SUMS").mkdir()
    code, version = judge(run, sigs)
    assert code == 1
    for builder in ("alice", "bob", "carol", "dave"):
        assert rules(version, builder) == {("M15", "error")}
    assert version["lists"][1]["matching"] == 2


def test_all_versions_stand_in_one_table(sigs: Sigs, run: Run) -> None:
    for older in ("98.0rc1", "98.0", "9.0", "98.0rc2"):
        sigs.agree(BUILDERS, older)
    ended = run("attestations", "sigs", "--version", "all", cwd=sigs.root.parent)
    assert ended.code == 0
    rows = [line.split()[0] for line in ended.out.splitlines() if " noncodesigned " in line]
    assert rows == ["9.0", "98.0rc1", "98.0rc2", "98.0", VERSION]
    code, version = judge(run, sigs)
    assert (code, version["version"]) == (0, VERSION)
    assert judge(run, sigs, "--version", "98.0rc1")[1]["version"] == "98.0rc1"
    ended = run("attestations", "sigs", "--version", "98.0rc3", cwd=sigs.root.parent)
    assert ended.code == 2
    assert "did you mean '98.0rc" in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("absent",), "there is no absent"),
        (("empty",), "is no tree of attestations"),
        (("keyless",), "there are no keys at keyless/builder-keys"),
        (("sigs", "--keys", "absent"), "there are no keys at absent"),
        (("sigs", "--keys", "empty"), "empty"),
        (("sigs", "--threshold", "-1", "6"), "-1"),
    ],
)
def test_wrong_usage_ends_with_2(
    sigs: Sigs, run: Run, arguments: tuple[str, ...], words: str
) -> None:
    (sigs.root.parent / "empty").mkdir()
    (sigs.root.parent / "keyless" / "1.0" / "alice").mkdir(parents=True)
    (sigs.root.parent / "keyless" / "1.0" / "alice" / "all.SHA256SUMS").write_text("?")
    ended = run("attestations", *arguments, cwd=sigs.root.parent)
    assert ended.code == 2
    assert words in ended.err


def test_what_all_agree_on_is_collected_for_publication(sigs: Sigs, run: Run) -> None:
    sigs.put("mallory", list_of(EVERYTHING))
    dist = sigs.root.parent / "dist"
    dist.mkdir()
    ended = run("attestations", "sigs", "--collect", "dist", cwd=sigs.root.parent)
    assert ended.code == 0
    assert ended.err.endswith(f"signed by 6: {', '.join(BUILDERS)}\n")
    assert (dist / "SHA256SUMS").read_bytes() == list_of(EVERYTHING)
    end = b"-----END PGP SIGNATURE-----\n"
    *blocks, rest = (dist / "SHA256SUMS.asc").read_bytes().split(end)
    assert rest == b""
    for builder, block in zip(BUILDERS, blocks, strict=True):
        certificate = secret_key(builder).extract_certificate()
        signature = Sig.from_bytes(block + end)
        verify(list_of(EVERYTHING), lambda _, key=certificate: [key], signature=signature)


def test_nothing_is_collected_of_what_is_wrong(sigs: Sigs, run: Run) -> None:
    sigs.put("frank", list_of(EVERYTHING, **{WINDOWS: "evil"}))
    dist = sigs.root.parent / "dist"
    dist.mkdir()
    assert run("attestations", "sigs", "--collect", "dist", cwd=sigs.root.parent).code == 1
    assert not list(dist.iterdir())
    for options in (("--no-signatures",), ("--version", "all")):
        ended = run("attestations", "sigs", "--collect", "dist", *options, cwd=sigs.root.parent)
        assert (ended.code, "--collect takes" in ended.err) == (2, True)
    ended = run(
        *("attestations", "sigs", "--collect", "absent", "--threshold", "0", "0"),
        cwd=sigs.root.parent,
    )
    assert ended.code in (1, 2)


class Page(HTMLParser):
    """What a browser would see: the tags, their attributes and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def page(run: Run, sigs: Sigs, *options: str) -> tuple[Ended, Page]:
    ended = run("attestations", "sigs", "--format", "html", *options, cwd=sigs.root.parent)
    return ended, Page(ended.out)


def test_the_page_needs_nothing_else_and_says_the_answer(sigs: Sigs, run: Run) -> None:
    ended, found = page(run, sigs)
    assert ended.code == 0
    assert "ready to upload" in found.text
    assert "No builder contradicts another one." in found.text
    assert not {"script", "link", "img", "iframe"} & set(found.tags)
    assert not {"src", "onload", "onclick"} & found.attributes
    assert "http://" not in ended.out
    assert "https://" not in ended.out
    assert found.tags.count("table") == 2
    ended, found = page(run, sigs, "--version", "all")
    assert found.tags.count("table") == 2


def test_the_page_escapes_every_name(sigs: Sigs, run: Run) -> None:
    builder = "<script>alert(1)<"
    name = f"<img src=x onerror=alert(1)>-{VERSION}.tar.gz"
    sigs.put(builder, list_of([*EVERYTHING, name]), key="alice")
    (sigs.root / VERSION / "<b>odd").write_text("?")
    sigs.agree(["alice"], "<h1>1")
    ended, found = page(run, sigs, "--version", "all")
    assert not {"script", "img"} & set(found.tags)
    assert "onerror" not in found.attributes
    assert builder in found.text
    assert name in found.text
    assert "<b>odd" not in ended.out


def test_other_formats_have_the_same_findings(sigs: Sigs, run: Run) -> None:
    sigs.put("frank", list_of(EVERYTHING, **{WINDOWS: "evil"}))
    for output in ("sarif", "junit", "github"):
        ended = run("attestations", "sigs", "--format", output, cwd=sigs.root.parent)
        assert ended.code == 1
        assert "M01" in ended.out
        assert f"{VERSION}/frank/all.SHA256SUMS" in ended.out


GUIX_SIGS = os.environ.get("COUNTERMARK_GUIX_SIGS")
BOTH_LISTS = {
    "29.0": (19, 19),
    "29.1": (17, 17),
    "29.2": (16, 17),
    "29.3": (15, 16),
    "29.4": (14, 15),
    "30.0": (24, 23),
    "30.1": (18, 17),
    "30.2": (17, 15),
    "30.3": (11, 13),
    "31.0": (21, 19),
    "31.1": (14, 15),
}
"""Builders of noncodesigned.SHA256SUMS and of all.SHA256SUMS, as of July 2026."""


@pytest.mark.skipif(GUIX_SIGS is None, reason="COUNTERMARK_GUIX_SIGS names no clone of guix.sigs")
def test_what_is_known_of_the_public_guix_sigs(tmp_path: Path, run: Run) -> None:
    ended = run(
        *("attestations", GUIX_SIGS, "--version", "all", "--no-signatures", "--format", "json"),
        cwd=tmp_path,
    )
    versions = {each["version"]: each for each in validate(ended.out)["versions"]}
    for version, builders in BOTH_LISTS.items():
        lists = versions[version]["lists"]
        assert tuple(each["builders"] for each in lists) == builders
        assert [len(each["clusters"]) for each in lists] == (
            [2, 2] if version == "29.4" else [1, 1]
        )
    other = versions["29.4"]["lists"][1]["clusters"][1]
    assert other["builders"] == ["yuvicc"]
    assert (len(other["differing"]), len(other["missing"]), len(other["extra"])) == (0, 10, 2)
    assert all("powerpc64le" in name for name in other["extra"])
    assert [each["list"] for each in versions["29.0rc1"]["lists"]] == ["noncodesigned"]
    assert "31.0rc3" not in versions
    undecided = versions["26.0rc1"]["lists"][1]["clusters"]
    assert [len(each["builders"]) for each in undecided] == [1] * 9

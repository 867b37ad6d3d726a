"""Signing and verifying what a user names: files, directories, archives; and the exit codes."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from countermark.changes import Change, sign_paths
from countermark.cli.application import run
from countermark.errors import ConfigurationError
from countermark.signatures import verify_paths
from countersign.findings import Verdict
from countersign.settings import Settings
from countersign.signer import Signed, sign_bytes
from countersign.style import Style
from macho import Macho, fat
from trees import elf, pack_tar, pack_tar_gz, pack_tar_zst, pack_zip, tar_info, tar_of

UNSIGNED = Macho().build()
SIGNED = sign_bytes(UNSIGNED, "good")
UNIVERSAL = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", UNSIGNED)])


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> Iterator[None]:
    """The command line takes SIGTERM for itself."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def sign(
    *paths: Path,
    identifier: str | None = None,
    output: Path | None = None,
    style: Style = Style.MACOS26,
) -> list[Change[Signed]]:
    settings = Settings(style=style, identifier=identifier)
    return list(sign_paths(paths, settings, output=output))


def check(*paths: Path) -> tuple[Verdict, tuple[Exception, ...]]:
    verified = verify_paths(paths)
    assert verified.accepted == (verified.verdict.accepted and not verified.problems)
    return verified.verdict, verified.problems


def command(*arguments: object) -> int:
    return run([str(word) for word in arguments])


def test_a_file_is_signed_in_place(tmp_path: Path) -> None:
    path = write(tmp_path / "bitcoin", UNSIGNED)
    (signing,) = sign(path)
    assert signing.result is not None
    assert signing.result.identifier == "bitcoin"
    verdict, problems = check(path)
    assert verdict.accepted
    assert problems == ()


def test_every_macho_below_a_directory_is_signed_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "bin" / "a", UNSIGNED)
    write(tmp_path / "libexec" / "b.renamed", UNIVERSAL)
    linux, text = write(tmp_path / "bin" / "c", elf()), write(tmp_path / "share" / "d.dylib", b"x")
    signings = sign(tmp_path)
    assert [one.path.name for one in signings] == ["a", "b.renamed"]
    assert all(one.result for one in signings)
    assert (linux.read_bytes(), text.read_bytes()) == (elf(), b"x")


def test_a_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    names = [
        write(tmp_path / "1", UNSIGNED),
        write(tmp_path / "2", b"text"),
        write(tmp_path / "3", Macho(room=0).build()),
        write(tmp_path / "4", UNSIGNED),
    ]
    signings = sign(*names)
    assert [one.path for one in signings] == names
    assert [one.error is None for one in signings] == [True, False, False, True]
    assert names[1].read_bytes() == b"text"


def test_a_signed_file_goes_where_it_is_told(tmp_path: Path) -> None:
    path, target = write(tmp_path / "a", UNSIGNED), tmp_path / "b"
    sign(path, identifier="org.example.a", output=target)
    assert path.read_bytes() == UNSIGNED
    assert target.read_bytes() == sign_bytes(UNSIGNED, "org.example.a")


@pytest.mark.parametrize(("identifier", "output"), [("x", None), (None, Path("out"))])
def test_several_files_take_no_single_identifier_or_output(
    tmp_path: Path, identifier: str | None, output: Path | None
) -> None:
    one, two = write(tmp_path / "a", UNSIGNED), write(tmp_path / "b", UNSIGNED)
    with pytest.raises(ConfigurationError) as caught:
        sign(one, two, identifier=identifier, output=output)
    assert caught.value.hint
    assert one.read_bytes() == two.read_bytes() == UNSIGNED


def test_a_missing_path_does_not_stop_the_others(tmp_path: Path) -> None:
    path = write(tmp_path / "a", UNSIGNED)
    missing, signed = sign(tmp_path / "missing", path)
    assert "missing" in str(missing.error)
    assert signed.result is not None
    assert command("sign", tmp_path / "missing", path) == 2


def test_a_directory_without_macho_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "stage" / "a", elf())
    (signing,) = sign(tmp_path / "stage")
    assert "stage" in str(signing.error)
    verdict, (problem,) = check(tmp_path / "stage")
    assert not verdict.accepted
    assert "stage" in str(problem)
    assert command("sign", tmp_path / "stage") == command("verify", tmp_path / "stage") == 3


def test_verdicts_reached_before_an_archive_breaks_are_kept(tmp_path: Path) -> None:
    whole = pack_tar({"bin/bad": UNSIGNED, "bin/good": SIGNED})
    verdict, (problem,) = check(write(tmp_path / "cut.tar", whole[: len(UNSIGNED) + 2000]))
    assert [(file.member, file.accepted) for file in verdict.files] == [
        ("bitcoin-31.0/bin/bad", False)
    ]
    assert "cut.tar" in str(problem)


def test_nothing_is_accepted_in_json_when_something_could_not_be_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path / "good", SIGNED)
    assert command("verify", good, tmp_path / "absent", "--format", "json") == 2
    document = json.loads(capsys.readouterr().out)
    assert document["accepted"] is False
    assert [file["accepted"] for file in document["files"]] == [True]
    assert "absent" in document["problems"][0]["message"]


@pytest.mark.parametrize("pack", [pack_tar, pack_tar_gz, pack_tar_zst, pack_zip])
def test_members_of_an_archive_are_verified(
    tmp_path: Path, pack: Callable[[dict[str, bytes], str], bytes]
) -> None:
    files = {"bin/good": SIGNED, "bin/bad": UNSIGNED, "bin/linux": elf(), "notes.txt": b"x"}
    archive = write(tmp_path / "no-suffix", pack(files, "top"))
    verdict, problems = check(archive)
    assert problems == ()
    assert {file.path for file in verdict.files} == {str(archive)}
    assert {file.member: file.accepted for file in verdict.files} == {
        "top/bin/good": True,
        "top/bin/bad": False,
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text", b"not an image"),
        ("empty", b""),
        ("hostile.tar", tar_of((tar_info("../../escape", 1), b"x"))),
        ("cut.tar.gz", pack_tar_gz({"bin/good": SIGNED})[:500]),
        ("cut.tar.zst", pack_tar_zst({"bin/good": SIGNED})[:500]),
        ("without.tar", pack_tar({"notes.txt": b"x"})),
    ],
)
def test_what_cannot_be_verified_is_a_problem_that_names_it(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path, good = write(tmp_path / name, content), write(tmp_path / "good", SIGNED)
    verdict, (problem,) = check(path, good)
    assert str(path) in str(problem)
    assert [file.path for file in verdict.files] == [str(good)]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    _, (problem,) = check(pipe)
    assert str(pipe) in str(problem)
    assert command("verify", pipe) == 3
    assert command("sign", pipe) == 3


def test_a_universal_file_has_a_verdict_for_every_slice(tmp_path: Path) -> None:
    path = write(tmp_path / "both", UNIVERSAL)
    sign(path)
    verdict, _ = check(path)
    assert [thin.arch for thin in verdict.files[0].slices] == ["x86_64", "arm64"]
    assert verdict.accepted


def test_good_files_exit_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "bitcoin", UNSIGNED)
    assert command("sign", path) == 0
    assert command("verify", path) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "signed" in out
    assert "accepted" in out


def test_a_changed_file_exits_1_and_names_the_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = bytearray(SIGNED)
    changed[16000] ^= 1
    assert command("verify", write(tmp_path / "bitcoin", bytes(changed))) == 1
    out = capsys.readouterr().out
    assert "REJECTED" in out
    assert "R27" in out


def test_a_file_that_cannot_be_signed_exits_1_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = write(tmp_path / "bad", b"text"), write(tmp_path / "good", UNSIGNED)
    assert command("sign", bad, good) == 1
    out, err = capsys.readouterr()
    assert str(good) in out
    assert str(bad) in err
    assert "hint" in err


@pytest.mark.parametrize("verb", ["sign", "verify"])
def test_a_missing_path_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert command(verb, tmp_path / "missing") == 2
    assert "missing" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["sign", "verify"])
def test_without_a_path_it_exits_2(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(verb) == 2
    assert "PATHS" in capsys.readouterr().err


def test_an_unwritable_place_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "a", UNSIGNED)
    assert command("sign", path, "--output", tmp_path / "missing" / "b") == 3
    assert str(path) in capsys.readouterr().err


def test_a_batch_ends_with_its_worst_code(tmp_path: Path) -> None:
    good, bad = write(tmp_path / "good", SIGNED), write(tmp_path / "bad", UNSIGNED)
    text = write(tmp_path / "text", b"x")
    assert command("verify", good, bad) == 1
    assert command("verify", bad, tmp_path / "missing", good) == 2
    assert command("verify", text, tmp_path / "missing", bad) == 3


def test_a_verdict_as_json_is_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, text = write(tmp_path / "good", SIGNED), write(tmp_path / "text", b"x")
    assert command("verify", "--format", "json", good, text) == 3
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["schema"] == "countermark.verify/1"
    assert [file["path"] for file in document["files"]] == [str(good)]
    assert str(text) in err


def test_signing_as_json_is_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write(tmp_path / "good", UNSIGNED), write(tmp_path / "bad", b"x")
    assert command("sign", "--format", "json", good, bad) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "countermark.sign/1"
    assert [(file["path"], file["signed"]) for file in document["files"]] == [
        (str(good), True),
        (str(bad), False),
    ]


def test_an_output_that_is_no_file_is_left_alone(tmp_path: Path) -> None:
    path, pipe = write(tmp_path / "a", UNSIGNED), tmp_path / "pipe"
    os.mkfifo(pipe)
    (signing,) = sign(path, output=pipe)
    assert "regular file" in str(signing.error)
    assert pipe.is_fifo()


def test_names_cannot_write_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "stage" / "x\naccepted  forged\x1b[2J", UNSIGNED)
    assert command("verify", tmp_path / "stage") == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\naccepted" not in out


def test_names_that_are_not_utf8_are_still_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "stage" / os.fsdecode(b"\xff"), UNSIGNED)
    for name, code in (("sign", 1), ("verify", 1)):
        assert command(name, tmp_path / "stage", "--format", "json") == code
        assert "udcff" in json.loads(capsys.readouterr().out)["files"][0]["path"]

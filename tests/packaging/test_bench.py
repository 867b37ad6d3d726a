"""Measuring, with stand-ins for other signers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from countermark.bench import Benched, bench
from countermark.contenders import COPY, SIGN, START_UP, VERIFY, Contender, Role
from countermark.errors import WorkError
from countermark.measurement import HASHING
from countermark.subjects import file_subject, made_subject
from macho import Macho

SIZE = 100_000


def shell(name: str, script: str, *, in_place: bool = False) -> Contender:
    """A signer that is a shell script; $1 is the source and $2 the target."""
    argv = ("sh", "-c", script, "sh", "SOURCE", "TARGET")
    return Contender(name=name, role=Role.SIGN, argv=argv, in_place=in_place)


def run(tmp_path: Path, *peers: Contender, runs: int = 2) -> Benched:
    told: list[str] = []
    benched = bench(
        made_subject(SIZE),
        peers,
        runs=runs,
        directory=tmp_path,
        environment=os.environ,
        progress=told.append,
    )
    assert len(told) == runs + 2
    assert list(tmp_path.iterdir()) == []
    return benched


def test_every_contender_runs_as_often_as_was_asked(tmp_path: Path) -> None:
    benched = run(tmp_path, runs=3)
    assert [each.name for each in benched.measurements] == [COPY, HASHING, START_UP, SIGN, VERIFY]
    assert all(len(each.samples) == 3 for each in benched.measurements)
    assert benched.left_out == ()


def test_what_a_peer_wrote_is_judged(tmp_path: Path) -> None:
    damage = "cp SIGNED TARGET && printf x | dd of=TARGET bs=1 seek=20000 conv=notrunc"
    argv = ("sh", "-c", damage.replace("SIGNED", "$1").replace("TARGET", "$2"), "sh")
    peers = (
        Contender(name="right", role=Role.SIGN, argv=("cp", "SIGNED", "TARGET")),
        Contender(name="damages", role=Role.SIGN, argv=(*argv, "SIGNED", "TARGET")),
        shell("does nothing", "true", in_place=True),
        shell("writes text", 'echo text >"$2"'),
    )
    found = {each.name: each for each in run(tmp_path, *peers).measurements}
    assert found[SIGN].accepted
    assert found["right"].accepted
    assert (found["damages"].accepted, found["damages"].findings) == (False, ("R27",))
    assert (found["does nothing"].accepted, found["does nothing"].findings) == (False, ("A1",))
    assert (found["writes text"].accepted, found["writes text"].findings) == (False, ("R1",))
    assert found[COPY].accepted is None


def test_one_wrong_result_is_not_made_good_by_right_ones(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    script = f'test -e {marks}/x && cp "$3" "$2" || {{ cp "$1" "$2"; touch {marks}/x; }}'
    fickle = Contender(
        name="fickle",
        role=Role.SIGN,
        argv=("sh", "-c", script, "sh", "SOURCE", "TARGET", "SIGNED"),
    )
    work = tmp_path / "work"
    work.mkdir()
    (measured,) = [each for each in run(work, fickle).measurements if each.name == "fickle"]
    assert (measured.accepted, measured.findings) == (False, ("A1",))


def test_who_fails_is_named_and_left_out(tmp_path: Path) -> None:
    benched = run(
        tmp_path,
        shell("fails", "echo why >&2; exit 3"),
        shell("writes nothing", "true"),
        Contender(name="is missing", role=Role.SIGN, argv=("no-such-program",)),
    )
    reasons = {each.name: each.reason for each in benched.left_out}
    assert reasons["fails"] == "exit 3: why"
    assert "nothing" in reasons["writes nothing"]
    assert "no-such-program" in reasons["is missing"]
    assert not set(reasons) & {each.name for each in benched.measurements}


def test_a_users_file_is_measured_and_not_changed(tmp_path: Path) -> None:
    path, work = tmp_path / "program", tmp_path / "work"
    path.write_bytes(Macho(arch="x86_64", text_pages=3).build())
    work.mkdir()
    before = path.read_bytes()
    benched = bench(file_subject(path), (), runs=1, directory=work, environment=os.environ)
    assert benched.subject.size == len(before) == path.stat().st_size
    assert path.read_bytes() == before
    assert any(each.name == SIGN and each.accepted for each in benched.measurements)


def test_a_file_that_countermark_cannot_sign_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "object"
    path.write_bytes(Macho(filetype=1).build())
    with pytest.raises(WorkError, match="countermark sign fails"):
        bench(file_subject(path), (), runs=1, directory=tmp_path, environment=os.environ)
    assert [each.name for each in tmp_path.iterdir()] == ["object"]

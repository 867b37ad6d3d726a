"""The command line: help, start-up, mistakes, and what the shell is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import countermark
from commands import ROOT
from countermark.cli.application import application, run
from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.flow import exit_of_hosts
from countermark.errors import (
    BusyError,
    CommandError,
    ConfigurationError,
    CountermarkError,
    MissingToolError,
    RejectedError,
    StageError,
    UnknownHostError,
    WorkError,
)
from countermark.pipeline import HostOutcome, Outcome, Step
from countermark.render.document import DOCUMENTS
from countermark.settings import json_schema
from counterproof.errors import HostileArchiveError, ProfileError, TreeError, UnknownProfileError
from countersign.errors import NotSignableError, WriteError
from macho import Macho
from suites import host_plan, suite


@pytest.fixture(autouse=True)
def _keep_signal_handlers() -> Iterator[None]:
    """The command line takes SIGTERM for itself."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def all_commands(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """The words that call every command, with those of a group in it."""
    context = click.Context(group)
    yield names
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from all_commands(command, *names, name)
        else:
            yield *names, name


ROOM_FOLDERS = [str(ROOT / room) for room in ("packaging", "signing", "layout")]
COMMANDS = list(all_commands(application))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_of_its_own_command(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Example:" in out
    example = out.partition("Example:")[2].split("\n\n")[0]
    assert f"countermark {' '.join(words)}".strip() in " ".join(example.split())


def test_the_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for name, *_ in filter(None, COMMANDS):
        assert f"  {name} " in out


@pytest.mark.parametrize("words", [w for w in COMMANDS if w], ids=" ".join)
def test_an_unknown_option_exits_2(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*words, "--no-such-option"]) == 2
    assert "--no-such-option" in capsys.readouterr().err


@pytest.mark.parametrize(("wrong", "meant"), [("verfy", "verify"), ("releas", "release")])
def test_an_unknown_command_proposes_the_nearest(
    wrong: str, meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([wrong]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"'{wrong}'" in err
    assert f"'{meant}'" in err


def test_no_command_at_all_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Commands" in capsys.readouterr().err


STARTING = """\
import sys
from countermark.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""
ROOMS = [str(ROOT / room) for room in ("packaging", "signing", "layout")]


def start(*arguments: object) -> tuple[str, set[str]]:
    """Run a command line in a new Python; give what it printed and the modules it imported."""
    program = f"import sys; sys.path[:0] = {ROOMS!r}\n{STARTING}"
    done = subprocess.run(
        (sys.executable, "-I", "-c", program, *map(str, arguments)),
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_told_without_importing_anything(flag: str) -> None:
    out, modules = start(flag)
    assert out == f"countermark {countermark.__version__}\n"
    assert not modules & {"click", "msgspec", "rich", "lief", "countersign", "counterproof"}


def test_the_help_imports_nothing_heavy() -> None:
    _, modules = start("--help")
    assert "click" in modules
    assert not modules & {"msgspec", "rich", "lief", "cryptography", "tomli_w", "zstandard"}


def test_signing_imports_nothing_heavy(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_bytes(Macho().build())
    _, modules = start("sign", path)
    assert "countersign.signer" in modules
    assert not modules & {"rich", "lief", "cryptography", "tomli_w", "zstandard"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError("x"), 2),
        (UnknownHostError("x"), 2),
        (ProfileError("p", "k", "x"), 2),
        (UnknownProfileError("p"), 2),
        (CountermarkError("x"), 3),
        (WorkError("x"), 3),
        (MissingToolError("x"), 3),
        (StageError("x"), 3),
        (BusyError(Path("dist"), ""), 3),
        (CommandError("x", status="exit 1", log=Path("l"), tail=(), hint=""), 3),
        (TreeError("t", "x"), 3),
        (HostileArchiveError("t", "x"), 3),
        (NotSignableError("x"), 3),
        (WriteError("x"), 3),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_has_one_exit_code(error: Exception, code: int) -> None:
    assert exit_of_error(error) == code


def test_the_codes_are_those_of_the_contract() -> None:
    assert [code.value for code in Exit] == [0, 1, 2, 3, 130]


@pytest.fixture
def outcomes(tmp_path: Path) -> dict[str, HostOutcome]:
    plan = host_plan(suite(tmp_path / "demo"))
    return {
        "good": HostOutcome(plan=plan, outcome=Outcome.ACCEPTED),
        "bad": HostOutcome(
            plan=plan,
            outcome=Outcome.REJECTED,
            error=RejectedError("x"),
            failed_step=Step.CHECK,
        ),
        "usage": HostOutcome(plan=plan, outcome=Outcome.FAILED, error=ConfigurationError("x")),
        "undone": HostOutcome(plan=plan, outcome=Outcome.FAILED, error=WorkError("x")),
    }


@pytest.mark.parametrize(
    ("hosts", "code"),
    [
        ((), 0),
        (("good", "good"), 0),
        (("good", "bad"), 1),
        (("bad", "usage", "good"), 2),
        (("undone", "usage", "bad", "good"), 3),
    ],
)
def test_a_run_ends_with_the_worst_code_of_its_hosts(
    outcomes: dict[str, HostOutcome], hosts: tuple[str, ...], code: int
) -> None:
    assert exit_of_hosts(outcomes[name] for name in hosts) == code


def test_trouble_is_told_on_standard_error_with_a_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["release", str(tmp_path / "missing")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "missing" in err
    assert "hint" in err


@pytest.mark.parametrize("word", ["NAME", "=value", ""])
def test_a_cache_entry_without_a_name_or_a_value_is_refused(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", "-D", word]) == 2
    assert "NAME=VALUE" in capsys.readouterr().err


def test_a_variable_stands_for_an_option_and_gives_way_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(suite(tmp_path / "demo"))
    for name, value in (("VERSION", "1.0"), ("NAME", "other"), ("HOST", "arm64-apple-darwin")):
        monkeypatch.setenv(f"COUNTERMARK_{name}", value)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert run(["config", "--name", "mine", "-D", "A:STRING=b=c"]) == 0
    out = capsys.readouterr().out
    assert 'version = "1.0"' in out
    assert 'name = "mine"' in out
    assert "[hosts.arm64-apple-darwin" in out
    assert 'A = "b=c"' in out


def test_the_schema_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(json_schema()))


@pytest.mark.parametrize("name", ["countermark.verify/1", "countermark.sign/1"])
def test_the_contracts_documents_have_types(name: str) -> None:
    assert name in DOCUMENTS


def test_an_interrupted_command_exits_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> Path:
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError

    monkeypatch.setattr(Path, "cwd", interrupt)
    assert run(["config"]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("name", countermark.__all__)
def test_every_front_door_opens(name: str) -> None:
    assert getattr(countermark, name) is not None
    assert name in dir(countermark)


def test_a_door_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_door"):
        countermark.no_such_door  # noqa: B018


def test_signing_a_file_imports_nothing_of_a_release(tmp_path: Path) -> None:
    """Start-up is part of the speed."""
    (tmp_path / "program").write_bytes(Macho().build())
    script = (
        "import sys\n"
        "from countermark.cli.application import run\n"
        f"assert run(['sign', {str(tmp_path / 'program')!r}]) == 0\n"
        "print(*sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(ROOM_FOLDERS)},
    )
    others = {"msgspec", "rich", "lief", "countermark.config", "countersign.discovery"}
    assert not others & set(done.stdout.split())

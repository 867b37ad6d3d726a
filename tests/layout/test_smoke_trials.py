"""Programs that misbehave, one rule at a time: shell scripts stand in for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

from counterproof.profiles.library import load_profile
from counterproof.rulebook import smoke
from counterproof.smoke.launcher import Launcher
from counterproof.smoke.programs import Startable
from counterproof.smoke.rig import Rig
from counterproof.smoke.scratch import Scratch, scratch
from counterproof.smoke.testing import smoke_tests
from counterproof.smoke.trial import Outcome, Trial
from counterproof.subject import Subject
from counterproof.survey import survey
from trees import LINUX

VERSION = "[ $1 = -version ] && echo 'Node version v1 {name}' && exit 0\n"
NODE = (
    VERSION
    + """[ $1 = -help ] && echo '  -datadir=DIR' && exit 0
case $1 in -nosuchoption*) echo no such option >&2; exit 7;; esac
trap 'kill $!; exit 0' TERM
echo it is running
sleep 100 &
wait
"""
)
WRAPPER = """[ $# = 0 ] && echo usage && exit 1
[ $1 = --version ] && echo 'Suite version v1' && exit 0
case $1 in -m) shift;; -M) shift;; esac
[ $1 = node ] || { echo unknown >&2; exit 1; }
shift
"""
GOOD = {
    "bin/bitcoin": WRAPPER + 'exec "$(dirname "$0")/../libexec/bitcoin-node" "$@"\n',
    "libexec/bitcoin-node": NODE.format(name="bitcoin-node"),
}


@pytest.fixture
def place() -> Iterator[Scratch]:
    with scratch() as made:
        yield made


def trials(
    place: Scratch,
    scripts: Mapping[str, str],
    launcher: Launcher,
    seconds: float = 30,
    profile: str = "multiprocess",
) -> list[Trial]:
    top = place.directory("tree")
    programs = {}
    for name, script in scripts.items():
        path = top / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)
        programs[path.name] = Startable(name=path.name, place=PurePosixPath(name), path=path)
    subject = Subject(survey=survey(top), profile=load_profile(profile), target=LINUX)
    rig = Rig(subject=subject, programs=programs, launcher=launcher, scratch=place, seconds=seconds)
    return list(smoke_tests(rig))


def failed(made: list[Trial]) -> dict[str, str]:
    return {
        each.name: each.finding.rule
        for each in made
        if each.outcome is Outcome.FAILED and each.finding
    }


FAULTS = {
    "S02": ({"libexec/bitcoin-wallet": "echo no library >&2; exit 127\n"}, "bitcoin-wallet"),
    "S03": (
        {
            "bin/bitcoin": WRAPPER + 'exec "$(dirname "$0")/bitcoind" "$@"\n',
            "bin/bitcoind": NODE.format(name="bitcoind"),
        },
        "bitcoin -m node -version",
    ),
    "S04": ({"bin/bitcoin": GOOD["bin/bitcoin"].replace("usage && exit 1", "usage && exit 0")},
            "bitcoin (no command)"),
    "S05": (
        {"bin/bitcoin": GOOD["bin/bitcoin"].replace("exec ", "") + "exit 0\n"},
        "bitcoin -m node -nosuchoption=1",
    ),
    "S07": (
        {"libexec/bitcoin-node": GOOD["libexec/bitcoin-node"].replace("0' TERM", "5' TERM")},
        "bitcoin -m node: SIGTERM",
    ),
    "S10": (
        {"bin/bitcoin": GOOD["bin/bitcoin"].replace("version v1", "version v2")},
        "one version",
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", FAULTS)
def test_a_fault_breaks_its_rule(place: Scratch, rule: str) -> None:
    scripts, test = FAULTS[rule]
    found = failed(trials(place, {**GOOD, **scripts}, Launcher(how="as scripts")))
    assert [name for name in found if test in name]
    assert {found[name] for name in found if test in name} == {rule}


ASKED = {
    "[ $1 = --version ] && echo 'tool 3.1'": (Outcome.PASSED, "tool 3.1"),
    "[ $1 = -version ] && echo 'tool 3.1' && exit; echo usage >&2; exit 1": (
        Outcome.PASSED,
        "tool 3.1",
    ),
    "echo 'usage: tool FILE' >&2; exit 64": (
        Outcome.SKIPPED,
        "it starts, but has no option for its version",
    ),
    "exit 1": (Outcome.FAILED, "exit 1"),
    "echo 'cannot open shared object file' >&2; exit 127": (
        Outcome.FAILED,
        "exit 127: cannot open shared object file",
    ),
    "kill -SEGV $$": (Outcome.FAILED, "killed by SIGSEGV"),
    "exit 0": (Outcome.FAILED, "it printed nothing"),
}


@pytest.mark.parametrize("script", ASKED)
def test_programs_that_no_profile_lists_are_asked_as_most_understand(
    place: Scratch, script: str
) -> None:
    launcher = Launcher(how="as scripts")
    first, *_ = trials(place, {"bin/tool": f"{script}\n"}, launcher, profile="generic")
    assert first.name == "bin/tool --version"
    assert (first.outcome, first.detail) == ASKED[script]


def test_good_programs_fail_nothing(place: Scratch) -> None:
    made = trials(place, GOOD, Launcher(how="as scripts"))
    assert failed(made) == {}
    assert {each.name for each in made if each.outcome is Outcome.SKIPPED} == {
        "bitcoin node -version",
        "bitcoin -M node -version",
        "bitcoin -m node: same process",
        "bitcoin -m node: listens",
    }


def test_a_program_is_what_its_name_says(place: Scratch) -> None:
    mixed_up = {**GOOD, "libexec/bitcoin-node": NODE.format(name="bitcoind")}
    found = failed(trials(place, mixed_up, Launcher(how="as scripts")))
    assert found["libexec/bitcoin-node -version"] == "S03"


def test_a_script_is_not_the_programs_process(place: Scratch) -> None:
    if not Path("/proc/self/exe").exists():
        pytest.skip("only Linux shows what a process runs")
    found = failed(trials(place, GOOD, Launcher(how="natively", native=True)))
    assert found == {"bitcoin -m node: same process": "S06"}


def test_a_socket_that_is_promised_must_be_there(place: Scratch) -> None:
    node = NODE.format(name="bitcoin-node").replace("-datadir=DIR'", "-datadir=DIR -ipcbind=unix'")
    made = trials(
        place, {**GOOD, "libexec/bitcoin-node": node}, Launcher(how="as scripts"), seconds=30
    )
    assert failed(made) == {"bitcoin -m node -ipcbind=unix: listens": "S08"}


def test_what_hangs_is_ended(place: Scratch) -> None:
    scripts = {**GOOD, "libexec/bitcoin-wallet": "sleep 1000\n"}
    found = failed(trials(place, scripts, Launcher(how="as scripts"), seconds=3))
    assert found["libexec/bitcoin-wallet -version"] == "S09"


def test_what_only_the_machine_lacks_is_skipped(place: Scratch) -> None:
    lost = "echo error while loading shared libraries: libx.so >&2; exit 127\n"
    launcher = Launcher(how="under qemu", lacks="Install libx.")
    made = trials(place, {**GOOD, "libexec/bitcoin-wallet": lost}, launcher)
    (wallet,) = (each for each in made if each.name.startswith("libexec/bitcoin-wallet"))
    assert wallet.outcome is Outcome.SKIPPED
    assert wallet.detail.endswith("Install libx.")
    found = failed(trials(place, {**GOOD, "libexec/bitcoin-wallet": lost}, Launcher(how="so")))
    assert found["libexec/bitcoin-wallet -version"] == "S02"


def test_a_program_with_windows_needs_a_display(place: Scratch) -> None:
    qt = "echo qt.qpa.xcb: could not connect to display >&2; kill -ABRT $$\n"
    made = trials(place, {**GOOD, "bin/bitcoin-qt": qt}, Launcher(how="as scripts"))
    (gui,) = (each for each in made if each.name == "bin/bitcoin-qt -version")
    assert (gui.outcome, gui.detail) == (Outcome.SKIPPED, "it needs a display")


def test_every_rule_is_broken_by_a_test() -> None:
    elsewhere = {"S01", "S06", "S08", "S09"}
    assert FAULTS.keys() | elsewhere == {rule.id for rule in smoke.RULES}

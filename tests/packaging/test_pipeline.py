"""The flow over several hosts: what one that fails means for the others."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from countermark.errors import (
    CommandError,
    ConfigurationError,
    RejectedError,
    StageError,
    WorkError,
)
from countermark.flow import perform
from countermark.pipeline import HostOutcome, Outcome, Silent, Step, run_hosts
from countermark.plan import HostPlan, ReleasePlan
from countermark.standing import Look
from countersign.errors import NotSignableError
from countersign.findings import FileVerdict, Verdict
from suites import plan, suite

STEPS = (Step.BUILD, Step.CHECK, Step.PACK)


@dataclass
class Diary:
    """An executor that writes down what it is asked, and fails where it is told to."""

    plan: HostPlan
    troubles: dict[Step, BaseException] = field(default_factory=dict)
    entries: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    artifacts: tuple[()] = ()

    def turn(self, step: Step) -> AbstractContextManager[object]:
        return nullcontext()

    def meter(self, step: Step) -> None:
        """Have nothing to tell."""

    def perform(self, step: Step) -> str:
        if step in self.troubles:
            raise self.troubles[step]
        if step is Step.CHECK:
            self.verdict = Verdict(files=(FileVerdict(path="a"),))
        return f"did {step}"

    def recorded(self, step: Step, seconds: float, detail: str) -> None:
        self.entries.append(detail)

    def refused(self, error: Exception) -> None:
        self.entries.append(f"refused: {error}")


class Listener(Silent):
    """Progress that is kept."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Step, str]] = []

    def started(self, host: str, step: Step, look: Look | None) -> None:
        self.heard.append((host, step, "started"))

    def finished(self, host: str, step: Step, seconds: float, detail: str) -> None:
        self.heard.append((host, step, detail))

    def failed(self, host: str, step: Step, seconds: float, problem: str) -> None:
        self.heard.append((host, step, problem))


@pytest.fixture
def release(tmp_path: Path) -> ReleasePlan:
    return plan(suite(tmp_path / "demo"), hosts=("x86_64-linux-gnu", "arm64-apple-darwin"))


def take(*diaries: Diary, steps: tuple[Step, ...] = STEPS) -> tuple[HostOutcome, ...]:
    return run_hosts(diaries, steps, Silent(), lambda: None)


def test_every_host_takes_every_step_in_order(release: ReleasePlan) -> None:
    diaries = [Diary(host) for host in release.hosts]
    outcomes = take(*diaries)
    assert [one.plan for one in outcomes] == list(release.hosts)
    assert {one.outcome for one in outcomes} == {Outcome.ACCEPTED}
    for diary in diaries:
        assert diary.entries == [f"did {step}" for step in STEPS]


def test_without_a_check_a_host_is_done_and_not_accepted(release: ReleasePlan) -> None:
    (outcome,) = take(Diary(release.hosts[0]), steps=(Step.BUILD,))
    assert outcome.outcome is Outcome.DONE


def test_a_host_that_fails_ends_there_and_stops_no_other(release: ReleasePlan) -> None:
    error = CommandError("compiling", status="exit 1", log=Path("l"), tail=(), hint="")
    bad, good = Diary(release.hosts[0], {Step.CHECK: error}), Diary(release.hosts[1])
    failed, accepted = take(bad, good)
    assert (failed.outcome, failed.error, failed.failed_step) == (
        Outcome.FAILED,
        error,
        Step.CHECK,
    )
    assert bad.entries == ["did build", f"refused: {error}"]
    assert accepted.outcome is Outcome.ACCEPTED


def test_a_host_that_is_rejected_is_not_called_failed(release: ReleasePlan) -> None:
    (outcome,) = take(Diary(release.hosts[0], {Step.CHECK: RejectedError("no")}))
    assert (outcome.outcome, outcome.failed_step) == (Outcome.REJECTED, Step.CHECK)


@pytest.mark.parametrize(
    "error", [StageError("x"), ConfigurationError("x"), NotSignableError("x")], ids=repr
)
def test_an_error_of_each_package_is_kept_as_it_is(release: ReleasePlan, error: Exception) -> None:
    (outcome,) = take(Diary(release.hosts[0], {Step.BUILD: error}))
    assert outcome.error is error


def test_trouble_of_the_system_gets_words_to_act_on(release: ReleasePlan) -> None:
    error = OSError(28, "No space left on device", "/out/a.tar")
    (outcome,) = take(Diary(release.hosts[0], {Step.PACK: error}))
    assert isinstance(outcome.error, WorkError)
    assert "No space left" in str(outcome.error)
    assert "/out/a.tar" in str(outcome.error)
    assert outcome.error.hint


def test_an_error_of_ours_is_not_hidden(release: ReleasePlan) -> None:
    with pytest.raises(ZeroDivisionError):
        take(Diary(release.hosts[0], {Step.BUILD: ZeroDivisionError()}))


def test_an_interruption_stops_what_runs_before_it_goes_on(release: ReleasePlan) -> None:
    """The second host waits until it is stopped, as a compiler would."""
    stopped = threading.Event()

    @dataclass
    class Waiting(Diary):
        def perform(self, step: Step) -> str:
            stopped.wait()
            raise StageError("stopped")

    interrupted = Diary(release.hosts[0], {Step.BUILD: KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        run_hosts((interrupted, Waiting(release.hosts[1])), STEPS, Silent(), stopped.set)
    assert stopped.is_set()


def test_progress_hears_of_every_step(release: ReleasePlan) -> None:
    listener = Listener()
    triple = release.hosts[0].triple
    diary = Diary(release.hosts[0], {Step.CHECK: StageError("no")})
    run_hosts((diary,), STEPS, listener, lambda: None)
    assert listener.heard == [
        (triple, Step.BUILD, "started"),
        (triple, Step.BUILD, "did build"),
        (triple, Step.CHECK, "started"),
        (triple, Step.CHECK, "no"),
    ]


def test_no_host_at_all_is_no_trouble() -> None:
    assert take() == ()


@pytest.mark.parametrize("name", ["countermark-effective.toml", "SHA256SUMS"])
def test_a_file_of_the_release_that_cannot_be_written_is_a_work_error(
    release: ReleasePlan, name: str
) -> None:
    (release.workspace.out / name).mkdir(parents=True)
    with pytest.raises(WorkError) as caught:
        perform(release, (Step.PACK,))
    assert name in str(caught.value)
    assert caught.value.hint

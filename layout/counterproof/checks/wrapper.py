"""What the wrapper's commands run. Rules W01 to W12.

The findings say what users see; that a mode or an image is wrong, the rules of files say too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final, TypeAlias

from counterproof.profiles.profile import is_needed
from counterproof.profiles.wrapper import Wrapper
from counterproof.rulebook import wrapper as rules
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.wrapper.dialect import BITCOIN_CORE
from counterproof.wrapper.lookup import Found
from counterproof.wrapper.prediction import Ending, Prediction, Predictor, find_wrapper
from counterproof.wrapper.search import Effect, Place
from counterproof.wrapper.wording import failure, handed_to_shell, said, typed
from countersign.findings import Finding, Severity
from countersign.rule import Rule

__all__ = ["check_wrapper"]

_FAULTS: Final[Mapping[Found, Rule]] = {
    Found.NOT_EXECUTABLE: rules.NOT_EXECUTABLE,
    Found.DIRECTORY: rules.BLOCKED,
    Found.SPECIAL: rules.BLOCKED,
    Found.BELOW_FILE: rules.BLOCKED,
    Found.CIRCLE: rules.BLOCKED,
    Found.UNSEARCHABLE: rules.BLOCKED,
    Found.DANGLING: rules.DANGLING,
    Found.OTHER_MACHINE: rules.OTHER_MACHINE,
    Found.OTHER_SYSTEM: rules.OTHER_MACHINE,
    Found.COMPATIBLE: rules.OTHER_MACHINE,
    Found.NO_PROGRAM: rules.NO_PROGRAM,
    Found.SCRIPT: rules.NO_PROGRAM,
    Found.EMPTY: rules.NO_PROGRAM,
    Found.NO_IMAGE: rules.NO_PROGRAM,
    Found.OUTSIDE: rules.UNDECIDED,
}

_COPIES: Final = (
    Found.PROGRAM,
    Found.COMPATIBLE,
    Found.OTHER_MACHINE,
    Found.OTHER_SYSTEM,
    Found.SCRIPT,
    Found.NOT_EXECUTABLE,
)
"""What somebody could have meant to run."""

_Asked: TypeAlias = "Mapping[str, Sequence[Prediction]]"
"""For each program the commands and modes that want it: the search is the same for them all."""


def check_wrapper(subject: Subject) -> Iterator[Located]:
    """Check what every command would run on the target; silent where the profile has none."""
    wrapper = subject.profile.wrapper
    if wrapper is None or subject.form == "app" or subject.survey.holds_debug_files:
        return
    at = find_wrapper(subject.survey, subject.target, wrapper)
    if at is None:
        yield from _no_wrapper(subject, wrapper)
        return
    predictor = Predictor(
        subject.survey, subject.target, wrapper, at=at, libexec=subject.profile.libexec
    )
    if problem := _wrapper_problem(predictor):
        yield Located(at, problem)
        return
    asked = _by_program(predictor.predict_all())
    yield from _unknown_libexec(subject, predictor)
    yield from _faults(predictor, asked)
    yield from _copies(predictor, asked)
    yield from _spelling(subject, predictor, asked)
    yield from _out_of_reach(subject, predictor, asked)
    yield from _without_program(subject, predictor, asked)
    yield from _siblings(predictor)


def _by_program(predictions: Iterable[Prediction]) -> _Asked:
    asked: dict[str, list[Prediction]] = defaultdict(list)
    for prediction in predictions:
        if prediction.program:
            asked[prediction.program].append(prediction)
    return asked


def _no_wrapper(subject: Subject, wrapper: Wrapper) -> Iterator[Located]:
    """Find programs that only a wrapper would start."""
    listed = {program.name: program for program in subject.programs}
    internal = (
        subject.place(program) for program in listed.values() if program.directory == "libexec"
    )
    alone = sorted(place for place in internal if place in subject.survey.samples)
    if alone and wrapper.program in listed:
        place = subject.place(listed[wrapper.program])
        message = f"without the wrapper nothing starts {', '.join(map(str, alone))}"
        yield Located(place, breach(rules.WRAPPER, message, severity=Severity.WARNING))


def _wrapper_problem(predictor: Predictor) -> Finding | None:
    """Say why nothing can be told of any command."""
    sight = predictor.lookup.look(predictor.at)
    if sight.found in (Found.PROGRAM, Found.COMPATIBLE):
        return None
    if sight.found is Found.SCRIPT:
        message = "not checkable: the wrapper is a script, which may run anything"
        return breach(rules.UNDECIDED, message, fix="Install the linked executable.")
    message = f"the wrapper is {said(sight)}, expected a program: no command works"
    return breach(rules.WRAPPER, message)


def _unknown_libexec(subject: Subject, predictor: Predictor) -> Iterator[Located]:
    """Say that a fork's profile was believed, where the wrapper does not say itself."""
    libexec = predictor.dialect.libexec
    if predictor.dialect.name == "bitcoin-core" and libexec != BITCOIN_CORE.libexec:
        message = (
            f"not checkable: it does not say where it looks for programs. It was taken to look in "
            f"{subject.profile.libexec}, as the profile says; Bitcoin Core's own looks in libexec"
        )
        fix = "Run a command whose program stands there, to be sure."
        yield Located(predictor.at, breach(rules.UNDECIDED, message, fix=fix))


def _faults(predictor: Predictor, asked: _Asked) -> Iterator[Located]:
    """Find what hinders commands; one finding for all that stumble over the same thing."""
    stumbling: dict[tuple[str, PurePosixPath], list[Prediction]] = defaultdict(list)
    for predictions in asked.values():
        for place in predictions[0].places:
            if rule := _FAULTS.get(place.sight.found):
                stumbling[rule.id, _stands(predictor, place)].extend(predictions)
    for (_, path), predictions in stumbling.items():
        place = next(one for one in predictions[0].places if _stands(predictor, one) == path)
        yield Located(path, _fault(predictor, place, predictions))


def _stands(predictor: Predictor, place: Place) -> PurePosixPath:
    """Give the file that a finding about a place stands at; for one out of the tree the wrapper."""
    return predictor.at if ".." in place.path.parts else place.sight.path or place.path


def _fault(predictor: Predictor, place: Place, predictions: Sequence[Prediction]) -> Finding:
    sight, prediction = place.sight, predictions[0]
    rule = _FAULTS[sight.found]
    commands = typed(predictor.wrapper.program, predictions)
    message = f"{said(sight)}; {commands}: {_outcome(predictor, prediction, place)}"
    # What runs all the same, or something in its stead, is no reason to reject a release.
    runs = prediction.ending is Ending.RUNS and rule.severity is Severity.ERROR
    return breach(rule, message, severity=Severity.WARNING if runs else None)


def _outcome(predictor: Predictor, prediction: Prediction, place: Place) -> str:
    """Say what users see, and what would have been there for them."""
    if prediction.ending is Ending.RUNS:
        return "runs it" if place.effect is Effect.RUNS else f"runs {prediction.runs}"
    if prediction.ending is Ending.SHELL:
        return handed_to_shell(prediction)
    beyond = predictor.everywhere(prediction.program)[len(prediction.places) :]
    missed = [str(sight.path) for sight in beyond if sight.found is Found.PROGRAM]
    return failure(prediction) + (f"; {missed[0]} is not tried" if missed else "")


def _copies(predictor: Predictor, asked: _Asked) -> Iterator[Located]:
    """Find programs that would run if another of their name did not come first."""
    for program, predictions in asked.items():
        first = predictions[0]
        if first.ending is not Ending.RUNS:
            continue
        for sight in predictor.everywhere(program)[len(first.places) :]:
            if sight.path and sight.found in _COPIES and sight.path != first.runs:
                commands = typed(predictor.wrapper.program, predictions)
                message = f"{commands}: runs {first.runs}, which comes first, and never this copy"
                yield Located(sight.path, breach(rules.SHADOWED, message))


def _spelling(subject: Subject, predictor: Predictor, asked: _Asked) -> Iterator[Located]:
    for predictions in asked.values():
        first = predictions[0]
        if first.ending is not Ending.RUNS:
            continue
        wanted = first.places[-1].path
        if subject.survey.links.end(wanted) is None:
            commands = typed(predictor.wrapper.program, predictions)
            message = f"{commands}: runs it only where case does not count"
            fix = f"Rename it to {wanted}."
            yield Located(first.runs, breach(rules.CASE_ONLY, message, fix=fix))


def _out_of_reach(subject: Subject, predictor: Predictor, asked: _Asked) -> Iterator[Located]:
    """Find programs that are in the tree, and at no place where the wrapper looks."""
    # A build tree is its developers' own: programs of older builds stand beside their sources.
    severity = Severity.WARNING if subject.form == "build" else None
    not_in_bin: list[Prediction] = []
    for program, predictions in asked.items():
        first = predictions[0]
        for path in _elsewhere(subject, program) if _unanswered(first) else ():
            if path.parent == predictor.out_of_bin:
                not_in_bin += predictions
                continue
            commands = typed(predictor.wrapper.program, predictions)
            tried = " and ".join(str(place.path) for place in first.places)
            message = f"the wrapper looks for {tried} only; {commands}: {failure(first)}"
            yield Located(path, breach(rules.OUT_OF_REACH, message, severity=severity))
    if not_in_bin:
        commands = typed(predictor.wrapper.program, not_in_bin)
        message = (
            f"it is not in a directory called {predictor.dialect.bin_name}, so that it does not "
            f"look in {predictor.out_of_bin}; {commands}: {failure(not_in_bin[0])}"
        )
        yield Located(predictor.at, breach(rules.WRAPPER, message))


def _without_program(subject: Subject, predictor: Predictor, asked: _Asked) -> Iterator[Located]:
    """Find commands whose program is nowhere in the tree: one note for all.

    What a local build left out is no news; of a release users expect what other trees of it have.
    """
    listed = subject.profile.programs if subject.standard == "guix-release" else subject.programs
    wanted = {program.name for program in listed if is_needed(program, subject.standard)}
    without = [
        prediction
        for program, predictions in asked.items()
        for prediction in predictions
        if program in wanted and _unanswered(prediction) and not _elsewhere(subject, program)
    ]
    if without:
        commands = typed(predictor.wrapper.program, without)
        message = f"no program for {commands}: {failure(without[0])}"
        yield Located(predictor.at, breach(rules.WITHOUT_PROGRAM, message))


def _unanswered(prediction: Prediction) -> bool:
    return all(place.sight.found is Found.ABSENT for place in prediction.places)


def _elsewhere(subject: Subject, program: str) -> list[PurePosixPath]:
    name = subject.target.file_name(program)
    return [
        sample.entry.path
        for sample in subject.survey.files
        if sample.entry.path.name == name and sample.image is not None
    ]


def _siblings(predictor: Predictor) -> Iterator[Located]:
    """Find programs that are not beside the one that starts them."""
    for spawner, spawned in predictor.wrapper.spawns:
        last = predictor.search(spawner)[-1]
        if last.effect is Effect.RUNS:
            wanted = last.path.with_name(predictor.target.file_name(spawned))
            sight = predictor.lookup.look(wanted)
            if sight.found is not Found.PROGRAM:
                message = f"starts {wanted}, which is {said(sight)}; nothing else is tried"
                yield Located(_stands(predictor, last), breach(rules.NO_SIBLING, message))

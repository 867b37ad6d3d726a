"""Are the right files there, in the right places? Rules L01 to L04."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from counterproof.checks.leftovers import is_debug_file, is_leftover
from counterproof.profiles.profile import BUILD_RECORD, ListedFile, Profile, Program, is_needed
from counterproof.profiles.table import nearest
from counterproof.rulebook.layout import EMPTY_TREE, MISSING, UNEXPECTED, WRONG_DIRECTORY
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.target import FORMS, STATES, Form
from counterproof.trees.entry import Kind
from countersign.findings import Finding

__all__ = ["check_presence"]

_IN_FORM: Final[dict[Form, str]] = {
    "install": "in an install tree",
    "build": "in a build tree",
    "archive": "in an archive",
    "app": "in an application bundle",
    "nsis": "in what the installer for Windows unpacks",
}


def check_presence(subject: Subject) -> Iterator[Located]:
    """Compare the list of files with the profile's, which lists no debug files."""
    files = subject.survey.files
    if not any(sample.entry.kind is Kind.FILE for sample in files):
        yield Located(None, breach(EMPTY_TREE, "there is no file in it, at least one is expected"))
        return
    if subject.survey.holds_debug_files:
        return
    yield from _missing(subject)
    for sample in files:
        path = sample.entry.path
        program = subject.listed(sample)
        if program is None:
            if not (is_leftover(path) or is_debug_file(sample) or _is_listed(subject, path)):
                yield Located(path, _unexpected(subject, path))
        elif subject.form != "build" and path != (place := subject.place(program)):
            yield Located(path, _misplaced(subject, place))


def _missing(subject: Subject) -> Iterator[Located]:
    """Find what is required and nowhere; a program in a wrong directory is reported there."""
    profile = subject.profile
    present = {subject.listed(sample) for sample in subject.survey.files}
    for program in subject.programs:
        if is_needed(program, subject.standard) and program not in present:
            message = f"{_demanded(program, profile)}, but not there"
            yield Located(subject.place(program), breach(MISSING, message))
    paths = [sample.entry.path for sample in subject.survey.files]
    for file in subject.allowed_files:
        if is_needed(file, subject.standard) and not any(map(file.pattern.matches, paths)):
            message = f"{file.pattern} is {_demanded(file, profile)}, but nothing matches"
            fix = "Check that the suite installs it, and stage again."
            yield Located(PurePosixPath(str(file.pattern)), breach(MISSING, message, fix=fix))


def _is_listed(subject: Subject, path: PurePosixPath) -> bool:
    return (subject.profile.unlisted == "allowed" or path == BUILD_RECORD) or any(
        file.pattern.matches(path) for file in subject.allowed_files
    )


def _demanded(item: Program | ListedFile, profile: Profile) -> str:
    release = "a release of " if item.need == "release" else ""
    return f"required by {release}profile {profile.name}"


def _misplaced(subject: Subject, place: PurePosixPath) -> Finding:
    if place in subject.survey.samples:
        message = f"a second copy of {place}; one program is expected, in {place.parent}/"
        return breach(WRONG_DIRECTORY, message, fix="Delete the copy that is out of place.")
    message = f"wrong directory: profile {subject.profile.name} expects it at {place}"
    return breach(WRONG_DIRECTORY, message)


def _unexpected(subject: Subject, path: PurePosixPath) -> Finding:
    message = f"not listed by profile {subject.profile.name} for {subject.target.platform}"
    if elsewhere := _elsewhere(subject, path):
        return breach(UNEXPECTED, f"{message}, only {elsewhere}")
    places = (str(subject.place(item)) for item in subject.programs)
    files = (str(file.pattern) for file in subject.allowed_files)
    if likely := nearest(str(path), (*places, *files)):
        return breach(UNEXPECTED, f"{message}; the nearest place that is listed is {likely}")
    return breach(UNEXPECTED, message)


def _elsewhere(subject: Subject, path: PurePosixPath) -> str:
    """Say where the profile lists a file, other than where it was found."""
    profile, target = subject.profile, subject.target
    name = target.program_name(path.name)
    programs = [item for item in profile.programs if item.name == name]
    files = [item for item in profile.listed_files if item.pattern.matches(path)]
    listed: tuple[Program | ListedFile, ...] = (*programs, *files)
    here = [item for item in listed if target.platform in item.platforms]
    if not here:
        platforms = {platform for item in listed for platform in item.platforms}
        return f"for {' and '.join(sorted(platforms))}" if platforms else ""
    if not any(subject.form in item.forms for item in here):
        forms = {form for item in here for form in item.forms}
        return " and ".join(_IN_FORM[form] for form in FORMS if form in forms)
    states = {state for item in files for state in item.states}
    return f"when {' or '.join(state for state in STATES if state in states)}" if files else ""

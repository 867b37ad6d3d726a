"""Are the right files there, in the right places? Rules L01 to L04."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from counterproof.profiles.profile import Profile, is_needed
from counterproof.profiles.table import nearest
from counterproof.rulebook.layout import EMPTY_TREE, MISSING, UNEXPECTED, WRONG_DIRECTORY
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.target import Target
from counterproof.trees.entry import Kind
from countersign.findings import Finding

__all__ = ["check_presence"]


def check_presence(subject: Subject) -> Iterator[Located]:
    """Compare the list of files with the profile's."""
    files = subject.survey.files
    if not any(sample.entry.kind is Kind.FILE for sample in files):
        yield Located(None, breach(EMPTY_TREE, "there is no file in it, at least one is expected"))
        return
    yield from _missing(subject)
    for sample in files:
        path = sample.entry.path
        program = subject.listed(sample)
        if program is None:
            if not _is_listed(subject, path):
                yield Located(path, _unexpected(subject, path))
        elif path != (place := subject.profile.place(program, subject.target)):
            yield Located(path, _misplaced(subject, place))


def _missing(subject: Subject) -> Iterator[Located]:
    """Find what is required and nowhere; a program in a wrong directory is reported there."""
    profile, platform = subject.profile, subject.target.platform
    present = {subject.listed(sample) for sample in subject.survey.files}
    for program in profile.programs_for(platform):
        if is_needed(program, subject.standard) and program not in present:
            place = profile.place(program, subject.target)
            message = f"required by profile {profile.name}, but not there"
            yield Located(place, breach(MISSING, message))
    paths = [sample.entry.path for sample in subject.survey.files]
    for file in profile.files_for(platform):
        if is_needed(file, subject.standard) and not any(map(file.pattern.matches, paths)):
            message = f"{file.pattern} is required by profile {profile.name}, but nothing matches"
            fix = "Check that the suite installs it, and stage again."
            yield Located(PurePosixPath(str(file.pattern)), breach(MISSING, message, fix=fix))


def _is_listed(subject: Subject, path: PurePosixPath) -> bool:
    listed = subject.profile.files_for(subject.target.platform)
    return subject.profile.unlisted == "allowed" or any(
        file.pattern.matches(path) for file in listed
    )


def _misplaced(subject: Subject, place: PurePosixPath) -> Finding:
    if place in subject.survey.samples:
        message = f"a second copy of {place}; one program is expected, in {place.parent}/"
        return breach(WRONG_DIRECTORY, message, fix="Delete the copy that is out of place.")
    message = f"wrong directory: profile {subject.profile.name} expects it at {place}"
    return breach(WRONG_DIRECTORY, message)


def _unexpected(subject: Subject, path: PurePosixPath) -> Finding:
    profile, target = subject.profile, subject.target
    message = f"not listed by profile {profile.name} for {target.platform}"
    if elsewhere := _other_platforms(profile, path, target):
        return breach(UNEXPECTED, f"{message}, only for {elsewhere}")
    places = (str(profile.place(item, target)) for item in profile.programs_for(target.platform))
    files = (str(file.pattern) for file in profile.files_for(target.platform))
    if likely := nearest(str(path), (*places, *files)):
        return breach(UNEXPECTED, f"{message}; the nearest place that is listed is {likely}")
    return breach(UNEXPECTED, message)


def _other_platforms(profile: Profile, path: PurePosixPath, target: Target) -> str:
    """Name the platforms for which the profile lists what it does not list for this one."""
    name = target.program_name(path.name)
    programs = (item.platforms for item in profile.programs if item.name == name)
    files = (item.platforms for item in profile.files if item.pattern.matches(path))
    elsewhere = (listed for listed in (*programs, *files) if target.platform not in listed)
    return " and ".join(sorted({platform for listed in elsewhere for platform in listed}))

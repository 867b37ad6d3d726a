"""Looking at a suite that nothing is known of: what it is, what it needs, where it can go.

A copy of it is configured for one host of each platform, again and again while something can be
learnt from what made CMake stop. What is not there is answered for, so the rest comes to light.
"""

from __future__ import annotations

import os
import platform as machine
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from countermark.errors import ConfigurationError, UnknownHostError, WorkError
from countermark.hosts import HOSTS, Host, find_host, native_triple
from countermark.initial.answers import Answers, Brought
from countermark.initial.known import Known, known_suite
from countermark.initial.learning import CMakeError, errors_in, first_answers, learn
from countermark.initial.needs import Generator, Package, find_generators, find_packages
from countermark.initial.options import DeclaredOption, declared_options
from countermark.initial.probing import Laboratory, Probe
from countermark.initial.requests import Download, Search, downloads, searches
from countermark.initial.tree import Tree, read_cache, read_tree
from countermark.settings import CMakeValue
from countermark.source import Source, describe_source
from counterproof.profiles.profile import Profile
from counterproof.target import Platform

__all__ = ["HostFinding", "Survey", "survey_suite"]

_ROUNDS: Final = 16
"""Runs of CMake for one host, each of which must have learnt something."""
_MOST_LETTERS: Final = 600
_MOST_USELESS: Final = 4
"""Guesses at what a suite misses that may be wrong, before there is no further one."""
_TOO_OLD: Final = re.compile(r"CMake ([\d.]+) or higher is required.*running version ([\d.]+)")
_REPRESENTATIVES: Final[dict[Platform, str]] = {
    "linux": "x86_64-linux-gnu",
    "darwin": "arm64-apple-darwin",
    "windows": "x86_64-w64-mingw32",
}
"""The host of each platform that is configured; what it can, the platform's others can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFinding:
    """Whether a suite can be released for a host, and what it then is."""

    host: Host
    works: bool
    reason: str
    tree: Tree
    """What is made and installed; that of the platform's representative."""
    entries: Mapping[str, CMakeValue]
    """The cache entries of a known suite's releases for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found out about a suite."""

    suite: Path
    name: str
    """A name that files can have."""
    title: str
    """As the suite calls itself."""
    version: str
    """Of its ``project()``; ``0`` when it gives none."""
    source: Source
    """What git knows of it."""
    epoch: int
    """Seconds since 1970 of its youngest file."""
    profile: Profile | None
    known: Known | None
    hosts: tuple[HostFinding, ...]
    options: tuple[DeclaredOption, ...]
    packages: tuple[Package, ...]
    programs: tuple[Search, ...]
    """Programs of this machine that are looked for by their names."""
    generators: tuple[Generator, ...]
    fetched: tuple[Download, ...]
    stopped: CMakeError | None
    """What CMake could not be brought past, for any host; all else is then not the whole."""

    @property
    def working(self) -> tuple[HostFinding, ...]:
        """The hosts that can work."""
        return tuple(each for each in self.hosts if each.works)


def survey_suite(suite: Path, environment: Mapping[str, str], say: Callable[[str], None]) -> Survey:
    """Find out about the suite at ``suite``, which is only read; ``say`` is told of every run.

    Raises :class:`ConfigurationError` for what is no CMake source tree or needs a newer CMake, and
    :class:`~countermark.errors.WorkError` when it cannot be read or a tool is missing.
    """
    suite = suite.resolve()
    _refuse(suite)
    with tempfile.TemporaryDirectory(prefix="countermark-init-") as folder:
        laboratory = Laboratory(
            original=suite, directory=Path(folder).resolve(), environment=environment
        )
        laboratory.move_in()
        return _Surveyor(
            suite=suite,
            source=describe_source(suite, out=suite / "dist", environment=environment),
            epoch=_youngest(laboratory.suite),
            laboratory=laboratory,
            say=say,
        ).survey()


def _refuse(suite: Path) -> None:
    if not suite.is_dir():
        raise ConfigurationError(f"there is no directory {suite}", hint="Check the spelling.")
    if not os.access(suite, os.R_OK | os.X_OK):
        raise WorkError(f"{suite} cannot be read", hint="Check its permissions.")
    if not (suite / "CMakeLists.txt").is_file():
        raise ConfigurationError(
            f"{suite} is not a CMake source tree: it holds no CMakeLists.txt",
            hint="Name the directory that holds the suite's top CMakeLists.txt.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Studied:
    """What came of configuring for one platform."""

    probe: Probe
    answers: Answers
    known: Known | None
    entries: Mapping[str, CMakeValue]
    stopped: CMakeError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surveyor:
    suite: Path
    source: Source
    epoch: int
    laboratory: Laboratory
    say: Callable[[str], None]

    def survey(self) -> Survey:
        studied: dict[Platform, _Studied] = {}
        refused: dict[Platform, str] = {}
        last: _Studied | None = None
        for platform, triple in _representatives().items():
            try:
                studied[platform] = last = self._study(triple, last)
            except UnknownHostError as error:
                refused[platform] = str(error)
        return self._put_together(studied, refused)

    def _study(self, triple: str, last: _Studied | None) -> _Studied:
        """Configure for a host until CMake comes to its end, or nothing more can be learnt.

        It begins with what was learnt of the ``last`` one.
        """
        platform = find_host(triple).platform
        answers = last.answers if last else first_answers(self.laboratory.suite)
        entries = _entries(answers, last.known, platform, last.probe) if last else {}
        probe = self._probe(triple, entries, answers, 1)
        useless: frozenset[str] = frozenset()
        for number in range(2, _ROUNDS + 1):
            known = known_suite(_names(probe))
            learnt = answers
            if not probe.done:
                learnt = _with_known(known, learn(probe, answers, useless))
            wanted = _entries(learnt, known, platform, probe)
            if (learnt, wanted) == (answers, entries) or len(useless) > _MOST_USELESS:
                break
            following = self._probe(triple, wanted, learnt, number)
            new = learnt.names - answers.names - useless
            if wanted == entries and new and _same_end(probe, following):
                useless |= new
                continue
            answers, entries, probe = learnt, wanted, following
        return _Studied(
            probe=probe,
            answers=answers,
            known=known_suite(_names(probe)),
            entries=entries,
            stopped=None if probe.done else _first_error(probe),
        )

    def _probe(
        self, triple: str, entries: Mapping[str, CMakeValue], answers: Answers, number: int
    ) -> Probe:
        self.say(f"configuring for {triple}" + (f", round {number}" if number > 1 else ""))
        probe = self.laboratory.probe(triple, entries, answers)
        _refuse_old_cmake(probe)
        return probe

    def _put_together(
        self, studied: Mapping[Platform, _Studied], refused: Mapping[Platform, str]
    ) -> Survey:
        best = _best(studied.values())
        calls, cache = best.probe.calls, read_cache(best.probe.build)
        if not any(call.command == "project" for call in calls):
            nothing = CMakeError(place="CMakeLists.txt", command="", text="it calls no project()")
            error = best.stopped or nothing
            raise WorkError(
                f"{self.suite} cannot be configured: {error.place}: {error.text[:_MOST_LETTERS]}",
                hint="Correct its CMakeLists.txt, and run it again.",
            )
        probes: dict[Platform, tuple[Probe, Answers]] = {
            platform: (each.probe, each.answers) for platform, each in studied.items()
        }
        hosts = tuple(_host(host, studied, refused) for host in HOSTS.values())
        title = cache.get("CMAKE_PROJECT_NAME") or self.suite.name
        version = cache.get("CMAKE_PROJECT_VERSION") or "0"
        profile = _profile(hosts, version)
        every = [probe for probe, _ in probes.values()]
        return Survey(
            suite=self.suite,
            name=(profile.distribution if profile else None) or _file_name(title),
            title=title,
            version=version,
            source=self.source,
            epoch=self.epoch,
            profile=profile,
            known=best.known,
            hosts=hosts,
            options=declared_options(calls),
            packages=find_packages(probes, self.laboratory.suite),
            programs=_programs(every),
            generators=find_generators(
                best.probe, read_tree(best.probe.build), self.laboratory.suite
            ),
            fetched=_unique(download for probe in every for download in downloads(probe.calls)),
            stopped=best.stopped,
        )


def _same_end(probe: Probe, following: Probe) -> bool:
    """Tell whether CMake stopped for the very same reasons again."""
    return not following.done and errors_in(probe.output) == errors_in(following.output)


def _names(probe: Probe) -> set[str]:
    return {each.name for each in declared_options(probe.calls)}


def _with_known(known: Known | None, answers: Answers) -> Answers:
    """Answer for all at once that a known suite needs, not for one after the other."""
    if known is None:
        return answers
    packages = (each for each in known.dependencies if each.package)
    brought = (Brought(each.package, name) for each in packages for name in each.commands)
    return replace(
        answers,
        packages=answers.packages | {each.package for each in known.dependencies if each.commands},
        commands=answers.commands | frozenset(brought),
    )


def _entries(
    answers: Answers, known: Known | None, platform: Platform, probe: Probe
) -> dict[str, CMakeValue]:
    """Return what CMake asks for itself, and what a known suite's releases set."""
    return {
        **dict(answers.entries),
        **(known.entries(platform, _names(probe)) if known else {}),
    }


def _representatives() -> dict[Platform, str]:
    """Return the hosts to configure: of Linux, this machine's own where it is one."""
    native = native_triple(machine.system(), machine.machine())
    chosen = dict(_REPRESENTATIVES)
    if native is not None and HOSTS[native].zig_target is not None:
        chosen[HOSTS[native].platform] = native
    return chosen


def _refuse_old_cmake(probe: Probe) -> None:
    for error in errors_in(probe.output):
        match = _TOO_OLD.search(error.text)
        if match:
            raise ConfigurationError(
                f"{error.place}: the suite needs CMake {match[1]}; this is {match[2]}",
                hint="Install a newer one: python -m pip install --upgrade cmake",
            )


def _first_error(probe: Probe) -> CMakeError:
    """Return what stopped CMake; later errors are often only what followed from it."""
    errors = errors_in(probe.output)
    return errors[0] if errors else CMakeError(place="", command="", text=probe.problem)


def _best(studied: Iterable[_Studied]) -> _Studied:
    """Return the first that came to its end, or else the one that came furthest."""
    everything = list(studied)
    if not everything:
        raise WorkError(
            "the default toolchain builds for none of the hosts", hint="Run countermark doctor."
        )
    done = [each for each in everything if each.stopped is None]
    return done[0] if done else max(everything, key=lambda each: len(each.probe.calls))


def _host(
    host: Host, studied: Mapping[Platform, _Studied], refused: Mapping[Platform, str]
) -> HostFinding:
    mine = studied.get(host.platform)
    tree = read_tree(mine.probe.build) if mine and mine.stopped is None else Tree()
    problem = _problem(host, mine, tree, refused)
    return HostFinding(
        host=host,
        works=not problem,
        reason=problem or f"the suite configures for {mine.probe.triple if mine else ''}",
        tree=tree,
        entries=mine.entries if mine else {},
    )


def _problem(host: Host, mine: _Studied | None, tree: Tree, refused: Mapping[Platform, str]) -> str:
    """Say why a release for a host cannot work with the default toolchain; nothing when it can."""
    if host.zig_target is None:
        return f"{host.refusal}; a toolchain file can be given"
    if mine is None:
        return refused.get(host.platform, "")
    if mine.stopped is not None:
        return f"CMake stops: {mine.stopped.place}: {mine.stopped.text}"
    frameworks = sorted({name for target in tree.targets for name in target.frameworks})
    if frameworks:
        return f"it links {', '.join(frameworks)}, which only a toolchain with an SDK has"
    if not tree.installed and not tree.scripted:
        return "nothing is installed"
    return ""


def _profile(hosts: Iterable[HostFinding], version: str) -> Profile | None:
    """Return the built-in profile that lists the suite's programs, of the version's series."""
    from counterproof.errors import UnknownVersionError
    from counterproof.profiles.fitting import nearest_profile, objections
    from counterproof.profiles.series import profile_of_version

    first = next((each for each in hosts if each.works and each.tree.programs), None)
    if first is None:
        return None
    target = first.host.target
    profile, faults = nearest_profile(first.tree.programs, target, "install")
    if profile is None or not profile.distribution:
        return profile
    try:
        series = profile_of_version(profile.distribution, version)
    except UnknownVersionError:
        return profile
    if series and objections(series, first.tree.programs, target, "install") <= faults:
        return series
    return profile


def _programs(probes: Iterable[Probe]) -> tuple[Search, ...]:
    found = (each for probe in probes for each in searches(probe.calls))
    programs = [each for each in found if each.command == "find_program"]
    return tuple({each.variable: each for each in reversed(programs)}.values())[::-1]


def _unique(found: Iterable[Download]) -> tuple[Download, ...]:
    return tuple({each.name: each for each in found}.values())


def _file_name(title: str) -> str:
    """Return the nearest name that artifacts can have."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", title).strip("._+-").lower() or "suite"


def _youngest(copy: Path) -> int:
    """Return the time of the youngest file: an archive keeps it, as does the copy."""
    files = (path for path in copy.rglob("*") if path.is_file() and not path.is_symlink())
    return max((int(path.stat().st_mtime) for path in files), default=0)

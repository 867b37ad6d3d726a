"""From what made CMake stop to what it must be told, so that it comes further the next time.

Nothing here knows any package. Names come from CMake's own messages and from the suite's calls;
what is not a plain word is never written into a file that CMake reads.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final

from countermark.initial.answers import Answers, Brought, Variable
from countermark.initial.probing import Probe
from countermark.initial.requests import package_requests, pkg_config_requests, searches

__all__ = ["CMakeError", "errors_in", "first_answers", "learn"]

_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]*")
_TARGET: Final = re.compile(r"(?<![\w:])[A-Za-z][\w.+-]*(?:::[\w.+-]*\w)+(?![\w:])")
_MISSING: Final = (
    re.compile(r"Could NOT find (\S+)"),
    re.compile(r'package configuration file provided by "([^"]+)"'),
    re.compile(r'By not providing "Find([^"]+)\.cmake"'),
)
_ENTRY: Final = re.compile(r"add -D(CMAKE_POLICY_VERSION_MINIMUM)=([\d.]+\d)")
_UNKNOWN: Final = re.compile(r'Unknown CMake command "(\w+)"')
_HEAD: Final = re.compile(r"CMake Error(?: at ([^\s:]+):(\d+) \((\w+)\)| in ([^\s:]+))?:")
_CALLER: Final = re.compile(r"(?m)^  ([^\s/:][^\s:]*):(\d+) \(")
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CMakeError:
    """One error as CMake reports it."""

    place: str
    """File and line, or nothing."""
    command: str
    text: str
    """In one line."""


def errors_in(output: str) -> tuple[CMakeError, ...]:
    """Return the errors that CMake reports in its output."""
    found = []
    for part in re.split(r"(?m)^(?=CMake (?:Error|Warning|Deprecation))", output):
        match = _HEAD.match(part)
        if match is None:
            continue
        body = part[match.end() :]
        ends = re.split(r"(?m)^(?:Call Stack|--|\s*$\s*^\S)", body, maxsplit=1)[0]
        file, line, command, alone = match.groups()
        if file and file.startswith("/"):  # one of CMake's own: it was called from the suite
            file, line = next(iter(_CALLER.findall(body)), (file, line))
        found.append(
            CMakeError(
                place=f"{file}:{line}" if file else alone or "",
                command=(command or "").lower(),
                text=" ".join(ends.split()),
            )
        )
    return tuple(found)


def first_answers(suite: Path) -> Answers:
    """Guess from the text of the suite's files which targets packages must bring.

    A package gets only those of its own name, so that too many do no harm.
    """
    text = "\n".join(_texts(suite))
    own = set(re.findall(r"(?i)add_(?:library|executable)\s*\(\s*([\w.+:-]+)", text))
    fetched = re.findall(r"(?i)fetchcontent_declare\s*\(\s*([A-Za-z_]\w*)", text)
    return Answers(
        guesses=frozenset(_TARGET.findall(text)) - own,
        fetched=frozenset(name.lower() for name in fetched),
    )


def _texts(suite: Path) -> Iterator[str]:
    for path in sorted(chain(suite.rglob("CMakeLists.txt"), suite.rglob("*.cmake"))):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _MOST_BYTES:
            yield path.read_text(encoding="utf-8", errors="replace")


def learn(probe: Probe, answers: Answers, useless: Collection[str] = ()) -> Answers:
    """Return answers that may lead further, or the same ones when nothing can be learnt.

    ``useless`` are names whose answer has led nowhere.
    """
    known = answers
    for error in errors_in(probe.output):
        answers = _of_message(error, answers, probe)
    return answers if answers != known else _of_searches(probe, answers, useless)


def _of_message(error: CMakeError, answers: Answers, probe: Probe) -> Answers:
    """Learn from what CMake itself says is missing."""
    targets = frozenset(_TARGET.findall(error.text))
    if "already exists" in error.text:
        return replace(
            answers,
            guesses=answers.guesses - targets,
            targets=frozenset(each for each in answers.targets if each.name not in targets),
        )
    missing = chain.from_iterable(pattern.findall(error.text) for pattern in _MISSING)
    said = () if error.command == "message" else targets
    unknown = _UNKNOWN.findall(error.text)
    return replace(
        answers,
        targets=answers.targets | {Brought(_bringer(name, probe), name) for name in said},
        commands=answers.commands | {Brought(_bringer(name, probe), name) for name in unknown},
        packages=answers.packages | frozenset(_words(missing)),
        entries=answers.entries | frozenset(_ENTRY.findall(error.text)),
    )


def _of_searches(probe: Probe, answers: Answers, useless: Collection[str]) -> Answers:
    """Take for needed what the last error names, or what was looked for last and not found."""
    said = " ".join(error.text for error in errors_in(probe.output)[-1:])
    modules = [each.module for each in pkg_config_requests(probe.calls)]
    new = [name for name in modules if name not in answers.modules]
    if new and "required packages were not found" in probe.output:
        return replace(answers, modules=answers.modules | frozenset(_words(new)))
    candidates = [each for each in _unanswered(probe, answers) if each[0] not in useless]
    named = [each for each in candidates if _plain(str(each[0])) in _plain(said)]
    for name, kind in (named or candidates)[-1:]:
        if kind == "find_package":
            return replace(answers, packages=answers.packages | {name})
        if kind == "pkg_config":
            return replace(answers, modules=answers.modules | {name})
        return replace(answers, variables=answers.variables | {Variable(name, kind)})
    return answers


def _unanswered(probe: Probe, answers: Answers) -> list[tuple[str, str]]:
    """List what was looked for in vain, by name and command, in the order of the looking."""
    cache = _empty_searches(probe.build)
    asked = [
        *(
            (each.place, each.name, "find_package")
            for each in package_requests(probe.calls)
            if probe.packages.get(each.name, "missing") == "missing"
        ),
        *((each.place, each.module, "pkg_config") for each in pkg_config_requests(probe.calls)),
        *((each.place, each.variable, each.command) for each in searches(probe.calls)),
    ]
    order = {(call.place): number for number, call in enumerate(probe.calls)}
    known = {*answers.packages, *answers.modules, *(each.name for each in answers.variables)}
    return [
        (name, kind)
        for place, name, kind in sorted(asked, key=lambda each: order[each[0]])
        if name not in known and _WORD.fullmatch(name)
        if not kind.startswith("find_") or kind == "find_package" or name in cache
    ]


def _empty_searches(build: Path) -> Collection[str]:
    try:
        text = (build / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return frozenset(re.findall(r"(?m)^([^\s:=#]+):\w+=.*-NOTFOUND$", text))


def _bringer(name: str, probe: Probe) -> str:
    """Say which package should have brought a target or a command: one of those answered for.

    The one that it is named after, or else the last one.
    """
    asked = [each.name for each in package_requests(probe.calls)]
    answered = [each for each in asked if probe.packages.get(each) == "answered"]
    named = [each for each in answered if _plain(each) in _plain(name)]
    return next(reversed(named or answered or asked), "")


def _words(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if _WORD.fullmatch(name))


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())

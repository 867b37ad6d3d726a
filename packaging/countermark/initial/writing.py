"""The first ``countermark.toml``: what was found out, as settings that can be used as they are.

What is certain is set; what somebody has to decide or to bring stands beside it as a comment.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import tomli_w

from countermark.initial.known import KnownDependency, Pinned, pinned
from countermark.initial.needs import Generator, Package
from countermark.initial.options import DeclaredOption
from countermark.initial.survey import HostFinding, Survey
from countermark.settings import CMakeValue
from countersign.escaping import printable

__all__ = ["configuration_text"]

_WIDTH: Final = 100
_MOST_LETTERS: Final = 300
"""Of a text of the suite's that is quoted."""
_MOST_NAMED: Final = 6
"""Of files and places that are named one by one."""


def configuration_text(survey: Survey, target: Path | None) -> str:
    """Return the file for a suite, which stands at ``target``; None when it is not known where."""
    parts = (
        _head(survey),
        _release(survey, target),
        _components(survey),
        _cmake(survey),
        _options(survey),
        *(_host(each, survey) for each in survey.hosts),
        _tools(survey),
        _dependencies(survey, target),
        _others(survey),
    )
    paragraphs = ("\n".join(part) for part in parts)
    return "\n\n".join(each for each in paragraphs if each) + "\n"


def _head(survey: Survey) -> Iterator[str]:
    what = _quoted(f"{survey.title} {survey.version}".strip())
    yield from _comment(f"How {what} is released: a first configuration, from 'countermark init'.")
    yield from _comment(
        "What is set was found out, or is what its own releases set; what is commented out was "
        "found, too, and waits for a decision. 'countermark release --plan' shows what would be "
        "done, 'countermark config --schema' what may stand here."
    )
    if survey.stopped is not None:
        yield "#"
        yield from _comment(
            "THIS IS NOT THE WHOLE: CMake could not be brought to its end, so more may be needed "
            f"than stands here. It stopped at {survey.stopped.place or 'an unknown place'}: "
            f"{_quoted(survey.stopped.text)}"
        )


def _release(survey: Survey, target: Path | None) -> Iterator[str]:
    suite = _path(survey.suite, target)
    if suite != ".":
        yield _setting("suite", suite)
    yield _setting("name", survey.name)
    if survey.source.version is None:
        origin = "of its project()" if survey.version != "0" else "it tells none: fill in"
        yield f"{_setting('version', survey.version)}  # {origin}; git does not know the suite"
        time = _setting("source_date_epoch", survey.epoch)
        yield f"{time}  # of its youngest file; put the release's time here"
    else:
        yield f"# {_setting('version', survey.version)}  # without it, git's tag or commit"
    if survey.profile is None:
        yield from _comment(
            "No profile lists its programs: only what holds for all programs is checked. "
            "'countermark layout show generic' tells what; a profile of its own can list the rest."
        )
        yield f"# {_setting('profile', 'generic')}"
    else:
        yield f"{_setting('profile', survey.profile.name)}  # {survey.profile.title}"


def _path(path: Path, target: Path | None) -> str:
    """Return how the file names a path: from its own directory, where it can."""
    if target is not None and path.is_relative_to(target.parent):
        return path.relative_to(target.parent).as_posix()
    return str(path)


def _components(survey: Survey) -> Iterator[str]:
    """Set the components where every host has the same, for a list must hold for all of them."""
    working = survey.working
    files = _files(working)
    if len(files) < 2:
        yield from (
            line for paths in files.values() for line in _comment(f"Installed: {_list(paths)}.")
        )
        return
    same = all(_has(each, name) for each in working for name in files)
    yield from _comment(
        "What is installed, by component. What is taken out of the list is not released."
        if same
        else "What is installed, by component. A list must hold for all hosts, and not every host "
        "has each; without one, all that a host has is released."
    )
    mark = "" if same else "# "
    yield f"{mark}components = ["
    for name, paths in files.items():
        absent = [each.host.triple for each in working if not _has(each, name)]
        without = f"; not for {', '.join(absent)}" if absent else ""
        yield f"{mark}    {_value(name)},  # {_list(paths)}{without}"
    yield f"{mark}]"
    outside = [path for paths in files.values() for path in paths if path.startswith("/")]
    if outside:
        yield from _comment(
            f"Installed outside of any prefix, which no release can: {_list(outside)}. Set its "
            "directory by a cache entry, or take its component out."
        )


def _files(findings: Iterable[HostFinding]) -> dict[str, list[str]]:
    """Return what each component installs for any of the hosts."""
    found: dict[str, dict[str, None]] = {}
    for finding in findings:
        for each in finding.tree.installed:
            found.setdefault(each.component, {})[each.path.removesuffix(".exe")] = None
        for name in finding.tree.scripted:
            found.setdefault(name, {})["what a script installs"] = None
    return {
        name: sorted(paths, key=lambda path: not path.startswith(("bin/", "libexec/")))
        for name, paths in sorted(found.items())
    }


def _has(finding: HostFinding, component: str) -> bool:
    installed = any(each.component == component for each in finding.tree.installed)
    return installed or component in finding.tree.scripted


def _cmake(survey: Survey) -> Iterator[str]:
    """Set what holds for all hosts; the differences stand at the hosts."""
    common = _common(survey)
    if survey.known is not None and common:
        yield from _comment(f"As {survey.known.title} is released:")
    yield "[cmake]"
    for name, value in common.items():
        yield f"{_setting(name, value)}  # {_why(survey, name, value)}"


def _common(survey: Survey) -> dict[str, CMakeValue]:
    """Return the entries that every host has that can work, with the first one's values."""
    first, *rest = survey.working or ((),)
    if not isinstance(first, HostFinding):
        return {}
    return {
        name: value
        for name, value in sorted(first.entries.items())
        if all(name in each.entries for each in rest)
    }


def _why(survey: Survey, name: str, value: CMakeValue) -> str:
    if name == "CMAKE_POLICY_VERSION_MINIMUM":
        return "CMakeLists.txt asks for a CMake so old that newer ones refuse without this"
    entries = survey.known.cmake if survey.known else ()
    return next((each.why for each in entries if (each.name, each.value) == (name, value)), "")


def _options(survey: Survey) -> Iterator[str]:
    known = set(_common(survey))
    own = [each for each in survey.options if not each.subproject and each.name not in known]
    for title, options in (
        (
            "Options that add or drop what is built and installed, with their defaults:",
            [each for each in own if each.shapes],
        ),
        ("The suite's other options:", [each for each in own if not each.shapes]),
        (
            "Options of the projects within it:",
            [each for each in survey.options if each.subproject],
        ),
    ):
        if options:
            yield f"# {title}"
            yield from map(_option, options)


def _option(option: DeclaredOption) -> str:
    value = option.default == "ON" if option.kind == "BOOL" else option.default
    what = f"{_quoted(option.help)} ({option.place})".strip()
    return f"# {_setting(option.name, value)}  # {what}"


def _host(finding: HostFinding, survey: Survey) -> Iterator[str]:
    mark = "" if finding.works else "# "
    triple = finding.host.triple
    yield from _comment(f"{finding.host.oldest_system} or newer; {_quoted(finding.reason)}.")
    yield f"{mark}[hosts.{triple}]"
    platform = finding.host.platform
    needed = [each.name for each in survey.packages if each.needed and platform in each.platforms]
    if needed:
        yield f"# {_setting('prefix', f'deps/{triple}')}  # fill in: it holds {', '.join(needed)}"
    common = _common(survey)
    own = {name: value for name, value in finding.entries.items() if common.get(name) != value}
    if own and finding.works:
        yield f"[hosts.{triple}.cmake]"
        for name, value in sorted(own.items()):
            yield f"{_setting(name, value)}  # {_why(survey, name, value)}"


def _tools(survey: Survey) -> Iterator[str]:
    """Name the programs that make sources: a cross build needs them for this machine."""
    known = survey.known.tools if survey.known else ()
    names = {tool.name for tool in known}
    others = [each for each in survey.generators if each.name not in names]
    if known or others:
        yield from _comment(
            "Programs of this machine that write parts of the suite while it is built. Each must "
            "be of the version of the library that it writes for."
        )
    for tool in known:
        yield f"# [tools.{_key(tool.name)}]"
        yield f"# {_setting('dependency', tool.dependency)}  # {tool.why}"
        yield f"# {_setting('variable', tool.variable)}"
        yield from (f"# {_setting(key, value)}" for key, value in tool.settings.items())
    for each in others:
        yield from _generator(each)


def _generator(generator: Generator) -> Iterator[str]:
    origin = (
        "built by the suite itself, so a cross build cannot run it" if generator.own else "found"
    )
    yield f"# [tools.{_key(generator.name)}]"
    yield f"# {_setting('program', generator.name)}  # {origin}; run at {_places(generator.places)}"
    if generator.variable:
        yield f"# {_setting('variable', generator.variable)}"
    else:
        yield "# no cache entry of the suite names another program for it"


def _dependencies(survey: Survey, target: Path | None) -> Iterator[str]:
    known = {each.package: each for each in (survey.known.dependencies if survey.known else ())}
    needed = [each for each in survey.packages if each.needed]
    if needed:
        yield from _comment(
            "What the suite needs and no prefix has yet. Give each host a prefix that holds it, or "
            "let countermark build it:"
        )
    for package in needed:
        yield "#"
        yield from _package(package)
        dependency = known.get(package.name) or _unknown(package)
        yield from _dependency(dependency, package.version, survey, target)
    if needed and survey.known:
        for dependency in survey.known.dependencies:
            if not dependency.package and (survey.suite / dependency.within).is_dir():
                yield "#"
                yield from _dependency(dependency, "", survey, target)


def _package(package: Package) -> Iterator[str]:
    yield from _comment(_described(package))
    if package.users:
        yield from _comment(f"Linked by {', '.join(map(_quoted, package.users))}.")


def _unknown(package: Package) -> KnownDependency:
    """Return as much of a dependency as its package tells."""
    return KnownDependency(
        name=package.name.lower(),
        package=package.name,
        why="",
        settings={"native": True} if package.generates else {},
    )


def _dependency(
    known: KnownDependency, wanted: str, survey: Survey, target: Path | None
) -> Iterator[str]:
    told = pinned(survey.suite / known.pinned) if known.pinned else Pinned()
    archive = told.url.rpartition("/")[2] or f"{known.name}.tar.gz"
    if known.why:
        yield from _comment(f"{known.name}: {known.why}.")
    yield "# [[dependencies]]"
    source = _path(survey.suite / known.within, target) if known.within else f"sources/{archive}"
    for key, value in {
        "name": known.name,
        "version": told.version or wanted.lstrip("<>= "),
        "source": source,
        "url": told.url,
        "sha256": told.sha256,
        **known.settings,
    }.items():
        if value != "":
            yield f"# {_setting(key, value)}"


def _others(survey: Survey) -> Iterator[str]:
    """Name what a release can do without, or what this machine has."""
    optional = [each for each in survey.packages if not each.needed and each.fate == "missing"]
    yield from _listed("Looked for as well; the suite does without:", map(_described, optional))
    yield from _listed(
        "Programs of this machine that are looked for:",
        (f"{' or '.join(each.names)}: {each.variable} ({each.place})" for each in survey.programs),
    )
    yield from _listed(
        "The suite would download these, which no release should rest on:",
        (f"{each.name}: {each.what} ({each.place})" for each in survey.fetched),
    )


def _listed(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"# - {_quoted(each)}" for each in items]
    if lines:
        yield f"# {title}"
        yield from lines


def _described(package: Package) -> str:
    version = f" {package.version}" if package.version else ""
    parts = f", with {', '.join(package.components)}" if package.components else ""
    unsaid = package.needed and not package.called_required
    said = "; not called REQUIRED, yet needed" if unsaid else ""
    brings = f"; brings the command {', '.join(package.generates)}" if package.generates else ""
    places = _places(package.places)
    return _quoted(f"{package.name}{version}{parts}: {package.kind} ({places}){said}{brings}")


def _places(places: Iterable[object]) -> str:
    return _list([str(each) for each in places])


def _list(items: list[str]) -> str:
    more = len(items) - _MOST_NAMED
    named = ", ".join(map(_quoted, items[:_MOST_NAMED]))
    return f"{named} and {more} more" if more > 0 else named


def _comment(text: str) -> Iterator[str]:
    lines = textwrap.wrap(text, _WIDTH - 2, break_long_words=False, break_on_hyphens=False)
    return (f"# {line}" for line in lines)


def _quoted(text: str) -> str:
    """Return a text of the suite's in one line, without what a terminal would obey."""
    clean = printable(" ".join(text.split()))
    return clean if len(clean) <= _MOST_LETTERS else f"{clean[:_MOST_LETTERS]}..."


def _setting(key: str, value: object) -> str:
    """Return a line of the file, whatever the value."""
    if isinstance(value, dict):
        entries = ", ".join(_setting(name, entry) for name, entry in value.items())
        return f"{_key(key)} = {{ {entries} }}"
    if isinstance(value, list):
        return f"{_key(key)} = [{', '.join(map(_value, value))}]"
    return tomli_w.dumps({key: value}).strip()


def _value(text: str) -> str:
    return _setting("x", text).removeprefix("x = ")


def _key(text: str) -> str:
    return _setting(text, 0).removesuffix(" = 0")

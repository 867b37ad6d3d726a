"""Is everything there that a release is to have, and nothing else? Rules C01 to C05."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from countermark.errors import ConfigurationError, WorkError, missing
from countermark.hosts import HOSTS, Host
from countermark.manifest import Manifest, read_manifest
from countermark.packing.artifacts import published
from countermark.rulebook.artifacts import EMPTY, EXTRA, FOREIGN, MISSING, ODD_NAME
from countermark.sums.reading import LARGEST_LIST, parse_sums
from countermark.workspace import Workspace
from counterproof.profiles.artifact import Artifact
from counterproof.rules import breach
from countersign.findings import FileVerdict, Finding, Verdict

__all__ = ["Asked", "Stock", "judge_names", "take_stock"]

_PACKED: Final = (
    *(".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst"),
    *(".zip", ".exe", ".msi", ".dmg", ".pkg"),
)
"""What the name of a published file ends in; lists, signatures and notes end in other words."""


_HINT: Final = "Name the directory that holds the release, or a list such as SHA256SUMS."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the user says of a release; what is not said is found out."""

    name: str | None = None
    version: str | None = None
    hosts: tuple[Host, ...] = ()
    codesigned: bool = False
    """Whether it is to have what is made of detached signatures."""

    @property
    def everything(self) -> bool:
        """True when the set of Bitcoin Core is asked for, and not that of the manifest."""
        return bool(self.hosts) or self.codesigned


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What a release is to have, and what was found."""

    path: Path
    name: str
    version: str
    measure: str
    """Where the set comes from, in words."""
    expected: tuple[str, ...]
    present: int
    """How many of these are there and hold something."""
    verdict: Verdict


def take_stock(path: Path, asked: Asked) -> Stock:
    """Compare the files in a directory, or those in a list of digests, with what is to be there.

    Without hosts and without ``codesigned``, that is what the directory's own manifest plans, or
    the set of a release of Bitcoin Core that is not codesigned. Raises
    :class:`ConfigurationError` when the release cannot be told from the names, and
    :class:`WorkError` when the path cannot be read.
    """
    found, remarks = _names_at(path)
    manifest = None if asked.everything else read_manifest(Workspace(out=path))
    name, version = _release(asked, manifest, found)
    if manifest is not None and (name, version) == (manifest.name, manifest.version):
        expected, measure = _planned(manifest), "as its manifest plans"
    else:
        expected, measure = _whole(asked, name, version, found), _measure(asked)
    verdict = judge_names(found, expected, name, version)
    good = {Path(file.path).name for file in verdict.files if not file.findings}
    return Stock(
        path=path,
        name=name,
        version=version,
        measure=measure,
        expected=expected,
        present=len(good.intersection(expected)),
        verdict=_placed(verdict, path, remarks),
    )


def judge_names(
    found: Mapping[str, str], expected: Iterable[str], name: str, version: str
) -> Verdict:
    """Judge the names of a release: first what it is to have, in that order, then the others.

    ``found`` says of each name what is wrong with its file; nothing, when it is a good one.
    """
    wanted = tuple(expected)
    files = [FileVerdict(path=each, findings=tuple(_of_expected(each, found))) for each in wanted]
    for each in sorted(set(found).difference(wanted)):
        finding = _of_other(each, name, version)
        if finding is not None:
            files.append(FileVerdict(path=each, findings=(finding,)))
    return Verdict(files=tuple(files))


def _of_expected(name: str, found: Mapping[str, str]) -> Iterator[Finding]:
    if name not in found:
        yield breach(MISSING, "not there")
    elif found[name]:
        yield breach(EMPTY, found[name])


def _of_other(file_name: str, name: str, version: str) -> Finding | None:
    """Say what a file is that is not expected; None for what is no published file at all."""
    if not file_name.endswith(_PACKED):
        return None
    artifact = Artifact.parse(file_name)
    if artifact is None:
        return breach(ODD_NAME, "not the name of a published file")
    if artifact.triple == "x86_64-w64-mingw32" and artifact.host != "win64":
        return breach(ODD_NAME, f"its host is spelled {artifact.host}, expected win64")
    if (artifact.distribution, artifact.version) != (name, version):
        return breach(FOREIGN, f"a file of {artifact.stem}, expected only {name}-{version}")
    return breach(EXTRA, "not a file that the release is to have")


def _names_at(path: Path) -> tuple[dict[str, str], tuple[Finding, ...]]:
    """Return what is wrong with each file, by its name, and with the list that names them."""
    if not path.exists():
        raise missing(path)
    if not (path.is_dir() or path.is_file()):
        raise ConfigurationError(f"{path} is neither a directory nor a file", hint=_HINT)
    try:
        if path.is_dir():
            return {file.name: _problem(file) for file in path.iterdir()}, ()
        with path.open("rb") as stream:
            sums = parse_sums(stream.read(LARGEST_LIST + 1))
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror}") from error
    return {PurePosixPath(entry.name).name: "" for entry in sums.entries}, sums.findings


def _problem(path: Path) -> str:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    return "" if status.st_size else "holds nothing"


def _release(asked: Asked, manifest: Manifest | None, names: Iterable[str]) -> tuple[str, str]:
    """Return the name and the version of the release that most files belong to."""
    if asked.name and asked.version:
        return asked.name, asked.version
    if manifest is not None:
        return asked.name or manifest.name, asked.version or manifest.version
    counted = Counter(
        (asked.name or artifact.distribution, asked.version or artifact.version)
        for artifact in map(Artifact.parse, names)
        if artifact is not None and artifact.suffix
    )
    first = counted.most_common(2)
    if not first or (len(first) > 1 and first[0][1] == first[1][1]):
        what = "files of several releases" if first else "no file of any release"
        raise ConfigurationError(
            f"the release cannot be told: there are {what}",
            hint="Say which it is with --name and --version.",
        )
    return first[0][0]


def _planned(manifest: Manifest) -> tuple[str, ...]:
    names = [name for host in manifest.hosts for name in host.planned]
    return tuple(sorted({*names, *(artifact.name for artifact in manifest.artifacts)}))


def _whole(asked: Asked, name: str, version: str, found: Iterable[str]) -> tuple[str, ...]:
    """Return the set of a release of Bitcoin Core.

    Detached signatures are called by their tag or commit, which only their own name tells.
    """
    parsed = (artifact for artifact in map(Artifact.parse, found) if artifact is not None)
    signatures = {artifact.signatures for artifact in parsed if artifact.version == version}
    signatures.discard(None)
    artifacts = published(
        asked.hosts or HOSTS.values(),
        name,
        version,
        codesigned=asked.codesigned,
        signatures=signatures.pop() if len(signatures) == 1 else None,
    )
    return tuple(map(str, artifacts))


def _measure(asked: Asked) -> str:
    hosts = f"{len(asked.hosts)} of {len(HOSTS)} hosts" if asked.hosts else "all hosts"
    state = "codesigned" if asked.codesigned else "not codesigned"
    return f"as a release of Bitcoin Core for {hosts}, {state}"


def _placed(verdict: Verdict, path: Path, remarks: tuple[Finding, ...]) -> Verdict:
    """Put the files where they are; what a list says of itself stands in front of them."""
    if path.is_dir():
        return Verdict(
            files=tuple(file._replace(path=str(path / file.path)) for file in verdict.files)
        )
    own = (FileVerdict(path=str(path), findings=remarks),) if remarks else ()
    return Verdict(files=(*own, *verdict.files))

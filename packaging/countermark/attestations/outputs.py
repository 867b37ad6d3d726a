"""What one builder made: the fragments from which attestations are put together.

A Guix build writes a fragment ``SHA256SUMS.part`` for every directory of ``output/``: the digests
of the files in it and of those that it was made from. For a flat directory of artifacts, the same
fragments are made from the names of its files.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from countermark.errors import ConfigurationError, RejectedError, missing
from countermark.files import read_ordinary, sha256_of
from countermark.packing.placement import CODESIGNED, SOURCE_DIRECTORY, place
from counterproof.profiles.artifact import Artifact
from countersign.escaping import listed, printable

__all__ = ["Fragment", "Output", "Outputs", "format_lines", "read_outputs"]

PART: Final = "SHA256SUMS.part"
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_][\w.+-]*)/([A-Za-z0-9_][\w.+-]*)", re.A)
_MOST_BYTES: Final = 1 << 20
"""Of one fragment; a real one has a dozen lines."""


class Output(NamedTuple):
    """One file: its digest, and where it lies in the ``output/`` of a Guix build."""

    directory: str
    name: str
    digest: str
    """SHA-256 in 64 hexadecimal digits."""

    @property
    def path(self) -> str:
        """The directory and the name."""
        return f"{self.directory}/{self.name}"


class Fragment(NamedTuple):
    """What was made for one host, signed or not, and what it was made from."""

    directory: str
    outputs: tuple[Output, ...]

    @property
    def codesigned(self) -> bool:
        """True when it could be made only after codesigners published their signatures."""
        return self.directory.endswith(CODESIGNED)

    def __bytes__(self) -> bytes:
        """Return the content of its ``SHA256SUMS.part``."""
        return format_lines(self.outputs, whole_paths=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Everything that one builder made of one version."""

    distribution: str
    version: str
    fragments: tuple[Fragment, ...]
    left_out: tuple[str, ...] = ()
    """Files that are not attested to, by name."""


def read_outputs(path: Path) -> Outputs:
    """Read what was built: a flat directory of artifacts, or the output of a Guix build.

    The latter may be ``guix-build-VERSION`` or its ``output``; each file that a fragment names is
    there with that digest. Raises :class:`ConfigurationError` when nothing can be attested to,
    :class:`RejectedError` for a fragment that does not tell the truth, and :class:`OSError`.
    """
    if not path.is_dir():
        raise (
            ConfigurationError(
                f"{path} is not a directory", hint="Name the directory that holds the artifacts."
            )
            if path.exists()
            else missing(path)
        )
    for folder in (path, path / "output"):
        if parts := sorted(folder.glob(f"*/{PART}")):
            return _read_parts(folder, parts)
    return _read_artifacts(path)


def format_lines(outputs: Iterable[Output], *, whole_paths: bool = False) -> bytes:
    """Return the lines of ``sha256sum``, each once, in the order of the paths' bytes.

    Source: ``sort -u | sort -k2`` in contrib/guix/guix-attest, under LC_ALL=C.UTF-8.
    """
    ordered = sorted(set(outputs), key=lambda output: (output.path.encode(), output.digest))
    return "".join(
        f"{output.digest}  {output.path if whole_paths else output.name}\n" for output in ordered
    ).encode()


def _read_parts(folder: Path, parts: Sequence[Path]) -> Outputs:
    fragments = tuple(Fragment(part.parent.name, tuple(_parse_part(part))) for part in parts)
    outputs = {output for fragment in fragments for output in fragment.outputs}
    _expect_true(folder, sorted(outputs))
    names = (Artifact.parse(output.name) for output in outputs)
    distribution, version = _release(filter(None, names), folder)
    return Outputs(distribution=distribution, version=version, fragments=fragments)


def _parse_part(part: Path) -> Iterator[Output]:
    content = read_ordinary(part, _MOST_BYTES + 1)
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None or len(content) > _MOST_BYTES:
            raise ConfigurationError(
                f"{part}: line {number} is not a digest, two spaces and HOST/NAME: "
                f"{printable(line)[:100]}",
                hint="Build that host again; Guix writes the file when it is done.",
            )
        yield Output(match[2], match[3], match[1])


def _expect_true(folder: Path, outputs: Sequence[Output]) -> None:
    """Refuse fragments that name files which are gone or were changed since."""
    gone = [output.path for output in outputs if not (folder / output.path).is_file()]
    if gone:
        raise RejectedError(
            f"{folder}: of the files in {PART}, there is no {listed(gone)}",
            hint="Build the host again; an attestation vouches for files that are there.",
        )
    digests = _digests([folder / output.path for output in outputs])
    changed = [
        output.path
        for output, digest in zip(outputs, digests, strict=True)
        if output.digest != digest
    ]
    if changed:
        raise RejectedError(
            f"{folder}: changed since {PART} was written: {listed(changed)}",
            hint="Build the host again; do not attest to what was changed.",
        )


def _read_artifacts(folder: Path) -> Outputs:
    """Make the fragments that a Guix build would have written for the files of a directory."""
    names = sorted(each.name for each in folder.iterdir() if each.is_file())
    artifacts = {name: artifact for name in names if (artifact := _attestable(folder / name))}
    distribution, version = _release(artifacts.values(), folder)
    digests = _digests([folder / name for name in artifacts])
    outputs = {
        artifact: Output(place(artifact), name, digest)
        for (name, artifact), digest in zip(artifacts.items(), digests, strict=True)
    }
    fragments = tuple(_fragments(outputs))
    attested = {output.name for fragment in fragments for output in fragment.outputs}
    return Outputs(
        distribution=distribution,
        version=version,
        fragments=fragments,
        left_out=tuple(name for name in names if name not in attested),
    )


def _attestable(path: Path) -> Artifact | None:
    """Take a name apart; links are left out, for what they lead to was made elsewhere."""
    artifact = None if path.is_symlink() else Artifact.parse(path.name)
    return artifact if artifact and artifact.suffix else None


def _fragments(outputs: dict[Artifact, Output]) -> Iterator[Fragment]:
    """Put the files of each host together, with the archives that it is made from."""
    hosts: dict[str, list[Output]] = defaultdict(list)
    for artifact, output in outputs.items():
        if artifact.host:
            hosts[output.directory].append(output)
    sources = _of_kind(outputs, "source")
    if sources and all(directory.endswith(CODESIGNED) for directory in hosts):
        hosts[SOURCE_DIRECTORY] = []
    for directory, made in sorted(hosts.items()):
        inputs = sources
        if directory.endswith(CODESIGNED):
            host = directory.removesuffix(CODESIGNED)
            codesigning = _of_kind(outputs, "codesigning")
            inputs = [output for output in codesigning if output.directory == host]
            inputs += _of_kind(outputs, "codesignatures")
        yield Fragment(directory, tuple(sorted({*made, *inputs})))


def _of_kind(outputs: dict[Artifact, Output], kind: str) -> list[Output]:
    return [output for artifact, output in outputs.items() if artifact.kind == kind]


def _digests(paths: Sequence[Path]) -> list[str]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(sha256_of, paths))


def _release(artifacts: Iterable[Artifact], folder: Path) -> tuple[str, str]:
    """Return the one distribution and version of all names."""
    releases = sorted({(each.distribution, each.version) for each in artifacts})
    if not releases:
        raise ConfigurationError(
            f"{folder} holds no artifact that is called NAME-VERSION-HOST",
            hint="Name the directory that `countermark release` or `guix-build` filled.",
        )
    if len(releases) > 1:
        stems = listed(["-".join(release) for release in releases])
        raise ConfigurationError(
            f"{folder} holds artifacts of several releases: {stems}",
            hint="Attest to one release at a time; put each into a directory of its own.",
        )
    return releases[0]

"""The statement of how a release was made: in-toto's form, with SLSA's provenance in it.

https://in-toto.io/Statement/v1 and https://slsa.dev/provenance/v1. It says nothing that differs
between two builders who made the same files from the same commit, so they can sign the same bytes.
What its fields mean stands in ``docs/reference/provenance.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec

from countermark.provenance.strictjson import parse_strict
from counterproof.profiles.artifact import Artifact

if TYPE_CHECKING:
    from countermark.provenance.release import ReleaseFiles, Source
    from countermark.provenance.survey import SurveyedFile, SurveyedImage
    from countermark.reproduction.record import BuildRecord, DependencyRow, FileRow

__all__ = [
    "ANNOTATION",
    "BUILD_TYPE",
    "PREDICATE_TYPE",
    "STATEMENT_TYPE",
    "UNKNOWN_BUILDER",
    "BuildDefinition",
    "Provenance",
    "Resource",
    "Statement",
    "StatementError",
    "external_parameters",
    "make_statement",
    "parse_statement",
    "resolved_dependencies",
    "subjects_of",
]

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "urn:countermark:release:1"
"""How ``countermark release`` makes a release from the parameters."""
UNKNOWN_BUILDER: Final = "urn:countermark:builder:undeclared"
"""Who built it when nobody says: a machine that nobody has to trust more than its key."""

ANNOTATION: Final = "countermark"
"""The one annotation of a subject that is ours; its fields are in :func:`subjects_of`."""
UNSIGNED: Final = ";unsigned"
"""What the name of an image without its signatures ends with."""

_RESOLVED: Final = ("name", "version", "source", "inside", "archive", "digest", "url")
"""What a resolved dependency says of one, and its parameters need not."""
_Words = dict[str, str]
_MOST_RESOURCES: Final = 100_000
_Text = Annotated[str, msgspec.Meta(max_length=8192)]


class StatementError(ValueError):
    """What should be a statement is none; the message says why."""


class _Form(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A JSON object whose empty fields are left out, which the parsing rules take for the same."""


class Resource(_Form, frozen=True, kw_only=True):
    """in-toto's ResourceDescriptor, as far as it is used; the subjects are such, too."""

    name: _Text = ""
    uri: _Text = ""
    digest: _Words = {}
    media_type: _Text = ""
    annotations: dict[str, Any] = {}


class BuildDefinition(_Form, frozen=True, kw_only=True):
    """What was built, and from what."""

    build_type: _Text
    external_parameters: dict[str, Any]
    internal_parameters: dict[str, Any] = {}
    resolved_dependencies: tuple[Resource, ...] = ()


class Builder(_Form, frozen=True, kw_only=True):
    """Whom one trusts who trusts the statement."""

    id: _Text
    version: _Words = {}


class RunDetails(_Form, frozen=True, kw_only=True):
    """Who built it, and what else came of it."""

    builder: Builder
    byproducts: tuple[Resource, ...] = ()


class Provenance(_Form, frozen=True, kw_only=True):
    """SLSA's predicate."""

    build_definition: BuildDefinition
    run_details: RunDetails


class Statement(_Form, frozen=True, kw_only=True):
    """The whole document."""

    type: _Text = msgspec.field(name="_type")
    subject: Annotated[tuple[Resource, ...], msgspec.Meta(min_length=1, max_length=_MOST_RESOURCES)]
    predicate_type: _Text
    predicate: Provenance


def make_statement(
    release: ReleaseFiles,
    *,
    source: Source,
    byproducts: tuple[Resource, ...] = (),
    builder: str = UNKNOWN_BUILDER,
) -> bytes:
    """Return the statement about the files of a release as canonical JSON.

    ``byproducts`` are files beside them, such as the SBOM; ``builder`` is a URI.
    """
    from countermark.manifest import canonical_json

    records = release.records
    statement = Statement(
        type=STATEMENT_TYPE,
        subject=tuple(
            subject for file in release.files for subject in subjects_of(file, release.files)
        ),
        predicate_type=PREDICATE_TYPE,
        predicate=Provenance(
            build_definition=BuildDefinition(
                build_type=BUILD_TYPE,
                external_parameters=external_parameters(records, source),
                internal_parameters={
                    "compilers": {host: _compilers(record) for host, record in records.items()}
                },
                resolved_dependencies=tuple(resolved_dependencies(records, source)),
            ),
            run_details=RunDetails(
                builder=Builder(id=builder, version=_builder_version(release)),
                byproducts=byproducts,
            ),
        ),
    )
    return canonical_json(statement)


def parse_statement(content: bytes) -> Statement:
    """Read a statement; fields that are not known are passed over, as the parsing rules demand.

    Raises :class:`StatementError` for another type of statement or predicate, and
    :class:`~countermark.provenance.strictjson.StrictJsonError`.
    """
    document = parse_strict(content)
    if not isinstance(document, dict):
        raise StatementError("it is no JSON object")
    for field, wanted in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
        if document.get(field) != wanted:
            raise StatementError(f"'{field}' is {str(document.get(field))[:100]!a}, not {wanted}")
    try:
        return msgspec.convert(document, Statement)
    except msgspec.ValidationError as error:
        raise StatementError(f"it is no statement of provenance: {error}") from error


def subjects_of(file: SurveyedFile, release: tuple[SurveyedFile, ...]) -> Iterator[Resource]:
    """Return what is stated of one file: itself, its images, and these without their signatures.

    Subjects are matched by their digests alone, so that whoever holds the unsigned bytes finds
    them, too. The signed ones name their unsigned ones in an annotation. ``release`` are all files
    among which an archive's unsigned one is looked for.
    """
    yield Resource(
        name=file.name,
        digest={"sha256": file.sha256},
        annotations=_annotated(_archive_facts(file, release)),
    )
    for image in file.images:
        name = f"{file.name}#{image.path}"
        yield Resource(
            name=name,
            digest={"sha256": image.sha256},
            annotations=_annotated(_image_facts(image)),
        )
        if image.unsigned_sha256 is not None:
            yield Resource(name=f"{name}{UNSIGNED}", digest={"sha256": image.unsigned_sha256})


def _annotated(facts: dict[str, Any]) -> dict[str, Any]:
    return {ANNOTATION: facts} if facts else {}


def _archive_facts(file: SurveyedFile, release: tuple[SurveyedFile, ...]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if file.contents is not None:
        facts["contents"] = {"dirHash": file.contents}
    if file.unsigned_contents is not None:
        facts["unsignedContents"] = {"dirHash": file.unsigned_contents}
    unsigned = next((each for each in release if each.name == _unsigned_name(file.name)), file)
    if unsigned is not file:
        facts["unsigned"] = {"name": unsigned.name, "digest": {"sha256": unsigned.sha256}}
    return facts


def _unsigned_name(name: str) -> str:
    """Return what Bitcoin Core's releases call the unsigned file behind a signed one."""
    artifact = Artifact.parse(name)
    return "" if artifact is None else str(replace(artifact, unsigned=True))


def _image_facts(image: SurveyedImage) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if image.slices:
        facts["cdhash"] = {each.architecture: each.cdhash for each in image.slices}
        facts["identifier"] = image.slices[0].identifier
    if image.unsigned_sha256 is not None:
        facts["unsigned"] = {"sha256": image.unsigned_sha256}
    return facts


def external_parameters(records: Mapping[str, BuildRecord], source: Source) -> dict[str, Any]:
    """Return what decides what is built, but for the source's own files."""
    some = next(iter(records.values()))
    return {
        "name": some.name,
        "version": some.version,
        "sourceDateEpoch": some.source_date_epoch,
        **({"source": source.uri} if source.uri else {}),
        "hosts": {host: host_parameters(record) for host, record in records.items()},
    }


def host_parameters(record: BuildRecord) -> dict[str, Any]:
    """Return how one host is built; what is not set is left out."""
    parameters = {
        "toolchain": record.toolchain.kind,
        "toolchainFile": _path_of(record.toolchain.file),
        "preset": record.preset,
        "cmake": record.cmake,
        "components": list(record.components),
        "profile": record.profile,
        "profileFile": _path_of(record.profile_file),
        "style": record.style,
        "environment": record.environment,
        "dependencies": {each.name: dependency_parameters(each) for each in record.dependencies},
        "tools": {each.name: each.variable for each in record.generators if each.variable},
    }
    return {name: value for name, value in parameters.items() if value}


def dependency_parameters(row: DependencyRow) -> dict[str, Any]:
    """Return how a dependency is built; what is not set is left out, as what it is built from."""
    plain = msgspec.to_builtins(row)
    source = {"source": row.source} if row.inside else {}
    named = {name: value for name, value in plain.items() if value and name not in _RESOLVED}
    return {**source, **named}


def _path_of(file: FileRow | None) -> str | None:
    """Return where a file stands in the suite, or its digest when it is no part of it."""
    return None if file is None else file.path or file.digest


def _compilers(record: BuildRecord) -> _Words:
    return {each.language: f"{each.id} {each.version}".rstrip() for each in record.compilers}


def _builder_version(release: ReleaseFiles) -> _Words:
    name, _, version = release.made_by.partition(" ")
    return {name: version}


def resolved_dependencies(records: Mapping[str, BuildRecord], source: Source) -> Iterator[Resource]:
    """Yield what went into the build: the source first, then tools, each once."""
    yield _source(next(iter(records.values())), source)
    found = {
        (each.name, each.uri, tuple(each.digest.items())): each
        for record in records.values()
        for each in (*_supplies(record), *_tools(record))
    }
    yield from (found[key] for key in sorted(found))


def _source(record: BuildRecord, source: Source) -> Resource:
    """Name the suite; its commit only when its files are those of the commit."""
    digest = {"countermarkTree": _hexadecimal(record.source)}
    if source.commit is not None:
        digest["gitCommit"] = source.commit
    at = f"@{source.commit}" if source.commit else ""
    return Resource(name=record.name, uri=f"{source.uri}{at}" if source.uri else "", digest=digest)


def _tools(record: BuildRecord) -> Iterator[Resource]:
    toolchain = record.toolchain
    if toolchain.kind == "zig":
        yield Resource(
            name="ziglang",
            uri=f"pkg:pypi/ziglang@{toolchain.version}",
            digest={"countermarkTree": _hexadecimal(toolchain.digest)} if toolchain.digest else {},
        )
    for what, file in (("toolchain file", toolchain.file), ("profile", record.profile_file)):
        if file is not None:
            yield Resource(name=file.path or what, digest={"sha256": _hexadecimal(file.digest)})
    for name, version in record.tools.items():
        yield Resource(name=name, uri=f"pkg:generic/{name}@{version}")
    for compiler in record.compilers:
        name = compiler.id.lower()
        yield Resource(
            name=f"{compiler.language} compiler", uri=f"pkg:generic/{name}@{compiler.version}"
        )


def _supplies(record: BuildRecord) -> Iterator[Resource]:
    """Name what was there before the suite was configured."""
    yield from map(_dependency, record.dependencies)
    for tool in record.generators:
        if tool.digest is not None:
            yield Resource(name=tool.name, digest={"sha256": _hexadecimal(tool.digest)})
    for number, digest in enumerate(record.prefixes, start=1):
        yield Resource(name=f"prefix {number}", digest={"countermarkTree": _hexadecimal(digest)})


def _dependency(row: DependencyRow) -> Resource:
    """Name the source of a dependency."""
    version = f"@{row.version}" if row.version else ""
    return Resource(
        name=row.name,
        uri=row.url or f"pkg:generic/{row.name}{version}",
        digest={("sha256" if row.archive else "countermarkTree"): _hexadecimal(row.digest)},
    )


def _hexadecimal(digest: str) -> str:
    return digest.removeprefix("sha256:")

"""The software bill of materials of a release: CycloneDX 1.6, as JSON.

It is made from the files of the release and what they say of their build, never from guesses; two
builders of the same files get the same bytes: the time is the release's, and the serial number
follows from the content. The names of its properties stand in ``docs/reference/provenance.md``.
"""

# The decorators of the library's classes hide their constructors from Pyright.
# pyright: reportCallIssue=false

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from countermark.errors import MissingToolError
from countermark.provenance.bundled import bundled_libraries
from countermark.provenance.release import ReleaseFiles, Source
from countermark.provenance.survey import SurveyedFile, SurveyedImage
from countersign.image import ImageFormat, ImageKind

if TYPE_CHECKING:
    from cyclonedx.model import HashType, Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component
    from cyclonedx.model.dependency import Dependency
    from packageurl import PackageURL

    from countermark.reproduction.record import DependencyRow

__all__ = [
    "MEDIA_TYPE",
    "NAMESPACE",
    "file_properties",
    "image_place",
    "image_properties",
    "make_sbom",
]

MEDIA_TYPE: Final = "application/vnd.cyclonedx+json"
NAMESPACE: Final = "countermark"
"""Of our properties."""

_ROOT: Final = "release"
_SYSTEMS: Final = {
    ImageFormat.ELF: "linux",
    ImageFormat.MACH_O: "darwin",
    ImageFormat.PE: "windows",
}
_TYPES: Final = {ImageKind.EXECUTABLE: "application", ImageKind.LIBRARY: "library"}


def make_sbom(release: ReleaseFiles, *, source: Source) -> bytes:
    """Return the SBOM of a release.

    Raises :class:`MissingToolError` when cyclonedx-python-lib is not installed.
    """
    try:
        from cyclonedx.output.json import JsonV1Dot6
    except ImportError as error:
        raise MissingToolError(
            "an SBOM needs cyclonedx-python-lib",
            hint="Install it with: python -m pip install 'countermark[attest]'.",
        ) from error
    document: dict[str, Any] = json.loads(JsonV1Dot6(_bom(release, source)).output_as_string())
    del document["serialNumber"]  # it is drawn by lot
    # What is linked statically is only known of the toolchain, and files that are no images are
    # not listed; the library has no type for saying so.
    document["compositions"] = [
        {"aggregate": "incomplete", "assemblies": [_ROOT], "dependencies": [_ROOT]}
    ]
    content = json.dumps(document, sort_keys=True)
    document["serialNumber"] = uuid5(NAMESPACE_URL, f"countermark:sbom:{content}").urn
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def image_place(file: str, path: str) -> str:
    """Return the reference of an image: the archive's name and the path inside."""
    return f"{file}#{path}"


def file_properties(file: SurveyedFile) -> Iterator[tuple[str, str | None]]:
    """Yield what is said of a file besides its digest, by the names of the properties."""
    yield "host", file.record.host if file.record else None
    yield "contents", file.contents
    yield "unsigned-contents", file.unsigned_contents


def image_properties(image: SurveyedImage) -> Iterator[tuple[str, str | None]]:
    """Yield what is said of an image besides its digest, by the names of the properties."""
    yield "format", image.image.format.value
    yield from (("architecture", each) for each in image.image.architectures)
    for each in image.slices:
        yield f"identifier:{each.architecture}", each.identifier
        yield f"cdhash:{each.architecture}", each.cdhash
    yield "unsigned-sha256", image.unsigned_sha256


def _bom(release: ReleaseFiles, source: Source) -> Bom:
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
    from cyclonedx.model.tool import ToolRepository

    name, _, version = release.made_by.partition(" ")
    metadata = BomMetaData(
        timestamp=datetime.fromtimestamp(release.epoch, UTC),
        component=_root(release, source),
        tools=ToolRepository(components=[_program(name, version)]),
        lifecycles=[PredefinedLifecycle(phase=LifecyclePhase.BUILD)],
    )
    return Bom(
        metadata=metadata,
        components=[
            *(_file(each, release) for each in release.files),
            *_system_libraries(release),
            *_bundled(release),
            *_libraries(release),
            *_build_tools(release),
        ],
        dependencies=_dependencies(release),
    )


def _root(release: ReleaseFiles, source: Source) -> Component:
    """Return what is released, with where it came from."""
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.component import Commit, Component, ComponentType, Pedigree
    from packageurl import PackageURL

    (digest, *_) = (record.source for record in release.records.values())
    at = f"@{source.commit}" if source.commit else ""
    return Component(
        type=ComponentType.APPLICATION,
        bom_ref=_ROOT,
        name=release.name,
        version=release.version,
        purl=PackageURL(
            type="generic",
            name=release.name,
            version=release.version,
            qualifiers={"vcs_url": f"{source.uri}{at}"} if source.uri else {},
        ),
        pedigree=Pedigree(commits=[Commit(uid=source.commit)]) if source.commit else None,
        external_references=[
            ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(source.uri))
        ]
        if source.uri
        else [],
        properties=_properties(("source-digest", digest)),
    )


def _program(name: str, version: str) -> Component:
    from cyclonedx.model.component import Component, ComponentType

    return Component(type=ComponentType.APPLICATION, bom_ref=name, name=name, version=version)


def _file(file: SurveyedFile, release: ReleaseFiles) -> Component:
    """Return a file of the release with the images in it."""
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        type=ComponentType.FILE,
        bom_ref=file.name,
        name=file.name,
        version=release.version,
        purl=_purl(release, file),
        hashes=_hashes(file.sha256),
        properties=_properties(*file_properties(file)),
        components=[_image(each, file, release) for each in file.images],
    )


def _purl(release: ReleaseFiles, file: SurveyedFile, path: str | None = None) -> PackageURL:
    """Return the package URL of a file, or of what stands in it: no two of them are the same."""
    from packageurl import PackageURL

    return PackageURL(
        type="generic",
        name=release.name,
        version=release.version,
        qualifiers={"checksum": f"sha256:{file.sha256}", "file_name": file.name},
        subpath=path,
    )


def _image(image: SurveyedImage, file: SurveyedFile, release: ReleaseFiles) -> Component:
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence

    place = image_place(file.name, image.path)
    return Component(
        type=ComponentType(_TYPES.get(image.image.kind, "file")),
        bom_ref=place,
        name=PurePosixPath(image.path).name,
        version=release.version,
        purl=_purl(release, file, image.path),
        hashes=_hashes(image.sha256),
        evidence=ComponentEvidence(occurrences=[Occurrence(location=image.path)]),
        properties=_properties(*image_properties(image)),
    )


def _system_libraries(release: ReleaseFiles) -> Iterator[Component]:
    """Return the libraries that are loaded from the user's system, each once for each system."""
    from cyclonedx.model.component import Component, ComponentScope, ComponentType

    found = {place for file in release.files for each in file.images for place in _loaded(each)}
    for system, name in sorted(found):
        yield Component(
            type=ComponentType.LIBRARY,
            bom_ref=_library_place(system, name),
            name=name,
            scope=ComponentScope.REQUIRED,
            properties=_properties(("linkage", "dynamic"), ("system", system)),
        )


def _bundled(release: ReleaseFiles) -> Iterator[Component]:
    """Return what the toolchain links into every program."""
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from packageurl import PackageURL

    found = {each for record in release.records.values() for each in bundled_libraries(record)}
    for each in sorted(found):
        yield Component(
            type=ComponentType.LIBRARY,
            bom_ref=f"{each.name}@{each.version}",
            name=each.name,
            version=each.version,
            purl=PackageURL(type="generic", name=each.name, version=each.version),
            scope=ComponentScope.REQUIRED,
            properties=_properties(("linkage", "static")),
        )


def _libraries(release: ReleaseFiles) -> Iterator[Component]:
    """Return what was built before the suite: libraries for a host, and tools, each once."""
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.component import Component, ComponentScope, ComponentType

    rows = [row for record in release.records.values() for row in record.dependencies]
    linked = {_dependency_place(row) for row in rows if row.linked}
    for place, row in sorted({_dependency_place(row): row for row in rows}.items()):
        library = place in linked
        yield Component(
            type=ComponentType.LIBRARY if library else ComponentType.APPLICATION,
            bom_ref=place,
            name=row.name,
            version=row.version,
            purl=_dependency_purl(row),
            scope=ComponentScope.REQUIRED if library else ComponentScope.EXCLUDED,
            external_references=[
                ExternalReference(
                    type=ExternalReferenceType.SOURCE_DISTRIBUTION,
                    url=XsUri(row.url),
                    hashes=_hashes(row.digest.removeprefix("sha256:")) if row.archive else [],
                )
            ]
            if row.url
            else [],
            properties=_properties(("source-digest", row.digest)),
        )


def _dependency_place(row: DependencyRow) -> str:
    """Return the reference of a dependency; another source is another one."""
    return f"{row.name}@{row.digest}"


def _dependency_purl(row: DependencyRow) -> PackageURL:
    from packageurl import PackageURL

    checksum = {"checksum": row.digest} if row.archive else {}
    url = {"download_url": row.url} if row.url else {}
    return PackageURL(
        type="generic", name=row.name, version=row.version, qualifiers={**checksum, **url}
    )


def _build_tools(release: ReleaseFiles) -> Iterator[Component]:
    """Return what built it; excluded, in CycloneDX's words: nothing of it runs with a program."""
    from packageurl import PackageURL

    purls: dict[PackageURL, str | None] = {}
    for record in release.records.values():
        if record.toolchain.kind == "zig":
            zig = PackageURL(type="pypi", name="ziglang", version=record.toolchain.version)
            purls[zig] = record.toolchain.digest
        for name, version in record.tools.items():
            purls[PackageURL(type="generic", name=name, version=version)] = None
        for compiler in record.compilers:
            name, version = compiler.id.lower(), compiler.version
            purls[PackageURL(type="generic", name=name, version=version)] = None
    for purl, digest in purls.items():
        yield _build_tool(purl, digest)


def _build_tool(purl: PackageURL, digest: str | None) -> Component:
    from cyclonedx.model.component import Component, ComponentScope, ComponentType

    return Component(
        type=ComponentType.APPLICATION,
        bom_ref=str(purl),
        name=purl.name,
        version=purl.version,
        purl=purl,
        scope=ComponentScope.EXCLUDED,
        properties=_properties(("content-digest", digest)),
    )


def _dependencies(release: ReleaseFiles) -> Iterator[Dependency]:
    """Return what needs what: the release its files, these their images, these their libraries."""
    yield _dependency(_ROOT, (file.name for file in release.files))
    for file in release.files:
        images = (image_place(file.name, each.path) for each in file.images)
        rows = file.record.dependencies if file.record else ()
        linked = (_dependency_place(row) for row in rows if row.linked)
        yield _dependency(file.name, (*images, *linked))
        bundled = bundled_libraries(file.record) if file.record else ()
        static = [f"{each.name}@{each.version}" for each in bundled]
        for image in file.images:
            dynamic = (_library_place(*place) for place in _loaded(image))
            yield _dependency(image_place(file.name, image.path), (*dynamic, *static))


def _dependency(place: str, needed: Iterable[str]) -> Dependency:
    from cyclonedx.model.bom_ref import BomRef
    from cyclonedx.model.dependency import Dependency

    return Dependency(BomRef(place), (Dependency(BomRef(each)) for each in needed))


def _loaded(image: SurveyedImage) -> Iterator[tuple[str, str]]:
    return ((_SYSTEMS[image.image.format], name) for name in image.libraries or ())


def _library_place(system: str, name: str) -> str:
    return f"{system}:{name}"


def _hashes(sha256: str) -> list[HashType]:
    from cyclonedx.model import HashAlgorithm, HashType

    return [HashType(alg=HashAlgorithm.SHA_256, content=sha256)]


def _properties(*pairs: tuple[str, str | None]) -> list[Property]:
    """Return those that have a value."""
    from cyclonedx.model import Property

    return [Property(name=f"{NAMESPACE}:{name}", value=value) for name, value in pairs if value]

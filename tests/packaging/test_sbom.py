"""The SBOM of a release, held against CycloneDX's published schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from countermark.provenance.release import Source, survey_release
from countermark.provenance.sbom import make_sbom
from countermark.provenance.survey import survey_file
from countermark.reproduction.record import DependencyRow
from stated import (
    DARWIN_ARCHIVE,
    LABEL,
    LINUX_ARCHIVE,
    WINDOWS_ARCHIVE,
    files_for,
    make_release,
)
from trees import pack_tar_gz

SOURCE = Source(uri="git+https://example.org/demo", commit="c" * 40)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_release(tmp_path_factory.mktemp("sbom") / "dist")


@pytest.fixture(scope="module")
def bill(release: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(make_sbom(survey_release(release), source=SOURCE))
    return document


def components(bill: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every component by its reference, those in others too."""
    pending, found = list(bill["components"]), {}
    while pending:
        each = pending.pop()
        assert each["bom-ref"] not in found
        found[each["bom-ref"]] = each
        pending += each.get("components", [])
    return found


def properties(component: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in component["properties"]}


@pytest.mark.parametrize("version", [SchemaVersion.V1_6, SchemaVersion.V1_7])
def test_it_is_what_the_schema_says(release: Path, version: SchemaVersion) -> None:
    for source in (SOURCE, Source()):
        content = make_sbom(survey_release(release), source=source).decode()
        assert JsonStrictValidator(version).validate_str(content) is None


def test_the_schema_would_find_a_mistake(bill: dict[str, Any]) -> None:
    spoilt = json.dumps({**bill, "serialNumber": "1"})
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(spoilt) is not None


def test_two_builders_get_the_same_bytes(release: Path) -> None:
    one, other = (make_sbom(survey_release(release), source=SOURCE) for _ in range(2))
    assert one == other


def test_another_release_has_another_serial_number(release: Path, bill: dict[str, Any]) -> None:
    other = json.loads(make_sbom(survey_release(release), source=Source()))
    assert other["serialNumber"].startswith("urn:uuid:")
    assert other["serialNumber"] != bill["serialNumber"]


def test_it_is_about_the_release(bill: dict[str, Any]) -> None:
    metadata = bill["metadata"]
    assert metadata["timestamp"] == "2023-11-14T22:13:20+00:00"
    component = metadata["component"]
    assert (component["name"], component["version"]) == ("demo", "1.2.3")
    assert component["purl"].startswith("pkg:generic/demo@1.2.3?vcs_url=git%2Bhttps")
    assert component["pedigree"]["commits"] == [{"uid": "c" * 40}]
    assert properties(component)["countermark:source-digest"] == f"sha256:{'5' * 64}"
    assert component["externalReferences"] == [{"type": "vcs", "url": SOURCE.uri}]


def test_every_file_and_image_has_its_digests(release: Path, bill: dict[str, Any]) -> None:
    found = components(bill)
    survey = survey_file(release / DARWIN_ARCHIVE)
    archive = found[DARWIN_ARCHIVE]
    assert archive["hashes"] == [{"alg": "SHA-256", "content": survey.sha256}]
    assert properties(archive)["countermark:unsigned-contents"] == survey.unsigned_contents
    program, library = survey.images
    component = found[f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"]
    assert component["hashes"] == [{"alg": "SHA-256", "content": program.sha256}]
    assert component["evidence"]["occurrences"] == [{"location": f"{LABEL}/bin/demo"}]
    said = properties(component)
    assert said["countermark:unsigned-sha256"] == program.unsigned_sha256
    assert said["countermark:cdhash:arm64"] == program.slices[0].cdhash
    universal = properties(found[f"{DARWIN_ARCHIVE}#{LABEL}/lib/universal"])
    for each in library.slices:
        assert universal[f"countermark:cdhash:{each.architecture}"] == each.cdhash


def test_no_two_components_share_a_package_url(bill: dict[str, Any]) -> None:
    purls = [each["purl"] for each in components(bill).values() if "purl" in each]
    assert len(set(purls)) == len(purls)
    found = components(bill)[f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"]["purl"]
    assert found.startswith("pkg:generic/demo@1.2.3?checksum=sha256:")
    assert found.endswith(f"&file_name={DARWIN_ARCHIVE}#{LABEL}/bin/demo")


def test_every_name_of_ours_is_told_in_the_reference(bill: dict[str, Any]) -> None:
    from commands import ROOT

    page = (ROOT / "docs/reference/provenance.md").read_text(encoding="utf-8")
    everything = [bill["metadata"]["component"], *components(bill).values()]
    names = {each["name"] for one in everything for each in one.get("properties", ())}
    for name in names:
        stem = ":".join(name.split(":")[:2])
        assert f"`{stem}" in page, name


def test_what_built_it_is_excluded_and_what_is_linked_is_required(bill: dict[str, Any]) -> None:
    found = components(bill)
    assert found["pkg:pypi/ziglang@0.17.1"]["scope"] == "excluded"
    assert found["pkg:generic/cmake@4.4.4"]["scope"] == "excluded"
    assert found["libc++@22.1.8"]["scope"] == "required"
    assert properties(found["mingw-w64@15.0.0"])["countermark:linkage"] == "static"


def test_only_what_is_known_is_linked_statically(bill: dict[str, Any]) -> None:
    needed = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert "libc++@22.1.8" in needed[f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"]
    assert "mingw-w64@15.0.0" not in needed[f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"]
    assert "mingw-w64@15.0.0" in needed[f"{WINDOWS_ARCHIVE}#{LABEL}/bin/demo.exe"]
    assert needed[f"{LINUX_ARCHIVE}#{LABEL}/bin/demo"] == []  # a toolchain file of its own
    (composition,) = bill["compositions"]
    assert composition["aggregate"] == "incomplete"


def test_everything_that_is_referred_to_is_there(bill: dict[str, Any]) -> None:
    known = {*components(bill), "release"}
    for each in bill["dependencies"]:
        assert {each["ref"], *each.get("dependsOn", ())} <= known


def test_libraries_and_tools_that_were_built_before_are_listed(tmp_path: Path) -> None:
    row = DependencyRow(
        name="zlib",
        version="1.3.1",
        source="zlib.tar.gz",
        inside=False,
        archive=True,
        digest=f"sha256:{'a' * 64}",
        url="https://example.org/zlib.tar.gz",
        linked=True,
        native=False,
        recipe="cmake",
    )
    maker = msgspec.structs.replace(
        row, name="maker", version=None, url=None, linked=False, digest=f"sha256:{'b' * 64}"
    )
    files = files_for("x86_64-linux-gnu", dependencies=(row, maker))
    (tmp_path / LINUX_ARCHIVE).write_bytes(pack_tar_gz(files, LABEL))
    (tmp_path / "SHA256SUMS").write_text("not looked at\n")
    content = make_sbom(survey_release(tmp_path), source=SOURCE)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode()) is None
    bill = json.loads(content)
    found = {each["name"]: each for each in bill["components"]}
    assert (found["zlib"]["type"], found["zlib"]["scope"]) == ("library", "required")
    assert (found["maker"]["type"], found["maker"]["scope"]) == ("application", "excluded")
    assert found["zlib"]["purl"].startswith("pkg:generic/zlib@1.3.1?checksum=sha256:aaaa")
    assert found["zlib"]["externalReferences"][0]["hashes"][0]["content"] == "a" * 64
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    assert found["zlib"]["bom-ref"] in needs[LINUX_ARCHIVE]
    assert found["maker"]["bom-ref"] not in needs[LINUX_ARCHIVE]

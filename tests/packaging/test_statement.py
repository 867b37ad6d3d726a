"""The statement of a release, field by field against in-toto's and SLSA's specifications."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from countermark.provenance.release import Source, survey_release
from countermark.provenance.statement import (
    BUILD_TYPE,
    UNKNOWN_BUILDER,
    Resource,
    StatementError,
    make_statement,
    parse_statement,
)
from countermark.provenance.strictjson import StrictJsonError
from stated import (
    DARWIN,
    DARWIN_ARCHIVE,
    EPOCH,
    LABEL,
    LINUX,
    UNSIGNED_ARCHIVE,
    WINDOWS,
    make_release,
)

URI = "git+https://example.org/demo"
COMMIT = "c" * 40
SBOM = Resource(name="demo.cdx.json", digest={"sha256": "e" * 64}, media_type="text/plain")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_release(tmp_path_factory.mktemp("statement") / "dist")


@pytest.fixture(scope="module")
def content(release: Path) -> bytes:
    source = Source(uri=URI, commit=COMMIT)
    return make_statement(survey_release(release), source=source, byproducts=(SBOM,))


@pytest.fixture
def statement(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(content)
    return document


def resources(statement: dict[str, Any]) -> list[dict[str, Any]]:
    """Every ResourceDescriptor."""
    predicate = statement["predicate"]
    return [
        *statement["subject"],
        *predicate["buildDefinition"]["resolvedDependencies"],
        *predicate["runDetails"]["byproducts"],
    ]


def test_it_is_a_statement_with_provenance(statement: dict[str, Any]) -> None:
    assert set(statement) == {"_type", "subject", "predicateType", "predicate"}
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://slsa.dev/provenance/v1"


def test_what_slsa_requires_is_there(statement: dict[str, Any]) -> None:
    predicate = statement["predicate"]
    assert set(predicate) == {"buildDefinition", "runDetails"}
    assert predicate["buildDefinition"]["buildType"] == BUILD_TYPE
    assert predicate["buildDefinition"]["externalParameters"]
    assert predicate["runDetails"]["builder"]["id"] == UNKNOWN_BUILDER
    for uri in (BUILD_TYPE, UNKNOWN_BUILDER):
        assert re.fullmatch(r"[a-z][a-z0-9+.-]*:\S+", uri)


def test_no_field_is_one_that_slsa_does_not_know(statement: dict[str, Any]) -> None:
    predicate = statement["predicate"]
    assert set(predicate["buildDefinition"]) <= {
        "buildType",
        "externalParameters",
        "internalParameters",
        "resolvedDependencies",
    }
    assert set(predicate["runDetails"]) <= {"builder", "metadata", "byproducts"}
    assert set(predicate["runDetails"]["builder"]) <= {"id", "version", "builderDependencies"}


def test_resources_are_described_as_in_toto_demands(statement: dict[str, Any]) -> None:
    fields = {"name", "uri", "digest", "content", "downloadLocation", "mediaType", "annotations"}
    for each in resources(statement):
        assert set(each) <= fields
        assert each.get("uri") or each.get("digest")
        for value in each.get("digest", {}).values():
            assert re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", value)


def test_subjects_have_digests_and_names_of_their_own(statement: dict[str, Any]) -> None:
    names = [each["name"] for each in statement["subject"]]
    assert len(set(names)) == len(names)
    assert all(len(each["digest"]["sha256"]) == 64 for each in statement["subject"])


def test_signed_and_unsigned_bytes_are_both_subjects(statement: dict[str, Any]) -> None:
    by_name = {each["name"]: each for each in statement["subject"]}
    name = f"{DARWIN_ARCHIVE}#{LABEL}/bin/demo"
    said = by_name[name]["annotations"]["countermark"]
    unsigned = by_name[f"{name};unsigned"]
    assert said["unsigned"] == unsigned["digest"] != by_name[name]["digest"]
    built = by_name[f"{UNSIGNED_ARCHIVE}#{LABEL}/bin/demo"]
    assert built["digest"] == unsigned["digest"]
    assert said["identifier"] == "demo"
    assert re.fullmatch("[0-9a-f]{40}", said["cdhash"]["arm64"])


def test_a_signed_archive_names_its_unsigned_one(statement: dict[str, Any]) -> None:
    by_name = {each["name"]: each for each in statement["subject"]}
    said = by_name[DARWIN_ARCHIVE]["annotations"]["countermark"]
    unsigned = by_name[UNSIGNED_ARCHIVE]
    assert said["unsigned"] == {"name": UNSIGNED_ARCHIVE, "digest": unsigned["digest"]}
    assert said["unsignedContents"] == unsigned["annotations"]["countermark"]["contents"]


def test_the_parameters_are_what_decides_what_is_built(statement: dict[str, Any]) -> None:
    parameters = statement["predicate"]["buildDefinition"]["externalParameters"]
    hosts = parameters.pop("hosts")
    assert parameters == {
        "name": "demo",
        "version": "1.2.3",
        "sourceDateEpoch": EPOCH,
        "source": URI,
    }
    assert set(hosts) == {DARWIN, LINUX, WINDOWS}
    assert hosts[LINUX] == {
        "toolchain": "file",
        "toolchainFile": "depends/toolchain.cmake",
        "preset": "release",
        "cmake": {"FEATURE": "ON"},
        "components": ["demo"],
        "profile": "generic",
        "profileFile": f"sha256:{'9' * 64}",
        "style": "macos26",
    }


def test_the_dependencies_are_the_source_and_what_built_it(statement: dict[str, Any]) -> None:
    found = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert found[0] == {
        "name": "demo",
        "uri": f"{URI}@{COMMIT}",
        "digest": {"countermarkTree": "5" * 64, "gitCommit": COMMIT},
    }
    by_name = {each["name"]: each for each in found[1:]}
    assert by_name["ziglang"]["uri"] == "pkg:pypi/ziglang@0.17.1"
    assert by_name["depends/toolchain.cmake"]["digest"] == {"sha256": "8" * 64}
    assert by_name["profile"]["digest"] == {"sha256": "9" * 64}
    assert by_name["cmake"]["uri"] == "pkg:generic/cmake@4.4.4"
    assert by_name["CXX compiler"]["uri"] == "pkg:generic/clang@22.1.8"


def test_what_is_not_known_is_not_said(release: Path) -> None:
    content = make_statement(survey_release(release), source=Source())
    definition = json.loads(content)["predicate"]["buildDefinition"]
    assert "source" not in definition["externalParameters"]
    assert definition["resolvedDependencies"][0] == {
        "name": "demo",
        "digest": {"countermarkTree": "5" * 64},
    }


def test_it_says_nothing_that_differs_between_builders(release: Path, content: bytes) -> None:
    again = make_statement(
        survey_release(release), source=Source(uri=URI, commit=COMMIT), byproducts=(SBOM,)
    )
    assert again == content
    assert str(release).encode() not in content
    assert b"startedOn" not in content


def test_what_is_written_is_read_as_the_same(content: bytes) -> None:
    statement = parse_statement(content)
    assert statement.predicate.run_details.byproducts == (SBOM,)
    assert json.loads(content)["subject"][0]["name"] == statement.subject[0].name


def test_fields_that_are_not_known_are_passed_over(statement: dict[str, Any]) -> None:
    statement["more"] = statement["predicate"]["more"] = {"a": [1]}
    statement["subject"][0]["more"] = 1
    assert parse_statement(json.dumps(statement).encode()).subject


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "_type"),
        ({"_type": None}, "_type"),
        ({"predicateType": "https://slsa.dev/provenance/v0.2"}, "predicateType"),
        ({"predicateType": "https://spdx.dev/Document"}, "predicateType"),
        ({"predicateType": {}}, "predicateType"),
        ({"subject": []}, "subject"),
        ({"subject": {}}, "subject"),
        ({"subject": [{"digest": {"sha256": 1}}]}, "subject"),
        ({"subject": [{"name": "x" * 9000}]}, "subject"),
        ({"predicate": None}, "predicate"),
        ({"predicate": {"buildDefinition": {}, "runDetails": {}}}, "buildType"),
    ],
)
def test_what_is_no_such_statement_is_refused(
    statement: dict[str, Any], change: dict[str, Any], problem: str
) -> None:
    with pytest.raises(StatementError, match=problem):
        parse_statement(json.dumps({**statement, **change}).encode())


def test_a_statement_is_strict_json() -> None:
    with pytest.raises(StrictJsonError, match="twice"):
        parse_statement(b'{"_type": 1, "_type": 2}')
    with pytest.raises(StatementError, match="no JSON object"):
        parse_statement(b"[]")

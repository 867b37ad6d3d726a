"""Documents with anything at all in any of their places raise nothing, and pass for nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermark.errors import WorkError
from countermark.provenance.bill import check_bill
from countermark.provenance.matching import match_statement
from countermark.provenance.names import SBOM, STATEMENT
from countermark.provenance.release import survey_release
from countermark.provenance.showing import read_document
from countermark.provenance.statement import StatementError, parse_statement
from countermark.provenance.survey import SurveyedFile
from countermark.provenance.writing import write_provenance
from countermark.render.encoding import to_json
from countermark.render.provenance import describe_document
from countermark.render.provenance_documents import shown_document
from stated import LABEL, make_release

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=4,
)
PATIENT = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_release(tmp_path_factory.mktemp("mutations") / "dist")
    write_provenance(folder)
    return folder


@pytest.fixture(scope="module")
def files(dist: Path) -> tuple[SurveyedFile, ...]:
    return survey_release(dist).files


def places(document: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to everything in a document."""
    if path:
        yield path
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, (*path, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from places(value, (*path, index))


def spoilt(content: bytes, data: st.DataObject) -> bytes:
    """Put something else in one place, or leave it out."""
    document: Any = json.loads(content)
    path = data.draw(st.sampled_from(sorted(places(document), key=str)))
    other = copy.deepcopy(document)
    inner = other
    for key in path[:-1]:
        inner = inner[key]
    if data.draw(st.booleans()):
        inner[path[-1]] = data.draw(ANYTHING)
    else:
        del inner[path[-1]]
    return json.dumps(other).encode()


@PATIENT
@given(data=st.data())
def test_a_statement_with_anything_in_it(dist: Path, data: st.DataObject) -> None:
    content = (dist / f"{LABEL}{STATEMENT}").read_bytes()
    try:
        statement = parse_statement(spoilt(content, data))
    except StatementError:
        return
    matched = match_statement(statement, dist)
    original = parse_statement(content)
    told = [*matched.findings, *(each for file in matched.files for each in file.findings)]
    definition, first = statement.predicate.build_definition, original.predicate.build_definition
    checked = (statement.subject, definition.build_type, definition.external_parameters)
    if checked != (original.subject, first.build_type, first.external_parameters):
        assert told
    assert all(each.message.isprintable() for each in told)


@PATIENT
@given(data=st.data())
def test_an_sbom_with_anything_in_it(
    dist: Path, files: tuple[SurveyedFile, ...], data: st.DataObject
) -> None:
    content = (dist / f"{LABEL}{SBOM}").read_bytes()
    assert check_bill(content, files) == []
    findings = check_bill(spoilt(content, data), files)
    assert all(each.message.isprintable() for each in findings)


@PATIENT
@given(data=st.data(), suffix=st.sampled_from([STATEMENT, SBOM]))
def test_whatever_stands_in_it_can_be_shown(
    dist: Path, tmp_path: Path, data: st.DataObject, suffix: str
) -> None:
    path = tmp_path / "document.json"
    path.write_bytes(spoilt((dist / f"{LABEL}{suffix}").read_bytes(), data))
    try:
        document = read_document(path)
    except WorkError:
        return
    assert describe_document(document).replace("\n", "").isprintable()
    json.loads(to_json(shown_document(document)))

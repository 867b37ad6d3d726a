"""What is written, read by the libraries of those who made the formats."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict, ParseError
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope

from countermark.provenance.envelope import add_signature, format_envelope, open_envelope, seal
from countermark.provenance.release import Source, survey_release
from countermark.provenance.statement import Resource, make_statement
from stated import KeyOf, make_release


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    release = survey_release(make_release(tmp_path_factory.mktemp("in-toto") / "dist"))
    sbom = Resource(name="demo.cdx.json", digest={"sha256": "e" * 64}, media_type="text/plain")
    source = Source(uri="git+https://example.org/demo", commit="c" * 40)
    return make_statement(release, source=source, byproducts=(sbom,))


@pytest.fixture
def statement(content: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(content)
    return document


def test_a_statement_is_what_the_published_protocol_buffers_say(statement: dict[str, Any]) -> None:
    """Unknown fields and wrong types are errors to ``ParseDict``."""
    parsed = ParseDict(statement, statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()
    assert [each.name for each in parsed.subject] == [each["name"] for each in statement["subject"]]


def test_the_predicate_is_what_the_published_protocol_buffers_say(
    statement: dict[str, Any],
) -> None:
    parsed = ParseDict(statement["predicate"], provenance_pb2.Provenance())
    assert parsed.build_definition.build_type == "urn:countermark:release:1"
    assert parsed.run_details.byproducts[0].media_type == "text/plain"
    assert len(parsed.build_definition.resolved_dependencies) == 7


def test_they_would_find_a_mistake(statement: dict[str, Any]) -> None:
    statement["predicate"]["runDetails"]["builder"]["ids"] = "x"
    with pytest.raises(ParseError):
        ParseDict(statement["predicate"], provenance_pb2.Provenance())
    statement["subject"][0]["digests"] = {}
    with pytest.raises(ParseError):
        ParseDict(statement, statement_pb2.Statement())


def test_an_envelope_is_read_by_securesystemslib(content: bytes) -> None:
    ours = add_signature(seal(content, KeyOf("alice")), KeyOf("bob"))
    theirs = Envelope.from_dict(json.loads(format_envelope(ours)))
    assert (theirs.payload, theirs.payload_type) == (ours.payload, ours.payload_type)
    assert theirs.pae() == ours.signed_bytes
    assert list(theirs.signatures) == [each.keyid for each in ours.signatures]
    assert open_envelope(json.dumps(theirs.to_dict()).encode()) == ours

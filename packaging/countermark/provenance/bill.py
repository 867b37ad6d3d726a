"""Whether an SBOM lists what is really in the files of a release."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Final, NamedTuple

import msgspec

from countermark.provenance.sbom import NAMESPACE, file_properties, image_place, image_properties
from countermark.provenance.strictjson import StrictJsonError, parse_strict
from countermark.provenance.survey import SurveyedFile
from countermark.rulebook.provenance import SBOM, SBOM_CONTENT, STRICT_JSON
from counterproof.rules import breach
from countersign.escaping import listed, printable
from countersign.findings import Finding

__all__ = ["check_bill"]

MOST_FINDINGS: Final = 100
"""Components that are named one by one."""

_PREFIX: Final = f"{NAMESPACE}:"
_Text = Annotated[str, msgspec.Meta(max_length=8192)]


class _Hash(msgspec.Struct, frozen=True):
    alg: _Text
    content: _Text


class _Property(msgspec.Struct, frozen=True):
    name: _Text
    value: str = ""


class _Component(msgspec.Struct, frozen=True, rename={"bom_ref": "bom-ref"}):
    type: _Text
    name: _Text
    bom_ref: _Text = ""
    hashes: list[_Hash] = []
    properties: list[_Property] = []
    components: list[_Component] = []


class _Bill(msgspec.Struct, frozen=True, rename="camel"):
    bom_format: str
    components: list[_Component]


class _Listed(NamedTuple):
    """What is said of one component."""

    digests: frozenset[str]
    properties: frozenset[tuple[str, str]]


def check_bill(
    content: bytes, files: Iterable[SurveyedFile], absent: Collection[str] = ()
) -> list[Finding]:
    """Compare an SBOM with the files that it is about; what it says of ``absent`` ones is left out.

    Libraries and tools are not compared: no file of the release tells of them.
    """
    try:
        bill = msgspec.convert(parse_strict(content), _Bill)
    except StrictJsonError as error:
        return [breach(STRICT_JSON, str(error))]
    except msgspec.ValidationError as error:
        return [breach(SBOM, f"it is no CycloneDX document: {error}")]
    if bill.bom_format != "CycloneDX":
        return [breach(SBOM, f"its bomFormat is {bill.bom_format[:100]!a}, not CycloneDX")]
    given = {
        place: said
        for file in bill.components
        if file.type == "file" and file.bom_ref not in absent
        for place, said in _given(file)
    }
    problems = list(_problems(given, dict(_expected(files))))
    findings = [breach(SBOM_CONTENT, problem) for problem in problems[:MOST_FINDINGS]]
    more = len(problems) - len(findings)
    return [*findings, breach(SBOM_CONTENT, f"{more:,} more differ")] if more else findings


def _given(file: _Component) -> Iterator[tuple[str, _Listed]]:
    """Yield what the SBOM says of a file and of everything in it."""
    pending = [file]
    while pending:
        component = pending.pop()
        pending += component.components
        yield (
            component.bom_ref,
            _Listed(
                digests=frozenset(
                    each.content for each in component.hashes if each.alg == "SHA-256"
                ),
                properties=frozenset(
                    (each.name.removeprefix(_PREFIX), each.value)
                    for each in component.properties
                    if each.name.startswith(_PREFIX)
                ),
            ),
        )


def _expected(files: Iterable[SurveyedFile]) -> Iterator[tuple[str, _Listed]]:
    for file in files:
        yield file.name, _listed(file.sha256, file_properties(file))
        for image in file.images:
            said = _listed(image.sha256, image_properties(image))
            yield image_place(file.name, image.path), said


def _listed(sha256: str, properties: Iterable[tuple[str, str | None]]) -> _Listed:
    return _Listed(
        digests=frozenset((sha256,)),
        properties=frozenset((name, value) for name, value in properties if value),
    )


def _problems(given: Mapping[str, _Listed], expected: Mapping[str, _Listed]) -> Iterator[str]:
    for place in sorted({*given, *expected}):
        name = printable(place)[:300]
        if place not in given:
            yield f"{name} is not listed"
        elif place not in expected:
            yield f"{name} is listed, and there is no such file"
        elif given[place].digests != expected[place].digests:
            yield f"{name} has another SHA-256 than the one that is listed"
        elif given[place].properties != expected[place].properties:
            wrong = given[place].properties ^ expected[place].properties
            yield f"{name} is listed with another {listed(sorted({key for key, _ in wrong}))}"

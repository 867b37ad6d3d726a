"""Statements and SBOMs as text, with what they are worth."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any, Final

from countermark.provenance.showing import Bill, BillComponent, Document
from countermark.provenance.statement import BUILD_TYPE, UNKNOWN_BUILDER, Resource, Statement
from countermark.render.paragraphs import WIDTH
from countersign.escaping import printable

__all__ = ["describe_document", "not_vouched", "vouched"]

_LONGEST: Final = 300
_MOST: Final = 200
"""Subjects or components that are shown."""


def describe_document(document: Document) -> str:
    """Return what a document says, and what it does and does not vouch for."""
    if document.bill is not None:
        lines = [*_bill(document.bill)]
    elif document.statement is not None:
        lines = [*_signers(document), *_statement(document.statement)]
    else:
        lines = []
    lines += ["", "It vouches for:", *_items(vouched(document))]
    lines += ["It does not vouch for:", *_items(not_vouched(document))]
    return "\n".join([printable(str(document.path)), *lines])


def vouched(document: Document) -> tuple[str, ...]:
    """Return what follows from the document when it is believed."""
    if document.bill is not None:
        return (
            "nothing by itself: an SBOM counts when a signed statement names its digest",
            "what the files of the release hold, to be looked up by name, digest or cdhash",
        )
    if not document.keyids:
        return ("nothing: nobody has signed it",)
    return (
        "that its signers say so, once their signatures are checked (provenance verify --keys)",
        "that files with these digests are what they call this release, and that the unsigned "
        "programs behind the signed ones have the digests that are named",
        "which source and which parameters they say that they built it from",
    )


def not_vouched(document: Document) -> tuple[str, ...]:
    """Return what does not follow from it, whoever signed it."""
    common = (
        "that the source does no harm, or that anybody has read it",
        "that macOS or Windows accepts the programs: see countermark verify and layout check",
    )
    if document.bill is not None:
        return (
            "that nothing else is linked into the programs: of static libraries it lists only "
            "those of the toolchain",
            "versions of the libraries that the user's system brings",
            *common,
        )
    builder = document.statement.predicate.run_details.builder.id if document.statement else ""
    undeclared = ("where, or by whom, it was built: the builder is not declared",)
    return (
        *(undeclared if builder == UNKNOWN_BUILDER else ()),
        "that others get the same bytes from the same source: see their attestations, or rebuild",
        "the versions of the tools, which are those that they say of themselves",
        *common,
    )


def _items(sentences: tuple[str, ...]) -> Iterator[str]:
    for sentence in sentences:
        yield from textwrap.wrap(sentence, WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _signers(document: Document) -> Iterator[str]:
    if document.keyids is None:
        yield "  a statement that is not signed"
    else:
        keys = ", ".join(_shown(each) or "unnamed" for each in document.keyids)
        yield f"  {len(document.keyids)} signatures, not checked here: {keys or 'none'}"


def _statement(statement: Statement) -> Iterator[str]:
    definition = statement.predicate.build_definition
    parameters = definition.external_parameters
    yield _line("release", f"{parameters.get('name', '')} {parameters.get('version', '')}".strip())
    yield _line("built by", statement.predicate.run_details.builder.id)
    known = " (countermark release)" if definition.build_type == BUILD_TYPE else " (not known here)"
    yield _line("build type", definition.build_type) + known
    for name, value in sorted(parameters.items()):
        if name == "hosts" and isinstance(value, dict):
            for host, settings in sorted(value.items()):
                yield _line("host", f"{host}: {_flat(settings)}")
        elif name not in ("name", "version"):
            yield _line(name, _flat(value))
    for each in definition.resolved_dependencies:
        yield _line("from", _resource(each))
    for each in statement.predicate.run_details.byproducts:
        yield _line("with", _resource(each))
    yield from _shortened([_line("subject", _subject(each)) for each in statement.subject])


def _subject(subject: Resource) -> str:
    return f"{subject.digest.get('sha256', '(no SHA-256)')}  {subject.name}"


def _resource(resource: Resource) -> str:
    digests = (f"{name}:{value}" for name, value in sorted(resource.digest.items()))
    return "  ".join(part for part in (resource.name, resource.uri, *digests) if part)


def _flat(value: Any) -> str:  # noqa: ANN401  # whatever stands in JSON
    if isinstance(value, dict):
        return ", ".join(f"{key}={_flat(each)}" for key, each in sorted(value.items()))
    if isinstance(value, list):
        return " ".join(map(_flat, value))
    return str(value)


def _bill(bill: Bill) -> Iterator[str]:
    yield _line("format", f"{bill.bom_format} {bill.spec_version}")
    yield _line("serial", bill.serial_number)
    component = bill.metadata.component
    if component is not None:
        yield _line("release", f"{component.name} {component.version}")
    yield _line("time", bill.metadata.timestamp)
    yield from _shortened([line for each in bill.components for line in _component(each, 2)])


def _component(component: BillComponent, indent: int) -> Iterator[str]:
    scope = f"  ({_shown(component.scope)})" if component.scope else ""
    name = f"{component.name} {component.version}".rstrip()
    yield f"{'':{indent}}{_shown(component.type):12}{_shown(name)}{scope}"
    for inner in component.components:
        yield from _component(inner, indent + 2)


def _shortened(lines: list[str]) -> Iterator[str]:
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield f"  and {len(lines) - _MOST:,} more"


def _line(label: str, text: str) -> str:
    return f"  {_shown(label):16}  {_shown(text)}"


def _shown(text: str) -> str:
    return printable(text[:_LONGEST])

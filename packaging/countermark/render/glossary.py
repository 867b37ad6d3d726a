"""What a word of ``explain`` means, as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from countermark.glossary import ErrorName, Meaning, page_of, seen_on_a_mac
from countermark.render.paragraphs import paragraph
from countersign.apple import ERRORS
from countersign.findings import Enforcer
from countersign.kernelerrors import KERNEL_ERRORS
from countersign.rule import Rule
from countersign.symptoms import Symptom

__all__ = ["describe_enforcers", "describe_error", "describe_meaning", "describe_symptoms"]

ENFORCERS: Final = {
    Enforcer.KERNEL: "the kernel",
    Enforcer.DYLD: "dyld",
    Enforcer.CODESIGN: "codesign",
    Enforcer.CODESIGN_STRICT: "codesign --strict",
    Enforcer.POLICY: "countermark alone",
}


def describe_meaning(meaning: Meaning) -> str:
    """Return everything that is known of a rule or of an error."""
    if isinstance(meaning, ErrorName):
        return "\n".join(_error(meaning))
    return "\n".join(_rule(meaning))


def describe_enforcers(
    enforced_by: Iterable[Enforcer], since: Iterable[tuple[Enforcer, int]] = ()
) -> str:
    """Name those who refuse, with the release from which on they do."""
    releases = dict(since)
    return ", ".join(
        f"{ENFORCERS[each]} since macOS {releases[each]}" if each in releases else ENFORCERS[each]
        for each in enforced_by
    )


def describe_error(name: str) -> str:
    """Name an error of Apple's with its number and text."""
    known = ERRORS.get(name) or KERNEL_ERRORS.get(name)
    return f"{name} ({known[0]}): {known[1]}" if known else name


def describe_symptoms(seen: Iterable[Symptom], *, indent: int = 2) -> Iterator[str]:
    """Return what is seen on a Mac, each place with its text."""
    label = "on a Mac"
    for symptom in seen:
        yield from paragraph(label, f"{symptom.where}: {symptom.text}", indent=indent)
        label = ""


def _rule(rule: Rule) -> Iterator[str]:
    yield f"{rule.id} {rule.name} ({rule.severity})"
    yield from paragraph("demands", rule.demands)
    yield from paragraph("refused by", describe_enforcers(rule.enforced_by, rule.since))
    if rule.apple:
        yield from paragraph("Apple", describe_error(rule.apple))
    yield from paragraph("why", rule.why)
    yield from paragraph("cause", rule.cause)
    yield from paragraph("fix", rule.fix)
    yield from describe_symptoms(seen_on_a_mac(rule))
    yield from paragraph("source", rule.source)
    yield from paragraph("page", page_of(rule.id))


def _error(error: ErrorName) -> Iterator[str]:
    yield f"{error.name} ({error.number})"
    yield from paragraph("text", error.text)
    for rule in error.rules:
        yield from paragraph(rule.id, f"{rule.name}: {rule.demands}")
    if error.rules:
        yield from paragraph("more", f"countermark explain {error.rules[0].id}")
    else:
        yield from paragraph("rules", "none that can be decided from the bytes of a file gives it")

"""The words that ``explain`` knows: rules by id and name, errors by name and number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from countermark.rules import EVERY_RULE
from countersign.apple import ERRORS
from countersign.kernelerrors import KERNEL_ERRORS
from countersign.rule import Rule
from countersign.rulebook import RULES
from countersign.symptoms import Symptom, symptoms

__all__ = ["ErrorName", "Meaning", "known_words", "look_up", "page_of", "seen_on_a_mac"]

RULES_PAGE: Final = "docs/reference/rules.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorName:
    """An error of Apple's, and the rules that give it when they are broken."""

    name: str
    number: int
    text: str
    rules: tuple[Rule, ...]


Meaning: TypeAlias = Rule | ErrorName


def look_up(word: str) -> Meaning | None:
    """Find what is meant by a word, in any case; a number is one of Security's errors."""
    wanted = word.casefold()
    for rule in EVERY_RULE.values():
        if wanted in (rule.id.casefold(), rule.name.casefold()):
            return rule
    for name, error in (*ERRORS.items(), *KERNEL_ERRORS.items()):
        if wanted == name.casefold():
            return _error(name, *error)
    found = (
        _error(name, *error)
        for name, error in ERRORS.items()
        if wanted.removeprefix("-") == str(-error.code)
    )
    return next(found, None)


def known_words() -> tuple[str, ...]:
    """Give every word that can be looked up, but for numbers."""
    rules = EVERY_RULE.values()
    return (
        *(rule.id for rule in rules),
        *(rule.name for rule in rules),
        *ERRORS,
        *KERNEL_ERRORS,
    )


def page_of(rule_id: str) -> str:
    """Say where the documentation tells of a rule, from the top of the repository."""
    return f"{RULES_PAGE}#{rule_id}"


def seen_on_a_mac(rule: Rule) -> tuple[Symptom, ...]:
    """Give what a Mac shows when the rule is broken: only of signatures is that known."""
    return tuple(symptoms(rule.id, rule.enforced_by)) if rule.id in RULES else ()


def _error(name: str, number: int, text: str) -> ErrorName:
    rules = tuple(rule for rule in RULES.values() if rule.apple == name)
    return ErrorName(name=name, number=number, text=text, rules=rules)

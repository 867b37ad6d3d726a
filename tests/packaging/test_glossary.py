"""Every rule and every error can be looked up by each of its names."""

from __future__ import annotations

import re

import pytest

from commands import ROOT
from countermark.glossary import ErrorName, known_words, look_up, page_of
from countermark.render.glossary import describe_meaning
from countermark.rules import EVERY_RULE
from countersign.apple import ERRORS
from countersign.kernelerrors import KERNEL_ERRORS
from countersign.rulebook import RULES


def test_no_word_means_two_things() -> None:
    words = [word.casefold() for word in known_words()]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("rule", EVERY_RULE.values(), ids=lambda r: r.id)
def test_a_rule_is_found_by_id_and_name_in_any_case(rule: object) -> None:
    rule_id, name = rule.id, rule.name  # type: ignore[attr-defined]
    for word in (rule_id, rule_id.lower(), name, name.upper()):
        assert look_up(word) is rule


def test_an_error_is_found_by_name_and_number_and_names_its_rules() -> None:
    for word in ("errSecCSSignatureFailed", "ERRSECCSSIGNATUREFAILED", "-67061", "67061"):
        found = look_up(word)
        assert isinstance(found, ErrorName)
        assert RULES["R27"] in found.rules
    assert all(look_up(str(error.code)) is not None for error in ERRORS.values())
    assert all(isinstance(look_up(name), ErrorName) for name in KERNEL_ERRORS)


@pytest.mark.parametrize("word", ["", "R", "27", "R270", "-", "-85", "page hash"])
def test_what_is_no_word_is_not_guessed(word: str) -> None:
    assert look_up(word) is None


@pytest.mark.parametrize("word", known_words())
def test_every_explanation_fits_on_a_page(word: str) -> None:
    found = look_up(word)
    assert found is not None
    lines = describe_meaning(found).splitlines()
    assert max(map(len, lines)) <= 100
    assert word.casefold() in lines[0].casefold()


def test_the_documentation_has_a_place_for_every_rule() -> None:
    for rule_id in EVERY_RULE:
        path, anchor = page_of(rule_id).split("#")
        assert f'<a id="{anchor}"></a>' in (ROOT / path).read_text(encoding="utf-8")


def test_links_inside_the_page_of_rules_lead_somewhere() -> None:
    page = (ROOT / "docs/reference/rules.md").read_text(encoding="utf-8")
    anchors = set(re.findall(r'<a id="([^"]+)">', page))
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) == anchors == {*EVERY_RULE}

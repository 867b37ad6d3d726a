"""What is said of a Mac follows from who refuses the file."""

from __future__ import annotations

import pytest

from countersign.apple import ERRORS
from countersign.findings import Enforcer
from countersign.kernelerrors import KERNEL_ERRORS, errno_name, load_name
from countersign.rulebook import RULES
from countersign.symptoms import symptoms


def texts(rule_id: str) -> str:
    return "\n".join(seen.text for seen in symptoms(rule_id, RULES[rule_id].enforced_by))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_every_rule_has_something_to_be_seen(rule: object) -> None:
    assert symptoms(rule.id, rule.enforced_by)  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_what_macos_does_not_look_at_is_seen_nowhere(rule: object) -> None:
    ours = rule.enforced_by == (Enforcer.POLICY,)  # type: ignore[attr-defined]
    text = texts(rule.id)  # type: ignore[attr-defined]
    assert ours is text.startswith("nothing")


def test_a_changed_page_kills_with_its_own_reason() -> None:
    assert "Namespace CODESIGNING, Code 2, Invalid Page" in texts("R27")
    assert "zsh: killed" in texts("R27")


def test_a_bad_table_is_an_error_of_the_shell_and_no_kill() -> None:
    assert "Malformed Mach-o file" in texts("R3")
    assert "killed" not in texts("R3")


def test_codesign_prints_the_text_of_the_error() -> None:
    assert ERRORS["errSecCSUnsigned"].text in texts("A1")
    (seen, _) = symptoms("R10", RULES["R10"].enforced_by)
    assert seen.where == "codesign --verify --strict"


def test_a_finding_with_other_enforcers_is_seen_elsewhere() -> None:
    wheres = [seen.where for seen in symptoms("R33", (Enforcer.DYLD,))]
    assert wheres == ["dyld"]


def test_errors_of_the_kernel_are_found_by_their_numbers() -> None:
    assert (errno_name(85), load_name(4)) == ("EBADEXEC", "LOAD_FAILURE")
    assert errno_name(4) is load_name(85) is None
    for rule in RULES.values():
        assert rule.apple is None or rule.apple in ERRORS or rule.apple in KERNEL_ERRORS

"""What is to be said about any rule, wherever a viewer shows it."""

from __future__ import annotations

from typing import NamedTuple

from countermark.rules import EVERY_RULE

__all__ = ["RuleText", "rule_text"]


class RuleText(NamedTuple):
    """A rule as far as viewers show it."""

    id: str
    name: str
    severity: str
    demands: str
    more: tuple[tuple[str, str], ...]
    """Headings, each with one or two sentences."""

    @property
    def text(self) -> str:
        """All of it as plain text."""
        return "\n".join([self.demands, *(f"{heading}: {body}" for heading, body in self.more)])

    @property
    def markdown(self) -> str:
        """All of it as Markdown."""
        paragraphs = (f"**{heading}:** {body}" for heading, body in self.more)
        return "\n\n".join([self.demands, *paragraphs])


def rule_text(rule_id: str) -> RuleText:
    """Return the texts of a rule. Raises :class:`KeyError` when there is none of that id."""
    rule = EVERY_RULE[rule_id]
    return RuleText(
        id=rule.id,
        name=rule.name,
        severity=rule.severity.value,
        demands=rule.demands,
        more=(
            ("Why it matters", rule.why),
            ("Usual cause", rule.cause),
            ("What to do", rule.fix),
            ("Enforced by", ", ".join(rule.enforced_by)),
            ("Source", rule.source),
        ),
    )

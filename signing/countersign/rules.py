"""What a check says when a rule is broken; the rules stand in :mod:`countersign.rulebook`."""

from __future__ import annotations

from collections.abc import Iterable

from countersign.apple import error_code
from countersign.errors import FormatError
from countersign.findings import Enforcer, Finding

__all__ = ["broken", "unreadable"]


def broken(
    rule_id: str,
    offset: int | None,
    message: str,
    *,
    enforced_by: Iterable[Enforcer] = (),
    apple: str | None = None,
) -> Finding:
    """Make the finding that a rule is broken ``offset`` bytes into the file.

    ``enforced_by`` replaces the rule's own enforcers where a case has more or fewer of them, and
    ``apple`` the name of the error where it has another.
    """
    from countersign.rulebook import RULES  # a good image needs none of them

    rule = RULES[rule_id]
    apple = apple or rule.apple
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity,
        enforced_by=tuple(enforced_by) or rule.enforced_by,
        apple=apple,
        code=error_code(apple),
        offset=offset,
        message=message,
        fix=rule.fix,
    )


def unreadable(error: FormatError) -> Finding:
    """Make the finding that bytes could not be read, of what the parser said."""
    return broken(
        error.rule,
        error.offset,
        error.problem,
        enforced_by=error.enforced_by,
        apple=error.apple,
    )

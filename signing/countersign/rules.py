"""The rules for signed Mach-O images: one table, read by the verifier and by people.

Where a rule comes from stands with each: xnu's mach_loader.c, mach_fat.c, kern_descrip.c and
ubc_subr.c; dyld's UnsafeHeader.cpp and DyldDelegates.cpp; Security's StaticCode.cpp,
codedirectory.cpp, superblob.h and, for ``--strict``, macho++.cpp and singlediskrep.cpp.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from countersign.apple import error_code
from countersign.errors import FormatError
from countersign.findings import Enforcer, Finding
from countersign.rule import Rule
from countersign.rulebook import (
    bundle,
    container,
    contents,
    delivery,
    directory,
    image,
    loading,
    seal,
    superblob,
    trust,
)

__all__ = ["RULES", "broken", "unreadable"]

RULES: Final[dict[str, Rule]] = {
    rule.id: rule
    for book in (
        container,
        image,
        superblob,
        directory,
        seal,
        trust,
        contents,
        bundle,
        loading,
        delivery,
    )
    for rule in book.RULES
}
"""Every rule by its id."""


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

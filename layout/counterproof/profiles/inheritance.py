"""What a profile takes over from the one that it extends.

Tables are joined key by key, at every depth; any other value replaces the inherited one, and
``false`` takes an inherited table or text away. What a profile is called is never inherited.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from counterproof.profiles.table import Table, nearest

__all__ = ["joined"]

_OWN: Final = ("schema", "name", "title", "description", "extends")
_TRUTHS: Final = ("required", "empty")
"""Keys at which ``false`` means false."""


def joined(inherited: Mapping[str, object], table: Table) -> Table:
    """Give the table of a profile with everything in it that it inherits.

    ``inherited`` are the values of the other profile, which was found to be in order. Raises
    :class:`ProfileError` when something is taken away that was never there.
    """
    kept = {key: value for key, value in inherited.items() if key not in _OWN}
    return Table(table.source, table.path, _join(kept, table))


def _join(inherited: Mapping[str, object], table: Table) -> dict[str, object]:
    values = dict(inherited)
    for key, own in table.values.items():
        known = inherited.get(key)
        if isinstance(own, dict) and isinstance(known, dict):
            values[key] = _join(known, table.inner(key))
        elif own is False and key not in _TRUTHS:
            if key not in inherited:
                problem = "false takes away what is inherited, and there is nothing of this name"
                raise table.error(key, problem, nearest=nearest(key, inherited))
            del values[key]
        else:
            values[key] = own
    return values

"""The one way in which documents become JSON."""

from __future__ import annotations

import msgspec

__all__ = ["to_json"]


def to_json(document: msgspec.Struct | dict[str, object]) -> str:
    """Return a document as it is printed: in the order of its fields, two spaces, a newline."""
    return msgspec.json.format(msgspec.json.encode(document)).decode() + "\n"

"""What becomes of one argument of a compiler."""

__all__ = ["Notice", "Piece", "RefusedError", "Verdict", "words"]

Piece = tuple[str, ...]
"""An argument, with the next one if that is its value."""

Notice = tuple[str, str, str]
"""An argument as it was given; what took its place, empty if nothing did; and why."""

Verdict = tuple[Piece, str]
"""What takes the place of an argument, and why; an empty reason calls for no notice."""


class RefusedError(Exception):
    """A project asks whether an argument works that zig accepts and does nothing for."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text, which is easier to read than a list of strings."""
    return frozenset(text.split())

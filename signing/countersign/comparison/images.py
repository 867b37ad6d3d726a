"""What two Mach-O files do not have in common, in meaning: their signatures, and the code below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from countersign.comparison.barecode import BareCode, bare_codes
from countersign.comparison.code import CodeChanges, code_changes
from countersign.comparison.signatures import Change, signature_changes
from countersign.inspection.facts import SliceInspection
from countersign.inspection.inspector import inspect_source
from countersign.reading import read_image
from countersign.source import Source, open_source

__all__ = ["ImageComparison", "SliceComparison", "compare_image_sources", "compare_images"]


class SliceComparison(NamedTuple):
    """One architecture that both files have."""

    arch: str
    signature: tuple[Change, ...]
    """Empty when both signatures say the same."""
    code: CodeChanges | None
    """None when the code is the same."""


class ImageComparison(NamedTuple):
    """How two Mach-O files differ."""

    slices: tuple[SliceComparison, ...]
    removed: tuple[str, ...] = ()
    """The architectures that only the old file has."""
    added: tuple[str, ...] = ()
    """The architectures that only the new file has."""

    @property
    def same_code(self) -> bool:
        """True when both have the same architectures, with the same code in each."""
        return not (self.removed or self.added or any(each.code for each in self.slices))

    @property
    def same_signature(self) -> bool:
        """True when the signatures of what both have say the same."""
        return not any(each.signature for each in self.slices)


class _Slice(NamedTuple):
    facts: SliceInspection
    code: BareCode


def compare_images(old: Path, new: Path) -> ImageComparison:
    """Compare two Mach-O files.

    Raises :class:`SigningError` for what cannot be read, is no Mach-O, or makes no sense without
    its signature.
    """
    with open_source(old) as one, open_source(new) as other:
        compared = compare_image_sources(one, other)
        one.expect_unchanged(old)
        other.expect_unchanged(new)
    return compared


def compare_image_sources(one: Source, other: Source) -> ImageComparison:
    """Compare two open Mach-O files as :func:`compare_images` does, which raises the same."""
    return _compare(_slices(one), _slices(other))


def _slices(source: Source) -> list[_Slice]:
    facts = inspect_source(source, path="").slices
    codes = bare_codes(source, read_image(source))
    return [_Slice(*pair) for pair in zip(facts, codes, strict=True)]


def _compare(old: Sequence[_Slice], new: Sequence[_Slice]) -> ImageComparison:
    slices, rest = [], list(new)
    removed = []
    for one in old:
        other = next((each for each in rest if each.facts.arch == one.facts.arch), None)
        if other is None:
            removed.append(one.facts.arch)
            continue
        rest = [each for each in rest if each is not other]
        slices.append(
            SliceComparison(
                arch=one.facts.arch,
                signature=signature_changes(one.facts, other.facts),
                code=code_changes(one.code, other.code),
            )
        )
    return ImageComparison(
        slices=tuple(slices),
        removed=tuple(removed),
        added=tuple(each.facts.arch for each in rest),
    )

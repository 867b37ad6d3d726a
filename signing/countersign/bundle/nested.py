"""Whether nested code is what the seal around it demands: a requirement, as text.

``codesign`` seals nested code by its designated requirement. That of ad-hoc code names the cdhashes
of its slices (``SecStaticCode::defaultDesignatedRequirement`` in Security's StaticCode.cpp). Others
speak of certificates: those are compared with what the code itself carries.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from countersign.bundle.program import ProgramSlice
from countersign.signature import Kind

__all__ = ["satisfies"]

_CDHASHES: Final = re.compile('cdhash H"([0-9a-f]{40})"(?: or cdhash H"[0-9a-f]{40}")*')
_CDHASH: Final = re.compile('H"([0-9a-f]{40})"')


def satisfies(slices: Sequence[ProgramSlice], requirement: str) -> bool | None:
    """Tell whether every slice satisfies a requirement; None when that cannot be told.

    What a slice demands of itself it satisfies, or its own verdict says that it does not.
    """
    if _CDHASHES.fullmatch(requirement):
        return {each.cdhash for each in slices} <= set(_CDHASH.findall(requirement))
    if all(each.requirement == requirement for each in slices):
        return True
    if _names_certificates(requirement) and any(each.kind is not Kind.CMS for each in slices):
        return False
    return None


def _names_certificates(requirement: str) -> bool:
    """Tell whether nothing without a certificate can satisfy a requirement."""
    words = requirement.split()
    certain = "or" not in words and "!" not in requirement
    return certain and ("anchor" in words or "certificate" in words)

"""All rules of signed Mach-O images, one module per layer: one table for the verifier and people.

R rules concern the container, the image, and its signature; K rules are the kernel's and dyld's
for any image; A rules are Apple silicon's; F1 is the format itself. P rules are our own policy,
Q rules are what a user demands, and N rules say what was not checked. Only what macOS itself
refuses, or a user demands, is an error.

Where a rule comes from stands with each: xnu's mach_loader.c, mach_fat.c, kern_descrip.c and
ubc_subr.c; dyld's UnsafeHeader.cpp and DyldDelegates.cpp; Security's StaticCode.cpp,
codedirectory.cpp, superblob.h and, for ``--strict``, macho++.cpp and singlediskrep.cpp.
"""

from __future__ import annotations

from typing import Final

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

__all__ = ["RULES"]

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

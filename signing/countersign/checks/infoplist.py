"""R62, E6 and N5: the Info.plist that a slice seals in slot 1.

Sources: ``MachORep::component`` in Security's machorep.cpp takes it from the slice itself, and
``BundleDiskRep::component`` in bundlediskrep.cpp, for the main program of a bundle, from the
bundle alone; ``SecStaticCode::component`` in StaticCode.cpp compares it with the seal of the best
code directory. One that is not sealed does not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.errors import PropertyListError
from countersign.findings import Finding
from countersign.macho.slice import Slice
from countersign.rehash import rehash
from countersign.rules import broken
from countersign.signature import Signature
from countersign.superblob import Slot
from countersign.window import Window

__all__ = ["check_info_plist", "check_info_plist_form"]

MAX_SIZE: Final = 1 << 20


def check_info_plist(
    data: Window, thin: Slice, signature: Signature, start: int
) -> Iterator[Finding]:
    """Check what slot 1 of the slice ``data`` seals.

    Its superblob begins ``start`` bytes into the file. Whoever seals resources, too, is the main
    program of a bundle, which is not here.
    """
    blob, code = signature.best
    sealed = code.special_slot(Slot.INFO_PLIST)
    if code.special_slot(Slot.RESOURCES) is not None:
        yield broken("N5", start, "the rest of its bundle was not looked at")
        return
    if sealed is None:
        return
    section = thin.info_plist
    plist = data.part(section.offset, section.offset + section.size) if section else None
    if section is None or plist is None or len(plist) != section.size:
        message = "an Info.plist is sealed, and the slice has none"
        yield broken("R62", start + blob.offset, message)
    elif rehash(plist, code.hash_type) != sealed:
        yield broken("R62", plist.start, "the Info.plist is not what was sealed")
    else:
        yield from check_info_plist_form(plist[: MAX_SIZE + 1], plist.start)


def check_info_plist_form(plist: bytes | memoryview, at: int | None) -> Iterator[Finding]:
    """Check that a sealed Info.plist is a property list; it begins ``at`` bytes into the file."""
    from countersign.plists.corefoundation import read_dictionary

    try:
        read_dictionary(plist, limit=MAX_SIZE)
    except PropertyListError as error:
        yield broken("E6", at, f"the Info.plist cannot be read: {error}")

"""What usually changes pages in a certain way."""

from __future__ import annotations

from typing import Final, NamedTuple

from countersign.diagnosis.pages import Cause

__all__ = ["REASONS", "Reason"]


class Reason(NamedTuple):
    """A cause in words."""

    happened: str
    usually: str
    """Which tools do so."""


REASONS: Final = {
    Cause.CUT_SHORT: Reason(
        "The file was cut short.",
        "A download or a copy that did not come to its end.",
    ),
    Cause.PADDED: Reason(
        "The last page was hashed as a whole page, with zeros that are not in the file.",
        "Signers that do not know that the last page is short, such as that of bun build "
        "--compile had been. It went unnoticed as long as nothing touched that page.",
    ),
    Cause.EARLY_END: Reason(
        "The last page was hashed before the file was padded for the signature.",
        "A signer that hashes first and makes room afterwards.",
    ),
    Cause.OTHER_SIZE: Reason(
        "The pages were hashed in another size than the code directory says.",
        "A signer that writes one page size and uses another.",
    ),
    Cause.OTHER_SLICE: Reason(
        "The signature is that of another slice of this file.",
        "A script that puts slices and signatures together by itself.",
    ),
    Cause.OTHER_FILE: Reason(
        "No page is what was signed: the signature belongs to another file.",
        "A signature copied from another build, or a file written anew below an old signature.",
    ),
    Cause.MOVED: Reason(
        "Pages that were signed now stand elsewhere in the file.",
        "A tool that took bytes out or put some in, and left the signature as it was.",
    ),
    Cause.COMMANDS: Reason(
        "The load commands were changed after the first page was hashed.",
        "install_name_tool, vtool, insert_dylib and their like, or a signer that hashes before "
        "it has finished the header.",
    ),
    Cause.ZEROED: Reason(
        "What was signed is gone: there are zeros in its place.",
        "A download or a copy with holes, or a disk that was full.",
    ),
    Cause.EDITED: Reason(
        "The load commands and __LINKEDIT changed and no code did: a tool edited the file.",
        "strip, install_name_tool, or llvm-objcopy, run after signing.",
    ),
    Cause.HEAD_EDITED: Reason(
        "Only the beginning changed, where the load commands are.",
        "install_name_tool, vtool, or something that sets flags or a version, run after signing.",
    ),
    Cause.LINKEDIT_EDITED: Reason(
        "Only __LINKEDIT changed, where symbols and fixups are.",
        "strip, or a tool that rewrites the symbol table, run after signing.",
    ),
    Cause.STRINGS_EDITED: Reason(
        "Only texts changed.",
        "A path or a version that an installer writes into the file, as conda and Homebrew do.",
    ),
    Cause.CONTENTS_EDITED: Reason(
        "Code or data changed.",
        "A patch, a packer, a path that an installer writes into the file, or a bad download.",
    ),
}
"""By cause."""

"""What ``attest`` did, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countermark.attestations.attesting import ALL, Attested, AttestedFile, Kept
from countermark.render.table import table
from countersign.escaping import listed, printable

__all__ = ["describe_attested"]

_SUMS: Final[dict[Kept, str]] = {"written": "written", "there": "as it was"}
_SIGNATURE: Final[dict[Kept | None, str]] = {
    "written": "signed",
    "there": "signed before",
    None: "NOT SIGNED",
}


def describe_attested(attested: Attested) -> str:
    """Return a line for every file, and what a reader should know beside it."""
    heading = f"{attested.distribution} {attested.version}, attested by {attested.signer}"
    key = f" with {attested.fingerprint}" if attested.fingerprint else ""
    rows = list(map(_row, attested.files))
    lines = [f"{heading}{key}", "", *table(("",) * 4, rows).splitlines()[1:]]
    return "\n".join([*lines, *_remarks(attested)])


def _row(file: AttestedFile) -> tuple[str, str, str, str]:
    files = f"{file.outputs} file" + "s" * (file.outputs != 1)
    return printable(str(file.path)), files, _SUMS[file.sums], _SIGNATURE[file.signature]


def _remarks(attested: Attested) -> Iterator[str]:
    if attested.left_out:
        yield f"left out, for they are no artifacts: {listed(attested.left_out)}"
    if all(file.path.name != ALL for file in attested.files):
        yield f"no {ALL}: nothing codesigned is there yet"

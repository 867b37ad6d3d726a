"""Sign a file in place or into another one. The paths end here: the core works on bytes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from countersign.embedding import Embedded, SignedSlice, embed
from countersign.errors import ReadError, RejectedError, WriteError
from countersign.findings import FileVerdict, Severity
from countersign.mapping import map_file
from countersign.replacement import has_contents, replace_file
from countersign.style import Style
from countersign.verifier import verify_image

__all__ = ["Signed", "sign", "sign_bytes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What signing a file did."""

    path: Path
    """The signed file."""
    identifier: str
    style: Style
    changed: bool
    """False when the file was already exactly what signing makes of it, and was left alone."""
    slices: tuple[SignedSlice, ...]


def sign(
    path: Path,
    *,
    output: Path | None = None,
    identifier: str | None = None,
    style: Style = Style.MACOS26,
    force: bool = False,
) -> Signed:
    """Sign a Mach-O ad-hoc, in place or into ``output``.

    The identifier is the file's base name if none is given. A symbolic link is followed and
    stays. The result is checked by the verifier's rules before it takes the place of anything;
    on every error, all of them :class:`SigningError`, the files are as they were.
    """
    source = _resolve(path)
    target = _resolve(output) if output is not None else source
    if output is not None and target.exists() and not target.is_file():
        raise WriteError(f"{target} is not a regular file")
    name = source.name if identifier is None else identifier
    embedded = embed(map_file(source), identifier=name, style=style, force=force)
    changed = not has_contents(target, embedded.pieces)
    if changed:
        replace_file(target, embedded.pieces, like=source, accept=_accept)
    else:
        _accept(target)
    return Signed(
        path=target, identifier=name, style=style, changed=changed, slices=embedded.slices
    )


def sign_bytes(
    data: bytes | memoryview,
    *,
    identifier: str,
    style: Style = Style.MACOS26,
    force: bool = False,
) -> bytes:
    """Sign the whole file ``data`` ad-hoc and give the signed file."""
    embedded = embed(memoryview(data), identifier=identifier, style=style, force=force)
    signed = _join(embedded)
    _require(verify_image(signed, path=identifier))
    return signed


def _join(embedded: Embedded) -> bytes:
    return b"".join(embedded.pieces)


def _accept(path: Path) -> None:
    _require(verify_image(map_file(path), path=str(path)))


def _require(verdict: FileVerdict) -> None:
    """Raise what speaks against a file that was just signed."""
    everything = [*verdict.findings, *(each for one in verdict.slices for each in one.findings)]
    errors = [finding for finding in everything if finding.severity is Severity.ERROR]
    if errors:
        raise RejectedError(errors)


def _resolve(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise ReadError(str(error)) from error

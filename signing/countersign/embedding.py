"""The core of signing: from the bytes of a file to those of the signed file.

Only the pages that change and the signature pass through memory; everything else goes from the
source to the sink by :mod:`countersign.transfer`, hashed on its way.
"""

from __future__ import annotations

from typing import NamedTuple

from countersign.contents import choose_contents, choose_identifier
from countersign.dialect import Form, choose_form
from countersign.layout import Extent, Layout, lay_out, write_code, write_table
from countersign.plan import Plan, plan_signature
from countersign.reading import MachOFile, Part, refuse_loss
from countersign.sealing import seal
from countersign.settings import Settings
from countersign.signature import Kind
from countersign.sink import Sink
from countersign.source import Source
from countersign.style import Style
from countersign.transfer import Hashing

__all__ = ["Embedding", "SignedSlice", "embed", "kept_slices", "plan_embedding"]


class SignedSlice(NamedTuple):
    """What became of one slice."""

    arch: str
    cdhash: str
    """40 hexadecimal digits."""
    replaced: Kind | None
    """The kind of the signature that was there before; None for none, or none to be read."""


class Embedding(NamedTuple):
    """A planned signed file."""

    image: MachOFile
    identifier: str
    plans: tuple[Plan, ...]
    """One for each slice."""
    layout: Layout

    @property
    def patched(self) -> tuple[range, ...]:
        """The bytes of the signed file that are not what they were, signatures included."""
        ranges = []
        for extent, plan in zip(self.layout.extents, self.plans, strict=True):
            ranges += [
                range(extent.at + patch.offset, extent.at + patch.end) for patch in plan.patches
            ]
            kept = min(extent.old_end - extent.base, plan.data_offset)
            ranges.append(range(extent.at + kept, extent.end))
        return tuple(ranges)


def plan_embedding(image: MachOFile, name: str, settings: Settings) -> Embedding:
    """Plan the signatures of all slices of a file whose base name is ``name``.

    Raises a :class:`SigningError` for everything that cannot be signed. What cannot be made again
    here, a certificate's signature above all, is only replaced when the settings force it.
    """
    if not settings.force:
        refuse_loss(image)
    identifier = choose_identifier(image.parts, name, settings)
    digests = settings.style.digests(part.thin for part in image.parts)
    plans = tuple(
        plan_signature(
            part.thin,
            choose_contents(part, identifier, settings),
            style=settings.style,
            digests=digests,
            form=_form(part, settings),
        )
        for part in image.parts
    )
    aligns = _segment_aligns(image) if settings.style.uses_allocate else ()
    layout = lay_out(image, [plan.size for plan in plans], aligns)
    return Embedding(image=image, identifier=identifier, plans=plans, layout=layout)


def embed(source: Source, sink: Sink, embedding: Embedding) -> tuple[SignedSlice, ...]:
    """Write the signed file; raises what the source and the sink raise."""
    write_table(sink, embedding.layout)
    return tuple(
        _embed_slice(source, sink, part, plan, extent)
        for part, plan, extent in zip(
            embedding.image.parts, embedding.plans, embedding.layout.extents, strict=True
        )
    )


def kept_slices(image: MachOFile) -> tuple[SignedSlice, ...]:
    """Tell what the slices of a file are whose signatures are kept."""
    return tuple(
        SignedSlice(arch=part.thin.arch, cdhash=part.signature.best.cdhash, replaced=None)
        for part in image.parts
        if part.signature is not None
    )


def _embed_slice(source: Source, sink: Sink, part: Part, plan: Plan, extent: Extent) -> SignedSlice:
    hashes = write_code(
        source,
        sink,
        extent,
        patches=plan.patches,
        limit=plan.data_offset,
        hashing=Hashing(plan.page_size, plan.digests),
    )
    sealed = seal(plan, hashes)
    sink.write(extent.at + plan.data_offset, sealed.data)
    kind = part.signature.kind if part.signature else None
    return SignedSlice(arch=plan.arch, cdhash=sealed.cdhash, replaced=kind)


def _segment_aligns(image: MachOFile) -> list[int]:
    """Align slices as ``codesign_allocate`` does: as lipo has done, and to pages of their CPU."""
    return [max(14 if part.thin.is_arm64 else 12, part.thin.segment_align) for part in image.parts]


def _form(part: Part, settings: Settings) -> Form | None:
    if settings.style is not Style.LINKER:
        return None
    return choose_form(part.thin, part.signature, settings.dialect)

"""Signatures as text: the words of ``codesign -dvvv`` first, then what it does not show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from countermark.render.table import table
from countersign.codedirectory import MAIN_BINARY, NO_CODE
from countersign.escaping import printable
from countersign.findings import Finding
from countersign.inspection.facts import (
    BlobEntry,
    BlobMap,
    CmsInspection,
    DirectoryInspection,
    EntitlementsInspection,
    Inspection,
    SealState,
    SignatureInspection,
    SliceInspection,
)
from countersign.inspection.slotnames import slot_name
from countersign.macho.platforms import platform_name
from countersign.macho.slice import Target
from countersign.plists.entitlements import ExecFlag
from countersign.signature import Kind
from countersign.superblob import Slot
from countersign.times import time_text
from countersign.version import version_text

__all__ = ["describe_inspection"]

MAX_PROBLEMS: Final = 20
"""Problems of one slice that are printed; JSON has all of them."""
MAX_LINES: Final = 100
"""Lines of one thing of a file's own making that are printed; JSON has all of them."""
MAX_WIDTH: Final = 1000
"""Characters of such a line."""
LOUD: Final = (SealState.DIFFERS, SealState.MISSING)


def describe_inspection(file: Inspection, *, hashes: bool = False) -> str:
    """Return a block for a file, with one for each of its slices in it."""
    archs = " ".join(thin.arch for thin in file.slices)
    form = f"Mach-O {'universal' if file.universal else 'thin'} ({archs})"
    lines = [f"{printable(file.name)}: {form}" if file.slices else printable(file.name)]
    lines += _problems(file.problems, "  ")
    for thin in file.slices:
        lines += ["", *_slice(thin, hashes=hashes)]
    return "\n".join(lines)


def _slice(thin: SliceInspection, *, hashes: bool) -> Iterator[str]:
    what = thin.file_type or "what cannot be read"
    target = f" for {_target(thin.target)}" if thin.target else ""
    uuid = f", UUID {_dashed(thin.uuid)}" if thin.uuid else ""
    yield f"{thin.arch}: {what}{target}, {thin.size:,} bytes at {thin.offset:#x}{uuid}"
    if thin.signature is not None:
        yield from _indent(_signature(thin, thin.signature, hashes=hashes))
    elif thin.file_type is not None:
        yield "  not signed at all"
    yield from _problems(thin.problems, "  ")


def _signature(
    thin: SliceInspection, signature: SignatureInspection, *, hashes: bool
) -> Iterator[str]:
    best = signature.best
    if best is not None:
        yield from _summary(thin, signature, best)
    yield from _requirements(signature)
    yield from _entitlements(signature.contents.entitlements)
    yield from _superblob(thin, signature)
    for directory in signature.directories:
        yield from _seals(directory)
        if hashes:
            yield from _pages(directory)
    for constraint in signature.contents.constraints:
        yield f"{slot_name(constraint.slot)}: {_cut(constraint.der.hex())}"


def _summary(
    thin: SliceInspection, signature: SignatureInspection, best: DirectoryInspection
) -> Iterator[str]:
    """Give the lines that ``codesign -dvvv`` prints, in its order and its words."""
    code = best.code
    yield f"Identifier={printable(code.identifier)}"
    for directory in sorted(signature.directories, key=lambda each: not each.best):
        yield from _directory(directory, alone=len(signature.directories) == 1)
    for directory in signature.directories:
        yield f"CandidateCDHash {directory.code.hash_type.label}={directory.cdhash}"
        yield f"CandidateCDHashFull {directory.code.hash_type.label}={directory.digest.hex()}"
    choices = ",".join(each.code.hash_type.label for each in signature.directories)
    yield f"Hash choices={choices}"
    yield f"CDHash={best.cdhash}"
    yield f"Signature{_kind(signature)}"
    if signature.contents.cms is not None:
        yield from _cms(signature.contents.cms)
    yield f"Info.plist={_info_plist(thin, best)}"
    yield f"TeamIdentifier={printable(code.team) if code.team else 'not set'}"
    if code.runtime:
        yield f"Runtime Version={version_text(code.runtime)}"
    sealed = code.special_slot(Slot.RESOURCES) is not None
    yield f"Sealed Resources={'in the bundle' if sealed else 'none'}"


def _directory(directory: DirectoryInspection, *, alone: bool) -> Iterator[str]:
    code = directory.code
    flags = f"{int(code.flags):#x}({','.join(code.flags.words) or 'none'})"
    best = "" if alone else " (best)" if directory.best else " (alternate)"
    yield (
        f"CodeDirectory v={code.version:x} size={directory.size} flags={flags} "
        f"hashes={code.code_count}+{len(code.special)} location=embedded{best}"
    )
    details = [
        f"Hash type={code.hash_type.label} size={code.hash_type.size}",
        f"Page size={code.page_size or 'none'}",
        f"Code limit={code.code_limit}",
    ]
    if code.platform:
        details.append(f"Platform identifier={code.platform}")
    yield "  ".join(details)
    if code.scatter is not None:
        ranges = (f"{each.pages} from page {each.base}" for each in code.scatter)
        yield f"Scatter={_cut(', '.join(ranges))}"
    if code.exec_segment != NO_CODE:
        base, limit, bits = code.exec_segment
        yield f"Executable Segment base={base} limit={limit} flags={bits:#x}({_exec_words(bits)})"


def _exec_words(bits: int) -> str:
    words = ["main-binary"] if bits & MAIN_BINARY else []
    words += [(flag.name or "").lower().replace("_", "-") for flag in ExecFlag if bits & flag.value]
    unknown = bits & ~sum(flag.value for flag in ExecFlag) & ~MAIN_BINARY
    return ",".join([*words, f"{unknown:#x}"] if unknown else words) or "none"


def _kind(signature: SignatureInspection) -> str:
    """Say who signed, and by whose layout."""
    cms = signature.contents.cms
    who = f" size={cms.size}" if cms is not None else "=adhoc"
    if signature.kind is Kind.LINKER and signature.dialect is not None:
        return f"{who} (by the linker: {signature.dialect})"
    style = f"style {signature.style}" if signature.style else "of no known style"
    return f"{who} ({style})"


def _cms(cms: CmsInspection) -> Iterator[str]:
    for certificate in cms.chain:
        yield f"Authority={printable(certificate.name)}"
    if cms.readable and not cms.is_apple:
        yield "Authority ends at none of Apple's roots"
    if cms.timestamp is not None:
        yield f"Timestamp={time_text(cms.timestamp)}"
    elif cms.signing_time is not None:
        yield f"Signed Time={time_text(cms.signing_time)}"


def _info_plist(thin: SliceInspection, best: DirectoryInspection) -> str:
    if best.code.special_slot(Slot.INFO_PLIST) is None:
        there = f", though {thin.info_plist} bytes are embedded" if thin.info_plist else ""
        return f"not bound{there}"
    if best.code.special_slot(Slot.RESOURCES) is not None or thin.info_plist is None:
        return "bound, in the bundle"
    return f"bound, {thin.info_plist} bytes embedded"


def _requirements(signature: SignatureInspection) -> Iterator[str]:
    requirements = signature.contents.requirements
    blob = next((each for each in signature.blobs.entries if each.slot == Slot.REQUIREMENTS), None)
    if blob is None:
        yield "Internal requirements=none"
    elif requirements is None:
        yield "Internal requirements cannot be read"
    else:
        yield f"Internal requirements count={len(requirements)} size={blob.length}"
        for each in requirements:
            text = printable(each.text) if each.text is not None else each.blob.hex()
            yield f"  {each.kind} => {_cut(text)}"


def _entitlements(entitlements: EntitlementsInspection | None) -> Iterator[str]:
    if entitlements is None:
        return
    xml, der = (
        _form(entitlements.xml, entitlements.values),
        _form(entitlements.der, entitlements.der_values),
    )
    if xml == der:
        yield "Entitlements, XML and DER alike"
        yield from _indent(_first(xml or ()))
        return
    for name, lines in (("XML", xml), ("DER", der)):
        if lines is not None:
            yield f"Entitlements, {name}{'' if xml is None or der is None else ', not alike'}"
            yield from _indent(_first(lines))


def _form(form: str | bytes | None, values: Mapping[str, object] | None) -> list[str] | None:
    """Give a line for each entitlement, by key; what cannot be read is given as it is."""
    if form is None:
        return None
    if values is None:
        lines = form.splitlines() if isinstance(form, str) else [form.hex()]
        return [_cut(printable(line)) for line in lines]
    import json

    return [
        _cut(f"{printable(key)} = {printable(json.dumps(values[key], ensure_ascii=False))}")
        for key in sorted(values)
    ]


def _superblob(thin: SliceInspection, signature: SignatureInspection) -> Iterator[str]:
    blobs, command = signature.blobs, signature.command
    start = thin.offset + command.data_offset
    yield f"Superblob at {start:#x}: {blobs.length:,} of {command.data_size:,} bytes{_rest(blobs)}"
    rows = [
        (
            each.offset,
            (
                f"{each.slot:#x}",
                f"{each.offset}",
                "?" if each.length is None else f"{each.length}",
                f"{slot_name(each.slot)}{_reach(each)}",
                "?" if each.magic is None else f"{each.magic:08x}",
            ),
        )
        for each in blobs.entries
    ]
    rows += [
        (gap.offset, ("", f"{gap.offset}", f"{gap.size}", f"gap{_dirt(gap.empty)}", ""))
        for gap in blobs.gaps
    ]
    cells = [row for _, row in sorted(rows, key=lambda each: each[0])]
    heading = ("slot", "offset", "length", "name", "magic")
    lines = table(heading, cells, right=("offset", "length")).splitlines()
    yield from _indent(_first(lines))


def _reach(entry: BlobEntry) -> str:
    if entry.readable:
        return ""
    return "  CANNOT BE READ" if entry.offset else "  points to nothing"


def _rest(blobs: BlobMap) -> str:
    if not blobs.padding:
        return ""
    what = "zeros" if blobs.padding_empty else "bytes that are not zeros"
    return f", then {blobs.padding:,} {what}"


def _dirt(empty: bool) -> str:
    return " of zeros" if empty else ", not empty"


def _seals(directory: DirectoryInspection) -> Iterator[str]:
    if not directory.special:
        return
    yield f"Special slots, {directory.code.hash_type.label}"
    rows = [
        (
            f"-{slot}",
            slot_name(slot),
            state.upper() if state in LOUD else state,
            digest.hex() if digest else "",
        )
        for slot, digest, state in directory.special
    ]
    yield from _indent(_first(table(("", "", "", ""), rows).splitlines()[1:]))


def _pages(directory: DirectoryInspection) -> Iterator[str]:
    code, wrong = directory.code, frozenset(directory.wrong_pages or ())
    size = code.hash_type.size
    yield f"Pages, {code.hash_type.label}"
    for page in range(code.code_count):
        digest = code.hashes[page * size : (page + 1) * size].hex()
        yield f"  {page:>6}  {digest}{'  DIFFERS' if page in wrong else ''}"
    if directory.padded:
        yield "  the last hash is that of a page filled up with zeros"


def _target(target: Target) -> str:
    minimum, sdk = (version_text(each, short=True) for each in (target.minimum, target.sdk))
    return f"{platform_name(target.platform)} {minimum} (SDK {sdk})"


def _dashed(uuid: str) -> str:
    """Write a UUID as dwarfdump does."""
    cuts = (0, 8, 12, 16, 20, 32)
    return "-".join(uuid[start:end] for start, end in pairwise(cuts)).upper()


def _cut(text: str) -> str:
    return text if len(text) <= MAX_WIDTH else f"{text[:MAX_WIDTH]}..."


def _first(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:MAX_LINES]
    if len(lines) > MAX_LINES:
        yield f"... and {len(lines) - MAX_LINES:,} more"


def _problems(problems: tuple[Finding, ...], indent: str) -> Iterator[str]:
    for each in problems[:MAX_PROBLEMS]:
        place = f" at {each.offset:#x}" if each.offset is not None else ""
        yield f"{indent}problem {each.rule} {each.name}{place}: {printable(each.message)}"
    if len(problems) > MAX_PROBLEMS:
        yield f"{indent}... and {len(problems) - MAX_PROBLEMS:,} more problems"


def _indent(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)

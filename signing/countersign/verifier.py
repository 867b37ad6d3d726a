"""Judge a file by the rules. Any bytes at all give a verdict; only input and output can fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from countersign.checks.container import check_architecture, check_container, slice_fits
from countersign.checks.entitlements import check_entitlements
from countersign.checks.infoplist import check_info_plist
from countersign.checks.loaders import claimed_filetype, loaders
from countersign.checks.loading import check_loading
from countersign.checks.seal import check_seal
from countersign.checks.structure import check_linkedit, check_structure
from countersign.errors import FormatError
from countersign.escaping import printable
from countersign.findings import Enforcer, FileVerdict, Finding, SliceVerdict
from countersign.macho.fat import MAX_TABLE, FatArch, parse_fat, starts_fat, starts_fat64
from countersign.macho.header import CODE_TYPES, MH_EXECUTE, claimed_architecture, starts_thin
from countersign.macho.loading import parse_loading
from countersign.macho.slice import SignatureCommand, Slice, parse_slice
from countersign.reading import read_head
from countersign.rules import broken, unreadable
from countersign.signature import MAX_SIGNATURE, Signature, parse_signature
from countersign.source import BytesSource, Source, open_source
from countersign.system import NEWEST, System
from countersign.window import Window

__all__ = ["verify", "verify_image", "verify_source"]


def verify(path: Path, *, system: System = NEWEST) -> FileVerdict:
    """Judge the file at ``path`` as the Macs of ``system`` would.

    It is read in pieces, so memory does not grow with it, and whoever cuts it short meanwhile harms
    nobody. Raises :class:`ReadError` when it cannot be read, :class:`ChangedError` when it was
    changed meanwhile, and nothing else.
    """
    with open_source(path) as source:
        verdict = verify_source(source, path=str(path), system=system)
        source.expect_unchanged(path)
    return verdict


def verify_image(
    data: bytes | memoryview,
    *,
    path: str,
    member: str | None = None,
    pages: Sequence[range] | None = None,
    system: System = NEWEST,
) -> FileVerdict:
    """Judge a whole file given as its bytes; ``path`` and ``member`` only name it. Never raises.

    ``pages`` limits the pages whose hashes are checked to those with bytes in one of the ranges,
    from the start of the file; all other rules are applied all the same.
    """
    source = BytesSource(data)
    return verify_source(source, path=path, member=member, pages=pages, system=system)


def verify_source(
    source: Source,
    *,
    path: str,
    member: str | None = None,
    pages: Sequence[range] | None = None,
    system: System = NEWEST,
) -> FileVerdict:
    """Judge a whole file as :func:`verify_image` does. Raises what the source raises."""
    window = Window(source)
    view = window[:MAX_TABLE]
    if starts_fat64(view):
        who = (Enforcer.KERNEL,) if claimed_filetype(window) == MH_EXECUTE else ()
        message = "it is a universal file with a 64-bit table"
        finding = broken("R1", 0, message, enforced_by=(*who, Enforcer.CODESIGN))
        return FileVerdict(path=path, member=member, findings=(finding,))
    if starts_thin(view):
        verdict, _ = _verify_slice(window, system, pages)
        return FileVerdict(path=path, member=member, slices=(verdict,))
    if not starts_fat(view):
        finding = broken("R1", 0, "it is not a Mach-O")
        return FileVerdict(path=path, member=member, findings=(finding,))
    try:
        archs = parse_fat(view)
    except FormatError as error:
        return FileVerdict(path=path, member=member, findings=(unreadable(error),))
    findings = list(check_container(window, archs))
    fitting = [arch for arch in archs if slice_fits(arch, len(archs), len(window))]
    pairs = [
        _verify_slice(window.part(arch.offset, arch.end), system, pages, arch) for arch in fitting
    ]
    signatures = [signature for _, signature in pairs if signature is not None]
    findings += _check_across(signatures)
    slices = tuple(verdict for verdict, _ in pairs)
    return FileVerdict(path=path, member=member, findings=tuple(findings), slices=slices)


def _verify_slice(
    data: Window,
    system: System,
    pages: Sequence[range] | None,
    declared: FatArch | None = None,
) -> tuple[SliceVerdict, Signature | None]:
    """Judge one slice."""
    try:
        head = read_head(data)
        thin = parse_slice(head, data.start, size=len(data))
    except FormatError as error:
        arch = declared.name if declared else claimed_architecture(data[:12])
        return SliceVerdict(arch=arch, signed=False, findings=(_damaged(error, data),)), None
    findings = list(check_architecture(declared, thin)) if declared else []
    findings += check_structure(thin)
    if thin.header.filetype in CODE_TYPES:
        findings += _check_loading(head, thin, data.source.size - data.start)
    verdict, signature = SliceVerdict(arch=thin.arch, signed=False, findings=tuple(findings)), None
    if thin.signature is not None:
        verdict, signature = _verify_signature(data, thin, thin.signature, system, findings, pages)
    judged = tuple(system.judge(each, arm64=thin.is_arm64) for each in verdict.findings)
    return verdict._replace(findings=judged), signature


def _damaged(error: FormatError, data: Window) -> Finding:
    """Say that load commands cannot be read: dyld reads those of programs and libraries."""
    finding = unreadable(error)
    who = {*loaders(claimed_filetype(data)), Enforcer.DYLD}
    kept = [each for each in finding.enforced_by if each not in (Enforcer.KERNEL, Enforcer.DYLD)]
    return finding._replace(enforced_by=(*sorted(who, reverse=True), *kept))


def _check_loading(head: memoryview, thin: Slice, room: int) -> Iterator[Finding]:
    try:
        loading = parse_loading(head, thin)
    except FormatError as error:
        yield broken("F1", error.offset, error.problem, enforced_by=(Enforcer.DYLD,))
        return
    yield from check_linkedit(thin, loading)
    yield from check_loading(thin, loading, room)


def _verify_signature(
    data: Window,
    thin: Slice,
    command: SignatureCommand,
    system: System,
    findings: list[Finding],
    pages: Sequence[range] | None,
) -> tuple[SliceVerdict, Signature | None]:
    try:
        room = min(command.data_size, MAX_SIGNATURE)
        blob = data[command.data_offset : command.data_offset + room]
        signature = parse_signature(blob, thin.base + command.data_offset)
    except FormatError as error:
        if error.rule not in {finding.rule for finding in findings}:
            found = unreadable(error)
            findings.append(found._replace(offset=min(error.offset, data.start + len(data))))
        return SliceVerdict(arch=thin.arch, signed=True, findings=tuple(findings)), None
    findings += check_seal(data, thin, command, signature, system, pages)
    start = thin.base + command.data_offset
    findings += check_info_plist(data, thin, signature, start)
    findings += check_entitlements(thin, signature, start)
    code = signature.best.code
    verdict = SliceVerdict(
        arch=thin.arch,
        signed=True,
        kind=signature.kind,
        identifier=printable(code.identifier),
        cdhash=signature.best.cdhash,
        flags=code.flags.words,
        page_size=code.page_size,
        team=printable(code.team) if code.team else None,
        findings=tuple(findings),
    )
    return verdict, signature


def _check_across(signatures: Sequence[Signature]) -> Iterator[Finding]:
    """Check what all slices of a file must share."""
    codes = [signature.best.code for signature in signatures]
    if len({code.team for code in codes}) > 1:
        yield broken("R54", None, "the slices are signed by different teams")
    if len({code.identifier for code in codes}) > 1:
        yield broken("P3", None, "the slices have different identifiers")

"""The checks of one slice of a Mach-O, one for each rule.

Rules H02, H03, H05, H08, H09, H12, H13, H16, H23 to H27, H29 and H30.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from counterproof.hardening.case import Answer, Case, foreign, listed, shown, unless, unstripped
from counterproof.hardening.facts import MachOSlice, Undecided
from counterproof.hardening.startcode import BTI_C, ENDBR64
from counterproof.hardening.systems import macos_brings
from counterproof.rulebook import hardening as rules
from countersign.rule import Rule

__all__ = ["MACHO_CHECKS"]

_INTEL: Final = ("x86_64", "x86_64h")
_APPLE: Final = ("arm64", "arm64e")


def _pie(facts: MachOSlice, case: Case) -> Answer:
    return unless(facts.pie, "MH_PIE is not set") if facts.program else ()


def _no_execute(facts: MachOSlice, case: Case) -> Answer:
    """On Apple silicon the kernel maps neither executable, whatever the header says."""
    if facts.program and facts.architecture in _INTEL:
        yield from unless(facts.nx_stack, "MH_ALLOW_STACK_EXECUTION is set")
        yield from unless(facts.nx_heap, "MH_NO_HEAP_EXECUTION is not set")


def _canary(facts: MachOSlice, case: Case) -> Answer:
    return unless(facts.canary, "it does not call ___stack_chk_fail") if facts.program else ()


def _control_flow(facts: MachOSlice, case: Case) -> Answer:
    if facts.program and facts.architecture in _INTEL:
        yield from _starts_by(facts, ENDBR64, "endbr64")


def _branch_protection(facts: MachOSlice, case: Case) -> Answer:
    if facts.program and facts.architecture in _APPLE:
        yield from _starts_by(facts, BTI_C, "bti c")


def _starts_by(facts: MachOSlice, code: bytes, name: str) -> Answer:
    if isinstance(facts.entry, Undecided):
        yield facts.entry
    elif facts.entry != code:
        yield f"`main` starts by {facts.entry.hex(' ')}, expected {name}"


def _chained_fixups(facts: MachOSlice, case: Case) -> Answer:
    return unless(facts.chained_fixups, "it has no chained fixups") if facts.program else ()


def _undefined(facts: MachOSlice, case: Case) -> Answer:
    return unless(facts.no_undefined, "MH_NOUNDEFS is not set") if facts.program else ()


def _libraries(facts: MachOSlice, case: Case) -> Answer:
    allowed = case.allowances.macho.libraries
    surplus = [
        path
        for path in facts.libraries
        if allowed is not None and path.rpartition("/")[2] not in allowed
    ]
    if surplus:
        yield f"it loads {listed(surplus)}"


def _foreign(facts: MachOSlice, case: Case) -> Answer:
    """Paths that begin with ``@`` lead into the release, if there is such a file in it."""
    names = (
        path
        for path in facts.libraries
        if not macos_brings(path)
        and not (path.startswith("@") and path.rpartition("/")[2] in case.brought)
    )
    yield from foreign(names, case.allowances.macho.libraries, case, "macOS")
    outside = [path for path in facts.rpaths if not path.startswith("@") and not macos_brings(path)]
    if outside:
        yield f"it looks for libraries in {listed(outside)}"


def _minimum(facts: MachOSlice, case: Case) -> Answer:
    return _equal("minimum macOS", facts.minimum, case.allowances.macho.minimum)


def _sdk(facts: MachOSlice, case: Case) -> Answer:
    return _equal("SDK", facts.sdk, case.allowances.macho.sdk)


def _linker(facts: MachOSlice, case: Case) -> Answer:
    return _equal("linker", facts.linker, case.allowances.macho.linker)


def _equal(what: str, found: str | None, expected: str | None) -> Answer:
    if expected is not None and found != expected:
        yield f"{what} is {shown(found or 'not named')}, expected {expected}"


def _uuid(facts: MachOSlice, case: Case) -> Answer:
    return unless(facts.uuid, "it has no LC_UUID")


def _alignment(facts: MachOSlice, case: Case) -> Answer:
    if facts.misaligned:
        yield f"segments off the pages of 16 KiB: {listed(facts.misaligned)}"


def _unstripped(facts: MachOSlice, case: Case) -> Answer:
    return unstripped(facts.leftovers, case)


MACHO_CHECKS: Final[tuple[tuple[Rule, Callable[[MachOSlice, Case], Answer]], ...]] = (
    (rules.PIE, _pie),
    (rules.NX, _no_execute),
    (rules.CANARY, _canary),
    (rules.CONTROL_FLOW, _control_flow),
    (rules.BRANCH_PROTECTION, _branch_protection),
    (rules.CHAINED_FIXUPS, _chained_fixups),
    (rules.UNDEFINED, _undefined),
    (rules.LIBRARY, _libraries),
    (rules.MINIMUM, _minimum),
    (rules.SDK, _sdk),
    (rules.LINKER, _linker),
    (rules.UUID, _uuid),
    (rules.ALIGNMENT, _alignment),
    (rules.UNSTRIPPED, _unstripped),
    (rules.FOREIGN_LIBRARY, _foreign),
)

"""The checks of PE images, one for each rule.

Rules H02, H03, H05, H08, H10, H11, H16, H20 to H22, and H28 to H30.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from counterproof.hardening.case import (
    Answer,
    Case,
    build_paths,
    foreign,
    listed,
    unless,
    unstripped,
)
from counterproof.hardening.facts import PeFacts, Undecided
from counterproof.hardening.startcode import ENDBR64
from counterproof.hardening.systems import windows_brings
from counterproof.rulebook import hardening as rules
from countersign.rule import Rule

__all__ = ["PE_CHECKS"]


def _pie(facts: PeFacts, case: Case) -> Answer:
    return unless(facts.dynamic_base, "DYNAMIC_BASE is not set")


def _no_execute(facts: PeFacts, case: Case) -> Answer:
    return unless(facts.nx, "NX_COMPAT is not set")


def _canary(facts: PeFacts, case: Case) -> Answer:
    return unless(facts.canary, "it does not call __stack_chk_fail") if facts.program else ()


def _control_flow(facts: PeFacts, case: Case) -> Answer:
    if facts.architecture == "x86_64" and facts.program:
        if isinstance(facts.main, Undecided):
            yield facts.main
        elif facts.main != ENDBR64:
            yield f"`main` starts by {facts.main.hex(' ')}, expected endbr64"


def _high_entropy(facts: PeFacts, case: Case) -> Answer:
    if facts.architecture not in ("x86_64", "aarch64"):
        return ()
    return unless(facts.high_entropy, "HIGH_ENTROPY_VA is not set")


def _relocations(facts: PeFacts, case: Case) -> Answer:
    return unless(facts.relocations, "it has no base relocations")


def _libraries(facts: PeFacts, case: Case) -> Answer:
    allowed = case.allowances.pe.libraries
    surplus = [name for name in facts.libraries if allowed is not None and name not in allowed]
    if surplus:
        yield f"it loads {listed(surplus)}"


def _foreign(facts: PeFacts, case: Case) -> Answer:
    """Windows does not mind capitals in the names of files."""
    brought = {name.lower() for name in case.brought}
    names = (
        name for name in facts.libraries if not windows_brings(name) and name.lower() not in brought
    )
    return foreign(names, case.allowances.pe.libraries, case, "Windows")


def _subsystem(facts: PeFacts, case: Case) -> Answer:
    expected = case.allowances.pe.subsystem
    if facts.program and expected and facts.subsystem_version != expected:
        yield f"subsystem version is {facts.subsystem_version}, expected {expected}"


def _manifest(facts: PeFacts, case: Case) -> Answer:
    if facts.program and case.allowances.pe.manifest:
        yield from unless(facts.manifest, "it has no manifest")


def _checksum(facts: PeFacts, case: Case) -> Answer:
    if facts.checksum not in (0, facts.true_checksum):
        yield f"checksum is {facts.checksum:#x}, expected {facts.true_checksum:#x} or 0"


def _build_paths(facts: PeFacts, case: Case) -> Answer:
    return build_paths(facts.paths)


def _unstripped(facts: PeFacts, case: Case) -> Answer:
    return unstripped(facts.leftovers, case)


PE_CHECKS: Final[tuple[tuple[Rule, Callable[[PeFacts, Case], Answer]], ...]] = (
    (rules.PIE, _pie),
    (rules.NX, _no_execute),
    (rules.CANARY, _canary),
    (rules.CONTROL_FLOW, _control_flow),
    (rules.HIGH_ENTROPY, _high_entropy),
    (rules.RELOCATIONS, _relocations),
    (rules.LIBRARY, _libraries),
    (rules.SUBSYSTEM, _subsystem),
    (rules.MANIFEST, _manifest),
    (rules.CHECKSUM, _checksum),
    (rules.BUILD_PATH, _build_paths),
    (rules.UNSTRIPPED, _unstripped),
    (rules.FOREIGN_LIBRARY, _foreign),
)

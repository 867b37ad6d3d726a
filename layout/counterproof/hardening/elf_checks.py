"""The checks of ELF images, one for each rule. Rules H02 to H08, H14 to H19, H28 to H30."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from counterproof.hardening.allowances import ANY
from counterproof.hardening.case import (
    SYMBOL,
    Answer,
    Case,
    build_paths,
    foreign,
    listed,
    shown,
    unless,
    unstripped,
)
from counterproof.hardening.facts import ElfFacts, SymbolVersion, Undecided
from counterproof.hardening.startcode import ENDBR64
from counterproof.hardening.systems import linux_brings
from counterproof.hardening.version import parse_version
from counterproof.rulebook import hardening as rules
from countersign.rule import Rule

__all__ = ["ELF_CHECKS"]


def _pie(facts: ElfFacts, case: Case) -> Answer:
    return unless(facts.pie, "it is linked for fixed addresses") if facts.program else ()


def _no_execute(facts: ElfFacts, case: Case) -> Answer:
    return unless(facts.nx, "its stack is executable")


def _relro(facts: ElfFacts, case: Case) -> Answer:
    missing = [
        name
        for name, there in (("PT_GNU_RELRO", facts.relro), ("BIND_NOW", facts.bind_now))
        if not there
    ]
    if missing and not (facts.static and facts.relro):  # which has nothing to bind
        yield f"{' and '.join(missing)} {'are' if missing[1:] else 'is'} missing"


def _canary(facts: ElfFacts, case: Case) -> Answer:
    if not facts.program:
        return ()
    return unless(facts.canary, "it does not call __stack_chk_fail")


def _fortify(facts: ElfFacts, case: Case) -> Answer:
    elf = case.allowances.elf
    if not facts.program or facts.wrapper or facts.architecture in elf.unfortified_architectures:
        return ()
    if isinstance(facts.fortified, Undecided):
        return (facts.fortified,)
    exempt = bool(facts.fortified) or case.program in elf.unfortified_programs
    return unless(exempt, "it calls no function that checks the size of a buffer (__*_chk)")


def _separate_code(facts: ElfFacts, case: Case) -> Answer:
    if isinstance(facts.misplaced, Undecided):
        yield facts.misplaced
    elif facts.misplaced:
        yield f"sections with wrong rights: {listed(facts.misplaced)}"


def _control_flow(facts: ElfFacts, case: Case) -> Answer:
    if facts.architecture == "x86_64" and facts.program:
        if isinstance(facts.main, Undecided):
            yield facts.main
        elif facts.main != ENDBR64:
            yield f"`main` starts by {facts.main.hex(' ')}, expected endbr64"


def _symbol_versions(facts: ElfFacts, case: Case) -> Iterator[str]:
    newest = case.allowances.elf.versions
    surplus: dict[str, list[SymbolVersion]] = defaultdict(list)
    for asked in facts.versions if newest else ():
        library, _, version = asked.name.rpartition("_")
        limit = parse_version(_limit(newest.get(library), facts.architecture) or "")
        number = parse_version(version)
        if limit is None or number is None or number > limit:
            surplus[library].append(asked)
    if surplus:
        texts = (
            _asked(library, versions, _limit(newest.get(library), facts.architecture))
            for library, versions in surplus.items()
        )
        yield f"it asks for {', '.join(texts)}"


def _asked(library: str, versions: Sequence[SymbolVersion], limit: str | None) -> str:
    """Tell what of one library is too new, or should not be asked for at all."""
    last = versions[-1]
    others = sum(each.symbols for each in versions) - 1
    more = f" and {others} more" if others else ""
    allowed = f"; allowed: {library}_{limit}" if limit else ""
    return f"{last.name} ({shown(last.symbol, SYMBOL)}{more}{allowed})"


def _limit(limits: Mapping[str, str] | None, architecture: str) -> str | None:
    return limits.get(architecture, limits.get(ANY)) if limits else None


def _exports(facts: ElfFacts, case: Case) -> Answer:
    elf = case.allowances.elf
    if elf.exports is None or not facts.program or facts.architecture in elf.exports_unchecked:
        return
    names, count = facts.exports
    surplus = [name for name in names if name not in elf.exports]
    surplus_count = count - len(names) + len(surplus)
    if surplus_count:
        yield f"it exports {listed(surplus or names, surplus_count, length=SYMBOL)}"


def _libraries(facts: ElfFacts, case: Case) -> Answer:
    allowed = case.allowances.elf.libraries
    surplus = [name for name in facts.needed if allowed is not None and name not in allowed]
    if surplus:
        yield f"it loads {listed(surplus)}"


def _foreign(facts: ElfFacts, case: Case) -> Answer:
    names = (name for name in facts.needed if not linux_brings(name) and name not in case.brought)
    return foreign(names, case.allowances.elf.libraries, case, "Linux")


def _interpreter(facts: ElfFacts, case: Case) -> Answer:
    expected = case.allowances.elf.interpreters.get(facts.architecture)
    if facts.program and expected and facts.interpreter != expected:
        found = "none" if facts.interpreter is None else shown(facts.interpreter)
        yield f"interpreter is {found}, expected {expected}"


def _abi(facts: ElfFacts, case: Case) -> Answer:
    expected = case.allowances.elf.abis.get(facts.architecture)
    if facts.program and expected and facts.abi != expected:
        yield f"ABI note is {facts.abi or 'missing'}, expected {expected}"


def _runpath(facts: ElfFacts, case: Case) -> Answer:
    if case.published and facts.runpaths:
        yield f"it looks for libraries in {listed(facts.runpaths)}"


def _build_paths(facts: ElfFacts, case: Case) -> Answer:
    return build_paths(facts.paths)


def _unstripped(facts: ElfFacts, case: Case) -> Answer:
    return unstripped(facts.leftovers, case)


ELF_CHECKS: Final[tuple[tuple[Rule, Callable[[ElfFacts, Case], Answer]], ...]] = (
    (rules.PIE, _pie),
    (rules.NX, _no_execute),
    (rules.RELRO, _relro),
    (rules.CANARY, _canary),
    (rules.FORTIFY, _fortify),
    (rules.SEPARATE_CODE, _separate_code),
    (rules.CONTROL_FLOW, _control_flow),
    (rules.SYMBOL_VERSION, _symbol_versions),
    (rules.EXPORT, _exports),
    (rules.LIBRARY, _libraries),
    (rules.INTERPRETER, _interpreter),
    (rules.ABI, _abi),
    (rules.RUNPATH, _runpath),
    (rules.BUILD_PATH, _build_paths),
    (rules.UNSTRIPPED, _unstripped),
    (rules.FOREIGN_LIBRARY, _foreign),
)

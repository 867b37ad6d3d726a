"""How ELF programs are hardened: the same program compiled with each protection and without."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from counterproof.hardening.allowances import Allowances, load_allowances
from counterproof.hardening.case import Case
from counterproof.hardening.checking import outcomes
from counterproof.hardening.facts import ElfFacts, Undecided
from counterproof.hardening.reading import read_facts
from countersign.image import identify

SOURCE = r"""
#include <string.h>
int main(int argc, char **argv)
{
    char text[64];
    strcpy(text, argv[argc - 1]);
    return (int)strlen(text);
}
"""
HARDENED = (
    *("-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-fstack-protector-all", "-fPIE", "-pie"),
    *("-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,separate-code", "-Wl,-z,noexecstack"),
)

Compile = Callable[..., bytes]


@pytest.fixture(scope="session")
def compile_elf(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compile the program by the machine's compiler, with the flags of a careful build and more."""
    folder = tmp_path_factory.mktemp("hardening")
    (folder / "program.c").write_text(SOURCE)

    def compile_with(*flags: str) -> bytes:
        program = folder / "program"
        command = ("cc", *HARDENED, *flags, "-o", str(program), str(folder / "program.c"))
        subprocess.run(command, check=True, capture_output=True)
        return program.read_bytes()

    return compile_with


def facts_of(data: bytes) -> ElfFacts:
    image = identify(data)
    assert image is not None
    facts = read_facts(data, image)
    assert isinstance(facts, ElfFacts), facts
    return facts


def broken(data: bytes, allowances: Allowances | None = None) -> dict[str, str]:
    """Give what is wrong by the names of the rules; what cannot be told starts by ``?``."""
    case = Case(
        program="program",
        allowances=allowances or Allowances(name="", title=""),
        published=True,
    )
    return {
        outcome.rule.name: f"?{outcome.problem.why}"
        if isinstance(outcome.problem, Undecided)
        else outcome.problem
        for outcome in outcomes(facts_of(data), case)
    }


def test_a_careful_build_breaks_no_rule(compile_elf: Compile) -> None:
    assert broken(compile_elf("-fcf-protection=full", "-s")) == {}


@pytest.mark.parametrize("stripped", ["-s", "-Wl,--no-as-needed"], ids=["stripped", "unstripped"])
@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        (("-fno-pie", "-no-pie"), "position-independence"),
        (("-Wl,-z,execstack",), "no-execute"),
        (("-Wl,-z,norelro",), "relro"),
        (("-Wl,-z,lazy",), "relro"),
        (("-fno-stack-protector",), "canary"),
        (("-U_FORTIFY_SOURCE",), "fortify"),
        (("-Wl,-z,noseparate-code",), "separate-code"),
        (("-fcf-protection=none",), "control-flow"),
        (("-Wl,-rpath,/opt/lib",), "runpath"),
        (("-Wl,-rpath,/opt/lib", "-Wl,--disable-new-dtags"), "runpath"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_each_protection_that_is_left_out_is_missed(
    compile_elf: Compile, flags: tuple[str, ...], rule: str, stripped: str
) -> None:
    found = broken(compile_elf("-fcf-protection=full", stripped, *flags))
    assert set(found) - {"unstripped"} == {rule}


def test_symbols_and_debug_information_are_left_overs(compile_elf: Compile) -> None:
    assert "symbols" in broken(compile_elf("-fcf-protection=full"))["unstripped"]
    assert ".debug_info" in broken(compile_elf("-fcf-protection=full", "-g"))["unstripped"]


def test_what_only_guix_promises_is_missed_by_its_table(compile_elf: Compile) -> None:
    found = broken(compile_elf("-fcf-protection=full", "-s", "-rdynamic"), load_allowances("31"))
    assert "allowed: GLIBC_2.31" in found["symbol-version"]
    assert set(found) <= {"symbol-version", "exported-symbol"}

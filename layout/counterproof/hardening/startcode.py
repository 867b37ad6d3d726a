"""Finding ``main`` in a program for x86-64 that has lost its symbols.

The start-up code of the C library passes ``main`` to the library or calls it. That code is the same
in every program, so it is recognised whole; anything else leaves ``main`` unknown.

Sources: glibc sysdeps/x86_64/start.S; mingw-w64 mingw-w64-crt/crt/crtexe.c.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from counterproof.hardening.facts import Undecided
from counterproof.hardening.memory import Memory

__all__ = ["BTI_C", "ENDBR64", "PROLOGUE", "elf_main", "pe_main"]

ENDBR64: Final = b"\xf3\x0f\x1e\xfa"
"""The instruction that an indirect branch may lead to (Intel CET)."""
BTI_C: Final = b"\x5f\x24\x03\xd5"
"""The same for calls on ARM."""
PROLOGUE: Final = 4
"""Bytes of a function that tell how it is protected: one such instruction."""

_GLIBC_START: Final = re.compile(
    rb"(?:\xf3\x0f\x1e\xfa)?"  # endbr64
    rb"\x31\xed\x49\x89\xd1\x5e\x48\x89\xe2\x48\x83\xe4\xf0\x50\x54"  # xor %ebp,%ebp ... push %rsp
    rb"(?:\x45\x31\xc0|\x49\xc7\xc0.{4}|\x4c\x8d\x05.{4}|\x4c\x8b\x05.{4})"  # fini, or 0, in %r8
    rb"(?:\x31\xc9|\x48\xc7\xc1.{4}|\x48\x8d\x0d.{4}|\x48\x8b\x0d.{4})"  # init, or 0, in %rcx
    rb"(?:\x48\x8d\x3d(?P<relative>.{4})"  # lea main(%rip),%rdi
    rb"|(?:\x48\xc7\xc7|\xbf)(?P<absolute>.{4})"  # mov $main,%rdi
    rb"|\x48\x8b\x3d(?P<slot>.{4}))"  # mov main@GOTPCREL(%rip),%rdi
    rb"(?:\xff\x15|\x67?\xe8).{4}",  # call __libc_start_main
    re.DOTALL,
)
_START_SIZE: Final = 96

_JUMP: Final = re.compile(rb"\xe9(?P<near>.{4})|\xeb(?P<short>.)", re.DOTALL)
_MINGW_ENTRY: Final = re.compile(
    rb"(?:\xf3\x0f\x1e\xfa)?"
    rb"(?:\x48\x83\xec\x28|\x55\x48\x89\xe5(?:\x48\x83\xec.)?)"  # the frame
    rb"(?:\xc7\x45\xfc\xff\x00\x00\x00)?"
    rb"\x48\x8b\x05.{4}\xc7\x00.\x00\x00\x00"  # __mingw_app_type = 0 or 1
    rb"(?P<way>\xe8.{4}|\x5d\xe9.{4}|\x48\x83\xc4\x28\xe9.{4})",  # __tmainCRTStartup
    re.DOTALL,
)
_ARGUMENTS: Final = (b"\x8b\x0d", b"\x48\x8b\x15", b"\x4c\x8b\x05")
"""argc into %ecx, argv into %rdx and env into %r8, each from a variable: four bytes follow."""
_MINGW_STEP: Final = re.compile(
    rb"(?:\x8b\x0d|\x48\x8b\x15|\x4c\x8b\x05|\x48\x8b\x05).{4}"
    rb"|[\x48\x4c]\x8b\x00|[\x48\x4c]\x89[\x00\x10\x30]",  # *__imp___initenv = env
    re.DOTALL,
)
_MINGW_CALL: Final = re.compile(
    rb"(?P<steps>(?:" + _MINGW_STEP.pattern + rb"){3,8})\xe8(?P<main>.{4})", re.DOTALL
)
"""The arguments into their registers, in any order, and a call."""
_MINGW_SIZE: Final = 1024


def elf_main(memory: Memory, entry: int) -> bytes | Undecided:
    """Read the first bytes of the ``main`` that glibc's ``_start`` at ``entry`` passes on."""
    start = memory.read(entry, _START_SIZE)
    found = _GLIBC_START.match(start)
    if found is None:
        return Undecided("its start-up code is not that of glibc, so `main` is not found")
    if absolute := found["absolute"]:
        main = _number(absolute)
    else:
        name = "relative" if found["relative"] else "slot"
        main = entry + found.end(name) + _number(found[name])
        if name == "slot":
            main = int.from_bytes(memory.read(main, 8), "little")
    return memory.read(main, PROLOGUE) or Undecided("`main` has no place in the file")


def pe_main(memory: Memory, entry: int) -> bytes | Undecided:
    """Read the first bytes of the ``main`` that mingw-w64's ``mainCRTStartup`` leads to."""
    undecided = Undecided("its start-up code is not that of mingw-w64, so `main` is not found")
    found = _MINGW_ENTRY.match(memory.read(entry, 64))
    if found is None:
        return undecided
    body = entry + found.end("way") + _number(found["way"][-4:])
    code = memory.read(body, _MINGW_SIZE)
    calls = [each for each in _MINGW_CALL.finditer(code) if _passes_arguments(each["steps"])]
    if len(calls) != 1:
        return undecided
    main = body + calls[0].end("main") + _number(calls[0]["main"])
    return memory.read(main, PROLOGUE) or Undecided("`main` has no place in the file")


def _passes_arguments(steps: bytes) -> bool:
    done = [step[0][:-4] for step in _MINGW_STEP.finditer(steps)]
    return all(argument in done for argument in _ARGUMENTS)


def _number(field: bytes) -> int:
    (number,) = struct.unpack("<i", field)
    return int(number)

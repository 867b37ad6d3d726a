"""Who vouches: the rules of rulebook/trust.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cryptography.x509.oid import ExtendedKeyUsageOID

from kit.bases import PROGRAM, Files, resealed, signed_with
from kit.certificates import Identity, Message, attribute, certified, der, issue, self_signed
from kit.requirement import (
    ALWAYS,
    APPLE_GENERIC,
    both,
    requirement,
    requirement_set,
    term,
    word,
)
from kit.signature import CMS, EMPTY_REQUIREMENTS, REQUIREMENTS, blob

__all__ = ["FILES"]

DESIGNATED, LIBRARY = 3, 4


def demanding(body: bytes, kind: int = DESIGNATED) -> Callable[[], bytes]:
    """Make the program with one requirement."""
    requirements = requirement_set((kind, requirement(body)))
    return resealed(PROGRAM, blobs=((REQUIREMENTS, requirements),)).build


def vouched(
    identity: Identity | None = None,
    *,
    stamped: bool = True,
    more: tuple[bytes, ...] = (),
    **stamp: object,
) -> Callable[[], bytes]:
    """Make the program with the signature of a certificate, its own by default."""

    def build(cms: bytes) -> bytes:
        program = signed_with(PROGRAM, flags=0)
        return resealed(program, blobs=((REQUIREMENTS, EMPTY_REQUIREMENTS), (CMS, cms))).build()

    def message(directories: tuple[bytes, ...]) -> Message:
        signer = identity or self_signed()
        unstamped = Message(identity=signer, directories=directories, more=more)
        return unstamped.stamped(None, **stamp) if stamped else unstamped

    return lambda: certified(build, message)


def _server() -> Identity:
    return issue("Server", organization="Nobody", purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))


def _rootless() -> Identity:
    root = issue("Known CA", organization="Nobody", is_authority=True)
    return replace(issue("Leaf", organization="Nobody", by=root), above=())


def _cms(data: bytes) -> Callable[[], bytes]:
    program = signed_with(PROGRAM, flags=0)
    parts = ((REQUIREMENTS, EMPTY_REQUIREMENTS), (CMS, blob(0xFADE0B01, data)))
    return resealed(program, blobs=parts).build


IDENTIFIER: Final = term(2, b"program")

FILES: Final[Files] = {
    "R45-pass": PROGRAM.build,
    "R45-fail": signed_with(PROGRAM, flags=0).build,
    "R56-pass": PROGRAM.build,
    "R56-fail": _cms(b"cms!"),
    "R57-pass": PROGRAM.build,
    "R57-fail": lambda: vouched(_server())(),
    "R58-pass": PROGRAM.build,
    "R58-fail": vouched(covered=b"something else"),
    "R59-pass": demanding(both(IDENTIFIER, ALWAYS)),
    "R59-fail": demanding(both(IDENTIFIER, b"")),
    "R59-fail-operator": demanding(both(IDENTIFIER, word(99))),
    "N1-pass": PROGRAM.build,
    "N1-fail": vouched(),
    "P1-pass": PROGRAM.build,
    "P1-fail": lambda: resealed(
        PROGRAM, blobs=((REQUIREMENTS, EMPTY_REQUIREMENTS), (CMS, blob(0xFADE0B01, b"cms!")))
    ).build(),
    "P2-pass": PROGRAM.build,
    "P2-fail": signed_with(PROGRAM, team="TEAM000001").build,
    "T1-pass": demanding(IDENTIFIER),
    "T1-fail": demanding(both(IDENTIFIER, APPLE_GENERIC)),
    "T2-pass": demanding(APPLE_GENERIC, LIBRARY),
    "T2-fail": demanding(both(APPLE_GENERIC, b""), LIBRARY),
    "T3-pass": PROGRAM.build,
    "T3-fail": vouched(),
    "T4-pass": demanding(IDENTIFIER),
    "T4-fail": demanding(both(IDENTIFIER, term(21))),
    "T5-pass": PROGRAM.build,
    "T5-fail": vouched(more=(attribute("1.2.3", der(4, bytes(1 << 18))),)),
    "T6-pass": PROGRAM.build,
    "T6-fail": lambda: vouched(_rootless())(),
    "T7-pass": PROGRAM.build,
    "T7-fail": vouched(stamped=False),
    "T8-pass": PROGRAM.build,
    "T8-fail": vouched(),
}

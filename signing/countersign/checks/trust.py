"""R45 to R59: who vouches for a signature, and what it demands of the code it is about."""

from __future__ import annotations

from collections.abc import Iterator

from countersign.codedirectory import Flag
from countersign.escaping import printable
from countersign.findings import Finding
from countersign.rules import broken
from countersign.signature import Signature
from countersign.superblob import EMPTY_REQUIREMENTS, Slot

__all__ = ["check_trust"]


def check_trust(signature: Signature, start: int) -> Iterator[Finding]:
    """Check a signature that starts ``start`` bytes into the file.

    The order is that of ``SecStaticCode::verifySignature`` in Security's StaticCode.cpp: code that
    is marked ad-hoc is never asked for a certificate.
    """
    blob, code = signature.best
    at = start + blob.offset
    if Flag.ADHOC in code.flags:
        if signature.superblob.has_cms:
            yield broken("P1", at + 12, "it is marked ad-hoc, and a certificate signed it")
        if code.team:
            yield broken("P2", at, f"it claims the team {printable(code.team)!r}")
        yield from _check_requirements(signature, start)
    elif signature.superblob.has_cms:
        from countersign.checks.certificates import check_certificates

        yield from check_certificates(signature, start)
    else:
        empty = signature.superblob.find(Slot.CMS) is not None
        message = "it is not marked ad-hoc, and no certificate signed it"
        yield broken("R45", at + 12, message, apple="errSecUnknownFormat" if empty else None)


def _check_requirements(signature: Signature, start: int) -> Iterator[Finding]:
    blob = signature.superblob.find(Slot.REQUIREMENTS)
    if blob is None or blob.data == EMPTY_REQUIREMENTS:
        return
    from countersign.checks.requirements import check_requirements

    yield from check_requirements(signature, start, certificates=(), is_apple=False)

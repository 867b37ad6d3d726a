"""R56 to R58, T3 and T5 to T8: the certificate that signed, its signature, and its timestamp.

What counts is what ``SecStaticCode::verifySignature`` in Security's StaticCode.cpp and the
libraries behind it ask. Revocation, notarization and trust settings are no part of a file.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from countersign.certificates.certificate import Certificate, Purpose
from countersign.certificates.chain import APPLE_ROOTS, Chain
from countersign.certificates.cms import SignedMessage, parse_cms
from countersign.checks.requirements import check_requirements
from countersign.errors import FormatError
from countersign.escaping import printable
from countersign.findings import Finding
from countersign.rules import broken
from countersign.signature import Signature
from countersign.superblob import Slot

__all__ = ["check_certificates"]

WRAPPER: Final = 0xFADE0B01
"""The magic of the blob that the message is in."""
HEADER_SIZE: Final = 8
"""The magic and the length of the blob."""
SIGNING_USAGES: Final = frozenset({"digital_signature", "non_repudiation"})


class _Doubt(NamedTuple):
    """Something about a message that is wrong, or that cannot be decided here."""

    is_wrong: bool
    text: str


def check_certificates(
    signature: Signature, start: int, *, roots: frozenset[str] = APPLE_ROOTS
) -> Iterator[Finding]:
    """Check the certificate's side of a signature that starts ``start`` bytes into the file.

    The signature must have one. ``roots`` are the fingerprints of what counts as Apple's root.
    """
    blob = signature.superblob.find(Slot.CMS)
    if blob is None:
        return
    at = start + blob.offset
    if blob.magic != WRAPPER:
        message = f"the blob around it has magic {blob.magic:#x}"
        yield broken("R56", at, message, apple="errSecCSSignatureInvalid")
        return
    try:
        cms = parse_cms(blob.data[HEADER_SIZE:], at + HEADER_SIZE)
    except FormatError as error:
        apple = "errSecUnknownFormat" if error.rule == "R56" else None
        yield broken(error.rule, error.offset, error.problem, apple=apple)
        return
    yield from _check_signature(cms, signature, at)
    chain = cms.chain
    if chain is None:  # which has been said
        return
    time = yield from _check_timestamp(cms, chain, roots, at)
    yield from _check_chain(chain, cms, time, roots, at)
    yield from _check_signer(chain, signature.best.code.team, roots, at)
    yield broken("N1", at, _unasked(chain, roots))
    yield from check_requirements(
        signature,
        start,
        certificates=chain.certificates if chain.complete else None,
        is_apple=chain.is_apple(roots),
    )


def _check_signature(cms: SignedMessage, signature: Signature, at: int) -> Iterator[Finding]:
    directory = signature.superblob.find(Slot.CODE_DIRECTORY)
    if directory is None:  # R28 has said it
        return
    try:
        yield from _findings(_doubts(cms, bytes(directory.data)), "R56", at)
        yield from _findings(_unlisted(cms, signature), "R56", at)
    except FormatError as error:
        yield broken("R56", at, error.problem)


def _findings(doubts: Iterator[_Doubt], rule: str, at: int) -> Iterator[Finding]:
    for doubt in doubts:
        yield broken(rule if doubt.is_wrong else "T5", at, doubt.text)


def _doubts(cms: SignedMessage, content: bytes) -> Iterator[_Doubt]:
    """Look for what is wrong with a message about ``content``, as SecCmsSignerInfoVerify does."""
    digest = cms.digest_of(content)
    if cms.signer is None:
        yield _Doubt(True, "the certificate of who signed is missing")
    elif not cms.digest_declared:
        yield _Doubt(True, f"the hash algorithm {cms.digest} is not announced")
    elif digest is None:
        yield _Doubt(False, f"the hash algorithm {cms.digest} is not known here")
    else:
        if cms.signed is not None and cms.signed_content_type != cms.content_type:
            yield _Doubt(True, "the signed type of the content is not that of the content")
        if cms.signed is not None and cms.message_digest != digest:
            yield _Doubt(True, "what was signed has another hash")
        verdict = cms.is_signed(content)
        if verdict is False:
            yield _Doubt(True, f"the key of {_named(cms.signer)} did not make the signature")
        elif verdict is None:
            yield _Doubt(False, "the algorithm of the signature is not known here")


def _unlisted(cms: SignedMessage, signature: Signature) -> Iterator[_Doubt]:
    """Compare the code directories with Apple's two lists of them, where these are there."""
    directories = sorted(signature.directories, key=lambda each: each.code.hash_type)
    hashes = tuple(bytes.fromhex(each.cdhash) for each in directories)
    if cms.code_hashes is not None and cms.code_hashes != hashes:
        yield _Doubt(True, "the signed list of cdhashes is not that of the code directories")
    listed = cms.code_digests
    if listed is None:
        return
    for blob, code in directories:
        if listed.get(code.hash_type.algorithm) != code.hash_type.digest(blob.data):
            yield _Doubt(True, f"the signed {code.hash_type.name} digest is of another directory")
    if len(listed) != len(directories):
        text = f"{len(listed)} code directories were signed, {len(directories)} are there"
        yield _Doubt(True, text)


def _check_timestamp(
    cms: SignedMessage, chain: Chain, roots: frozenset[str], at: int
) -> Generator[Finding, None, datetime | None]:
    """Check the timestamp; return its time when it is good."""
    if not cms.unsigned_attributes:
        yield broken("T7", at, "there is no timestamp")
        return None
    if cms.stamp_token is None:
        yield broken("R58", at, "there are unsigned attributes, and no timestamp among them")
        return None
    try:
        token = parse_cms(cms.stamp_token, at, rule="R58")
        stamp = token.stamp()
        doubts = list(_doubts(token, token.content or b""))
    except FormatError as error:
        yield broken("R58", at, error.problem)
        return None
    if not stamp.covers(cms.signature):
        doubts.append(_Doubt(True, "it was made for another signature"))
    if token.signer and not token.signer.valid_at(stamp.time):
        doubts.append(_Doubt(True, "its certificate was not valid when it was made"))
    if token.signer and not token.signer.serves(Purpose.TIME_STAMPING):
        doubts.append(_Doubt(True, "its certificate is not for timestamps"))
    said = (doubt._replace(text=f"the timestamp: {doubt.text}") for doubt in doubts)
    yield from _findings(said, "R58", at)
    yield from _check_authority(token, chain, roots, at)
    return None if doubts else stamp.time


def _check_authority(
    token: SignedMessage, chain: Chain, roots: frozenset[str], at: int
) -> Iterator[Finding]:
    """Check who made a timestamp: Apple, for code whose certificate is Apple's."""
    authority = token.chain
    if authority is None or authority.is_apple(roots):
        return
    gap = _gap(authority, token, roots)
    if gap is not None:
        yield broken("R58", at, f"the timestamp: {gap}")
    elif chain.is_apple(roots) and not any(each.sha256 in roots for each in token.certificates):
        message = "the timestamp is not Apple's, as the certificate is"
        yield broken("R58", at, message, apple="CSSMERR_TP_NOT_TRUSTED")
    else:
        root = "the root" if authority.complete else "the certificate above"
        message = f"whether a Mac knows {root} {_named(authority.end)} is open"
        yield broken("T8", at, message)


def _gap(chain: Chain, cms: SignedMessage, roots: frozenset[str]) -> str | None:
    """Say why a chain that has no end cannot have one on any Mac, which knows roots by itself."""
    end = chain.end
    if chain.complete is not False:
        return None
    if end.issued_itself:
        return f"the root {_named(end)} did not sign itself"
    if end.is_of_apple_intermediate:
        return f"the certificate above {_named(end)} is missing"
    if any(each.sha256 in roots and each.is_named(end.issuer) for each in cms.certificates):
        return f"Apple's root did not sign {_named(end)}, as it says"
    return None


def _check_chain(
    chain: Chain, cms: SignedMessage, time: datetime | None, roots: frozenset[str], at: int
) -> Iterator[Finding]:
    """Check that the certificates lead to a root, and were valid when a timestamp was made."""
    gap = _gap(chain, cms, roots)
    if gap is not None:
        yield broken("R57", at, gap)
    elif chain.complete is None:
        yield broken("T5", at, f"how {_named(chain.end)} was signed is not known here")
    elif chain.complete is False:
        end = _named(chain.end)
        yield broken("T6", at, f"whether a Mac knows the certificate above {end} is open")
    for certificate in chain.certificates:
        if time is not None and not certificate.valid_at(time):
            message = f"{_named(certificate)} was not valid on {time:%Y-%m-%d}, when it was used"
            yield broken("R57", at, message, apple="CSSMERR_TP_CERT_EXPIRED")


def _check_signer(
    chain: Chain, team: str | None, roots: frozenset[str], at: int
) -> Iterator[Finding]:
    """Check whose the certificate is, and what it is for (``SecPolicyCreateCodeSigning``)."""
    leaf = chain.leaf
    if leaf.usage is not None and SIGNING_USAGES.isdisjoint(leaf.usage):
        message = f"the key of {_named(leaf)} is not for signatures"
        yield broken("R57", at, message, apple="CSSMERR_APPLETP_INVALID_KEY_USAGE")
    if not leaf.serves(Purpose.CODE_SIGNING):
        message = f"{_named(leaf)} is not for code"
        yield broken("R57", at, message, apple="CSSMERR_APPLETP_INVALID_EXTENDED_KEY_USAGE")
    if chain.complete and not chain.is_apple(roots):
        root = f"ends at the root {_named(chain.end)}, which is not Apple's"
        says = "vouches for itself" if leaf is chain.end else root
        yield broken("T3", at, f"{_named(leaf)} {says}")
    elif chain.is_apple(roots) and team:
        yield from _check_team(chain, team, at)


def _check_team(chain: Chain, team: str, at: int) -> Iterator[Finding]:
    """Check the team, of which codesign asks the certificates of developers only."""
    proven = chain.leaf.team
    if proven is None or not chain.is_developer:
        message = f"{_named(chain.leaf)} proves nothing about the team {printable(team)}"
        yield broken("T3", at, message)
    elif team != proven:
        message = f"the team is {printable(team)}, the certificate's {printable(proven)}"
        yield broken("R57", at, message, apple="errSecCSBadTeamIdentifier")


def _unasked(chain: Chain, roots: frozenset[str]) -> str:
    """Say what was not checked, and when it need not be: Gatekeeper takes Developer IDs alone."""
    message = "revocation and notarization were not checked"
    if chain.is_apple(roots) and not chain.is_developer_id:
        message += f"; {_named(chain.leaf)} is no Developer ID, so Gatekeeper takes no download"
    return message


def _named(certificate: Certificate) -> str:
    """Name a certificate for people."""
    name = certificate.common_name or certificate.organization or "a certificate without a name"
    return repr(printable(name))

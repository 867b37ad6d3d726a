"""How certificates lead to a root, and whether that is Apple's.

Rules: SecTrustServer.c, SecAppleAnchor.c and StaticCode.cpp in Security.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from countersign.certificates.certificate import Certificate

__all__ = ["APPLE_ROOTS", "Chain", "build_chain"]

APPLE_ROOTS: Final = frozenset(
    (
        "b0b1730ecbc7ff4505142c49f1295e6eda6bcaed7e2c68c5be91b5a11001f024",
        "c2b9b042dd57830e7d117dac55ac8ae19407d38e41d88f3215bc3a890444a050",
        "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179",
        "fb3f6cf69467b5fa9ffa2b3b392b6e5e775bbb09c77b6e759e9038e26bbf9049",
        "eda23b3f224f45e0952f20e4d2b33e000d49c8044c1168de47b443cd2b3536dc",
    )
)
"""SHA-256 of the certificates that SecAppleAnchor.c takes for Apple's: Root CA, G2, G3, and the
Platform Backport roots for RSA and ECC."""

_APPLE: Final = "1.2.840.113635.100.6"
DEVELOPER_ID_LEAF: Final = f"{_APPLE}.1.13"
DEVELOPER_ID_INTERMEDIATE: Final = f"{_APPLE}.2.6"
_DEVELOPER_LEAVES: Final = frozenset(f"{_APPLE}.1.{each}" for each in (2, 4, 7, 12))
"""Markers of certificates for development and for the stores (StaticCode.cpp)."""

MAX_CHAIN: Final = 8
"""Certificates of a chain; Apple's have three."""
MAX_CANDIDATES: Final = 4
"""Certificates of the same name that are tried as the issuer of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Certificates, each issued by the next."""

    certificates: tuple[Certificate, ...]
    """From the leaf on; never empty."""
    complete: bool | None
    """True when it ends at a certificate that issued itself; None when an algorithm on the way is
    not known."""

    @property
    def leaf(self) -> Certificate:
        """The certificate that signs code."""
        return self.certificates[0]

    @property
    def end(self) -> Certificate:
        """The last one: the root, when it is complete."""
        return self.certificates[-1]

    def is_apple(self, roots: frozenset[str] = APPLE_ROOTS) -> bool:
        """Tell whether it ends at one of Apple's roots: ``anchor apple generic``."""
        return bool(self.complete) and self.end.sha256 in roots

    @property
    def is_developer_id(self) -> bool:
        """Tell whether the markers of a Developer ID are there, whoever wrote them."""
        return (
            len(self.certificates) > 1
            and DEVELOPER_ID_INTERMEDIATE in self.certificates[1].extensions
            and DEVELOPER_ID_LEAF in self.leaf.extensions
        )

    @property
    def is_developer(self) -> bool:
        """Tell whether it has the markers that ``SecStaticCode::isAppleDeveloperCert`` asks for."""
        return self.is_developer_id or not _DEVELOPER_LEAVES.isdisjoint(self.leaf.extensions)


def build_chain(leaf: Certificate, others: Sequence[Certificate]) -> Chain:
    """Follow the issuers of ``leaf`` among the certificates that came with it."""
    chain = [leaf]
    verdict: bool | None = True
    while verdict and not chain[-1].issued_itself:
        issuer, verdict = _issuer(chain[-1], others)
        if issuer is None or issuer in chain or len(chain) == MAX_CHAIN:
            return Chain(certificates=tuple(chain), complete=False)
        chain.append(issuer)
    complete = chain[-1].issued(chain[-1]) if verdict else None
    return Chain(certificates=tuple(chain), complete=complete)


def _issuer(
    certificate: Certificate, others: Sequence[Certificate]
) -> tuple[Certificate | None, bool | None]:
    """Find who issued a certificate: the first of that name whose key made the signature."""
    named = [each for each in others if each.is_authority and each.is_named(certificate.issuer)]
    for each in named[:MAX_CANDIDATES]:
        verdict = each.issued(certificate)
        if verdict is not False:
            return each, verdict
    return None, False

"""The rules of a published release as a whole, whose parts must fit each other."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, POLICY, WARNING

__all__ = ["MANIFEST", "NO_PROVENANCE", "RULES", "UNSIGNED_PAIR"]

UNSIGNED_PAIR: Final = Rule(
    id="U01",
    name="archives-of-two-builds",
    severity=ERROR,
    enforced_by=POLICY,
    demands="An -unsigned archive is the archive of the same host but for signatures.",
    why="What others can build again is the unsigned one; users run the other.",
    cause="One of them was made from another build, or changed when it was signed.",
    fix="Make both from one build; countermark compare A B --modulo-signature tells what differs.",
    source="Bitcoin Core contrib/guix/libexec/codesign.sh",
)
MANIFEST: Final = Rule(
    id="U02",
    name="manifest-disagrees",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The manifest beside a release is about the files that are there.",
    why="It tells what they were made from, and would tell it of other files.",
    cause="Files of two releases were put into one directory, or the manifest was changed.",
    fix="Get the release again, or delete manifest.json: nothing else depends on it.",
    source="countermark verify",
)
NO_PROVENANCE: Final = Rule(
    id="U03",
    name="no-provenance",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Something is said of how a release was made.",
    why="Who signed the digests vouches for the files, but not for what they were made from.",
    cause="The release was made by another tool, or the statement was not published with it.",
    fix="Get NAME-VERSION.provenance.dsse.json too, or ask for it; if there is none, rely on"
    " builders who made the same.",
    source="https://slsa.dev/spec/v1.0/provenance",
)

RULES: Final = (UNSIGNED_PAIR, MANIFEST, NO_PROVENANCE)

"""The rules of SBOMs, provenance statements and their envelopes."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY, WARNING

__all__ = [
    "BYPRODUCT",
    "ENVELOPE",
    "FOREIGN_BUILD",
    "MISSING",
    "NOT_CHECKED",
    "OUTSIDE",
    "PARAMETERS",
    "RULES",
    "SBOM",
    "SBOM_CONTENT",
    "STATEMENT",
    "STRICT_JSON",
    "SUBJECT",
    "TWO_STATEMENTS",
    "UNREADABLE",
    "UNSIGNED",
    "UNSIGNED_PAIR",
    "UNSTATED",
    "WEAK_DIGEST",
]

_WRITE_AGAIN: Final = (
    "Get the files and the statement anew, from one place. If the release is your own, run"
    " countermark provenance write and sign again."
)
_STATEMENT_SPEC: Final = "in-toto attestation framework, spec/v1/statement.md"
_DSSE: Final = "DSSE, protocol.md 1.0 and envelope.md"

STRICT_JSON: Final = Rule(
    id="V01",
    name="strict-json",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "Envelopes, statements and SBOMs are JSON in UTF-8 with no name twice in an object, no"
        " number over 2**53, and at most 64 levels."
    ),
    why="Two programs could read two different things out of one signed document.",
    cause="The document was damaged, or made to be read in two ways.",
    fix=_WRITE_AGAIN,
    source="RFC 8259, section 4; RFC 7493",
)
ENVELOPE: Final = Rule(
    id="V02",
    name="envelope",
    severity=ERROR,
    enforced_by=POLICY,
    demands="An envelope is a DSSE envelope with an in-toto statement in it.",
    why="A signature of something else vouches for nothing here.",
    cause="The download was cut off, or the file is an envelope of another kind.",
    fix=_WRITE_AGAIN,
    source=f"{_DSSE}; in-toto spec/v1/envelope.md",
)
STATEMENT: Final = Rule(
    id="V03",
    name="statement",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A statement is in-toto's, version 1, with SLSA's provenance, version 1, in it.",
    why="What a statement of another kind says is not understood here, so it was not checked.",
    cause="It is an attestation of something else, such as a scan, or of a newer version.",
    fix="Check it with the program that it was made for.",
    source=f"{_STATEMENT_SPEC}; slsa.dev/provenance/v1",
)
UNSIGNED: Final = Rule(
    id="V04",
    name="unsigned-statement",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A statement stands in an envelope that somebody has signed.",
    why="Anybody can write that a file is what it is.",
    cause="The statement was written and not signed, or its envelope was left behind.",
    fix="Sign it with: countermark provenance sign DIR --key FILE.",
    source="in-toto spec/v1/envelope.md",
)
NOT_CHECKED: Final = Rule(
    id="V05",
    name="signatures-not-checked",
    severity=WARNING,
    enforced_by=POLICY,
    demands="The signatures of an envelope are checked against keys that are known.",
    why="Without keys the files are only what somebody says that they are.",
    cause="The check was asked to leave the signatures out.",
    fix="Give the folder of the keys that count with --keys.",
    source=_DSSE,
)
TWO_STATEMENTS: Final = Rule(
    id="V06",
    name="two-statements",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A statement beside its envelope is, byte for byte, the one that is signed.",
    why="People read the one, and the signatures are of the other.",
    cause="The statement was written anew, or changed, after it was signed.",
    fix="Sign the statement again, or delete the one that nobody signed.",
    source=_DSSE,
)
OUTSIDE: Final = Rule(
    id="V07",
    name="outside-name",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A statement names files of its own directory, each once, in names that can be shown.",
    why="A name that leads out of it would have other files read, and pass for these.",
    cause="The statement was made by hand, or to do harm.",
    fix="Do not trust this statement; tell whoever signed it.",
    source=f"{_STATEMENT_SPEC}, subject",
)
WEAK_DIGEST: Final = Rule(
    id="V08",
    name="weak-digest",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every subject has a SHA-256 digest.",
    why="Others can make two files with one digest of an older kind.",
    cause="The statement was made by a program that uses other digests.",
    fix="Have a statement made with SHA-256 digests.",
    source="in-toto spec/v1/digest_set.md, guidelines",
)
MISSING: Final = Rule(
    id="V09",
    name="missing-subject",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every file that a statement names is there, and every image is in its archive.",
    why="What is not there was not checked.",
    cause="Not all files were downloaded, or an archive was packed anew without a program.",
    fix="Get the files that are missing, or leave them out by choice with --allow-missing.",
    source=_STATEMENT_SPEC,
)
SUBJECT: Final = Rule(
    id="V10",
    name="changed-subject",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every file and image has the digest that the statement gives it.",
    why="It is not what was built, whatever else is right about it.",
    cause="The file was changed, damaged, or packed or signed again after the statement was made.",
    fix=_WRITE_AGAIN,
    source=_STATEMENT_SPEC,
)
UNSTATED: Final = Rule(
    id="V11",
    name="unstated",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every file of a release, and every image in its archives, is named by the statement.",
    why="Whoever trusts the release would trust something that nobody vouches for.",
    cause="A file was added, or packed again, after the statement was made.",
    fix=_WRITE_AGAIN,
    source="in-toto spec/v1/statement.md; docs/reference/provenance.md",
)
UNSIGNED_PAIR: Final = Rule(
    id="V12",
    name="unsigned-pair",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "What a statement says of a file besides its digest is so: its cdhashes, its identifier,"
        " and the digest that it has without its signatures."
    ),
    why="A signed program could not be traced to the unsigned one that others have built.",
    cause="The statement was made by hand, or of other files.",
    fix=_WRITE_AGAIN,
    source="docs/reference/provenance.md",
)
PARAMETERS: Final = Rule(
    id="V13",
    name="build-parameters",
    severity=ERROR,
    enforced_by=POLICY,
    demands="What a statement says of the build is what the build records in the archives say.",
    why="A build by what the statement says would give other files.",
    cause="The statement was made by hand, or of another build.",
    fix=_WRITE_AGAIN,
    source="slsa.dev/provenance/v1, externalParameters; docs/reference/provenance.md",
)
BYPRODUCT: Final = Rule(
    id="V14",
    name="byproduct",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every byproduct that a statement names, such as the SBOM, is there and unchanged.",
    why="An SBOM that is not the one that was vouched for may leave out what matters.",
    cause="The SBOM was written anew, edited, or not downloaded.",
    fix=_WRITE_AGAIN,
    source="slsa.dev/provenance/v1, byproducts",
)
SBOM: Final = Rule(
    id="V15",
    name="sbom",
    severity=ERROR,
    enforced_by=POLICY,
    demands="An SBOM is a CycloneDX document with the files of the release as components.",
    why="What cannot be read was not checked.",
    cause="It is an SBOM in another format, or of something else.",
    fix="Write it again with: countermark provenance write DIR.",
    source="CycloneDX 1.6; docs/reference/provenance.md",
)
SBOM_CONTENT: Final = Rule(
    id="V16",
    name="sbom-content",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "The SBOM lists exactly the files of the release and the images in them, with their digests"
        " and cdhashes."
    ),
    why="Who looks a program up in it would find another, or none.",
    cause="The SBOM is of another build of the same version, or was edited.",
    fix=_WRITE_AGAIN,
    source="docs/reference/provenance.md",
)
UNREADABLE: Final = Rule(
    id="V17",
    name="unreadable-archive",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every archive that a statement names can be read and unpacked without harm.",
    why="What is in it was not checked.",
    cause="It is cut off, damaged, or holds names that lead out of it.",
    fix="Get the archive again; if its digest is right, tell whoever made it.",
    source="docs/reference/provenance.md",
)
FOREIGN_BUILD: Final = Rule(
    id="V18",
    name="foreign-build-type",
    severity=NOTE,
    enforced_by=POLICY,
    demands="The statement is about a release that countermark made.",
    why="Of others only the digests of the files that are named were checked, and no parameter.",
    cause="Another program has made the statement.",
    fix="Check its parameters with the program that knows this build type.",
    source="slsa.dev/provenance/v1, buildType",
)
RULES: Final[tuple[Rule, ...]] = (
    STRICT_JSON,
    ENVELOPE,
    STATEMENT,
    UNSIGNED,
    NOT_CHECKED,
    TWO_STATEMENTS,
    OUTSIDE,
    WEAK_DIGEST,
    MISSING,
    SUBJECT,
    UNSTATED,
    UNSIGNED_PAIR,
    PARAMETERS,
    BYPRODUCT,
    SBOM,
    SBOM_CONTENT,
    UNREADABLE,
    FOREIGN_BUILD,
)
"""In the order of their ids."""

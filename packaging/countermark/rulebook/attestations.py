"""The rules of what many builders attest."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY, WARNING

__all__ = [
    "BAD_SIGNATURE",
    "DIFFERS",
    "EXTRA",
    "FOREIGN_KEY",
    "INVALID_KEY",
    "NOT_A_SUBSET",
    "ODD_FILE",
    "OTHER_VERSION",
    "PARTIAL",
    "PATHS",
    "RULES",
    "SEVERAL_SIGNATURES",
    "SHARED_KEY",
    "TOO_FEW",
    "UNDECIDED",
    "UNKNOWN_KEY",
    "UNREADABLE",
    "UNSIGNED",
]

_GUIX_SIGS: Final = "guix.sigs, README.md and contrib/touched-files-check"

DIFFERS: Final = Rule(
    id="M01",
    name="differs-from-others",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Whoever attests to a file attests to the same bytes as most others.",
    why="Either this builder's machine or everybody else's made something that the source does not"
    " say: a build that is not reproducible, or one that was tampered with.",
    cause="A dirty checkout, another toolchain or SDK, a time or path that got into the build; "
    "seldom an attack.",
    fix="Ask the builder for the files, and see with countermark compare what differs.",
    source="Bitcoin Core contrib/guix/guix-verify; doc/release-process.md",
)
UNDECIDED: Final = Rule(
    id="M02",
    name="no-majority",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Of every file, more builders attest to one digest than to any other.",
    why="When as many builders say one thing as another, nobody can tell which of them is right.",
    cause="The build is not reproducible, or too few builders have attested yet.",
    fix="Compare the files of both sides with countermark compare, and wait for more builders.",
    source="Bitcoin Core doc/release-process.md",
)
PARTIAL: Final = Rule(
    id="M03",
    name="partial-attestation",
    severity=NOTE,
    enforced_by=POLICY,
    demands="An attestation covers every file of the release.",
    why="This builder vouches for some files only, and counts for those only.",
    cause="The builder chose some hosts with HOSTS, or attested before all were done.",
    fix="Nothing must be done; the builder can build the other hosts and attest again.",
    source="Bitcoin Core contrib/guix/guix-attest, shasum_already_exists",
)
EXTRA: Final = Rule(
    id="M04",
    name="extra-files",
    severity=WARNING,
    enforced_by=POLICY,
    demands="An attestation lists no file that the release has not.",
    why="A file that hardly anybody else has built must not be published by mistake.",
    cause="The builder chose a host that is not part of the release.",
    fix="Leave these files out of what is published.",
    source="Bitcoin Core contrib/guix/guix-build, HOSTS",
)
NOT_A_SUBSET: Final = Rule(
    id="M05",
    name="not-a-subset",
    severity=ERROR,
    enforced_by=POLICY,
    demands="All that a builder's noncodesigned.SHA256SUMS says, all.SHA256SUMS says too.",
    why="The codesigned files were then made from others than those that were attested to first.",
    cause="The builder built again between the two attestations, with another result.",
    fix="Ask the builder to attest to both lists again, from one build.",
    source='Bitcoin Core contrib/guix/guix-verify, "something went very wrong"',
)
UNSIGNED: Final = Rule(
    id="M06",
    name="unsigned-attestation",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Every list has a detached signature beside it, called like it with .asc behind.",
    why="Anyone may have written it, so it does not count.",
    cause="The builder attested with NO_SIGN=1 or --no-sign, or forgot to add the file.",
    fix="Ask the builder for the signature.",
    source=_GUIX_SIGS,
)
BAD_SIGNATURE: Final = Rule(
    id="M07",
    name="bad-attestation-signature",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The signature is of exactly this list.",
    why="The list was changed after it was signed, so nobody vouches for it.",
    cause="Line ends were converted, the list was made anew without signing it again, or somebody"
    " tampered with it.",
    fix="Ask the builder to sign again; do not trust the list before.",
    source=_GUIX_SIGS,
)
FOREIGN_KEY: Final = Rule(
    id="M08",
    name="foreign-key",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A builder's lists are signed by the builder's own key, builder-keys/SIGNER.gpg.",
    why="Otherwise one person could speak for several, and a threshold would mean nothing.",
    cause="The list stands in somebody else's directory, or the builder has a new key.",
    fix="Put the key into builder-keys/ when the builder confirms it, or remove the list.",
    source=_GUIX_SIGS,
)
UNKNOWN_KEY: Final = Rule(
    id="M09",
    name="unknown-builder-key",
    severity=WARNING,
    enforced_by=POLICY,
    demands="The key of every builder is in builder-keys/.",
    why="Nobody can tell whose signature it is, so it does not count.",
    cause="The builder's key was never added, or was removed when the builder left.",
    fix="Add the builder's key to the folder if you know that it is the right one.",
    source=_GUIX_SIGS,
)
INVALID_KEY: Final = Rule(
    id="M10",
    name="signature-without-weight",
    severity=WARNING,
    enforced_by=POLICY,
    demands="A signature is strong, and neither it nor its key is expired or revoked.",
    why="Whoever found or broke the key could have made it, so it does not count.",
    cause="The key ran out since, or was given up, or its algorithms are too weak by now.",
    fix="Ask the builder for a renewed key, and put it into builder-keys/.",
    source="Sequoia's standard policy; RFC 9580",
)
TOO_FEW: Final = Rule(
    id="M11",
    name="too-few-builders",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Enough builders attest to the same bytes of every file of the release.",
    why="A release that few have reproduced rests on the machines of those few.",
    cause="The release is young, or builders disagree or have built some hosts only.",
    fix="Wait for more builders, or ask with another --threshold.",
    source="Bitcoin Core doc/release-process.md: 3 before codesigning, 6 before the upload",
)
OTHER_VERSION: Final = Rule(
    id="M12",
    name="other-version",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every file that is listed has the release's version in its name, and detached"
    " signatures are those of its tag.",
    why="The list is not of this release, or would mix two.",
    cause="The attestation was put into the directory of another version, or made with detached"
    " signatures before they were tagged.",
    fix="Ask the builder to attest again, from a build of the tag itself.",
    source="guix.sigs, its lint of the names",
)
PATHS: Final = Rule(
    id="M13",
    name="directories-in-names",
    severity=WARNING,
    enforced_by=POLICY,
    demands="A list has names of files, without directories.",
    why="What is published lies in one directory, where such a list finds nothing.",
    cause="It was written by something else than countermark attest or today's guix-attest, which"
    " left the hosts' directories in at first.",
    fix="Attest again with countermark attest.",
    source="Bitcoin Core contrib/guix/guix-attest, basenameify_SHA256SUMS",
)
ODD_FILE: Final = Rule(
    id="M14",
    name="odd-file",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Below a version stand directories of builders, with two lists and their signatures.",
    why="What is called otherwise is read by nobody.",
    cause="A typing error in a name, or a file that an editor or a mail program left.",
    fix="Rename it or remove it.",
    source=_GUIX_SIGS,
)
UNREADABLE: Final = Rule(
    id="M15",
    name="unreadable-attestation",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A list and its signature are small regular files.",
    why="What cannot be read cannot count.",
    cause="A symbolic link, a device, a directory or a huge file in the list's place.",
    fix="Look at it, and have the builder attest again.",
    source=_GUIX_SIGS,
)
SHARED_KEY: Final = Rule(
    id="M16",
    name="shared-key",
    severity=WARNING,
    enforced_by=POLICY,
    demands="No two builders sign with one key.",
    why="Two names with one key are one voice, and are counted once.",
    cause="A builder changed the name, or two work with one machine.",
    fix="Keep one of the two directories.",
    source=_GUIX_SIGS,
)
SEVERAL_SIGNATURES: Final = Rule(
    id="M17",
    name="several-signatures",
    severity=WARNING,
    enforced_by=POLICY,
    demands="A list has exactly one signature.",
    why="It counts by the first good one of the builder's own key; nobody asked for the others.",
    cause="Signatures were put into one file, as in the SHA256SUMS.asc that is published.",
    fix="Keep the builder's own signature only.",
    source=_GUIX_SIGS,
)

RULES: Final[tuple[Rule, ...]] = (
    DIFFERS,
    UNDECIDED,
    PARTIAL,
    EXTRA,
    NOT_A_SUBSET,
    UNSIGNED,
    BAD_SIGNATURE,
    FOREIGN_KEY,
    UNKNOWN_KEY,
    INVALID_KEY,
    TOO_FEW,
    OTHER_VERSION,
    PATHS,
    ODD_FILE,
    UNREADABLE,
    SHARED_KEY,
    SEVERAL_SIGNATURES,
)

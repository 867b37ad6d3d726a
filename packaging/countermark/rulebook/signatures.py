"""The rules of OpenPGP signatures, and of the keys that made them."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY, WARNING

__all__ = [
    "BAD_SIGNATURE",
    "DUPLICATE_SIGNER",
    "EXPIRED_KEY",
    "EXPIRED_SIGNATURE",
    "FUTURE_SIGNATURE",
    "NOT_A_KEY",
    "NOT_A_SIGNATURE",
    "ONE_PERSON",
    "OTHER_LIST",
    "REVOKED_KEY",
    "RULES",
    "SECRET_KEY",
    "THRESHOLD",
    "UNCOVERED",
    "UNKNOWN_KEY",
    "UNSUPPORTED_KEY",
    "WEAK_SIGNATURE",
]

_NEWER_KEYS: Final = (
    "Get the newest keys, such as builder-keys of guix.sigs; else ask the owner to sign again."
)

NOT_A_KEY: Final = Rule(
    id="G01",
    name="not-a-key",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every *.gpg, *.asc and *.pgp file of a key folder holds OpenPGP certificates.",
    why="The signatures of its owner count for nothing, and nobody would notice.",
    cause="A web page was saved instead of the key, a download was cut off, or it is a keybox.",
    fix="Export the key again with: gpg --armor --export FINGERPRINT.",
    source="RFC 9580, section 10.1",
)
SECRET_KEY: Final = Rule(
    id="G02",
    name="secret-key",
    severity=WARNING,
    enforced_by=POLICY,
    demands="A key folder holds public keys only.",
    why="Whoever can read the folder can sign in its owner's name.",
    cause="The key was exported with --export-secret-keys.",
    fix="Take the file away, revoke the key if others saw it, and export the public one.",
    source="RFC 9580, section 10.2",
)
ONE_PERSON: Final = Rule(
    id="G03",
    name="one-person",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Every person has one key in a key folder.",
    why="A threshold counts people: who has two keys could pass for two.",
    cause="A new key was added, and the old one was not taken away.",
    fix="Keep the key that is in use. Until then keys with an address in common count once.",
    source="Bitcoin Core doc/release-process.md: the threshold is about builders",
)
THRESHOLD: Final = Rule(
    id="G04",
    name="threshold",
    severity=ERROR,
    enforced_by=POLICY,
    demands="As many people as the threshold says have signed, each with a good signature.",
    why="Fewer could be mistaken together, or be forced together.",
    cause="Signatures are missing or do not count, or the key folder is an old one.",
    fix="See above which signatures do not count, and why; get the newest keys and signatures.",
    source="Bitcoin Core contrib/verify-binaries/verify.py, --min-good-sigs",
)
BAD_SIGNATURE: Final = Rule(
    id="G05",
    name="bad-signature",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Every signature is one of exactly these bytes.",
    why="It vouches for another list, or for one that was changed afterwards.",
    cause="The list was changed or belongs to another release, or the signature was damaged.",
    fix="Get the list and its signatures anew, from one place. It does not count until then.",
    source="RFC 9580, section 5.2.4",
)
UNKNOWN_KEY: Final = Rule(
    id="G06",
    name="unknown-key",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Every signature is by a key of the key folder.",
    why="Nobody vouches for who made it, so it does not count.",
    cause="The signer is new, or the key folder is older than the signature.",
    fix=_NEWER_KEYS,
    source="Bitcoin Core guix.sigs, builder-keys",
)
REVOKED_KEY: Final = Rule(
    id="G07",
    name="revoked-key",
    severity=WARNING,
    enforced_by=POLICY,
    demands="No signature is by a key, or a subkey, that its owner revoked.",
    why="Somebody else may have the key; a date in a signature proves nothing then.",
    cause="The key was lost, stolen or replaced after it signed.",
    fix="Ask the owner to sign again with the key that is in use now.",
    source="RFC 9580, section 5.2.3.31; whatever the reason of the revocation",
)
EXPIRED_KEY: Final = Rule(
    id="G08",
    name="expired-key",
    severity=WARNING,
    enforced_by=POLICY,
    demands="The key of a signature, and its primary key, have not expired until now.",
    why="Its owner no longer stands up for it, and would not announce its loss.",
    cause="The owner prolonged the key and the key folder has the old copy, or gave it up.",
    fix=_NEWER_KEYS,
    source="RFC 9580, section 5.2.3.13; stricter than gpg, which only says so",
)
EXPIRED_SIGNATURE: Final = Rule(
    id="G09",
    name="expired-signature",
    severity=WARNING,
    enforced_by=POLICY,
    demands="No signature has expired until now.",
    why="Its signer said until when it should be believed.",
    cause="It was made with an expiration time.",
    fix="Ask the signer to sign again.",
    source="RFC 9580, section 5.2.3.18",
)
WEAK_SIGNATURE: Final = Rule(
    id="G10",
    name="weak-signature",
    severity=WARNING,
    enforced_by=POLICY,
    demands=(
        "Signatures, and what ties a key to its owner, use SHA-224 or better; RSA and DSA keys"
        " have 2,048 bits or more."
    ),
    why="Others can make two texts with one such signature, or find the key.",
    cause="The key is an old one, or gpg is told to use an old hash.",
    fix="The owner can sign the key anew (gpg --edit-key, expire) or make another.",
    source="RFC 9580, section 9.5; NIST SP 800-131A",
)
FUTURE_SIGNATURE: Final = Rule(
    id="G11",
    name="future-signature",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Signatures are made after their keys, and at most five minutes after now.",
    why="One of the clocks is wrong, so nothing can be said of what has expired.",
    cause="The clock of this machine, or that of the signer, is wrong.",
    fix="Set the clock of this machine and check again.",
    source="RFC 9580, section 5.2.3.11",
)
DUPLICATE_SIGNER: Final = Rule(
    id="G12",
    name="duplicate-signer",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Every person signs once.",
    why="A threshold counts people: the same one again is no other.",
    cause="Signatures of several files were put together, or one was made anew.",
    fix="Nothing needs to be done: it counts once.",
    source="Bitcoin Core doc/release-process.md: the threshold is about builders",
)
NOT_A_SIGNATURE: Final = Rule(
    id="G13",
    name="not-a-signature",
    severity=WARNING,
    enforced_by=POLICY,
    demands="A file of signatures holds detached OpenPGP signatures of files, and nothing else.",
    why="What is something else, or cut off, vouches for nothing.",
    cause="The download was cut off, or the file is a signed message, a key or a web page.",
    fix="Get the file again; make signatures with: gpg --detach-sign --armor.",
    source="RFC 9580, section 10.4",
)
UNSUPPORTED_KEY: Final = Rule(
    id="G14",
    name="unsupported-key",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Keys are of a kind that Sequoia PGP can check.",
    why="Whether the signature is good was not found out, so it does not count.",
    cause="The key is on the curve secp256k1, or of a kind that is newer than the library.",
    fix="Check it with gpg, or ask the owner for a key of an ordinary kind.",
    source="Sequoia PGP, sequoia-openpgp with its StandardPolicy",
)
OTHER_LIST: Final = Rule(
    id="G15",
    name="other-list",
    severity=WARNING,
    enforced_by=POLICY,
    demands="All signers of a release have signed the same digests.",
    why="Somebody built something else, so the signature is not one of the list that is checked.",
    cause="A signer built fewer hosts, with other tools or other sources, or was deceived.",
    fix="Compare the lists: countermark attestations shows who disagrees about which file.",
    source="Bitcoin Core contrib/guix/guix-verify",
)
UNCOVERED: Final = Rule(
    id="G16",
    name="uncovered-bytes",
    severity=WARNING,
    enforced_by=POLICY,
    demands="A file of signatures holds nothing that they do not cover, but what programs write.",
    why="Armor, check sums and unhashed subpackets can be changed without harm to a signature.",
    cause="The file was damaged or edited on its way, or made by an unusual program.",
    fix="Get the file again from where it is published; what is signed is not in doubt.",
    source="RFC 9580, sections 5.2.3 and 6",
)
RULES: Final[tuple[Rule, ...]] = (
    NOT_A_KEY,
    SECRET_KEY,
    ONE_PERSON,
    THRESHOLD,
    BAD_SIGNATURE,
    UNKNOWN_KEY,
    REVOKED_KEY,
    EXPIRED_KEY,
    EXPIRED_SIGNATURE,
    WEAK_SIGNATURE,
    FUTURE_SIGNATURE,
    DUPLICATE_SIGNER,
    NOT_A_SIGNATURE,
    UNSUPPORTED_KEY,
    OTHER_LIST,
    UNCOVERED,
)

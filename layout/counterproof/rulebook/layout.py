"""The rules of files: which there are, where, with which modes, and what they are made of."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, POLICY, WARNING

__all__ = [
    "ARCHITECTURE",
    "BUNDLE_IDENTIFIER",
    "CASE_COLLISION",
    "DANGLING_LINK",
    "EMPTY_FILE",
    "EMPTY_TREE",
    "FOREIGN_TEAM",
    "FORMAT",
    "KIND",
    "LINKER_SIGNED",
    "LINK_OUTSIDE",
    "MISSING",
    "MODE",
    "NOT_A_PROGRAM",
    "NOT_CODESIGNED",
    "NO_AUTHENTICODE",
    "OWNER",
    "RULES",
    "SIGNED_TOO_EARLY",
    "UNEXPECTED",
    "UNSIGNED",
    "WRONG_DIRECTORY",
]

EMPTY_TREE: Final = Rule(
    id="L01",
    name="empty-tree",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A tree holds at least one file.",
    why="An archive of nothing passes every check of files, and gets published.",
    cause="The suite's install rules install nothing, or the wrong directory was named.",
    fix="Build and stage again; check that the suite's install rules install the programs.",
    source="countermark layout check",
)
MISSING: Final = Rule(
    id="L02",
    name="missing-file",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every program and file that the profile requires is there.",
    why="Users miss a program, and the wrapper cannot start what it promises.",
    cause=(
        "A CMake option is off: in Bitcoin Core BUILD_TESTS=OFF drops bitcoin-wallet, a Windows"
        " build has no bitcoin-node."
    ),
    fix="Switch the program on in the suite's CMake options, build and stage again.",
    source="The profile; Bitcoin Core cmake/module/InstallBinaryComponent.cmake",
)
UNEXPECTED: Final = Rule(
    id="L03",
    name="unexpected-file",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No file is there that the profile does not list.",
    why=(
        "What nobody planned is published, and stays in the archive of every builder or of one "
        "alone."
    ),
    cause="The suite installs more than before, or a build left something in the stage.",
    fix="Do not install the file, or list it in a profile of your own.",
    source="The profile; Bitcoin Core doc/files.md, Installed Files",
)
WRONG_DIRECTORY: Final = Rule(
    id="L04",
    name="wrong-directory",
    severity=ERROR,
    enforced_by=POLICY,
    demands=("Every program stands in the directory that the profile gives it, and only there."),
    why=(
        "The wrapper looks for a program in one directory; elsewhere it is not found, or "
        "shadows another."
    ),
    cause="Install rules differ from the profile, or a program was installed twice.",
    fix="Stage again: countermark stage puts programs where the profile wants them.",
    source="The profile; Bitcoin Core src/bitcoin.cpp ExecCommand",
)
EMPTY_FILE: Final = Rule(
    id="L05",
    name="empty-file",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No program and no listed file is empty.",
    why="An empty program cannot run; an empty document tells nothing.",
    cause="A link or a copy was interrupted.",
    fix="Delete the file and build again; a link that failed leaves an empty file behind.",
    source="countermark layout check",
)
MODE: Final = Rule(
    id="L06",
    name="mode",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "Directories and programs have the mode 0755, other files 0644; libraries and scripts "
        "may have either. Set-id bits and write permission for group or others are never there."
    ),
    why=(
        "A program without its x bit does not start; what others may write is not what was signed."
    ),
    cause="The umask of a build, or permissions of the suite's install rules.",
    fix="Correct the mode in the suite's install rules, stage and pack again.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, tar --mode",
)
OWNER: Final = Rule(
    id="L07",
    name="owner",
    severity=WARNING,
    enforced_by=POLICY,
    demands=("An archive records user 0 and group 0, so that it tells nothing of who packed it."),
    why="Two builders get two archives, and each tells who packed it.",
    cause="The archive was packed without --owner and --group.",
    fix=("Pack again with countermark pack, or with tar --owner=0 --group=0 --numeric-owner."),
    source="Bitcoin Core contrib/guix/libexec/package.sh, TAR_OPTIONS",
)
LINK_OUTSIDE: Final = Rule(
    id="L08",
    name="link-outside",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No symbolic link leaves the tree.",
    why="On the user's machine the link leads to something else, or unpacks over it.",
    cause="An absolute link, or one with too many `..`, in the suite's install rules.",
    fix="Install the file itself, or link to a file of the tree by a relative path.",
    source="countermark layout check",
)
DANGLING_LINK: Final = Rule(
    id="L09",
    name="dangling-link",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every symbolic link leads to something in the tree.",
    why="The name is there, but nothing can be opened by it.",
    cause="What the link leads to is not installed.",
    fix="Install what the link leads to, or remove the link.",
    source="countermark layout check",
)
KIND: Final = Rule(
    id="L10",
    name="file-kind",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A tree holds files, directories and symbolic links, and nothing else.",
    why=(
        "Devices, pipes and hard links do not survive every unpacking, and no release needs them."
    ),
    cause="Files were linked instead of copied, or something ran in the stage.",
    fix="Remove it, or replace it by a plain file.",
    source="countermark layout check",
)
CASE_COLLISION: Final = Rule(
    id="L11",
    name="case-collision",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "No two names differ only in case or in Unicode composition: macOS takes them for one."
    ),
    why="Where case does not count one file overwrites the other.",
    cause="The suite was installed on a file system that keeps them apart.",
    fix="Rename one of the two.",
    source="countermark layout check; macOS and Windows file systems",
)
NOT_A_PROGRAM: Final = Rule(
    id="L12",
    name="not-a-program",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every program of the profile is an executable image.",
    why="The wrapper or a user starts it, and gets an error, or a shell's opinion of it.",
    cause="A script, an object file or a library was installed by the program's name.",
    fix="Install the linked executable, not a script or a part of a build.",
    source="Bitcoin Core src/util/exec.cpp",
)
FORMAT: Final = Rule(
    id="L13",
    name="image-format",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every image has the format of the target.",
    why="No image of another format runs on the target.",
    cause="A build directory was used for two hosts.",
    fix="Build with the target's toolchain in a build directory of its own.",
    source="countermark layout check",
)
ARCHITECTURE: Final = Rule(
    id="L14",
    name="architecture",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every image is for the target's architecture and for no other.",
    why="No image of another architecture runs on the target, or only by emulation.",
    cause="A build directory was used for two hosts.",
    fix="Build with the target's toolchain in a build directory of its own.",
    source="countermark layout check; Bitcoin Core contrib/guix, HOSTS",
)
UNSIGNED: Final = Rule(
    id="L15",
    name="unsigned",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every Mach-O for macOS is signed.",
    why="Apple silicon kills unsigned code at its start.",
    cause="The signing stage was left out, or the archive is the unsigned one.",
    fix="Run `countermark sign` on the stage, then pack again.",
    source="xnu mach_loader.c; Bitcoin Core contrib/macdeploy",
)
LINKER_SIGNED: Final = Rule(
    id="L16",
    name="linker-signed",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No Mach-O for macOS has only the signature that its linker made.",
    why=(
        "The linker's signature has no identity to rely on, and goes stale with the first change."
    ),
    cause="The signing stage was left out.",
    fix="Run `countermark sign` on the stage, then pack again.",
    source="Bitcoin Core depends/hosts/darwin.mk, -no_adhoc_codesign",
)
NOT_CODESIGNED: Final = Rule(
    id="L17",
    name="not-codesigned",
    severity=ERROR,
    enforced_by=POLICY,
    demands="In a codesigned tree every Mach-O carries a certificate's signature.",
    why="What is downloaded is stopped by Gatekeeper, and one program in ten is easily missed.",
    cause="A detached signature was not attached, or the program was built after the signing.",
    fix="Attach the release's detached signatures to all of it, or say --state ad-hoc.",
    source="Bitcoin Core contrib/guix/libexec/codesign.sh, contrib/macdeploy",
)
SIGNED_TOO_EARLY: Final = Rule(
    id="L18",
    name="signed-too-early",
    severity=ERROR,
    enforced_by=POLICY,
    demands="In an unsigned tree nothing is signed, not even by its linker.",
    why=(
        "Detached signatures are made for the unsigned bytes, and a linker's signature differs "
        "from builder to builder."
    ),
    cause="The linker was not told -no_adhoc_codesign, or a signed file was packed.",
    fix="Take the signature off with `countermark unsign`, or pack the unsigned build again.",
    source="Bitcoin Core depends/hosts/darwin.mk, contrib/guix/libexec/package.sh",
)
FOREIGN_TEAM: Final = Rule(
    id="L19",
    name="foreign-team",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every certificate's signature is that of the profile's team.",
    why="Whoever signs answers for the program: another name is not who users trust.",
    cause="It was signed with a key for tests, or comes from another distributor.",
    fix="Sign with the team's certificate, or name the right team in a profile of your own.",
    source="Apple TN3127; Bitcoin Core contrib/macdeploy",
)
NO_AUTHENTICODE: Final = Rule(
    id="L20",
    name="no-authenticode",
    severity=ERROR,
    enforced_by=POLICY,
    demands="In a codesigned tree every program for Windows carries an Authenticode signature.",
    why="Windows warns of a program by nobody, and one in libexec/ is easily missed.",
    cause="A detached signature was not attached, or the program was built after the signing.",
    fix="Attach the release's detached signatures to all of it, or say --state unsigned.",
    source="Bitcoin Core contrib/guix/libexec/codesign.sh, contrib/windeploy",
)
BUNDLE_IDENTIFIER: Final = Rule(
    id="L21",
    name="bundle-identifier",
    severity=ERROR,
    enforced_by=POLICY,
    demands="An application bundle calls itself what the profile calls it.",
    why=(
        "macOS keeps settings and permissions by this name, and the certificate's requirement "
        "demands it: under another name an update is another program."
    ),
    cause="The Info.plist was made from another template, or the bundle is another program.",
    fix="Correct CFBundleIdentifier, or name the right identifier in a profile of your own.",
    source="Bitcoin Core share/qt/Info.plist.in; Apple TN3127",
)

RULES: Final = (
    EMPTY_TREE,
    MISSING,
    UNEXPECTED,
    WRONG_DIRECTORY,
    EMPTY_FILE,
    MODE,
    OWNER,
    LINK_OUTSIDE,
    DANGLING_LINK,
    KIND,
    CASE_COLLISION,
    NOT_A_PROGRAM,
    FORMAT,
    ARCHITECTURE,
    UNSIGNED,
    LINKER_SIGNED,
    NOT_CODESIGNED,
    SIGNED_TOO_EARLY,
    FOREIGN_TEAM,
    NO_AUTHENTICODE,
    BUNDLE_IDENTIFIER,
)

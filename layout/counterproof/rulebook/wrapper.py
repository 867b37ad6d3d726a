"""The rules of commands: whether the wrapper's commands run what users are meant to get."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY, WARNING

__all__ = [
    "BLOCKED",
    "CASE_ONLY",
    "DANGLING",
    "NOT_EXECUTABLE",
    "NO_PROGRAM",
    "NO_SIBLING",
    "OTHER_MACHINE",
    "OUT_OF_REACH",
    "RULES",
    "SHADOWED",
    "UNDECIDED",
    "WITHOUT_PROGRAM",
    "WRAPPER",
]

_SEARCH: Final = "Bitcoin Core src/bitcoin.cpp, ExecCommand; reference suite src/locate.c"

SHADOWED: Final = Rule(
    id="W01",
    name="shadowed-copy",
    severity=WARNING,
    enforced_by=POLICY,
    demands="No place that the wrapper tries later holds another copy of the program it runs.",
    why="The first copy wins without a word: a newer one beside the wrapper is never run.",
    cause="A program moved from bin/ to libexec/, and an older release was unpacked over.",
    fix="Delete the copy that is not meant to run.",
    source=_SEARCH,
)
NOT_EXECUTABLE: Final = Rule(
    id="W02",
    name="command-not-executable",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The first file that the wrapper finds for a command is executable.",
    why="The search ends at a file that is there: users get an error, and no other copy is tried.",
    cause="The x bit was lost: a zip without modes, a copy over FAT, a umask.",
    fix="Give it the mode 0755, and pack again.",
    source=_SEARCH,
)
BLOCKED: Final = Rule(
    id="W03",
    name="command-blocked",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Nothing but the program stands where the wrapper looks for it.",
    why="The system refuses a directory or a pipe, and the search ends there.",
    cause="An install rule with DESTINATION libexec/PROGRAM, or a file called libexec.",
    fix="Remove what is in the way, and install the program there.",
    source=_SEARCH,
)
DANGLING: Final = Rule(
    id="W04",
    name="command-dangling",
    severity=ERROR,
    enforced_by=POLICY,
    demands="No place that the wrapper tries is a symbolic link to nothing.",
    why="Such a link counts as absent: a copy elsewhere runs instead, or nothing at all.",
    cause="What the link leads to is not installed, or has another name now.",
    fix="Install what the link leads to, or remove the link.",
    source=_SEARCH,
)
OTHER_MACHINE: Final = Rule(
    id="W05",
    name="command-for-another-machine",
    severity=ERROR,
    enforced_by=POLICY,
    demands="What a command runs is for the target's system and machine.",
    why=(
        "On Linux the C library hands it to /bin/sh, which takes it for a script: users see a "
        "syntax error. On macOS and Windows the system refuses it."
    ),
    cause="A build directory was used for two hosts.",
    fix="Build with the target's toolchain in a build directory of its own.",
    source="glibc posix/execvpe.c; xnu bsd/kern/kern_exec.c; Bitcoin Core src/util/exec.cpp",
)
NO_PROGRAM: Final = Rule(
    id="W06",
    name="command-without-image",
    severity=ERROR,
    enforced_by=POLICY,
    demands="What a command runs is an executable image.",
    why=(
        "Linux and macOS hand a file that is no program to /bin/sh, which runs whatever is in it; "
        "an empty file does nothing, and that counts as success."
    ),
    cause="A script or a part of a build was installed by the program's name; a link was cut off.",
    fix="Install the linked executable.",
    source="glibc posix/execvpe.c; Apple Libc gen/FreeBSD/exec.c; reference suite src/image.c",
)
OUT_OF_REACH: Final = Rule(
    id="W07",
    name="command-out-of-reach",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every program of a command stands where the wrapper looks for it.",
    why="The wrapper knows its places by heart: what stands elsewhere is as good as missing.",
    cause=(
        "CMAKE_INSTALL_LIBEXECDIR is not libexec, which Bitcoin Core's wrapper does not learn; the "
        "reference wrapper has the directory of its own build."
    ),
    fix="Install with CMAKE_INSTALL_LIBEXECDIR=libexec, or move the program beside the wrapper.",
    source=_SEARCH,
)
WITHOUT_PROGRAM: Final = Rule(
    id="W08",
    name="command-without-program",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Every command of the wrapper has its program in the tree.",
    why="The wrapper's help offers the command, and users get an error that names a file.",
    cause="A program is not built or not packed: the Windows installer has no bitcoin-util.",
    fix="Build and pack the program, or tell users that the command does not work here.",
    source=f"{_SEARCH}; Bitcoin Core share/setup.nsi.in",
)
NO_SIBLING: Final = Rule(
    id="W09",
    name="spawned-elsewhere",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program and those that it starts stand in one directory.",
    why="A spawned program is looked for in its spawner's directory and nowhere else.",
    cause="One of the two is installed in bin/, the other one in libexec/.",
    fix="Stage again with a profile that puts both into libexec/, as `multiprocess` does.",
    source="Bitcoin Core src/ipc/process.cpp",
)
WRAPPER: Final = Rule(
    id="W10",
    name="wrapper",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The wrapper is there, can be started, and stands in a directory called bin.",
    why="Only from a directory of this name does it look in ../libexec.",
    cause="The wrapper was not built (BUILD_BITCOIN_BIN=OFF), or bin/ has another name.",
    fix="Install the wrapper as bin/bitcoin, beside libexec/.",
    source=_SEARCH,
)
UNDECIDED: Final = Rule(
    id="W11",
    name="command-undecided",
    severity=NOTE,
    enforced_by=POLICY,
    demands="What a command runs can be told from the tree alone.",
    why="What stands outside is known on the user's machine only; it was taken as absent.",
    cause=(
        "A link leads out of the tree, bin/ was given without the directory above it, or a fork's "
        "wrapper has directories of its own."
    ),
    fix="Check the whole tree; link only to what is in it.",
    source="countermark layout check",
)
CASE_ONLY: Final = Rule(
    id="W12",
    name="command-by-case",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Programs and directories are spelled as the wrapper spells them.",
    why="Where case counts, as on a case-sensitive APFS volume, the program is not found.",
    cause="The suite was installed on a file system that does not keep them apart.",
    fix="Rename it.",
    source="macOS and Windows file systems",
)

RULES: Final = (
    SHADOWED,
    NOT_EXECUTABLE,
    BLOCKED,
    DANGLING,
    OTHER_MACHINE,
    NO_PROGRAM,
    OUT_OF_REACH,
    WITHOUT_PROGRAM,
    NO_SIBLING,
    WRAPPER,
    UNDECIDED,
    CASE_ONLY,
)

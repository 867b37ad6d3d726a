"""The rules of smoke tests: what programs must do when they are started."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY

__all__ = [
    "EXIT_CODE",
    "IPC",
    "RULES",
    "SAME_PROCESS",
    "SIGNAL",
    "SKIPPED",
    "STARTS",
    "TIME_LIMIT",
    "USAGE",
    "VERSIONS",
    "WRONG_PROGRAM",
]

SKIPPED: Final = Rule(
    id="S01",
    name="not-run",
    severity=NOTE,
    enforced_by=POLICY,
    demands="Every smoke test is run.",
    why="What was not run is not proven, and must not look as if it were.",
    cause="The machine lacks an emulator, or the tree does not hold what the test is about.",
    fix="See the reason; countermark doctor says how to install emulators.",
    source="countermark layout smoke",
)
STARTS: Final = Rule(
    id="S02",
    name="does-not-start",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every program starts, prints its version and ends with exit code 0.",
    why="A user's first command fails.",
    cause="A library or an instruction that the machine lacks, a wrong mode, a damaged file.",
    fix="Start it by hand from the unpacked archive, and see countermark layout check.",
    source="countermark layout smoke",
)
WRONG_PROGRAM: Final = Rule(
    id="S03",
    name="wrong-program",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program is what its name says; the wrapper runs what the profile names.",
    why="Users run another program than they asked for, without being told.",
    cause="A copy elsewhere shadows the program, a file was mixed up, or the default differs.",
    fix="Keep one copy of each program, in the directory that the profile gives it.",
    source="Bitcoin Core src/bitcoin.cpp, ExecCommand",
)
USAGE: Final = Rule(
    id="S04",
    name="usage",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The wrapper answers no command and an unknown one with a message and exit code 1.",
    why="Scripts take a mistake for success.",
    cause="The wrapper fails before it reads its arguments, or it is another program.",
    fix="Start it by hand with the same arguments.",
    source="Bitcoin Core src/bitcoin.cpp, main",
)
EXIT_CODE: Final = Rule(
    id="S05",
    name="exit-code",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The wrapper ends with the exit code of the program that it runs.",
    why="Scripts and service managers take a failed program for a good one.",
    cause="The wrapper starts the program beside itself and does not wait, as on Windows.",
    fix="Run the program by its own name until the wrapper passes the code on.",
    source="Bitcoin Core src/util/exec.cpp, ExecVp",
)
SAME_PROCESS: Final = Rule(
    id="S06",
    name="same-process",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Outside Windows the wrapper becomes the program: the process id stays the same.",
    why="A service manager watches the wrapper, and signals reach the wrong process.",
    cause="The wrapper is a script or starts a child.",
    fix="Install the wrapper that the suite builds.",
    source="Bitcoin Core src/util/exec.cpp, ExecVp",
)
SIGNAL: Final = Rule(
    id="S07",
    name="signal",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A node ends by itself, with exit code 0, when it is sent SIGTERM through the wrapper.",
    why="Every stop of a service looks like a crash, or takes until it is killed.",
    cause="The signal does not reach the node, or the node fails while it shuts down.",
    fix="Start the node by hand, send SIGTERM, and read its log.",
    source="Bitcoin Core src/init.cpp, HandleSIGTERM",
)
IPC: Final = Rule(
    id="S08",
    name="ipc",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A node that offers IPC makes its socket, answers its clients and stops when told to.",
    why="Wallets and mining software that come with the node cannot use it.",
    cause="Node and client are of different builds, or a library of the machine differs.",
    fix="Build all programs of a tree together; start the node by hand with -debug=ipc.",
    source="Bitcoin Core doc/multiprocess.md",
)
TIME_LIMIT: Final = Rule(
    id="S09",
    name="time-limit",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Every test ends within the time limit, and no program prints without end.",
    why="What hangs here hangs for users.",
    cause="A program waits for something that is not there, or the machine is slow.",
    fix="Start it by hand; on a slow machine or under emulation give a longer --timeout.",
    source="countermark layout smoke --timeout",
)
VERSIONS: Final = Rule(
    id="S10",
    name="versions-differ",
    severity=ERROR,
    enforced_by=POLICY,
    demands="All programs of a tree say the same version.",
    why="Programs of different versions need not understand each other.",
    cause="A program was left over from an earlier build.",
    fix="Build and stage all programs again, into an empty directory.",
    source="countermark layout smoke",
)

RULES: Final = (
    SKIPPED,
    STARTS,
    WRONG_PROGRAM,
    USAGE,
    EXIT_CODE,
    SAME_PROCESS,
    SIGNAL,
    IPC,
    TIME_LIMIT,
    VERSIONS,
)

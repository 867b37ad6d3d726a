"""What a build should not depend on: one rule for each variation of ``reproduce``, and for chance.

Sources: reproducible-builds.org, its documentation and the variations of reprotest.
"""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, POLICY

__all__ = ["CHANCE", "RULES", "rule_of"]

_WHY: Final = "Every builder gets other bytes, so nobody can vouch for those of another."


def _rule(number: int, name: str, what: str, cause: str, fix: str, page: str) -> Rule:
    return Rule(
        id=f"X{number}",
        name=f"depends-on-{name}",
        severity=ERROR,
        enforced_by=POLICY,
        demands=f"What is built does not depend on {what}.",
        why=_WHY,
        cause=cause,
        fix=fix,
        source=f"reproducible-builds.org/docs/{page}",
    )


CHANCE: Final = _rule(
    35,
    "chance",
    "chance, or on the moment of the build",
    "A random word or identity, the time of day, the order in which threads come to their end,"
    " or the address of something in memory.",
    "Take times from SOURCE_DATE_EPOCH, give generators of random numbers a fixed seed, link with"
    " --build-id=sha1, and sort what comes from threads or from tables of hashes.",
    "randomness/",
)

RULES: Final[tuple[Rule, ...]] = (
    _rule(
        21,
        "path",
        "the directories of its sources and of the build",
        "A path of CMake in a definition, a text or a run path, __FILE__, or debug information.",
        "Write paths relative to the sources; map what compilers write with -ffile-prefix-map,"
        " which countermark gives them; leave run paths to $ORIGIN.",
        "build-path/",
    ),
    _rule(
        22,
        "home",
        "the home directory",
        "A program of the build reads its configuration there, or writes the path somewhere.",
        "Give the programs of the build their configuration by options, from the sources.",
        "volatile-inputs/",
    ),
    _rule(
        23,
        "temporary",
        "the directory for temporary files",
        "The name of a temporary file is in what was made from it.",
        "Make intermediate files in the build tree, by fixed relative names.",
        "build-path/",
    ),
    _rule(
        24,
        "user",
        "who builds it",
        "The name or the number of the user in a text, a header, or an archive within the archive.",
        "Leave the user out; pack with --owner=0 --group=0 --numeric-owner, or ar with D.",
        "archives/",
    ),
    _rule(
        25,
        "umask",
        "the modes that new files get",
        "Files are packed within the build, or copied with the modes that they happen to have.",
        "Give modes in install(), and to tar with --mode.",
        "archives/",
    ),
    _rule(
        26,
        "hostname",
        "the name of the machine",
        "uname or hostname is asked, and the answer compiled in, such as 'built on'.",
        "Leave it out; a release is told by its version and commit.",
        "volatile-inputs/",
    ),
    _rule(
        27,
        "cpus",
        "the number of processors",
        "The number is written somewhere, divides the work into pieces that show, or commands"
        " that write the same file run at the same time.",
        "Fix the number of pieces, and declare to CMake what each command reads and writes.",
        "deterministic-build-systems/",
    ),
    _rule(
        28,
        "clock",
        "the date",
        "The time of day in a text, __DATE__ or __TIME__ without SOURCE_DATE_EPOCH, or an archive"
        " with the times of files.",
        "Take every time from SOURCE_DATE_EPOCH: string(TIMESTAMP) of CMake and compilers do.",
        "source-date-epoch/",
    ),
    _rule(
        29,
        "mtimes",
        "when its sources were changed",
        "file(TIMESTAMP), or files of the sources packed with their times.",
        "Take SOURCE_DATE_EPOCH instead, and pack with --mtime.",
        "timestamps/",
    ),
    _rule(
        30,
        "order",
        "the order in which directories list their files",
        "A script goes through a directory, or a wildcard of another tool is not sorted.",
        "Sort the names, with LC_ALL=C where a program does it, or list the files.",
        "stable-inputs/",
    ),
    _rule(
        31,
        "aslr",
        "the addresses that programs are loaded to",
        "A program of the build sorts by addresses, or writes one.",
        "Sort by what is stable, such as names.",
        "stable-outputs/",
    ),
    _rule(
        32,
        "locale",
        "the language",
        "sort, a wildcard, or the case of letters; the texts of programs, written to a file.",
        "Set LC_ALL=C for the commands of the build, as countermark does (C.UTF-8).",
        "locales/",
    ),
    _rule(
        33,
        "timezone",
        "the time zone",
        "A time is written as local time, or a zip takes it in.",
        "Write times in UTC, and set TZ=UTC, as countermark does.",
        "timezones/",
    ),
    _rule(
        34,
        "environment",
        "variables that have nothing to do with it",
        "The whole environment is written somewhere.",
        "Write the variables that matter by name.",
        "volatile-inputs/",
    ),
    CHANCE,
)

_BY_NAME: Final = {rule.name.removeprefix("depends-on-"): rule for rule in RULES}


def rule_of(variation: str) -> Rule:
    """Return the rule that is broken when a variation makes a difference."""
    return _BY_NAME[variation]

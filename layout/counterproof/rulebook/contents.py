"""The rules of what is in a tree beside its programs, and of what it is called."""

from __future__ import annotations

from typing import Final

from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, POLICY, WARNING

__all__ = [
    "DEBUG_FILE",
    "DIRTY_VERSION",
    "LEFT_OVER",
    "LINE_ENDS",
    "LONG_PATH",
    "MIXED_VERSIONS",
    "NAMED_VERSION",
    "RULES",
    "STUB",
    "WINDOWS_NAME",
]

LEFT_OVER: Final = Rule(
    id="L25",
    name="left-over",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "Nothing is there that a desktop, an editor, a patch, version control or Python leaves"
        " behind: ._*, .DS_Store, __MACOSX, Thumbs.db, *~, *.orig, .git, __pycache__."
    ),
    why="It tells of the packer's machine, differs from one builder to the next, and is of no use.",
    cause="The stage was opened in the Finder or an editor, or was copied from a checkout.",
    fix="Delete it, or stage again into an empty directory, and pack again.",
    source="countermark layout check",
)
DEBUG_FILE: Final = Rule(
    id="L26",
    name="debug-file",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Debug files stand in an archive named -debug and nowhere else, alone.",
    why="Debug information is many times as large as the programs, and few want it.",
    cause="Programs were split into a file and its .dbg, and both were packed together.",
    fix="Pack the .dbg files into an archive of their own, named -debug.",
    source="Bitcoin Core contrib/guix/libexec/package.sh, -name '*.dbg'",
)
WINDOWS_NAME: Final = Rule(
    id="L27",
    name="windows-name",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "No name in a tree for Windows is that of a device, ends in a dot or a space, or has one"
        ' of <>:"|?*.'
    ),
    why="Windows cannot create the file, or creates another one.",
    cause="The names were chosen where they are allowed.",
    fix="Rename it.",
    source='Microsoft, "Naming Files, Paths, and Namespaces"',
)
LONG_PATH: Final = Rule(
    id="L28",
    name="long-path",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "No name has more than 255 bytes, and every path leaves 60 characters of the target's"
        " longest one for the directory that it is unpacked in."
    ),
    why="Where a path gets too long the file cannot be unpacked, or cannot be opened then.",
    cause="Directories stand deep in one another, or a name is a whole sentence.",
    fix="Shorten the names, or let fewer directories stand in one another.",
    source='limits.h, NAME_MAX and PATH_MAX; Microsoft, "Maximum Path Length Limitation"',
)
STUB: Final = Rule(
    id="L29",
    name="stub-document",
    severity=WARNING,
    enforced_by=POLICY,
    demands="Manual pages and the example bitcoin.conf are the generated ones.",
    why="Users read that somebody should have generated the document.",
    cause="Bitcoin Core's source has placeholders between releases.",
    fix="Generate the documents in the source tree, build, stage and pack again.",
    source="Bitcoin Core contrib/devtools/README.md, gen-manpages.py and gen-bitcoin-conf.sh",
)
LINE_ENDS: Final = Rule(
    id="L30",
    name="line-ends",
    severity=ERROR,
    enforced_by=POLICY,
    demands=(
        "The first line of a script does not end in CR LF, except for Windows, where every line"
        " of a .txt does."
    ),
    why=(
        "With a CR the kernel looks for an interpreter of another name; without it old editors of"
        " Windows show one long line."
    ),
    cause="A checkout on another system has changed the line ends.",
    fix="Convert the file with dos2unix, or with unix2dos for Windows, and pack again.",
    source="Bitcoin Core doc/README_windows.txt and .gitattributes",
)
MIXED_VERSIONS: Final = Rule(
    id="L31",
    name="mixed-versions",
    severity=ERROR,
    enforced_by=POLICY,
    demands="All programs of the profile, the bundle and the manual pages are of one version.",
    why="Programs of bin and libexec speak to each other, and only one version was ever tested.",
    cause="A stage or a build directory of another version was used again.",
    fix="Build all programs from one commit in an empty build directory, and stage again.",
    source="Bitcoin Core src/clientversion.cpp; the version that each file tells",
)
NAMED_VERSION: Final = Rule(
    id="L32",
    name="named-version",
    severity=ERROR,
    enforced_by=POLICY,
    demands="An archive and its directory are named by the version that its programs tell.",
    why="Users take one version for the other, and reports of faults go astray.",
    cause="The release was tagged after the build, or the version was not raised in the source.",
    fix="Build again from the tag that the archive is named by.",
    source="Bitcoin Core contrib/guix/libexec/prelude.bash, VERSION",
)
DIRTY_VERSION: Final = Rule(
    id="L33",
    name="dirty-version",
    severity=WARNING,
    enforced_by=POLICY,
    demands="No program was built from a source tree with changes that are not committed.",
    why="Nobody else can build the program again, for nobody else has the changes.",
    cause="Files of the checkout were changed before the build.",
    fix="Commit the changes or discard them, and build again.",
    source="Bitcoin Core cmake/script/GenerateBuildInfo.cmake",
)

RULES: Final = (
    LEFT_OVER,
    DEBUG_FILE,
    WINDOWS_NAME,
    LONG_PATH,
    STUB,
    LINE_ENDS,
    MIXED_VERSIONS,
    NAMED_VERSION,
    DIRTY_VERSION,
)

"""The rules of hardening: how programs are built to withstand attacks, and what they ask for.

A rule weighs as much as it does for a release that Guix built; :data:`LOCAL` has its weight for any
other build. There, what a careful build has on every machine is a warning, and what only Guix
promises a note.
"""

from __future__ import annotations

from typing import Final

from countersign.findings import Severity
from countersign.rule import Rule
from countersign.rulebook.enforcers import ERROR, NOTE, POLICY, WARNING

__all__ = [
    "ABI",
    "ALIGNMENT",
    "BRANCH_PROTECTION",
    "BUILD_PATH",
    "CANARY",
    "CHAINED_FIXUPS",
    "CHECKSUM",
    "CONTROL_FLOW",
    "EXPORT",
    "FOREIGN_LIBRARY",
    "FORTIFY",
    "HIGH_ENTROPY",
    "INTERPRETER",
    "LIBRARY",
    "LINKER",
    "LOCAL",
    "MANIFEST",
    "MINIMUM",
    "NX",
    "PIE",
    "RELOCATIONS",
    "RELRO",
    "RULES",
    "RUNPATH",
    "SDK",
    "SEPARATE_CODE",
    "SUBSYSTEM",
    "SYMBOL_VERSION",
    "UNDEFINED",
    "UNREADABLE",
    "UNSTRIPPED",
    "UUID",
]

_SECURITY: Final = "Bitcoin Core contrib/guix/security-check.py"
_SYMBOLS: Final = "Bitcoin Core contrib/guix/symbol-check.py"
_GUIX: Final = "Build the release with Guix; a program of another build is for that system alone."

UNREADABLE: Final = Rule(
    id="H01",
    name="unreadable-image",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The tables of every program and library can be read.",
    why="Nothing is known of how the file is hardened, and its loader may choke on it too.",
    cause="The file was cut short or damaged, or made to do harm to those who examine it.",
    fix="Build it again, or get it from its source again.",
    source="countermark layout check",
)
PIE: Final = Rule(
    id="H02",
    name="position-independence",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program is position-independent, so that every start has other addresses.",
    why="An attacker knows where everything is, and needs no second fault to find out.",
    cause="-no-pie, -static without -static-pie, or --disable-dynamicbase.",
    fix="Set CMAKE_POSITION_INDEPENDENT_CODE and link with -pie; for Windows --dynamicbase.",
    source=f"{_SECURITY}, PIE and DYNAMIC_BASE",
)
NX: Final = Rule(
    id="H03",
    name="no-execute",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Stack and heap are not executable.",
    why="Data that an attacker sends can be run as code.",
    cause="-z execstack, an assembler file without .note.GNU-stack, or --disable-nxcompat.",
    fix="Link with -z noexecstack, for Windows --nxcompat, and mark assembler files.",
    source=f"{_SECURITY}, NX",
)
RELRO: Final = Rule(
    id="H04",
    name="relro",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Everything is bound at the start, and its table is read-only from then on.",
    why="Overwriting one entry of the table turns a call into any other.",
    cause="Linked without -z relro or without -z now.",
    fix="Link with -Wl,-z,relro -Wl,-z,now.",
    source=f"{_SECURITY}, RELRO",
)
CANARY: Final = Rule(
    id="H05",
    name="canary",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Functions notice when their stack was overwritten, and end the program.",
    why="An overflow of a buffer becomes a jump to the attacker's address.",
    cause="Compiled without -fstack-protector-all or -fstack-protector-strong.",
    fix="Compile with -fstack-protector-all, and everything that is linked in as well.",
    source=f"{_SECURITY}, CANARY",
)
FORTIFY: Final = Rule(
    id="H06",
    name="fortify",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Calls of the C library that fill buffers check their size.",
    why="What the compiler knows of a buffer is not used to stop an overflow.",
    cause="_FORTIFY_SOURCE is not defined, or the build does not optimise.",
    fix="Compile with -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3.",
    source=f"{_SECURITY}, FORTIFY",
)
SEPARATE_CODE: Final = Rule(
    id="H07",
    name="separate-code",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Code is mapped executable and nothing else is; only variables are mapped writable.",
    why="Constants that can be run give an attacker more code to build from.",
    cause="Linked without -z separate-code by GNU ld.",
    fix="Link with -Wl,-z,separate-code.",
    source=f"{_SECURITY}, SEPARATE_CODE",
)
CONTROL_FLOW: Final = Rule(
    id="H08",
    name="control-flow",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Programs for x86-64 mark where indirect branches may lead: `main` starts by endbr64.",
    why="The processor cannot stop a branch into the middle of a function.",
    cause="Compiled without -fcf-protection=full.",
    fix="Compile with -fcf-protection=full.",
    source=f"{_SECURITY}, CONTROL_FLOW",
)
BRANCH_PROTECTION: Final = Rule(
    id="H09",
    name="branch-protection",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Programs for Apple silicon mark where branches may lead: `main` starts by bti c.",
    why="The processor cannot stop a branch into the middle of a function.",
    cause="Compiled without -mbranch-protection=bti.",
    fix="Compile with -mbranch-protection=bti.",
    source=f"{_SECURITY}, BRANCH_PROTECTION",
)
HIGH_ENTROPY: Final = Rule(
    id="H10",
    name="high-entropy",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program for 64-bit Windows lets its addresses vary over the whole space.",
    why="Addresses vary so little that an attacker can try them all.",
    cause="Linked with --disable-high-entropy-va, or for 32-bit addresses.",
    fix="Link with -Wl,--high-entropy-va.",
    source=f"{_SECURITY}, HIGH_ENTROPY_VA",
)
RELOCATIONS: Final = Rule(
    id="H11",
    name="relocations",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program for Windows has the table by which it can be moved.",
    why="Windows cannot move it, whatever its header says: every start has the same addresses.",
    cause="An old GNU ld without --enable-reloc-section, or strip.",
    fix="Link with -Wl,--enable-reloc-section.",
    source=f"{_SECURITY}, RELOC_SECTION",
)
CHAINED_FIXUPS: Final = Rule(
    id="H12",
    name="chained-fixups",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A Mach-O has chained fixups.",
    why="dyld binds it the old way, with tables that are larger and parsed at every start.",
    cause="A linker that does not make them, or a minimum macOS below 12.",
    fix="Link with -Wl,-fixup_chains, by lld or Apple's linker.",
    source=f"{_SECURITY}, FIXUP_CHAINS",
)
UNDEFINED: Final = Rule(
    id="H13",
    name="undefined-symbols",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The linker found every symbol of a Mach-O in a library.",
    why="What is looked up at run time only may be missing, or be another library's.",
    cause="-undefined dynamic_lookup.",
    fix="Link what the program needs by name.",
    source=f"{_SECURITY}, NOUNDEFS",
)
SYMBOL_VERSION: Final = Rule(
    id="H14",
    name="symbol-version",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program asks for symbols of the oldest supported system alone.",
    why="The program does not start on a system whose C library is older.",
    cause="It was linked against a newer glibc, or against a shared libstdc++ or libgcc.",
    fix=_GUIX,
    source=f"{_SYMBOLS}, IMPORTED_SYMBOLS",
)
EXPORT: Final = Rule(
    id="H15",
    name="exported-symbol",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program exports no symbols of its own.",
    why="Libraries that are loaded with it may bind to its symbols instead of theirs.",
    cause="Built without REDUCE_EXPORTS, or a static library that is not excluded.",
    fix="Configure with -DREDUCE_EXPORTS=ON; link with -Wl,--exclude-libs,ALL.",
    source=f"{_SYMBOLS}, EXPORTED_SYMBOLS",
)
LIBRARY: Final = Rule(
    id="H16",
    name="library",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program loads only libraries that every supported system has.",
    why="The program does not start where the library is missing.",
    cause="It was linked against shared libraries of the building machine.",
    fix=_GUIX,
    source=f"{_SYMBOLS}, LIBRARY_DEPENDENCIES and DYNAMIC_LIBRARIES",
)
INTERPRETER: Final = Rule(
    id="H17",
    name="interpreter",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program for Linux is started by the loader that every system has at this path.",
    why="The program does not start: `No such file or directory`.",
    cause="Linked by a compiler of Guix or Nix without -Wl,--dynamic-linker.",
    fix="Link with -Wl,--dynamic-linker and the path of the architecture's ABI.",
    source=f"{_SYMBOLS}, INTERPRETER_NAME",
)
ABI: Final = Rule(
    id="H18",
    name="abi-note",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The note that names the oldest kernel is that of the release's own C library.",
    why="The start-up code comes from another C library than the release is built with.",
    cause="It was linked with the machine's own start-up files.",
    fix=_GUIX,
    source=f"{_SYMBOLS}, ABI",
)
RUNPATH: Final = Rule(
    id="H19",
    name="runpath",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program for Linux names no directories to look for libraries in.",
    why="Whoever can write to that directory can run code in the program.",
    cause="A program was copied out of a build tree instead of being installed.",
    fix="Install it by cmake --install; configure with -DCMAKE_SKIP_INSTALL_RPATH=ON.",
    source=f"{_SYMBOLS}, RUNPATH",
)
SUBSYSTEM: Final = Rule(
    id="H20",
    name="subsystem-version",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The header names the oldest Windows that the release supports.",
    why="It is started where it cannot run, or refused where it could.",
    cause="Linked without --major-subsystem-version and --minor-subsystem-version.",
    fix="Link with -Wl,--major-subsystem-version,6 -Wl,--minor-subsystem-version,2.",
    source=f"{_SYMBOLS}, SUBSYSTEM_VERSION",
)
MANIFEST: Final = Rule(
    id="H21",
    name="manifest",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A program for Windows has a manifest.",
    why="Windows treats it as one of Windows Vista: no UTF-8, no long paths, guessed privileges.",
    cause="No resource of the type RT_MANIFEST is linked in.",
    fix="Add a manifest to the program's resources.",
    source=f"{_SYMBOLS}, APPLICATION_MANIFEST",
)
CHECKSUM: Final = Rule(
    id="H22",
    name="pe-checksum",
    severity=WARNING,
    enforced_by=POLICY,
    demands="The checksum in the header is that of the file, or there is none.",
    why="Scanners take a wrong checksum for a sign of a file that was tampered with.",
    cause="A signature was attached or bytes were changed, and the checksum was left as it was.",
    fix="Have the last tool that changes the file write the checksum, or set it to 0.",
    source="Microsoft, PE Format, CheckSum; Bitcoin Core issue 35104",
)
MINIMUM: Final = Rule(
    id="H23",
    name="minimum-macos",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The oldest macOS that a Mach-O names is the one that the release supports.",
    why="It does not start where it should, or starts where nobody tried it.",
    cause="CMAKE_OSX_DEPLOYMENT_TARGET, or -platform_version, is not what the release has.",
    fix="Build for the release's minimum: -mmacos-version-min, -Wl,-platform_version.",
    source=f"{_SYMBOLS}, MIN_OS",
)
SDK: Final = Rule(
    id="H24",
    name="sdk",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The SDK that a Mach-O names is the one that the release is built with.",
    why="macOS chooses a program's behaviour by its SDK.",
    cause="Another SDK, or a linker that names its own.",
    fix="Build with the release's SDK; -Wl,-platform_version names it.",
    source=f"{_SYMBOLS}, SDK",
)
LINKER: Final = Rule(
    id="H25",
    name="linker-version",
    severity=ERROR,
    enforced_by=POLICY,
    demands="The linker that a Mach-O names is the one that the release is built with.",
    why="Another linker lays it out otherwise: nobody can build the same bytes.",
    cause="The machine's own lld, Apple's linker, or zig's.",
    fix=_GUIX,
    source=f"{_SYMBOLS}, LLD",
)
UUID: Final = Rule(
    id="H26",
    name="missing-uuid",
    severity=WARNING,
    enforced_by=POLICY,
    demands="A Mach-O has an LC_UUID.",
    why="Crash reports cannot be matched to it, and newer releases of macOS refuse it.",
    cause="-no_uuid, which some use to make builds reproducible.",
    fix="Link it without -no_uuid; linkers make the same LC_UUID for the same bytes.",
    source="mach-o/loader.h, LC_UUID",
)
ALIGNMENT: Final = Rule(
    id="H27",
    name="page-alignment",
    severity=ERROR,
    enforced_by=POLICY,
    demands="Segments for Apple silicon begin at pages of 16 KiB, in memory and in the file.",
    why="The kernel cannot map them, and kills the program at its start.",
    cause="A linker or an editor of Mach-O files that lays out for Intel's pages of 4 KiB.",
    fix="Link it for arm64 by a linker that knows the page size, such as lld.",
    source="xnu mach_loader.c load_segment",
)
BUILD_PATH: Final = Rule(
    id="H28",
    name="build-path",
    severity=WARNING,
    enforced_by=POLICY,
    demands="No image holds paths of the machine that built it.",
    why="They tell who built it and where, and no other machine builds the same bytes.",
    cause="__FILE__ and directories that were configured, without a prefix map.",
    fix="Compile with -ffile-prefix-map, and configure with an install prefix like /usr.",
    source="Bitcoin Core contrib/guix/libexec/build.sh, -ffile-prefix-map",
)
UNSTRIPPED: Final = Rule(
    id="H29",
    name="unstripped",
    severity=WARNING,
    enforced_by=POLICY,
    demands="No image that is published holds debug information or symbols for debuggers.",
    why="It is many times larger than it need be, and tells of the machine that built it.",
    cause="It was installed without --strip.",
    fix="Install by cmake --install --strip, or strip it before it is signed.",
    source="Bitcoin Core contrib/guix/libexec/build.sh, --strip and split-debug.sh",
)
FOREIGN_LIBRARY: Final = Rule(
    id="H30",
    name="foreign-library",
    severity=ERROR,
    enforced_by=POLICY,
    demands="A release brings every library that its programs load and its systems have not.",
    why="The program does not start for anybody who has not installed the same library.",
    cause="A library of the building machine was found before the host's own, or in its stead.",
    fix="Link the host's own, from a prefix or [[dependencies]]; install it with the suite; or "
    "build without it, by CMAKE_DISABLE_FIND_PACKAGE_<name>. What users are to have, name in a "
    "table of hardening.",
    source="PEP 600; macOS and Windows: their own directories",
)

RULES: Final = (
    *(UNREADABLE, PIE, NX, RELRO, CANARY, FORTIFY, SEPARATE_CODE, CONTROL_FLOW),
    *(BRANCH_PROTECTION, HIGH_ENTROPY, RELOCATIONS, CHAINED_FIXUPS, UNDEFINED, SYMBOL_VERSION),
    *(EXPORT, LIBRARY, INTERPRETER, ABI, RUNPATH, SUBSYSTEM, MANIFEST, CHECKSUM, MINIMUM, SDK),
    *(LINKER, UUID, ALIGNMENT, BUILD_PATH, UNSTRIPPED, FOREIGN_LIBRARY),
)

_OF_GUIX: Final = (
    *(SYMBOL_VERSION, EXPORT, LIBRARY, INTERPRETER, ABI, SUBSYSTEM, MANIFEST, CHECKSUM, MINIMUM),
    *(SDK, LINKER, CHAINED_FIXUPS, BUILD_PATH, UNSTRIPPED, FOREIGN_LIBRARY),
)
LOCAL: Final[dict[str, Severity]] = {
    rule.id: NOTE if rule in _OF_GUIX else ERROR if rule is ALIGNMENT else WARNING for rule in RULES
}
"""The severity of each rule, by its id, for a build that is not Guix's."""

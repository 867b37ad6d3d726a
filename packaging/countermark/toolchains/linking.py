"""Words for the linker: those that zig refuses, or takes and does nothing for.

zig reads them itself, whatever its linker for the target could do, and stops at the first that it
does not know. What can be left out without changing what a program does is listed here, each with
the reason; whatever else zig refuses, it shall refuse.
"""

from .target import Target
from .verdict import Notice, Piece, RefusedError

__all__ = ["RULES", "Rule", "filter_linker_words"]

_ABSENT = "zig's linker has no such feature"
_WORDLESS = "it only changes what the linker prints, and zig's knows no such word"
_TARGET = "the target says it"


class Rule:
    """What becomes of one word and the ``values`` words that belong to it."""

    __slots__ = ("instead", "kept", "silent", "values", "why")

    def __init__(
        self,
        why: str,
        values: int = 0,
        *,
        instead: str = "",
        kept: bool = False,
        silent: bool = False,
    ) -> None:
        self.why = why
        self.values = values
        self.instead = instead
        """An argument of the compiler that does the same."""
        self.kept = kept
        """Whether what the word promises is so without it."""
        self.silent = silent
        """Whether zig takes the word and does nothing for it."""

    @property
    def holds(self) -> bool:
        """Whether a project may be told that the word works."""
        return self.kept or bool(self.instead)


def _each(words: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(words.split(), rule)


_ALWAYS = Rule("zig's linker always does so", kept=True)
_ELF_ONLY = Rule("it is about ELF, and zig does nothing for it here", silent=True)
_PE_ONLY = Rule("it is about PE, and zig does nothing for it here", silent=True)
_COMMON = {
    **_each("-exclude-libs -Map", Rule(_ABSENT, 1)),
    **_each(
        """-warn-common -warn-shared-textrel -no-warn-mismatch -no-warn-rwx-segments -stats
        -trace -t -verbose -cref -demangle -no-demangle""",
        Rule(_WORDLESS),
    ),
    **_each(
        """-no-keep-memory -reduce-memory-overheads -no-map-whole-files -threads -no-threads""",
        Rule("it only changes how the linker works"),
    ),
    **_each("-O0 -O1 -O2 -O3", Rule("zig takes no such setting for its linker")),
}
_GNU = {
    **_each(
        """-icf -no-copy-dt-needed-entries -copy-dt-needed-entries -no-add-needed -relax -no-relax
        -gdb-index -package-metadata -rosegment -no-rosegment -apply-dynamic-relocs
        -fix-cortex-a53-843419 -fix-cortex-a53-835769 -long-plt -pack-dyn-relocs
        -use-android-relr-tags -Bsymbolic-functions -X -discard-locals""",
        Rule(_ABSENT),
    ),
    **_each("-plugin-opt -lto-O0 -lto-O1 -lto-O2 -lto-O3 -thinlto-jobs", Rule(_ABSENT)),
    **_each("-pie -pic-executable", Rule("zig wants it outside -Wl", instead="-pie")),
    **_each("-no-pie -no-pic-executable", Rule("zig wants it outside -Wl", instead="-no-pie")),
    "-m": Rule(_TARGET, 1, kept=True),
    **_each(
        "-melf_x86_64 -maarch64linux -melf64lriscv -marmelf_linux_eabi", Rule(_TARGET, kept=True)
    ),
    "-rpath-link": Rule("zig does nothing for it", 1),
    "-no-export-dynamic": Rule("nothing is exported unasked", kept=True),
    **_each(
        """-z,separate-code -z,noseparate-code -z,nostart-stop-gc -z,ibt -z,shstk -z,ibtplt
        -z,pack-relative-relocs -z,nopack-relative-relocs -z,global -z,interpose -z,initfirst
        -z,noseparate-loadable-segments""",
        Rule(_ABSENT),
    ),
    **_each("-dynamicbase -nxcompat -high-entropy-va", _PE_ONLY),
    **_each("-z,combreloc -z,text", _ALWAYS),
}
_MACH_O = {
    "-pie": Rule("every program for macOS is position-independent", kept=True),
    "-no_pie": Rule("no program for macOS may be at a fixed place"),
    **_each(
        """-fixup_chains -no_uuid -random_uuid -no_compact_unwind -no_compact_linkedit
        -bind_at_load -no_function_starts -no_data_in_code_info -data_in_code_info
        -no_source_version -add_source_version -no_implicit_dylibs -no_data_const -data_const
        -export_dynamic -application_extension -no_application_extension""",
        Rule(_ABSENT),
    ),
    "-no_fixup_chains": Rule("zig's linker makes none", kept=True),
    **_each("-adhoc_codesign -no_adhoc_codesign", Rule("signing comes after linking")),
    "-reproducible": Rule("zig's linker is", kept=True),
    "-no_deduplicate": Rule("zig's linker does not", kept=True),
    "-twolevel_namespace": _ALWAYS,
    **_each("-fatal_warnings -no_warn_duplicate_libraries -no_warn_inits", Rule(_WORDLESS)),
    **_each("-ld_classic -ld_new", Rule("it chooses among Apple's linkers")),
    "-oso_prefix": Rule("programs are linked without debug information", 1, kept=True),
    **_each("-object_path_lto -cache_path_lto -map", Rule(_ABSENT, 1)),
    "-platform_version": Rule(_TARGET, 3),
    **_each("-macosx_version_min -macos_version_min", Rule(_TARGET, 1)),
    **_each("-dynamicbase -nxcompat -high-entropy-va", _PE_ONLY),
    **_each(
        """-as-needed -no-as-needed -build-id -hash-style -enable-new-dtags -disable-new-dtags
        -fatal-warnings -z""",
        _ELF_ONLY,
    ),
}
_PE = {
    "-no-insert-timestamp": Rule("zig's linker calls it so", instead="-Wl,/Brepro", kept=True),
    **_each("-enable-reloc-section -enable-auto-import -enable-runtime-pseudo-reloc", _ALWAYS),
    **_each("-pie -pic-executable", Rule("every program for Windows can be moved", kept=True)),
    **_each(
        "-large-address-aware -enable-stdcall-fixup -kill-at -add-stdcall-alias",
        Rule("it is about 32 bits", kept=True),
    ),
    **_each("-guard-cf -insert-timestamp", Rule(_ABSENT)),
    **_each("-major-os-version -minor-os-version", Rule("zig does nothing for it", 1, silent=True)),
    "-z": _ELF_ONLY,
}
RULES = {
    "linux": {**_COMMON, **_GNU},
    "macos": {**_COMMON, **_MACH_O},
    "windows": {**_COMMON, **_PE},
}


_NO_LINK = Rule("nothing is linked here, and zig would link what it compiles", kept=True)
_Word = tuple[int, str]
"""A word for the linker, and which of the pieces carries it."""


def filter_linker_words(
    pieces: list[Piece], target: Target, *, links: bool, probing: bool
) -> tuple[list[Piece], list[Notice]]:
    """Leave out, or put otherwise, the words for the linker that zig would stumble over.

    Where a project only probes, what zig refuses is passed on, so that the project hears it.
    Raises :class:`RefusedError` there for what zig would take and do nothing for.
    """
    kept: list[_Word] = []
    instead: dict[int, str] = {}
    notices: list[Notice] = []
    rules = RULES.get(target.system, _COMMON)
    words = _words(pieces)
    while words:
        rule, length = _rule_for(words, rules) if links else (_NO_LINK, len(words))
        taken, words = words[:length], words[length:]
        text = "-Wl," + ",".join(word for _, word in taken)
        if rule and rule.silent and probing:
            raise RefusedError(f"{text}: {rule.why}")
        if rule is None or (probing and not rule.holds):
            kept += taken
            continue
        instead[taken[0][0]] = rule.instead
        if links or not probing:  # nothing is lost where a project probes without linking
            notices.append((text, rule.instead, rule.why))
    return (_rebuilt(pieces, kept, instead) if instead else pieces), notices


def _rule_for(words: list[_Word], rules: dict[str, Rule]) -> tuple[Rule | None, int]:
    """Return the rule for the first of these words, and how many words belong to it."""
    word = words[0][1]
    if word.startswith("-z"):
        length = 2 if word == "-z" and len(words) > 1 else 1
        value = "".join(text for _, text in words[:length]).removeprefix("-z")
        return rules.get(f"-z,{value}") or rules.get("-z"), length
    name, equals, _ = word.partition("=")
    rule = rules.get(f"-{name.lstrip('-')}") if word.startswith("-") else None
    return rule, 1 if rule is None or equals else 1 + rule.values


def _words(pieces: list[Piece]) -> list[_Word]:
    words: list[_Word] = []
    for place, (argument, *values) in enumerate(pieces):
        if argument in ("-Xlinker", "-z") and values:
            words += ((place, word) for word in (argument, *values) if word != "-Xlinker")
        elif argument.startswith("-Wl,"):
            words += ((place, word) for word in argument.split(",")[1:])
    return words


def _rebuilt(pieces: list[Piece], kept: list[_Word], instead: dict[int, str]) -> list[Piece]:
    """Return the pieces with the kept words, and what stands for others, in their places."""
    result: list[Piece] = []
    for place, piece in enumerate(pieces):
        words = [word for where, word in kept if where == place]
        if instead.get(place):
            result.append((instead[place],))
        if piece[0].startswith("-Wl,"):
            result += ((f"-Wl,{','.join(words)}",),) if words else ()
        elif piece[0] not in ("-Xlinker", "-z") or words:
            result.append(piece)
    return result

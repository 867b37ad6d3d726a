"""The link of a program for macOS by LLVM's linker, ``ld64.lld``, in place of zig's own.

A compiler's driver turns its own arguments into those of a linker. zig's driver knows no linker
for macOS but its own, so this does it for the other. What is linked is what zig would link: its
C++ library, the run-time functions of its compiler, and its stub of ``libSystem``.

Sources: Clang's ``Darwin.cpp``, for what a driver passes on; the options of ld64.lld 19, each of
which was tried.
"""

from collections.abc import Iterator
from itertools import islice

from .verdict import Notice, RefusedError, words

__all__ = ["Linker", "compiler_arguments", "link_arguments", "links", "sources"]


class Linker:
    """What is the same for every link of a host."""

    __slots__ = ("architecture", "libraries", "minimum", "sdk")

    def __init__(self, architecture: str, minimum: str, sdk: str, libraries: str) -> None:
        self.architecture = architecture
        """As Apple spells it: ``arm64`` or ``x86_64``."""
        self.minimum = minimum
        """The oldest macOS that programs start on."""
        self.sdk = sdk
        """The version of the SDK that they name."""
        self.libraries = libraries
        """A directory as :mod:`countermark.toolchains.macos_libraries` fills it."""


def link_arguments(
    arguments: list[str], linker: Linker, *, cxx: bool, probing: bool
) -> tuple[list[str], list[Notice]]:
    """Return what ld64.lld is given where a driver is given ``arguments``, and what was left out.

    Response files must be expanded, and sources compiled. ``cxx`` says that the driver is the one
    for C++. ``probing`` says that a project only asks what the linker can do: it then is given all
    words that are meant for it, and answers for itself. Raises :class:`RefusedError` for what it
    would take and do something else.
    """
    passed: list[str] = []
    notices: list[Notice] = []
    given = (word for whom, each in _taken_apart(arguments) if whom != _COMPILER for word in each)
    for word in given:
        if word in _REFUSED:
            raise RefusedError(f"{word}: {_REFUSED[word]}")
        why, values = ("", 0) if probing else _useless(word)
        following = _next(given, _VALUES.get(word, values))
        if why:
            notices.append((f"-Wl,{','.join((word, *following))}", "", why))
        else:
            passed += (word, *following)
    return [*_first(linker), *passed, *_last(linker, frozenset(arguments), cxx=cxx)], notices


def links(arguments: list[str]) -> bool:
    """Tell whether a driver that is given ``arguments`` links anything."""
    return not _ONLY_COMPILES.intersection(arguments) and bool(_files(arguments))


def sources(arguments: list[str]) -> list[str] | None:
    """Return the files that are to be compiled before the link; None when only zig can tell."""
    if "-" in arguments or any(each.startswith("-x") for each in arguments):
        return None
    return [file for file in _files(arguments) if file.endswith(_SOURCES)]


def compiler_arguments(arguments: list[str]) -> list[str]:
    """Return what is for the compiler alone."""
    return [word for whom, each in _taken_apart(arguments) if whom == _COMPILER for word in each]


def _files(arguments: list[str]) -> list[str]:
    return [file for whom, (file, *_) in _taken_apart(arguments) if whom == _FILE]


def _first(linker: Linker) -> tuple[str, ...]:
    """What comes first, so that a project's own words can change it.

    Unsigned, for signing comes later; ``-S``, because zig's libraries hold debug information with
    paths of the machine; as much room for load commands as zig's linker leaves; ``-Z``, because
    this machine's libraries are none of macOS's.
    """
    return (
        *("-arch", linker.architecture),
        *("-platform_version", "macos", linker.minimum, linker.sdk),
        *("-fixup_chains", "-no_adhoc_codesign", "-dead_strip", "-S", "-demangle", "-Z"),
        *("-headerpad", "0x1000"),
    )


def _last(linker: Linker, given: frozenset[str], *, cxx: bool) -> tuple[str, ...]:
    if given & {"-nostdlib", "-nodefaultlibs"}:
        return ()
    return (
        f"-L{linker.libraries}",
        *(("-lc++", "-lc++abi") if cxx and "-nostdlib++" not in given else ()),
        *("-lSystem", f"{linker.libraries}/libcompiler_rt.a"),
    )


_ONLY_COMPILES = frozenset(("-c", "-S", "-E", "-M", "-MM", "-fsyntax-only", "-###"))
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".m", ".mm", ".s", ".S", ".i", ".ii")
_COMPILER, _LINKER, _FILE = "compiler", "linker", "file"


_RENAMED = {
    "-shared": "-dylib",
    "-dynamiclib": "-dylib",
    "-s": "-S",  # what zig's driver means by it, and what its toolchain file gives every link
    "-lstdc++": "-lc++",
}
_WITH_VALUE = words(
    """-o -e -u -F -L -l -framework -weak_framework -needed_framework -reexport_framework
    -weak_library -reexport_library -needed_library -force_load -load_hidden -install_name
    -current_version -compatibility_version -rpath -undefined -exported_symbols_list
    -unexported_symbols_list -bundle_loader -filelist -pagezero_size -init -umbrella -sub_library
    -sub_umbrella -headerpad -final_output"""
)
_VALUES = {
    **dict.fromkeys(_WITH_VALUE, 1),
    **dict.fromkeys(words("-sectcreate -segprot -sectalign -sectorder"), 3),
}
"""The options that a driver passes on, and how many values each has."""

_COMPILERS = tuple(
    words(
        """-B -D -I -M -O -U -W -f -g -i -m -nostdinc -pedantic -rtlib= -std= --std= -stdlib=
        --sysroot= --target= -unwindlib="""
    )
)
_LINKERS_AFTER_ALL = tuple(
    words(
        """-ObjC -filelist -final_output -flat_namespace -force_load -framework -image_base -init
        -install_name -multi_module -multiply_defined"""
    )
)
"""What begins like an option of the compiler and is one of the linker."""

_COMPILERS_WHOLE = words(
    """-ansi -nodefaultlibs -nostartfiles -nostdlib -nostdlib++ -pipe -pthread -pthreads
    -static-libgcc -static-libstdc++ -v -w"""
)
_COMPILERS_WITH_VALUE = words(
    """--param --sysroot -D -I -MF -MJ -MQ -MT -U -Xassembler -Xclang -Xpreprocessor -arch
    -idirafter -iframework -iframeworkwithsysroot -imacros -include -iprefix -iquote -isysroot
    -isystem -iwithsysroot -mllvm -target -x"""
)


def _taken_apart(arguments: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield whom each argument is for, and its words: itself and what belongs to it."""
    rest = iter(arguments)
    for argument in rest:
        if argument.startswith("-Wl,"):
            yield _LINKER, argument.split(",")[1:]
        elif argument == "-Xlinker":
            yield _LINKER, _next(rest, 1)
        elif argument in _VALUES:
            yield _LINKER, [argument, *_next(rest, _VALUES[argument])]
        elif argument in _COMPILERS_WITH_VALUE:
            yield _COMPILER, [argument, *_next(rest, 1)]
        elif not argument.startswith("-") or argument == "-":
            yield _FILE, [argument]
        elif _is_for_compiler(argument):
            yield _COMPILER, [argument]
        else:
            yield _LINKER, [_RENAMED.get(argument, argument)]


def _next(rest: Iterator[str], number: int) -> list[str]:
    return list(islice(rest, number))


def _is_for_compiler(argument: str) -> bool:
    if argument in _COMPILERS_WHOLE:
        return True
    return argument.startswith(_COMPILERS) and not argument.startswith(_LINKERS_AFTER_ALL)


_REFUSED = {
    "-r": "ld64.lld makes no object of objects",
    "-static": "every program for macOS is linked with libSystem, and that is a dynamic library",
}
"""What ld64.lld only warns of, and then links something else."""

_IDLE = "ld64.lld does nothing for it"
_ELF = "it is about ELF"
_IDLE_WORDS = words(
    """-add_source_version -bind_at_load -interposable -no_compact_linkedit -no_compact_unwind
    -no_source_version -no_warn_inits -random_uuid -single_module -warn_commons
    -warn_compact_unwind"""
)
_IDLE_WITH_VALUE = words("-image_base -multiply_defined -seg1addr -weak_reference_mismatches")
_ELF_WORDS = words(
    """-as-needed -no-as-needed -build-id -disable-new-dtags -enable-new-dtags -fatal-warnings
    -gc-sections -no-gc-sections -hash-style -no-undefined -start-group -end-group"""
)
_PE_WORDS = words("-dynamicbase -nxcompat -high-entropy-va")
_USELESS = {
    **dict.fromkeys(_IDLE_WORDS, (_IDLE, 0)),
    **dict.fromkeys(_IDLE_WITH_VALUE, (_IDLE, 1)),
    **dict.fromkeys(_ELF_WORDS, (_ELF, 0)),
    **dict.fromkeys(words("-z -rpath-link -exclude-libs"), (_ELF, 1)),
    **dict.fromkeys(_PE_WORDS, ("it is about PE", 0)),
    **dict.fromkeys(words("-ld_classic -ld_new"), ("it chooses among Apple's linkers", 0)),
}
"""Words that would stop ld64.lld, or that it warns of: why they are left out, and their values."""


def _useless(word: str) -> tuple[str, int]:
    """Say why a word is left out, and how many values go with it; no reason when it stays.

    The words of other formats come with one dash or two, and with their value behind ``=``.
    """
    name, equals, _ = word.partition("=")
    why, values = _USELESS.get(f"-{name.lstrip('-')}" if name.startswith("-") else "", ("", 0))
    return why, 0 if equals else values

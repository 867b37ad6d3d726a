"""What zig's compilers are given instead of what a project would give GCC or Clang.

Sources: zig 0.17.1, on which each flag was tried; the manuals of Clang and GCC for their meaning.
"""

from .cpus import is_cpu_flag, judge_cpu_flag
from .linking import filter_linker_words
from .target import Target
from .verdict import Notice, Piece, RefusedError, Verdict, words

__all__ = ["always", "filter_arguments", "is_probe", "prefix_map", "split_words"]

_FIRST = ("-g0", "-UNDEBUG", "-fno-sanitize=undefined")
"""zig adds ``-g`` and, when optimising, ``-DNDEBUG``, and otherwise UBSan's traps by itself. These
come first, so that what a project asks for still wins."""

_FIRST_FOR_MACOS = ("-Werror=unguarded-availability-new",)
"""zig's headers are those of the newest macOS: without this, a probe finds functions that the
oldest macOS does not have, and the program dies at its start there."""

_NO_LINK = frozenset(("-c", "-S", "-E", "-M", "-MM", "-fsyntax-only"))
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".c++", ".C", ".m", ".mm", ".s", ".S", ".sx", ".i", ".ii")
_WITH_VALUE = words(
    """
    -o -I -D -U -L -l -F -MF -MT -MQ -Xclang -Xlinker -Xpreprocessor -Xassembler -include
    -imacros -isystem -iquote -idirafter -iprefix -isysroot --sysroot -target -arch -framework
    -mllvm -u -z -T -e -install_name -current_version -compatibility_version
    """
)
_OWN_DEFINITIONS = ("_LIBCPP_HARDENING_MODE", "_WIN32_WINNT")
"""Macros that zig defines by itself, so that another definition is one too many."""

_SCRATCH = (
    "/CMakeFiles/CMakeScratch/",
    "/CMakeFiles/CMakeTmp/",
    "/CMakeFiles/_CMakeLTOTest-",
    "/meson-private/",
)
"""Where CMake and Meson compile what is only to tell whether it can be compiled."""


def filter_arguments(
    arguments: list[str], target: Target, *, zig: str, probing: bool
) -> tuple[list[str], list[Notice]]:
    """Return what ``zig cc`` is to be given instead of ``arguments``, and what was changed.

    ``zig`` is where its headers are. ``probing`` says that the call only finds out what a compiler
    can do, as of :func:`is_probe`. Raises :class:`RefusedError` when the answer is no, though zig
    would say yes.
    """
    pieces = _pieces(arguments)
    links = all(piece[0] not in _NO_LINK for piece in pieces)
    call = _Call(target, compiles=_compiles(pieces), links=links, probing=probing)
    pieces, notices = filter_linker_words(pieces, target, links=links, probing=probing)
    result = [f"--target={target.name}"]
    if any(not piece[0].startswith("-") or piece[0] == "-" for piece in pieces):
        result += _first(pieces, call)
    for piece in pieces:
        verdict = _judge(piece, call)
        if verdict is None or tuple(verdict[0]) == tuple(piece):
            result += piece
            continue
        instead, why = verdict
        result += instead
        if why:
            notices.append((" ".join(piece), " ".join(instead), why))
    if call.compiles:  # behind the project's own, for the last that matches wins
        result.append(prefix_map(zig))
    return result, notices


def always(target: Target) -> list[str]:
    """Return what stands in front of all that is compiled or linked for ``target``."""
    return [*_FIRST, *(_FIRST_FOR_MACOS if target.system == "macos" else ())]


def prefix_map(zig: str) -> str:
    """Return the argument by which no path of zig's own headers gets into what is compiled."""
    return f"-ffile-prefix-map={zig}=./zig"


def is_probe(directory: str, arguments: list[str]) -> bool:
    """Tell whether a call of the compiler in ``directory`` only finds out what it can do."""
    if any(place in f"{directory}/" for place in _SCRATCH):
        return True
    return any(argument.rpartition("/")[2].startswith("conftest") for argument in arguments)


def split_words(text: str) -> list[str]:
    """Return the arguments in a response file, read as GCC and Clang do on Unix."""
    found: list[str] = []
    word, quote, escaped, inside = "", "", False, False
    for letter in text:
        if escaped:
            word, escaped = word + letter, False
        elif letter == "\\" and quote != "'":
            escaped, inside = True, True
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote, inside = letter, True
        elif quote or not letter.isspace():
            word, inside = word + letter, True
        elif inside:
            found.append(word)
            word, inside = "", False
    return [*found, word] if inside else found


class _Call:
    """What the arguments as a whole say about a call."""

    __slots__ = ("compiles", "links", "probing", "target")

    def __init__(self, target: Target, *, compiles: bool, links: bool, probing: bool) -> None:
        self.target = target
        self.compiles = compiles or not links
        self.links = links
        self.probing = probing


def _first(pieces: list[Piece], call: _Call) -> list[str]:
    """Return what stands in front of a command that has something to compile or to link."""
    subsystem = _subsystem(pieces) if call.target.system == "windows" and call.links else ()
    return [*always(call.target), *subsystem]


def _pieces(arguments: list[str]) -> list[Piece]:
    pieces: list[Piece] = []
    rest = iter(arguments)
    for argument in rest:
        value = next(rest, None) if argument in _WITH_VALUE else None
        pieces.append((argument,) if value is None else (argument, value))
    return pieces


def _compiles(pieces: list[Piece]) -> bool:
    """Tell whether there is a source file; ``-x`` says so of a file with any name."""
    return any(
        piece[0].startswith("-x") or (piece[0].endswith(_SOURCES) and piece[0][0] != "-")
        for piece in pieces
        if len(piece) == 1 and piece[0]
    )


def _subsystem(pieces: list[Piece]) -> Piece:
    """Name the subsystem whose version is given, for zig takes no version without a name."""
    line = " ".join(piece[-1] for piece in pieces)
    named = "-subsystem," in line or "-mwindows" in line
    return () if named or "-subsystem-version" not in line else ("-Wl,--subsystem,console",)


def _judge(piece: Piece, call: _Call) -> Verdict | None:
    """Say what becomes of an argument that is not for the linker; None when it stays."""
    argument, target = piece[0], call.target
    if len(piece) == 1 and is_cpu_flag(argument, target):
        verdict = judge_cpu_flag(argument, target, compiles=call.compiles, links=call.links)
        if verdict and argument.endswith("=native") and call.probing:
            raise RefusedError(f"{argument}: {verdict[1]}")
        return verdict
    if argument == "-g":
        return ("-g2",), ""  # the same, but for zig, which does nothing for -g behind -g0
    if argument.startswith("-D"):
        return _judge_definition(piece)
    if argument.startswith("-fuse-ld="):
        return _judge_silent(argument, "there is only zig's own linker", call)
    if target.system == "macos":
        return _judge_for_macos(argument, call)
    return None


def _judge_definition(piece: Piece) -> Verdict | None:
    """Take zig's definition away before the project's, or the compiler warns of the second."""
    name = "".join(piece).removeprefix("-D").partition("=")[0]
    return ((f"-U{name}", *piece), "") if name in _OWN_DEFINITIONS else None


def _judge_for_macos(argument: str, call: _Call) -> Verdict | None:
    if argument.startswith(("-flto", "-ffat-lto-objects")) and not call.probing:
        return (), "zig's linker for macOS cannot optimise"
    minimum = "-mmacosx-version-min=", "-mmacos-version-min="
    if argument.startswith(minimum) and argument.partition("=")[2] != call.target.minimum:
        return (), f"the oldest macOS is {call.target.minimum}, as the host's minimum says"
    return None


def _judge_silent(argument: str, why: str, call: _Call) -> Verdict:
    """Leave out what zig takes and does nothing for; refuse it to a project that asks."""
    if call.probing:
        raise RefusedError(f"{argument}: {why}")
    return (), why

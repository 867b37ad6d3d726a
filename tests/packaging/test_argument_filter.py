"""What zig's compilers are given instead of what a project asks for."""

from __future__ import annotations

import shlex
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from countermark.toolchains.arguments import filter_arguments, is_probe, split_words
from countermark.toolchains.target import Target
from countermark.toolchains.verdict import Notice, RefusedError

MAC = "aarch64-macos.14.0-none"
INTEL_MAC = "x86_64-macos.14.0-none"
LINUX = "x86_64-linux-gnu.2.31"
ARM_LINUX = "aarch64-linux-gnu.2.31"
ARM_32 = "arm-linux-gnueabihf.2.31"
RISCV = "riscv64-linux-gnu.2.31"
WINDOWS = "x86_64-windows-gnu"
TARGETS = (MAC, INTEL_MAC, LINUX, ARM_LINUX, ARM_32, RISCV, WINDOWS)
targets = st.sampled_from(TARGETS)

COMPILE, LINK, BOTH = "-c a.c -o a.o", "a.o -o a", "a.c -o a"


ZIG = "/opt/zig"
FRONT = ["-g0", "-UNDEBUG", "-fno-sanitize=undefined"]
MAP = f"-ffile-prefix-map={ZIG}=./zig"


def filter_list(
    arguments: list[str], target: str = LINUX, *, probing: bool = False
) -> tuple[list[str], list[Notice]]:
    """Filter arguments; what always stands in front and behind is left out."""
    result, notices = filter_arguments(arguments, Target(target), zig=ZIG, probing=probing)
    assert result[0] == f"--target={target}"
    front = FRONT + ["-Werror=unguarded-availability-new"] * ("macos" in target)
    own = len(front) if result[1 : len(front) + 1] == front else 0
    return [word for word in result[own + 1 :] if word != MAP], notices


def filtered(line: str, target: str = LINUX, *, probing: bool = False) -> tuple[str, list[Notice]]:
    """Filter a command line."""
    arguments, notices = filter_list(shlex.split(line), target, probing=probing)
    return shlex.join(arguments), notices


def test_what_zig_adds_by_itself_is_taken_away_before_the_projects_own() -> None:
    arguments, notices = filter_arguments(
        ["-g", "-DNDEBUG", "a.c"], Target(LINUX), zig=ZIG, probing=False
    )
    assert arguments == [f"--target={LINUX}", *FRONT, "-g2", "-DNDEBUG", "a.c", MAP]
    assert notices == []


@pytest.mark.parametrize("question", ["--version", "-dumpmachine", "-v", "-print-prog-name=ld"])
def test_a_question_is_only_told_the_target(question: str) -> None:
    given_, _ = filter_arguments([question], Target(MAC), zig=ZIG, probing=False)
    assert given_ == [f"--target={MAC}", question]


@pytest.mark.parametrize("target", TARGETS)
def test_only_for_macos_newer_functions_are_errors(target: str) -> None:
    arguments, _ = filter_arguments(["-c", "a.c"], Target(target), zig=ZIG, probing=True)
    assert ("-Werror=unguarded-availability-new" in arguments) == ("macos" in target)


@pytest.mark.parametrize(
    ("target", "given_", "wanted"),
    [
        (MAC, "-march=armv8-a+crypto", ""),
        (MAC, "-march=armv8-a+crc+crypto", ""),
        (MAC, "-march=armv8.4-a+sha3+fp16", ""),
        (MAC, "-march=armv8.5-a", "-mcpu=baseline+v8_5a"),
        (MAC, "-march=armv9-a+sve", "-mcpu=baseline+v9a+sve"),
        (MAC, "-mcpu=apple-m1", "-mcpu=apple_m1"),
        (ARM_LINUX, "-march=armv8-a", ""),
        (ARM_LINUX, "-march=armv8-a+crypto", "-mcpu=baseline+aes+sha2"),
        (ARM_LINUX, "-march=armv8-a+crc+crypto", "-mcpu=baseline+crc+aes+sha2"),
        (ARM_LINUX, "-march=armv8.2-a+dotprod", "-mcpu=baseline+v8_2a+dotprod"),
        (ARM_LINUX, "-mcpu=cortex-a53+crypto", "-mcpu=cortex_a53+aes+sha2"),
        (ARM_32, "-march=armv7-a+simd", ""),
        (RISCV, "-march=rv64gc", ""),
        (RISCV, "-march=rv64gcv_zba", "-mcpu=baseline+v+zba"),
        (LINUX, "-march=x86-64", "-mcpu=x86_64"),
        (LINUX, "-march=x86-64-v2", "-mcpu=x86_64_v2"),
        (WINDOWS, "-march=skylake-avx512", "-mcpu=skylake_avx512"),
        (LINUX, "-mtune=haswell", "-Xclang -tune-cpu -Xclang haswell"),
        (LINUX, "-march=native", ""),
    ],
)
def test_a_cpu_is_called_as_zig_calls_it(target: str, given_: str, wanted: str) -> None:
    line, notices = filtered(f"{given_} {COMPILE}", target)
    assert line == f"{wanted} {COMPILE}".strip()
    assert [(argument, instead) for argument, instead, _ in notices] == [(given_, wanted)]


@pytest.mark.parametrize(
    ("target", "argument"),
    [
        (LINUX, "-march=haswell"),
        (LINUX, "-msse4.1"),
        (LINUX, "-m64"),
        (ARM_LINUX, "-mcpu=cortex_a53+crc"),
        (ARM_LINUX, "-mcpu=generic"),
        (ARM_LINUX, "-march=armv8-a+something"),
        (ARM_32, "-march=armv8-a+crc"),
        (ARM_32, "-mfpu=neon"),
        (ARM_LINUX, "-mbranch-protection=bti"),
        (LINUX, "-Wl"),
        (LINUX, "-march=x86-64+nonsense"),
    ],
)
def test_what_zig_understands_or_nobody_does_stays(target: str, argument: str) -> None:
    line = f"{argument} {COMPILE}"
    assert filtered(line, target) == (line, [])


@pytest.mark.parametrize("argument", ["-msse4.1", "-mavx2", "-msha", "-march=haswell", "-mno-avx"])
@pytest.mark.parametrize("probing", [True, False])
def test_no_instructions_are_chosen_in_a_link(argument: str, probing: bool) -> None:
    line, notices = filtered(f"{argument} {LINK}", probing=probing)
    assert line == LINK
    assert [notice[0] for notice in notices] == [argument]


def test_instructions_of_a_program_made_in_one_step_are_for_its_code_alone() -> None:
    line, _ = filtered(f"-msse4 -mno-sse4 {BOTH}")
    wanted = "-Xclang -target-feature -Xclang +sse4.2 -Xclang -target-feature -Xclang -sse4.1"
    assert line == f"{wanted} {BOTH}"


@pytest.mark.parametrize(
    ("target", "given_", "wanted"),
    [
        (LINUX, "-Wl,-z,relro,-z,separate-code,-z,now", "-Wl,-z,relro,-z,now"),
        (LINUX, "-Wl,-z -Wl,separate-code", ""),
        (LINUX, "-z separate-code", ""),
        (
            LINUX,
            "-Xlinker -z -Xlinker separate-code -Xlinker --gc-sections",
            "-Xlinker --gc-sections",
        ),
        (LINUX, "-Wl,--exclude-libs,ALL,--as-needed", "-Wl,--as-needed"),
        (LINUX, "-Wl,--exclude-libs=ALL", ""),
        (LINUX, "-Wl,--exclude-libs -Wl,ALL", ""),
        (LINUX, "-Wl,-pie", "-pie"),
        (LINUX, "-Xlinker -pie", "-pie"),
        (LINUX, "-Wl,-Map=a.map", ""),
        (LINUX, "-fuse-ld=lld", ""),
        (LINUX, "-Wl,--high-entropy-va", ""),
        (MAC, "-Wl,-pie", ""),
        (MAC, "-Xlinker -pie", ""),
        (MAC, "-Xlinker -no_pie", ""),
        (MAC, "-Wl,-dead_strip,-fixup_chains", "-Wl,-dead_strip"),
        (MAC, "-Wl,-platform_version,macos,14.0,14.0,-dead_strip", "-Wl,-dead_strip"),
        (MAC, "-Wl,-z,relro", ""),
        (MAC, "-flto=thin", ""),
        (MAC, "-mmacosx-version-min=11.0", ""),
        (WINDOWS, "-Wl,--no-insert-timestamp", "-Wl,/Brepro"),
        (WINDOWS, "-Wl,--enable-reloc-section,--nxcompat", "-Wl,--nxcompat"),
        (WINDOWS, "-Wl,-z,relro", ""),
        (WINDOWS, "-Wl,--large-address-aware", ""),
        (WINDOWS, "-Wl,--major-os-version,6", ""),
    ],
)
def test_a_link_is_asked_only_for_what_zigs_linker_does(
    target: str, given_: str, wanted: str
) -> None:
    line, notices = filtered(f"{given_} {LINK}", target)
    assert line == f"{wanted} {LINK}".strip()
    assert len(notices) == 1
    assert notices[0][2]


@pytest.mark.parametrize(
    ("target", "argument"),
    [
        (LINUX, "-Wl,-z,separate-code"),
        (LINUX, "-Wl,--exclude-libs,ALL"),
        (MAC, "-Wl,-fixup_chains"),
        (MAC, "-Xlinker -no_pie"),
        (WINDOWS, "-Wl,--guard-cf"),
    ],
)
def test_a_probe_hears_from_zig_what_its_linker_refuses(target: str, argument: str) -> None:
    line = f"{argument} {LINK}"
    assert filtered(line, target, probing=True) == (line, [])


@pytest.mark.parametrize(
    ("target", "argument"),
    [
        (MAC, "-Wl,-z,relro"),
        (MAC, "-Wl,--nxcompat"),
        (WINDOWS, "-Wl,-z,now"),
        (LINUX, "-Wl,--dynamicbase"),
        (LINUX, "-fuse-ld=gold"),
        (LINUX, "-march=native -c a.c"),
    ],
)
def test_a_probe_is_refused_what_zig_takes_and_does_nothing_for(target: str, argument: str) -> None:
    with pytest.raises(RefusedError, match=argument.split()[0]):
        filtered(f"{argument} {LINK}", target, probing=True)


@pytest.mark.parametrize(
    ("target", "given_", "wanted"),
    [
        (MAC, "-Xlinker -pie", ""),
        (MAC, "-Wl,-no_fixup_chains", ""),
        (LINUX, "-Wl,-pie", "-pie"),
        (WINDOWS, "-Wl,--no-insert-timestamp", "-Wl,/Brepro"),
    ],
)
def test_a_probe_is_granted_what_holds_anyway(target: str, given_: str, wanted: str) -> None:
    line, notices = filtered(f"{given_} {LINK}", target, probing=True)
    assert line == f"{wanted} {LINK}".strip()
    assert len(notices) == 1


def test_a_compilation_links_nothing() -> None:
    line, notices = filtered(f"-Wl,--gc-sections -Xlinker -x {COMPILE}")
    assert line == COMPILE
    assert [notice[0] for notice in notices] == ["-Wl,--gc-sections,-x"]
    assert filtered(f"-Wl,-v {COMPILE}", probing=True) == (COMPILE, [])


def test_the_value_of_an_option_is_no_option() -> None:
    line = f"-Xclang -mtune=haswell -o -Wl,-z,separate-code -D -fuse-ld=lld {LINK}"
    assert filtered(line) == (line, [])


@pytest.mark.parametrize(
    ("given_", "named"),
    [
        ("-Wl,--major-subsystem-version,6 -Wl,--minor-subsystem-version,2", False),
        ("-Wl,--subsystem,windows,--major-subsystem-version,6", True),
        ("-mwindows -Wl,--major-subsystem-version=6", True),
    ],
)
def test_a_version_of_the_subsystem_goes_with_its_name(given_: str, named: bool) -> None:
    line, notices = filtered(f"{given_} {LINK}", WINDOWS)
    assert line == f"{'' if named else '-Wl,--subsystem,console '}{given_} {LINK}"
    assert notices == []
    assert filtered(f"{given_} {LINK}", LINUX)[0] == f"{given_} {LINK}"


def test_where_zigs_headers_are_shows_in_no_program() -> None:
    for line, mapped in ((COMPILE, True), (BOTH, True), (LINK, False)):
        result, _ = filter_arguments(line.split(), Target(LINUX), zig=ZIG, probing=False)
        assert (result[-1] == MAP) == mapped


@pytest.mark.parametrize("macro", ["_LIBCPP_HARDENING_MODE", "_WIN32_WINNT"])
@pytest.mark.parametrize("space", ["", " "])
def test_a_macro_of_zigs_own_is_taken_away_before_it_is_defined(macro: str, space: str) -> None:
    line, notices = filtered(f"-D{space}{macro}=0x0601 {COMPILE}", WINDOWS)
    assert line == f"-U{macro} -D{space}{macro}=0x0601 {COMPILE}"
    assert notices == []


@pytest.mark.parametrize(
    ("directory", "arguments", "probe"),
    [
        ("/b/CMakeFiles/CMakeScratch/TryCompile-1a", ["-c", "src.c"], True),
        ("/b/CMakeFiles/_CMakeLTOTest-C/bin", ["-c", "foo.c"], True),
        ("/b/meson-private/tmp1", ["testfile.c"], True),
        ("/b", ["conftest.c", "-o", "conftest"], True),
        ("/b", ["-c", "/s/main.c"], False),
        ("/CMakeFiles/b", ["-c", "contest.c"], False),
    ],
)
def test_a_probe_is_known_by_its_place_or_name(
    directory: str, arguments: list[str], probe: bool
) -> None:
    assert is_probe(directory, arguments) is probe


WORDS = """
    -c -S a.c a.o -o -Wl,-z,now -Wl,-pie -Wl,-z -Wl,--exclude-libs -Wl,ALL -Xlinker -z -O2 -s -g -D
    -march=armv8-a+crypto -march=native -msse4.1 -mtune=x -mcpu=a-b -flto -DX -U -Wl, -x -Wl,-s
    -fuse-ld=lld -Wl,-platform_version,a -Wl,-rpath,/x separate-code
"""
words = st.lists(st.one_of(st.sampled_from(WORDS.split()), st.text(max_size=8)), max_size=12)


@given(words, targets)
def test_nothing_changes_without_a_notice(arguments: list[str], target: str) -> None:
    result, notices = filter_list(arguments, target)
    if not notices:
        same = [[word.replace("-g2", "-g") for word in each] for each in (result, arguments)]
        assert same[0] == same[1]
    for argument, instead, why in notices:
        assert argument != instead
        assert why


def test_what_zig_understands_already_is_no_change() -> None:
    given_ = ["-c", "-mcpu=baseline+aes+sha2", "a.c"]
    result, notices = filter_list(given_, "aarch64-linux-gnu.2.31")
    assert (result, notices) == (given_, [])


@given(words, targets)
def test_what_was_filtered_once_stays(arguments: list[str], target: str) -> None:
    assume(all(before == "-Xlinker" for before, word in pairwise(["", *arguments]) if word == "-z"))
    once, _ = filter_list(arguments, target)
    assert filter_list(once, target) == (once, [])


@given(words, targets)
def test_a_probe_is_given_no_less_than_a_build(arguments: list[str], target: str) -> None:
    """What it is not given, it is refused, or holds anyway."""
    try:
        probed, _ = filter_list(arguments, target, probing=True)
    except RefusedError:
        return
    assert len(probed) >= len(filter_list(arguments, target)[0])


@given(st.lists(st.text(st.characters(exclude_characters="\0"))))
def test_a_response_file_holds_the_words_that_a_shell_would_read(arguments: list[str]) -> None:
    assert split_words(shlex.join(arguments)) == arguments


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a b\n c", ["a", "b", "c"]),
        (r'"a b" c\ d "e\"f"', ["a b", "c d", 'e"f']),
        (r"'a\b' ''", [r"a\b", ""]),
        ("", []),
    ],
)
def test_a_response_file_is_read_as_compilers_read_it(text: str, found: list[str]) -> None:
    assert split_words(text) == found

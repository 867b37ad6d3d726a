"""The link line for ld64.lld, against what a driver was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermark.toolchains.ld64 import Linker, link_arguments
from countermark.toolchains.verdict import RefusedError

LINKER = Linker("arm64", "14.0", "14.5", "/cache/macos")
WORDS = ("-Wl,-dead_strip_dylibs", "-framework", "-o", "-lfoo", "a.o", "b.a", "-O2", "-I", "-fPIC")


def words(*arguments: str, cxx: bool = True, probing: bool = False) -> list[str]:
    """Return the words that come of the arguments, without those of every link."""
    result, _ = link_arguments(list(arguments), LINKER, cxx=cxx, probing=probing)
    every, _ = link_arguments([], LINKER, cxx=cxx, probing=probing)
    first = every.index("-L/cache/macos")
    assert result[:first] == every[:first]
    last = len(every) - first
    return result[first:-last]


def notices(*arguments: str) -> list[tuple[str, str, str]]:
    return link_arguments(list(arguments), LINKER, cxx=True, probing=False)[1]


def test_every_program_says_what_it_is_for() -> None:
    result, changes = link_arguments(["a.o", "-o", "a"], LINKER, cxx=True, probing=False)
    assert result == [
        *("-arch", "arm64", "-platform_version", "macos", "14.0", "14.5"),
        *("-fixup_chains", "-no_adhoc_codesign", "-dead_strip", "-S", "-demangle", "-Z"),
        *("-headerpad", "0x1000", "a.o", "-o", "a", "-L/cache/macos"),
        *("-lc++", "-lc++abi", "-lSystem", "/cache/macos/libcompiler_rt.a"),
    ]
    assert changes == []


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("-Wl,-rpath,@loader_path/../lib", "-rpath @loader_path/../lib"),
        ("-Xlinker -rpath -Xlinker @loader_path", "-rpath @loader_path"),
        ("-dynamiclib -install_name @rpath/liba.dylib", "-dylib -install_name @rpath/liba.dylib"),
        ("-shared a.o", "-dylib a.o"),
        ("-bundle -bundle_loader app", "-bundle -bundle_loader app"),
        ("-current_version 1.2 -compatibility_version 1", None),
        ("-L/opt/lib -L /opt/lib2 -lz -l m -F/f -framework Security", None),
        ("-weak_framework Metal -weak-lfoo -ObjC -all_load -force_load liba.a", None),
        ("-filelist a.txt -init _start -install_name x -flat_namespace -final_output y", None),
        ("-sectcreate __TEXT __info Info.plist", None),
        ("-exported_symbols_list -weird.txt a.o", None),
        ("-undefined dynamic_lookup -u _main -e _main", None),
        ("-s a.o", "-S a.o"),
        ("-lstdc++", "-lc++"),
        ("-O3 -g -DNDEBUG -std=c++20 -fPIC -march=native -Wall -pthread -pipe -MD a.o", "a.o"),
        ("-I include -isystem sys -D NAME -MF a.d -MT a.o -x c++ -Xclang -fno a.o", "a.o"),
        ("-target arm64-apple-darwin -arch arm64 -isysroot /sdk --sysroot /sdk a.o", "a.o"),
        ("--target=aarch64-macos -mmacosx-version-min=13 -flto -fuse-ld=lld a.o", "a.o"),
        ("-static-libgcc -static-libstdc++ -v -w a.o", "a.o"),
        ("-Wa,-x -Wp,-D_X a.o", "a.o"),
        ("-Wl,-x,-S a.o", "-x -S a.o"),
    ],
)
def test_drivers_words_become_the_linkers(given: str, wanted: str | None) -> None:
    """None stands for words that are passed on as they are."""
    assert words(*given.split()) == (given if wanted is None else wanted).split()


def test_a_driver_for_c_brings_no_cxx_library() -> None:
    result, _ = link_arguments(["a.o"], LINKER, cxx=False, probing=False)
    assert "-lc++" not in result
    assert "-lSystem" in result


@pytest.mark.parametrize("flag", ["-nostdlib", "-nodefaultlibs"])
def test_no_library_where_none_is_wanted(flag: str) -> None:
    result, _ = link_arguments([flag, "a.o"], LINKER, cxx=True, probing=False)
    assert result[-1] == "a.o"


def test_only_the_cxx_library_is_left_out() -> None:
    result, _ = link_arguments(["-nostdlib++", "a.o"], LINKER, cxx=True, probing=False)
    assert "-lc++" not in result
    assert "-lSystem" in result


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        ("-Wl,-z,relro a.o", "-Wl,-z,relro"),
        ("-Wl,--as-needed a.o", "-Wl,--as-needed"),
        ("-Wl,--hash-style=gnu a.o", "-Wl,--hash-style=gnu"),
        ("-Xlinker --build-id=none a.o", "-Wl,--build-id=none"),
        ("-Wl,-bind_at_load a.o", "-Wl,-bind_at_load"),
        ("-Wl,-multiply_defined,suppress a.o", "-Wl,-multiply_defined,suppress"),
        ("-Wl,-ld_classic a.o", "-Wl,-ld_classic"),
        ("-Wl,--dynamicbase a.o", "-Wl,--dynamicbase"),
    ],
)
def test_what_is_left_out_is_said_and_not_hidden_from_a_probe(given: str, left_out: str) -> None:
    assert words(*given.split()) == ["a.o"]
    assert [change[:2] for change in notices(*given.split())] == [(left_out, "")]
    assert words(*given.split(), probing=True)[0] == left_out.split(",")[1]


@pytest.mark.parametrize("given", ["-r", "-static", "-Wl,-r"])
@pytest.mark.parametrize("probing", [False, True])
def test_what_would_give_something_else_is_refused(given: str, probing: bool) -> None:
    with pytest.raises(RefusedError, match=given[-2:]):
        words(given, "a.o", probing=probing)


def test_a_value_is_never_taken_for_a_word() -> None:
    assert words("-install_name", "-r", "-Wl,-rpath,-z", "a.o") == [
        *("-install_name", "-r", "-rpath", "-z", "a.o")
    ]


@given(st.lists(st.sampled_from(WORDS) | st.text("ab.o/", min_size=1), max_size=12))
def test_files_are_kept_in_their_order(arguments: list[str]) -> None:
    result = words(*arguments)
    files = [each for each in result if not each.startswith("-")]
    rest = iter(arguments)
    assert all(file in rest for file in files)


@given(st.lists(st.text(max_size=12), max_size=12), st.booleans())
def test_nothing_but_a_refusal_comes_of_any_words(arguments: list[str], probing: bool) -> None:
    try:
        result, _ = link_arguments(arguments, LINKER, cxx=True, probing=probing)
    except RefusedError:
        return
    assert result[:2] == ["-arch", "arm64"]

"""What every command would run: one fault at a time, on each platform, for both wrappers."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.profiles.library import load_profile
from counterproof.survey import Sample
from counterproof.target import Target
from counterproof.trees.entry import Kind
from counterproof.wrapper.dialect import BITCOIN_CORE, find_dialect
from counterproof.wrapper.lookup import Found
from counterproof.wrapper.prediction import (
    Ending,
    Invoked,
    Mode,
    Prediction,
    Predictor,
    find_wrapper,
)
from counterproof.wrapper.search import Effect
from macho import Macho, fat
from surveys import MARK, directory, file, link, pipe, program, surveyed
from trees import AARCH64, DARWIN, LINUX, OBJECT, WINDOWS, elf, pe

WRAPPER = load_profile("31").wrapper
assert WRAPPER is not None
NAMES = tuple(command.name for command in WRAPPER.commands)

CORE = program("bin/bitcoin")
REFERENCE = program("bin/bitcoin", elf() + MARK)
NODE = "libexec/bitcoin-node"
BESIDE = "bin/bitcoin-node"
MACHO = Macho().build()
X86_64 = Macho(arch="x86_64").build()


def predictor(*samples: Sample, target: Target = LINUX, path: str = "stage") -> Predictor:
    survey = surveyed(*samples, path=path)
    assert WRAPPER is not None
    at = find_wrapper(survey, target, WRAPPER)
    assert at is not None
    return Predictor(survey, target, WRAPPER, at=at)


def predict(
    *samples: Sample,
    command: str = "node",
    mode: Mode = "multiprocess",
    target: Target = LINUX,
    invoked: Invoked = "path",
    path: str = "stage",
) -> Prediction:
    assert WRAPPER is not None
    wanted = next(one for one in WRAPPER.commands if one.name == command)
    return predictor(*samples, target=target, path=path).predict(wanted, mode, invoked)


def core_error(place: str, reason: str, own: str = ".../bin/bitcoin") -> str:
    return (
        f"Error: execvp failed to execute '.../{place}': {reason}\n"
        f"Try '{own} --help' for more information."
    )


def reference_error(name: str, *places: str) -> str:
    lines = "".join(f"  .../{place}\n" for place in places)
    return (
        f"Error: Cannot find a '{name}' that can be run. Tried:\n{lines}"
        "Try '.../bin/bitcoin --help' for more information."
    )


def test_libexec_comes_first() -> None:
    found = predict(CORE, program(NODE), program(BESIDE))
    assert (found.ending, found.runs) == (Ending.RUNS, PurePosixPath(NODE))
    assert [place.path for place in found.places] == [PurePosixPath(NODE)]
    assert (found.error, found.exit_code, found.certain) == (None, None, True)


def test_bin_is_next_when_libexec_has_no_such_file() -> None:
    found = predict(CORE, directory("libexec"), program(BESIDE))
    assert [(str(place.path), place.effect) for place in found.places] == [
        (NODE, Effect.NEXT),
        (BESIDE, Effect.RUNS),
    ]


@pytest.mark.parametrize(
    ("name", "mode", "core", "reference"),
    [
        ("gui", "default", "bitcoin-qt", "bitcoin-gui"),
        ("gui", "multiprocess", "bitcoin-gui", "bitcoin-gui"),
        ("gui", "monolithic", "bitcoin-qt", "bitcoin-qt"),
        ("node", "default", "bitcoind", "bitcoin-node"),
        ("node", "monolithic", "bitcoind", "bitcoind"),
        ("rpc", "default", "bitcoin-cli", "bitcoin-cli"),
        ("wallet", "multiprocess", "bitcoin-wallet", "bitcoin-wallet"),
        ("tx", "monolithic", "bitcoin-tx", "bitcoin-tx"),
        ("bench", "default", "bench_bitcoin", ""),
        ("chainstate", "default", "bitcoin-chainstate", ""),
        ("test", "multiprocess", "test_bitcoin", ""),
        ("test-gui", "default", "test_bitcoin-qt", ""),
        ("util", "default", "bitcoin-util", "bitcoin-util"),
    ],
)
def test_each_command_wants_its_program(name: str, mode: Mode, core: str, reference: str) -> None:
    assert predict(CORE, command=name, mode=mode).program == core
    found = predict(REFERENCE, command=name, mode=mode)
    assert found.program == reference
    if not reference:
        assert found.error == (
            f"Error: Unrecognized command: '{name}'\n"
            "Try '.../bin/bitcoin --help' for more information."
        )


def test_all_commands_in_all_modes_are_predicted() -> None:
    predictions = predictor(CORE).predict_all()
    assert [(one.command, one.mode) for one in predictions] == [
        (name, mode) for name in NAMES for mode in ("default", "multiprocess", "monolithic")
    ]
    assert all(one.ending is Ending.FAILS and one.exit_code == 1 for one in predictions)


LINKED = file("real/node")
HINDRANCES = {
    "not executable": ([program(NODE, mode=0o644)], Found.NOT_EXECUTABLE),
    "only others may execute it": ([program(NODE, mode=0o611)], Found.NOT_EXECUTABLE),
    "its mode is not recorded": ([program(NODE, mode=None)], Found.NOT_EXECUTABLE),
    "a directory": ([directory(NODE)], Found.DIRECTORY),
    "a directory that is not listed": ([program(f"{NODE}/x")], Found.DIRECTORY),
    "a pipe": ([pipe(NODE)], Found.SPECIAL),
    "in a closed directory": ([directory("libexec", 0o600), program(NODE)], Found.UNSEARCHABLE),
    "below a file": ([file("libexec")], Found.BELOW_FILE),
    "a link in a circle": ([link(NODE, "bitcoin-node")], Found.CIRCLE),
    "a link to a file that is not executable": (
        [link(NODE, "../real"), file("real", mode=0o644)],
        Found.NOT_EXECUTABLE,
    ),
}
WORDS = {
    Found.NOT_EXECUTABLE: ("Permission denied", "not executable"),
    Found.DIRECTORY: ("Permission denied", "a directory"),
    Found.SPECIAL: ("Permission denied", "not a regular file"),
    Found.UNSEARCHABLE: ("Permission denied", "cannot be reached: Permission denied"),
    Found.BELOW_FILE: ("Not a directory", "cannot be reached: Not a directory"),
    Found.CIRCLE: (
        "Too many levels of symbolic links",
        "cannot be reached: Too many levels of symbolic links",
    ),
}


@pytest.mark.parametrize("name", HINDRANCES)
def test_what_is_there_but_wrong_ends_the_search(name: str) -> None:
    samples, seen = HINDRANCES[name]
    core, reference = WORDS[seen]
    found = predict(CORE, program(BESIDE), *samples)
    assert [place.sight.found for place in found.places] == [seen]
    assert (found.ending, found.exit_code, found.runs) == (Ending.FAILS, 1, None)
    assert found.error == core_error(NODE, core)
    found = predict(REFERENCE, program(BESIDE), *samples)
    assert found.error == reference_error(
        "bitcoin-node", f"{NODE}: {reference} (the search ends here)"
    )
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("sample", "seen", "reference"),
    [
        (link(NODE, "nowhere"), Found.DANGLING, "a symbolic link to nothing"),
        (link(NODE, "../real/nowhere"), Found.DANGLING, "a symbolic link to nothing"),
        (link("libexec", "nowhere"), Found.ABSENT, "not found"),
        (link(NODE, "/usr/libexec/bitcoin-node"), Found.OUTSIDE, "not found"),
        (link(NODE, "../../elsewhere"), Found.OUTSIDE, "not found"),
    ],
)
def test_what_is_not_there_lets_the_search_go_on(
    sample: Sample, seen: Found, reference: str
) -> None:
    found = predict(CORE, LINKED, sample, program(BESIDE))
    assert found.places[0].sight.found is seen
    assert found.runs == PurePosixPath(BESIDE)
    assert found.certain is (seen is not Found.OUTSIDE)
    found = predict(REFERENCE, LINKED, sample)
    assert found.error == reference_error(
        "bitcoin-node", f"{NODE}: {reference}", f"{BESIDE}: not found"
    )


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (elf(AARCH64), Found.OTHER_MACHINE),
        (pe(), Found.OTHER_SYSTEM),
        (MACHO, Found.OTHER_SYSTEM),
        (elf(kind=OBJECT), Found.NO_PROGRAM),
        (b"words", Found.NO_IMAGE),
        (b"", Found.EMPTY),
    ],
)
def test_linux_hands_what_is_no_program_to_the_shell(content: bytes, seen: Found) -> None:
    found = predict(CORE, program(NODE, content), program(BESIDE))
    assert [place.sight.found for place in found.places] == [seen]
    assert (found.ending, found.runs) == (Ending.SHELL, PurePosixPath(NODE))
    assert found.exit_code == (0 if seen is Found.EMPTY else None)
    found = predict(REFERENCE, program(NODE, content), program(BESIDE))
    assert (found.ending, found.exit_code) == (Ending.FAILS, 1)
    assert "not a program for this machine" in str(found.error)


def test_a_script_runs_by_its_interpreter_and_the_reference_wrapper_refuses_it() -> None:
    script = file(NODE, b"#!/bin/sh\n")
    assert predict(CORE, script).ending is Ending.RUNS
    assert predict(REFERENCE, script).error == reference_error(
        "bitcoin-node", f"{NODE}: not a program for this machine: a script (the search ends here)"
    )


def test_macos_refuses_another_machine_and_runs_intel_programs_by_rosetta() -> None:
    wrapper = program("bin/bitcoin", MACHO)
    arm64e = Macho(arch="arm64e").build()
    found = predict(wrapper, program(NODE, arm64e), target=DARWIN)
    assert found.error == core_error(NODE, "Bad CPU type in executable")
    found = predict(wrapper, program(NODE, X86_64), target=DARWIN)
    assert (found.places[0].sight.found, found.ending) == (Found.COMPATIBLE, Ending.RUNS)
    assert predict(wrapper, program(NODE, elf()), target=DARWIN).ending is Ending.SHELL
    universal = program(NODE, fat([("x86_64", X86_64), ("arm64", MACHO)]))
    assert predict(wrapper, universal, target=DARWIN).places[0].sight.found is Found.PROGRAM


def test_names_that_differ_in_case_are_one_on_macos_and_windows() -> None:
    spelled = "Libexec/Bitcoin-Node"
    wrapper = program("bin/bitcoin", MACHO)
    found = predict(wrapper, program(spelled, MACHO), target=DARWIN)
    assert found.runs == PurePosixPath(spelled)
    assert predict(CORE, program(spelled)).ending is Ending.FAILS
    windows = program("Libexec/Bitcoin-Node.EXE", pe())
    found = predict(program("bin/bitcoin.exe", pe()), windows, target=WINDOWS)
    assert found.ending is Ending.RUNS


def test_windows_looks_in_daemon_and_says_what_it_does_not_mean() -> None:
    wrapper = program("bitcoin.exe", pe(), mode=None)
    found = predict(wrapper, program("daemon/bitcoin-node.exe", pe(), mode=None), target=WINDOWS)
    assert found.runs == PurePosixPath("daemon/bitcoin-node.exe")
    assert found.exit_code == 0, "the wrapper does not wait"
    found = predict(wrapper, command="util", target=WINDOWS)
    assert [str(place.path) for place in found.places] == [
        "daemon/bitcoin-util.exe",
        "bitcoin-util.exe",
    ]
    assert found.error == (
        "Error: execvp failed to execute '...\\bitcoin-util': "
        "The system cannot find the file specified\n"
        "Try '...\\bitcoin.exe --help' for more information."
    )


def test_windows_tries_libexec_before_daemon_and_goes_on_from_below_a_file() -> None:
    wrapper = program("bin/bitcoin.exe", pe())
    found = predict(wrapper, file("libexec"), program("bin/bitcoind.exe", pe()), target=WINDOWS)
    assert found.ending is Ending.FAILS
    found = predict(wrapper, file("libexec"), program("bin/bitcoin-node.exe", pe()), target=WINDOWS)
    assert [(str(place.path), place.effect) for place in found.places] == [
        ("libexec/bitcoin-node.exe", Effect.NEXT),
        ("bin/daemon/bitcoin-node.exe", Effect.NEXT),
        ("bin/bitcoin-node.exe", Effect.RUNS),
    ]


@pytest.mark.parametrize("content", [b"#!/bin/sh\n", b"", b"words", pe(0xAA64), elf()])
def test_windows_refuses_what_is_no_program(content: bytes) -> None:
    wrapper = program("bin/bitcoin.exe", pe())
    found = predict(wrapper, file("libexec/bitcoin-node.exe", content), target=WINDOWS)
    assert (found.ending, found.exit_code) == (Ending.FAILS, 1)


def test_only_in_a_directory_called_bin_the_wrapper_looks_in_libexec() -> None:
    wrapper = program("programs/bitcoin")
    found = predict(wrapper, program(NODE))
    assert [str(place.path) for place in found.places] == ["programs/bitcoin-node"]
    assert predict(program("bitcoin"), program("bitcoin-node")).ending is Ending.RUNS


def test_the_wrapper_finds_its_directory_behind_links() -> None:
    real = program("opt/bitcoin/bin/bitcoin")
    node = program("opt/bitcoin/libexec/bitcoin-node")
    found = predict(link("bin/bitcoin", "../opt/bitcoin/bin/bitcoin"), real, node)
    assert found.runs == node.entry.path
    found = predict(link("bin", "programs"), program("programs/bitcoin"), program(NODE))
    assert [str(place.path) for place in found.places] == ["programs/bitcoin-node"]


def test_what_is_above_a_given_bin_is_not_known() -> None:
    found = predict(program("bitcoin"), program("bitcoin-node"), path="stage/bin")
    assert [place.sight.found for place in found.places] == [Found.OUTSIDE, Found.PROGRAM]
    assert found.places[0].path == PurePosixPath("../libexec/bitcoin-node")
    assert not found.certain


def test_by_name_the_search_goes_on_in_path() -> None:
    found = predict(CORE, invoked="name")
    assert (found.ending, found.error, found.exit_code) == (Ending.PATH, None, None)
    assert not found.certain
    found = predict(CORE, directory(NODE), invoked="name")
    assert found.error == core_error(NODE, "Permission denied", own="bitcoin")


def test_a_hard_link_in_an_archive_is_the_file_that_it_is_another_name_of() -> None:
    entry = replace(link(NODE, "bitcoin-31.0/bin/bitcoind").entry, kind=Kind.HARD_LINK, mode=0o755)
    samples = (CORE, program("bin/bitcoind"), Sample(entry=entry))
    survey = surveyed(*samples, prefix="bitcoin-31.0")
    assert WRAPPER is not None
    asked = Predictor(survey, LINUX, WRAPPER, at=PurePosixPath("bin/bitcoin"))
    assert asked.search("bitcoin-node")[0].sight.found is Found.PROGRAM


def test_the_mark_tells_the_reference_wrapper_and_its_directories() -> None:
    mark = b"countermark-wrapper/1\0monolithic\0programs\0../lib/bitcoin\0"
    wrapper = program("programs/bitcoin", elf() + mark)
    found = predict(wrapper, program("lib/bitcoin/bitcoind"), mode="default")
    assert found.runs == PurePosixPath("lib/bitcoin/bitcoind")


def test_a_wrapper_without_a_libexec_of_its_own_looks_beside_itself() -> None:
    mark = b"countermark-wrapper/1\0multiprocess\0bin\0\0"
    found = predict(program("bin/bitcoin", elf() + mark), program(NODE))
    assert [str(place.path) for place in found.places] == [BESIDE]


@pytest.mark.parametrize(
    "mark",
    [
        b"",
        b"countermark-wrapper/1\0",
        b"countermark-wrapper/1\0both\0bin\0../libexec\0",
        b"countermark-wrapper/1\0monolithic\0bin\0../libexec",
        b"countermark-wrapper/1\0monolithic\0bin\0/usr/libexec\0",
        b"countermark-wrapper/1\0monolithic\0bin\n\0../libexec\0",
        b"countermark-wrapper/1\0monolithic\0\xff\0../libexec\0",
        b"countermark-wrapper/1\0monolithic\0bin\0" + b"x" * 2000 + b"\0",
        bytes(1 << 20) + MARK,
    ],
)
def test_a_mark_that_cannot_be_read_is_none(mark: bytes) -> None:
    assert find_dialect(mark) is None


def test_without_a_mark_it_is_bitcoin_cores() -> None:
    assert predictor(CORE).dialect == BITCOIN_CORE
    assert predictor(REFERENCE).dialect.name == "reference"


PARTS = st.sampled_from(["bin", "libexec", "BIN", "daemon", "x", "bitcoin", "bitcoin-node", ".."])
PATHS = st.lists(PARTS.filter(lambda part: part != ".."), min_size=1, max_size=3).map("/".join)
TARGETS = st.one_of(
    st.lists(PARTS, min_size=1, max_size=4).map("/".join),
    st.text(string.ascii_letters + "./\\: ", min_size=1, max_size=8),
)
MODES = st.sampled_from([None, 0, 0o644, 0o755, 0o111, 0o4755])
CONTENTS = {
    "empty": b"",
    "script": b"#!x",
    "elf": elf(),
    "reference": elf() + MARK,
    "foreign": elf(AARCH64),
    "pe": pe(),
    "macho": MACHO,
    "damaged": b"\x7fELF",
}


def filled(path: str, content: str, mode: int | None) -> Sample:
    return file(path, CONTENTS[content], mode)


SAMPLES = st.one_of(
    st.builds(filled, PATHS, st.sampled_from(sorted(CONTENTS)), MODES),
    st.builds(link, PATHS, TARGETS),
    st.builds(directory, PATHS, MODES.filter(lambda mode: mode is not None)),
    st.builds(pipe, PATHS),
)


@given(
    st.lists(SAMPLES, max_size=12, unique_by=lambda sample: sample.entry.path),
    st.sampled_from([LINUX, DARWIN, WINDOWS]),
    st.sampled_from(["stage", "bin", "."]),
)
def test_every_tree_has_a_prediction(samples: list[Sample], target: Target, path: str) -> None:
    survey = surveyed(*samples, path=path)
    assert WRAPPER is not None
    at = find_wrapper(survey, target, WRAPPER)
    if at is None:
        return
    for one in Predictor(survey, target, WRAPPER, at=at).predict_all():
        effects = [place.effect for place in one.places]
        assert all(effect is Effect.NEXT for effect in effects[:-1])
        assert len(effects) <= 3
        assert (one.ending is Ending.FAILS) == (one.error is not None)
        assert (one.ending is Ending.FAILS) == (one.exit_code == 1)
        assert (one.runs is None) == (one.ending is Ending.FAILS)

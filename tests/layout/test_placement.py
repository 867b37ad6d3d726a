from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterproof.errors import PlacementError
from counterproof.profiles.library import load_profile
from counterproof.profiles.placement import placements
from counterproof.target import Target
from trees import LINUX, WINDOWS

MULTIPROCESS = load_profile("multiprocess")
FILES = st.sets(
    st.builds(
        PurePosixPath,
        st.sampled_from(["", "bin", "lib", "libexec", "share/bash-completion/completions"]),
        st.sampled_from(
            [
                *(item.name for item in MULTIPROCESS.programs),
                *(f"{item.name}.exe" for item in MULTIPROCESS.programs),
                "README.md",
            ]
        ),
    )
)
TARGETS = st.sampled_from([LINUX, WINDOWS])


def moves(*files: str, target: Target = LINUX) -> list[tuple[str, str]]:
    paths = map(PurePosixPath, files)
    placed = placements(MULTIPROCESS, paths, target)
    return [(str(move.source), str(move.destination)) for move in placed]


def test_what_bitcoin_core_installs_to_bin_moves_to_libexec() -> None:
    found = moves("bin/bitcoin", "bin/bitcoin-wallet", "libexec/bitcoin-node", "README.md")
    assert found == [("bin/bitcoin-wallet", "libexec/bitcoin-wallet")]


def test_a_program_keeps_its_suffix() -> None:
    found = moves("bin/bitcoin-wallet.exe", "bin/bitcoin-wallet", target=WINDOWS)
    assert found == [("bin/bitcoin-wallet.exe", "libexec/bitcoin-wallet.exe")]


def test_a_shell_completion_is_not_taken_for_the_program() -> None:
    assert moves("share/bash-completion/completions/bitcoin-wallet") == []


@pytest.mark.parametrize(
    "occupied",
    [
        ("bin/bitcoin-wallet", "libexec/bitcoin-wallet"),
        ("bin/bitcoin-wallet", "lib/bitcoin-wallet"),
        ("bin/bitcoin-wallet", "libexec/Bitcoin-Wallet"),
    ],
)
def test_nothing_is_ever_overwritten(occupied: tuple[str, str]) -> None:
    with pytest.raises(PlacementError, match="already takes it") as caught:
        moves(*occupied)
    assert caught.value.destination == "libexec/bitcoin-wallet"
    assert caught.value.hint


@given(FILES, TARGETS)
def test_after_the_moves_nothing_is_left_to_move_and_nothing_is_lost(
    files: set[PurePosixPath], target: Target
) -> None:
    try:
        found = placements(MULTIPROCESS, files, target)
    except PlacementError:
        return
    moved = {move.source: move.destination for move in found}
    after = {moved.get(path, path) for path in files}
    assert len(after) == len(files)
    assert placements(MULTIPROCESS, after, target) == ()


@given(st.lists(st.sampled_from(["bin/bitcoin-wallet", "bitcoin-cli", "bin/bitcoin-gui"])))
def test_neither_order_nor_repetition_matters(files: list[str]) -> None:
    assert moves(*files) == moves(*reversed(files)) == sorted(set(moves(*files)))


@given(FILES, TARGETS)
def test_a_profile_without_programs_moves_nothing(
    files: set[PurePosixPath], target: Target
) -> None:
    assert placements(load_profile("generic"), files, target) == ()

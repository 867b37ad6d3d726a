"""Clusters of builders: who agrees, who counts, and who is the exception."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from countermark.attestations.agreement import Agreement, Ballot

ONE, TWO, OTHER = "1" * 64, "2" * 64, "f" * 64
WHOLE = {"a": ONE, "b": TWO}


def ballot(builder: str, digests: Mapping[str, str], *, counts: bool = True) -> Ballot:
    return Ballot(builder, digests, builder if counts else None)


def test_equal_lists_are_one_cluster() -> None:
    agreement = Agreement.of([ballot("x", WHOLE), ballot("y", dict(reversed(WHOLE.items())))])
    assert [cluster.builders for cluster in agreement.clusters] == [("x", "y")]
    assert agreement.least == 2
    assert agreement.below(2) == ()
    assert agreement.below(3) == ("a", "b")


def test_a_partial_list_counts_for_what_it_has() -> None:
    agreement = Agreement.of([ballot("x", WHOLE), ballot("y", WHOLE), ballot("z", {"a": ONE})])
    whole, part = agreement.clusters
    assert (part.differing, part.missing, part.extra) == ((), ("b",), ())
    assert (whole.differing, whole.missing, whole.extra) == ((), (), ())
    assert agreement.matching("a") == 3
    assert agreement.below(3) == ("b",)


def test_what_differs_is_named() -> None:
    agreement = Agreement.of(
        [ballot("x", WHOLE), ballot("y", WHOLE), ballot("z", {"a": ONE, "b": OTHER, "c": ONE})]
    )
    differing = agreement.clusters[1]
    assert (differing.differing, differing.missing, differing.extra) == (("b",), (), ("c",))
    assert agreement.prevailing == {"a": ONE, "b": TWO, "c": ONE}
    assert agreement.undecided == ()
    assert agreement.release == ("a", "b")


def test_lists_that_do_not_count_outvote_nobody() -> None:
    strangers = [ballot(f"stranger{n}", {"a": OTHER, "b": OTHER}, counts=False) for n in range(9)]
    agreement = Agreement.of([*strangers, ballot("x", WHOLE)])
    assert agreement.clusters[0].builders == ("x",)
    assert agreement.matching("a") == 1
    assert agreement.undecided == ()


def test_one_key_is_one_voice() -> None:
    agreement = Agreement.of([Ballot("x", WHOLE, "K"), Ballot("y", WHOLE, "K")])
    assert len(agreement.clusters[0].ballots) == 2
    assert agreement.least == 1


def test_when_as_many_say_one_thing_as_another_nobody_is_right() -> None:
    agreement = Agreement.of([ballot("x", WHOLE), ballot("y", {"a": ONE, "b": OTHER})])
    assert agreement.undecided == ("b",)
    assert [cluster.differing for cluster in agreement.clusters] == [("b",), ("b",)]
    assert agreement.matching("b") == 0
    assert agreement.below(1) == ("b",)


def test_names_stand_as_guix_attest_sorts_them() -> None:
    names = (
        "bitcoin-31.0-arm64-apple-darwin.zip",
        "bitcoin-31.0-arm64-apple-darwin-unsigned.zip",
        "bitcoin-31.0-codesignatures-31.0.tar.gz",
        "bitcoin-31.0.tar.gz",
        "bitcoin-31.0-x86_64-linux-gnu.tar.gz",
        "bitcoin-31.0-win64.zip",
    )
    agreement = Agreement.of([ballot("x", dict.fromkeys(sorted(names), ONE))])
    assert agreement.release == names


def test_hosts_that_most_leave_out_still_belong_to_the_release() -> None:
    partial = [ballot(f"partial{number}", {"a": ONE}) for number in range(7)]
    agreement = Agreement.of([*partial, ballot("x", WHOLE), ballot("y", WHOLE)])
    assert agreement.release == ("a", "b")
    assert agreement.clusters[0].missing == ("b",)
    assert agreement.clusters[1].extra == ()
    assert agreement.below(3) == ("b",)


def test_the_first_builders_have_no_extra_files() -> None:
    agreement = Agreement.of([ballot("x", WHOLE), ballot("y", {"c": ONE})])
    assert agreement.release == ("a", "b", "c")
    assert [cluster.extra for cluster in agreement.clusters] == [(), ()]


LISTS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from([ONE, TWO, OTHER]), min_size=1)


@settings(deadline=None)
@given(st.lists(LISTS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_builders_does_not_matter(lists: list[dict[str, str]], random: object) -> None:
    ballots = [ballot(f"b{number}", each) for number, each in enumerate(lists)]
    agreement = Agreement.of(ballots)
    random.shuffle(ballots)  # type: ignore[attr-defined]
    assert Agreement.of(ballots) == agreement
    assert sum(len(cluster.ballots) for cluster in agreement.clusters) == len(ballots)
    for name in agreement.voices:
        told = [each[name] for each in lists if name in each]
        most = max(map(told.count, told))
        assert agreement.matching(name) in (0, most)
        assert sum(agreement.voices[name].values()) == len(told)


@pytest.mark.parametrize("threshold", [0, 1])
def test_a_threshold_of_nothing_is_always_reached(threshold: int) -> None:
    assert Agreement.of([ballot("x", WHOLE)]).below(threshold) == ()

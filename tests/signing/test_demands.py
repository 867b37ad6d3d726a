"""What a user may demand of signatures: rules Q1 to Q4."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest

from countersign.demands import Demands, apply_demands
from countersign.findings import Enforcer, Severity
from countersign.signature import Kind
from countersign.verifier import verify_image
from kit.certificates import Message, certified, self_signed
from macho import Macho, fat, put

CMS = struct.pack(">2I", 0xFADE0B01, 12) + b"cms!"
UNSIGNED = Macho()
LINKED = Macho().sealed()
ADHOC = Macho().sealed(flags=2)
CLAIMED = Macho().sealed(flags=2, team="ABCDE12345")
SIGNED = Macho().sealed(flags=0, team="ABCDE12345", blobs=((0x10000, CMS),))
NAMELESS = Macho().sealed(flags=0, blobs=((0x10000, CMS),))

ANY = Demands()
SIGNATURE = Demands(signed=True)
OURS = Demands(kinds=(Kind.ADHOC, Kind.CMS))
NAMED = Demands(identifiers=("other", "prog*"))
TEAM = Demands(teams=("ZZZZZ99999", "ABCDE12345"))


def lacking(image: bytes, demands: Demands) -> list[str]:
    verdict = apply_demands(verify_image(image, path="file"), demands)
    found = [each for thin in verdict.slices for each in thin.findings if each.rule[0] == "Q"]
    assert all(each.severity is Severity.ERROR for each in found)
    assert all(each.enforced_by == (Enforcer.POLICY,) for each in found)
    assert verdict.accepted is False or not found
    return [f"{each.rule}: {each.message}" for each in found]


@pytest.mark.parametrize(
    ("image", "demands", "wanted"),
    [
        (UNSIGNED, ANY, []),
        (UNSIGNED, SIGNATURE, ["Q1: it is not signed"]),
        (LINKED, SIGNATURE, []),
        (ADHOC, OURS, []),
        (SIGNED, OURS, []),
        (LINKED, OURS, ["Q2: its signature is of kind linker, expected ad-hoc or cms"]),
        (UNSIGNED, OURS, ["Q2: it is not signed, expected ad-hoc or cms"]),
        (ADHOC, NAMED, []),
        (ADHOC, Demands(identifiers=("PROG*",)), ["Q3: its identifier is program, expected PROG*"]),
        (ADHOC, Demands(identifiers=("prog",)), ["Q3: its identifier is program, expected prog"]),
        (UNSIGNED, NAMED, ["Q3: it is not signed, expected other or prog*"]),
        (SIGNED, TEAM, []),
        (SIGNED, Demands(teams=("ABC",)), ["Q4: its team is ABCDE12345, expected ABC"]),
        (NAMELESS, Demands(teams=("ABC",)), ["Q4: its signature names no team, expected ABC"]),
        (CLAIMED, Demands(teams=("ABC",)), ["Q4: no certificate signed it, expected ABC"]),
        (UNSIGNED, Demands(teams=("ABC",)), ["Q4: it is not signed, expected ABC"]),
    ],
)
def test_what_is_lacking_is_said(image: Macho, demands: Demands, wanted: list[str]) -> None:
    assert lacking(image.build(), demands) == wanted


def test_a_team_that_nobody_vouches_for_does_not_count() -> None:
    assert lacking(CLAIMED.build(), TEAM) != []


def test_a_team_that_only_a_certificate_of_ones_own_names_does_not_count() -> None:
    def build(blob: bytes) -> bytes:
        return Macho().sealed(flags=0, team="TEAM123456", blobs=((0x10000, blob),)).build()

    own = Message(identity=self_signed())
    image = certified(build, lambda codes: replace(own, directories=codes))
    assert verify_image(image, path="file").accepted
    assert lacking(image, Demands(teams=("TEAM123456",))) == [
        "Q4: no certificate of Apple's proves its team, expected TEAM123456"
    ]


def test_a_certificate_that_macos_does_not_look_at_is_none() -> None:
    image = Macho().sealed(flags=2, blobs=((0x10000, CMS),)).build()
    assert lacking(image, Demands(kinds=(Kind.CMS,))) != []


def test_a_signature_that_cannot_be_read_meets_no_demand() -> None:
    start = len(Macho().build())
    everything = Demands(signed=True, kinds=tuple(Kind), identifiers=("*",), teams=("ABC",))
    found = lacking(put(LINKED.build(), start, ">I", 1), everything)  # the superblob's magic
    assert [each[:2] for each in found] == ["Q2", "Q3", "Q4"]
    assert all("cannot be read" in each for each in found)


def test_every_slice_must_meet_the_demands() -> None:
    both = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", ADHOC.build())])
    verdict = apply_demands(verify_image(both, path="file"), SIGNATURE)
    rules = [{finding.rule for finding in thin.findings} for thin in verdict.slices]
    assert rules == [{"A1", "Q1"}, set()]

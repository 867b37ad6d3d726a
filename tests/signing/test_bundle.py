"""Bundles as codesign judges them: every rule has a smallest bundle that breaks it."""

from __future__ import annotations

import plistlib
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bundles import RULES, Link, Tree, app, framework, moved, seal
from countersign.bundle import resources
from countersign.bundle.reader import BundleReader
from countersign.findings import Enforcer, Finding, Severity
from countersign.rulebook import bundle
from countersign.source import BytesSource
from macho import DYLIB, Macho

CONTENTS = "Program.app/Contents"
PROGRAM = f"{CONTENTS}/MacOS/Program"
RESOURCES = f"{CONTENTS}/_CodeSignature/CodeResources"
FRAMEWORK = "Thing.framework"
INSIDE = f"{CONTENTS}/Frameworks/{FRAMEWORK}"
LIBRARY = Macho(filetype=DYLIB)
HELPER = LIBRARY.sealed(flags=2, identifier="helper").build()
OTHER = LIBRARY.sealed(flags=2, identifier="other").build()
SHA1 = Macho().sealed(hash_types=(1,))

Values = dict[str, Any]


def judged(tree: Tree) -> dict[str, list[Finding]]:
    """Judge a tree that passes by, as that of an archive does; a link to nowhere is a pipe."""
    reader = BundleReader()
    for name, content in tree.items():
        path = PurePosixPath(name)
        if isinstance(content, bytes):
            reader.add_program(path, BytesSource(content))
        elif content.target:
            reader.add_link(path, content.target)
        else:
            reader.add_other(path)
    return {str(path): list(found) for path, found in reader.findings().items()}


def findings(tree: Tree) -> list[Finding]:
    return [each for found in judged(tree).values() for each in found]


def rules(tree: Tree) -> list[str]:
    return [each.rule for each in findings(tree)]


def inside(changes: Tree) -> Tree:
    """Put files into the application's Contents."""
    return moved(changes, CONTENTS)


def without(tree: Tree, *paths: str) -> Tree:
    left = {path: content for path, content in tree.items() if path not in paths}
    assert len(left) == len(tree) - len(paths)
    return left


def resealed(
    change: Callable[[Values], object],
    tree: Tree | None = None,
    image: Macho = Macho(),  # noqa: B008
) -> Tree:
    """An application whose CodeResources file was changed before it was sealed."""
    made = app(tree)[RESOURCES]
    assert isinstance(made, bytes)
    values = plistlib.loads(made)
    change(values)
    return app(tree, image=image, resources=plistlib.dumps(values))


def with_seal(path: str, sealed: object, tree: Tree | None = None) -> Tree:
    """An application that seals something of its own for a path."""
    return resealed(lambda values: values["files2"].update({path: sealed}), tree)


def first_version_alone(values: Values) -> None:
    del values["files2"], values["rules2"]


def second_version() -> Tree:
    """A version of the framework that is signed, and another one."""
    library = seal({}, program="Thing", info_plist="Resources/Info.plist", image=LIBRARY)
    return moved(library, f"{INSIDE}/Versions/B")


BREAKERS: Mapping[str, Callable[[], Tree]] = {
    "R61": lambda: app() | inside({"Resources/icon.icns": b"other"}),
    "R62": lambda: (
        app() | inside({"Info.plist": plistlib.dumps({"CFBundleExecutable": "Program"})})
    ),
    "B1": lambda: app() | {PROGRAM: Macho().sealed().build()},
    "B2": lambda: without(app(), RESOURCES),
    "B3": lambda: with_seal("Resources/icon.icns", 1),
    "B4": lambda: app(resources=b"no list"),
    "B5": lambda: app(rules={**RULES, "(": True}),
    "B6": lambda: app(rules={**RULES, "^Resources/a$": {"omit": True, "weight": 1.0}}),
    "B7": lambda: resealed(first_version_alone, image=SHA1),
    "B8": lambda: app(helpers={"helper": HELPER}) | inside({"MacOS/helper": OTHER}),
    "B9": lambda: app(helpers={"helper": HELPER}) | inside({"MacOS/helper": Macho().build()}),
    "B10": lambda: app() | {"Program.app/readme": b"stray"},
    "B11": lambda: framework() | {f"{FRAMEWORK}/readme": b"stray"},
    "B12": lambda: framework() | {f"{FRAMEWORK}/Thing": Link("Versions/A/Resources/data")},
    "B13": lambda: app({"Resources/out": Link("/usr/bin/true")}),
    "B14": lambda: app({"Resources/.ds_store": Link("icon.icns")}),
    "B15": lambda: (
        app() | {PROGRAM: Link("../../../store.d/Program"), "store.d/Program": app()[PROGRAM]}
    ),
    "B16": lambda: app(frameworks={"Thing": framework()}) | second_version(),
    "B17": lambda: app() | {f"{CONTENTS}/Resources/pipe": Link("")},
    "N6": lambda: with_seal(
        "MacOS/script", {"requirement": "anchor apple"}, {"MacOS/script": b"#!/bin/sh\n"}
    ),
}
ALONG = {"B12": {"B11"}}
"""What the same change cannot but break, too."""


def test_every_rule_of_bundles_has_its_breaker() -> None:
    assert set(BREAKERS) == {rule.id for rule in bundle.RULES} | {"R62"}


@pytest.mark.parametrize("rule_id", BREAKERS)
def test_breaking_a_rule_is_found_and_named(rule_id: str) -> None:
    found = set(rules(BREAKERS[rule_id]()))
    assert rule_id in found
    assert found - {rule_id} == ALONG.get(rule_id, set())


@pytest.mark.parametrize(
    "tree",
    [
        app(),
        framework(),
        app(image=Macho().sealed(hash_types=(1, 2))),
        app(image=SHA1),
        app(frameworks={"Thing": framework()}),
        app(helpers={"helper": HELPER}),
        app(rules={**RULES, "^Resources/[a-z]+[.]icns$": {"weight": 30.0}}),
        app() | {"Program.app/.DS_Store": b"", f"{CONTENTS}/Resources/.DS_Store": b"x"},
        without(app(), f"{CONTENTS}/Resources/de.lproj/main.strings"),
        without(app(), f"{CONTENTS}/PkgInfo"),
        without(framework(), f"{FRAMEWORK}/Thing", f"{FRAMEWORK}/Resources"),
        app({"Resources/de.lproj/locversion.plist": b"not sealed"}),
        app() | inside({"_CodeSignature/CodeSignature": b""}),
        app() | inside({"_MASReceipt/receipt": b"receipt", "CodeResources": Link("x")}),
        app({"MacOS/data": b"sealed as a file"}),
        app({"Resources/system": Link("/System/Library/Fonts")}),
        app() | inside({"Resources/._icon.icns": b"attributes of another file"}),
    ],
    ids=range(17),
)
def test_what_codesign_accepts_is_accepted(tree: Tree) -> None:
    assert findings(tree) == []


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (
            without(app(), f"{CONTENTS}/Resources/icon.icns"),
            "sealed and not there: Resources/icon.icns",
        ),
        (app() | inside({"Resources/new": b""}), "there and not sealed: Resources/new"),
        (app() | inside({"MacOS/new": HELPER}), "there and not sealed: MacOS/new"),
        (
            app() | inside({"Frameworks/New.framework/Versions/A/New": HELPER}),
            "there and not sealed: Frameworks/New.framework",
        ),
        (
            app() | inside({"Resources/link": Link("de.lproj/main.strings")}),
            "not what was sealed: Resources/link",
        ),
        (app() | inside({"Resources/link": b"icon"}), "not what was sealed: Resources/link"),
        (
            app() | inside({"Resources/icon.icns": Link("link")}),
            "not what was sealed: Resources/icon.icns",
        ),
        (
            app(helpers={"helper": HELPER}) | inside({"MacOS/helper": Link("Program")}),
            "not what was sealed: MacOS/helper",
        ),
        (
            app() | inside({f"Resources/{each}": b"" for each in "edcba"}),
            "there and not sealed: Resources/a, Resources/b, Resources/c and 2 more",
        ),
    ],
    ids=range(9),
)
def test_a_resource_that_is_wrong_is_named(tree: Tree, message: str) -> None:
    assert [(each.rule, each.message) for each in findings(tree)] == [("R61", message)]


def test_every_digest_that_was_sealed_counts() -> None:
    def forget(values: Values) -> None:
        values["files2"]["Resources/icon.icns"]["hash"] = bytes(20)

    assert rules(resealed(forget)) == []
    assert rules(resealed(forget, image=Macho().sealed(hash_types=(1, 2)))) == ["R61"]


def test_a_missing_digest_is_replaced_by_the_first_one() -> None:
    def forget(values: Values) -> None:
        del values["files2"]["Resources/icon.icns"]["hash2"]

    assert rules(resealed(forget)) == ["R61"]
    assert rules(resealed(forget, image=SHA1)) == []


@pytest.mark.parametrize(
    "sealed",
    [
        {},
        {"hash2": "text"},
        {"symlink": 1},
        {"requirement": b""},
        {"hash2": bytes(32), "optional": "yes"},
        [],
    ],
)
def test_a_seal_that_means_nothing_is_refused(sealed: object) -> None:
    assert rules(with_seal("Resources/icon.icns", sealed)) == ["B3"]
    if sealed != {} and sealed != {"hash2": "text"}:
        assert rules(with_seal("Resources/absent", sealed)) == ["B3"]


@pytest.mark.parametrize("part", ["rules", "files"])
def test_without_rules_or_files_there_are_no_resources(part: str) -> None:
    assert rules(resealed(lambda values: values.pop(part))) == ["B1"]
    assert rules(resealed(lambda values: values.update({part: []}))) == ["B1"]


@pytest.mark.parametrize("part", ["rules2", "files2"])
def test_half_a_second_version_is_refused(part: str) -> None:
    assert rules(resealed(lambda values: values.update({part: []}))) == ["B3"]


@pytest.mark.parametrize("rule", [1, "text", [], b""])
def test_a_rule_that_means_nothing_is_refused(rule: object) -> None:
    assert rules(app(rules={**RULES, "^a$": rule})) == ["B5"]


@pytest.mark.parametrize("pattern", ["*", r"\d", "(a{250}){250}", "x" * 1000])
def test_a_pattern_that_cannot_be_followed_is_not_decided(pattern: str) -> None:
    (found,) = findings(app(rules={**RULES, pattern: True}))
    assert (found.rule, found.severity) == ("N6", Severity.NOTE)


def test_rules_that_take_too_long_are_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    own = app(rules={**RULES, "^(a|b)*c": True})
    assert rules(own) == []
    monkeypatch.setattr(resources, "MAX_WORK", 100)
    assert rules(own) == ["N6"]
    assert rules(app()) == []


def test_the_heaviest_rule_counts() -> None:
    heavy = {**RULES, "^Resources/icon": {"omit": True, "weight": 2000}}
    assert rules(app(rules=heavy)) == ["B6", "R61"]
    light = {**RULES, "^Resources/icon": {"omit": True, "weight": 5}}
    assert rules(app(rules=light)) == ["B6"]


def test_a_rule_for_everything_is_demanded() -> None:
    weak = {pattern: value for pattern, value in RULES.items() if pattern != "^.*"}
    assert rules(app(rules=weak)) == ["B6"]
    assert rules(app(rules={**RULES, "^.*": {"weight": 1}})) == ["B6"]


def test_nothing_but_the_first_version_wants_links_sealed() -> None:
    tree = resealed(first_version_alone, image=SHA1)
    assert rules(tree | inside({"Resources/new": Link("icon.icns")})) == ["B7"]
    assert rules(app() | inside({"Resources/new": Link("icon.icns")})) == ["R61"]


@pytest.mark.parametrize(
    ("target", "good"),
    [
        ("icon.icns", True),
        ("./de.lproj/../icon.icns", True),
        ("../MacOS/Program", True),
        ("de.lproj", True),
        ("/System/Library/Fonts/a.ttf", True),
        ("/Library/Fonts/a.ttf", True),
        ("/etc/passwd", False),
        ("absent", False),
        ("../../../outside", False),
        ("../_CodeSignature/CodeResources", False),
        ("../_CodeSignature", False),
        ("../PkgInfo", False),
        ("loop", False),
    ],
)
def test_links_lead_to_what_is_sealed(target: str, good: bool) -> None:
    tree = app({"Resources/loop": Link(target)}) | {"outside": b""}
    assert rules(tree) == [] if good else ["B13"]


def test_links_of_nested_code_may_lead_into_the_bundle_around_it() -> None:
    thing = framework(tree={"Resources/up": Link("../../../../../Resources/icon.icns")})
    assert rules(app(frameworks={"Thing": thing})) == []
    assert rules(thing) == ["B13"]


def test_changed_nested_code_is_found_in_both_bundles() -> None:
    changed = app(frameworks={"Thing": framework()}) | {f"{INSIDE}/Versions/A/Resources/data": b""}
    found = judged(changed)
    assert found[PROGRAM] == []
    assert [each.rule for each in found[f"{INSIDE}/Versions/A/Thing"]] == ["R61"]


def test_a_framework_that_was_signed_again_is_another_one() -> None:
    again = moved(framework(tree={"Resources/more": b""}), f"{CONTENTS}/Frameworks")
    tree = app(frameworks={"Thing": framework()}) | again
    assert {path: [each.rule for each in found] for path, found in judged(tree).items()} == {
        PROGRAM: ["B8"],
        f"{INSIDE}/Versions/A/Thing": [],
    }


def test_a_framework_whose_links_were_lost_is_no_code() -> None:
    links = [f"{INSIDE}/{each}" for each in ("Thing", "Resources", "Versions/Current")]
    tree = without(app(frameworks={"Thing": framework()}), *links)
    assert [each.rule for each in judged(tree)[PROGRAM]] == ["B9"]


def test_a_framework_whose_current_version_is_a_directory_is_refused() -> None:
    current = moved(
        seal({}, program="Thing", info_plist="Resources/Info.plist", image=LIBRARY),
        f"{FRAMEWORK}/Versions/Current",
    )
    assert rules(current) == ["B11"]


def test_a_framework_whose_links_became_files_is_ambiguous() -> None:
    copy = moved(framework(), "x")
    top = f"x/{FRAMEWORK}"
    tree = copy | {f"{top}/Thing": copy[f"{top}/Versions/A/Thing"]}
    assert set(rules(tree)) == {"B11", "B12"}


@pytest.mark.parametrize(
    ("requirement", "kind"),
    [
        ('cdhash H"{0}"', []),
        ('cdhash H"{1}" or cdhash H"{0}"', []),
        ('cdhash H"{1}"', ["B8"]),
        ("anchor apple generic", ["B8"]),
        ('identifier "helper" and certificate leaf[subject.OU] = A', ["B8"]),
        ('identifier "helper"', ["N6"]),
        ("anchor apple or certificate leaf trusted", ["N6"]),
        ("! anchor apple", ["N6"]),
        ("", ["N6"]),
    ],
)
def test_nested_code_satisfies_what_was_sealed_of_it(requirement: str, kind: list[str]) -> None:
    from bundles import cdhash

    text = requirement.format(cdhash(HELPER), "0" * 40)
    assert rules(with_seal("MacOS/helper", {"requirement": text}, {"MacOS/helper": HELPER})) == kind


def test_every_slice_must_seal_the_info_plist_alike() -> None:
    from macho import fat

    arm, intel = app(), app(image=Macho(arch="x86_64"))
    joined = fat([("x86_64", bytes(intel[PROGRAM])), ("arm64", bytes(arm[PROGRAM]))])  # type: ignore[arg-type]
    assert rules(arm | {PROGRAM: joined}) == []
    other = app({"Info.plist": plistlib.dumps({"CFBundleExecutable": "Program", "a": 1})})
    joined = fat([("x86_64", bytes(other[PROGRAM])), ("arm64", bytes(arm[PROGRAM]))])  # type: ignore[arg-type]
    assert set(rules(arm | {PROGRAM: joined})) == {"R62"}


def test_an_info_plist_that_is_not_sealed_may_be_anything() -> None:
    image = Macho().sealed(flags=2, special={3: app()[RESOURCES]})
    assert rules(app() | {PROGRAM: image.build(), f"{CONTENTS}/Info.plist": b"no list"}) == []


def test_a_sealed_info_plist_that_cannot_be_read_is_a_warning() -> None:
    assert rules(app({"Info.plist": b"no list"})) == ["E6"]


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"a.app/Contents/Info.plist": b""},
        {"a.dSYM/Contents/Info.plist": b"<plist/>"},
        app() | {PROGRAM: Macho().build()},
        app() | {PROGRAM: b"#!/bin/sh"},
        without(app(), PROGRAM),
    ],
    ids=range(6),
)
def test_what_has_no_signed_program_is_not_judged(tree: Tree) -> None:
    assert judged(tree) == {}


def test_without_an_info_plist_the_program_has_the_name_of_the_bundle() -> None:
    assert rules(without(app(), f"{CONTENTS}/Info.plist")) == ["R62"]


def test_names_cannot_command_the_terminal() -> None:
    (found,) = findings(app() | inside({"Resources/\x1b[31m": b""}))
    assert "\\x1b" in found.message


def test_strict_rules_name_who_is_strict() -> None:
    for rule_id in ("B6", "B10", "B13"):
        (found,) = findings(BREAKERS[rule_id]())
        assert found.enforced_by == (Enforcer.CODESIGN_STRICT,)
    (found,) = findings(BREAKERS["R61"]())
    assert (found.enforced_by, found.code) == ((Enforcer.CODESIGN,), -67054)


MADE = app()[RESOURCES]
assert isinstance(MADE, bytes)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_any_resource_directory_gives_findings(data: st.DataObject) -> None:
    assert isinstance(MADE, bytes)
    changed = bytearray(MADE)
    for at in data.draw(st.lists(st.integers(0, len(MADE) - 1), max_size=4)):
        changed[at] = data.draw(st.integers(0, 255))
    findings(app(resources=bytes(changed)))


anything = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.binary(max_size=40) | st.text("ab/^.*(", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["hash2", "symlink", "requirement", "optional", "omit", "weight"]),
            inner,
        )
    ),
    max_leaves=5,
)
PATHS = st.sampled_from(["Resources/icon.icns", "Resources/link", "MacOS/Program", "^.*", "(", "a"])


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(["files", "files2", "rules", "rules2"]),
        anything | st.dictionaries(PATHS, anything, max_size=4),
    )
)
def test_any_values_give_findings(values: dict[str, object]) -> None:
    made = plistlib.loads(MADE) | values  # type: ignore[arg-type]
    binary = plistlib.dumps(made, fmt=plistlib.FMT_BINARY)
    findings(app(resources=binary))

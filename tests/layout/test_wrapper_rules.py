"""Each rule of commands with the smallest tree that breaks it, and what users are told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from counterproof.checks.wrapper import check_wrapper
from counterproof.profiles.library import load_profile
from counterproof.rulebook import wrapper as rules
from counterproof.subject import Located, Subject
from counterproof.survey import Sample
from counterproof.target import Form, Standard, Target
from countersign.findings import Severity
from macho import Macho
from surveys import MARK, directory, file, link, pipe, program, surveyed
from trees import AARCH64, DARWIN, LINUX, OBJECT, WINDOWS, elf, pe

RELEASE = (
    "bin/bitcoin",
    "bin/bitcoin-cli",
    "bin/bitcoin-qt",
    "bin/bitcoin-tx",
    "bin/bitcoin-util",
    "bin/bitcoin-wallet",
    "bin/bitcoind",
    "libexec/bitcoin-gui",
    "libexec/bitcoin-node",
    "libexec/test_bitcoin",
)
NODE = "libexec/bitcoin-node"
MACHO = Macho().build()
DENIED = f"Error: execvp failed to execute '.../{NODE}': Permission denied"


def check(
    *samples: Sample,
    target: Target = LINUX,
    profile: str | Path = "31",
    form: Form = "archive",
    standard: Standard = "guix-release",
) -> list[Located]:
    subject = Subject(
        survey=surveyed(*samples),
        profile=load_profile(profile),
        target=target,
        form=form,
        standard=standard,
    )
    return list(check_wrapper(subject))


def release(
    *instead: Sample, without: Sequence[str] = (), content: bytes | None = None, suffix: str = ""
) -> list[Sample]:
    """A whole release, with some programs replaced by others or left out."""
    taken = {str(sample.entry.path) for sample in instead} | set(without)
    names = (name + suffix for name in RELEASE)
    return [program(name, content) for name in names if name not in taken] + list(instead)


def only(found: list[Located]) -> Located:
    (one,) = found
    return one


def test_a_whole_release_breaks_no_rule() -> None:
    assert check(*release()) == []
    assert check(*release(content=MACHO), target=DARWIN) == []


BROKEN = {
    "a copy in bin": (
        [program("bin/bitcoin-node")],
        rules.SHADOWED,
        "bin/bitcoin-node",
        f"bitcoin -m node: runs {NODE}, which comes first, and never this copy",
    ),
    "not executable": (
        [program(NODE, mode=0o644)],
        rules.NOT_EXECUTABLE,
        NODE,
        f'not executable (mode 0644); bitcoin -m node: "{DENIED}", exit code 1',
    ),
    "a directory": (
        [directory(NODE)],
        rules.BLOCKED,
        NODE,
        f'a directory; bitcoin -m node: "{DENIED}", exit code 1',
    ),
    "a pipe": (
        [pipe(NODE)],
        rules.BLOCKED,
        NODE,
        f'not a regular file; bitcoin -m node: "{DENIED}", exit code 1',
    ),
    "a link to itself": (
        [link(NODE, "bitcoin-node")],
        rules.BLOCKED,
        NODE,
        "Too many levels of symbolic links",
    ),
    "a link to nothing": (
        [link(NODE, "nowhere")],
        rules.DANGLING,
        NODE,
        'a symbolic link to nothing; bitcoin -m node: "Error: execvp failed to execute '
        "'.../bin/bitcoin-node': No such file or directory\", exit code 1",
    ),
    "another machine": (
        [program(NODE, elf(AARCH64))],
        rules.OTHER_MACHINE,
        NODE,
        "a program for another machine (aarch64); bitcoin -m node: /bin/sh takes it for a script: "
        "a syntax error as a rule, exit code 2, 126 or 127",
    ),
    "another system": (
        [program(NODE, pe())],
        rules.OTHER_MACHINE,
        NODE,
        "a program for another system (pe for x86_64)",
    ),
    "an object file": ([program(NODE, elf(kind=OBJECT))], rules.NO_PROGRAM, NODE, "/bin/sh"),
    "a text": ([file(NODE)], rules.NO_PROGRAM, NODE, "no image; bitcoin -m node: /bin/sh"),
    "an empty file": (
        [file(NODE, b"")],
        rules.NO_PROGRAM,
        NODE,
        "an empty file; bitcoin -m node: /bin/sh runs it, which does nothing, exit code 0",
    ),
    "a wrapper that is not executable": (
        [program("bin/bitcoin", mode=0o644)],
        rules.WRAPPER,
        "bin/bitcoin",
        "the wrapper is not executable (mode 0644), expected a program: no command works",
    ),
    "a wrapper that is a script": (
        [file("bin/bitcoin", b"#!/bin/sh\n")],
        rules.UNDECIDED,
        "bin/bitcoin",
        "not checkable: the wrapper is a script, which may run anything",
    ),
    "a wrapper that leads to nothing": (
        [link("bin/bitcoin", "nowhere")],
        rules.WRAPPER,
        "bin/bitcoin",
        "the wrapper is a symbolic link to nothing, expected a program: no command works",
    ),
    "a link out of the tree": (
        [link(NODE, "/usr/bin/bitcoin-node")],
        rules.UNDECIDED,
        NODE,
        "outside of the tree (links to /usr/bin/bitcoin-node)",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_fault_breaks_one_rule(name: str) -> None:
    samples, rule, place, message = BROKEN[name]
    path, finding = only(check(*release(*samples)))
    assert (str(path), finding.rule) == (place, rule.id)
    assert message in finding.message
    assert finding.severity is rule.severity


def test_every_rule_has_a_test() -> None:
    tested = {rule.id for _, rule, _, _ in BROKEN.values()}
    elsewhere = {rules.OUT_OF_REACH, rules.WITHOUT_PROGRAM, rules.NO_SIBLING, rules.CASE_ONLY}
    assert tested | {rule.id for rule in elsewhere} == {rule.id for rule in rules.RULES}


def test_what_is_not_tried_is_named() -> None:
    found = check(*release(program(NODE, mode=0o644), program("bin/bitcoin-node")))
    assert only(found).finding.message.endswith("; bin/bitcoin-node is not tried")


def test_a_copy_that_runs_in_a_broken_ones_stead_is_a_warning() -> None:
    found = check(*release(link(NODE, "nowhere"), program("bin/bitcoin-node")))
    assert only(found).finding.severity is Severity.WARNING
    assert "bitcoin -m node: runs bin/bitcoin-node" in only(found).finding.message


def test_a_script_runs_all_the_same_and_is_a_warning() -> None:
    found = only(check(*release(file(NODE, b"#!/bin/sh\n"))))
    assert (found.finding.rule, found.finding.severity) == ("W06", Severity.WARNING)
    assert found.finding.message == "a script; bitcoin -m node: runs it"


def test_a_directory_that_is_never_looked_at_is_no_copy() -> None:
    assert check(*release(directory("bin/bitcoin-node"))) == []


def test_a_bin_without_what_is_above_it_is_one_note() -> None:
    names = [name.removeprefix("bin/") for name in RELEASE if name.startswith("bin/")]
    subject = Subject(
        survey=surveyed(*map(program, names), path="stage/bin"),
        profile=load_profile("31"),
        target=LINUX,
    )
    path, finding = only(list(check_wrapper(subject)))
    assert (str(path), finding.rule) == ("bitcoin", "W11")
    assert finding.message.startswith("outside of the tree; bitcoin gui, bitcoin node, ")


def test_two_names_of_one_file_are_no_copies() -> None:
    assert check(*release(link("bin/bitcoin-node", "../libexec/bitcoin-node"))) == []


def test_what_many_commands_stumble_over_is_one_finding() -> None:
    samples = [one for one in release() if one.entry.path.parts[0] != "libexec"]
    path, finding = only(check(*samples, file("libexec")))
    assert (str(path), finding.rule) == ("libexec", "W03")
    assert finding.message.startswith("a file where a directory should be; bitcoin gui, bitcoin")
    assert finding.message.endswith(
        "\"Error: execvp failed to execute '.../libexec/bitcoin-qt': Not a directory\", "
        "exit code 1; bin/bitcoin-qt is not tried"
    )


def test_libexec_under_another_name_is_out_of_reach() -> None:
    moved = [program("lib/bitcoin-node"), program("lib/bitcoin-gui"), program("lib/test_bitcoin")]
    without = ("libexec/bitcoin-node", "libexec/bitcoin-gui", "libexec/test_bitcoin")
    found = check(*release(*moved, without=without))
    assert [(str(path), finding.rule) for path, finding in found] == [
        ("lib/bitcoin-gui", "W07"),
        ("lib/bitcoin-node", "W07"),
        ("lib/test_bitcoin", "W07"),
    ]
    assert found[1].finding.message == (
        "the wrapper looks for libexec/bitcoin-node and bin/bitcoin-node only; bitcoin -m node: "
        "\"Error: execvp failed to execute '.../bin/bitcoin-node': No such file or directory\", "
        "exit code 1"
    )


def test_the_reference_wrapper_knows_the_libexec_of_its_build() -> None:
    mark = b"countermark-wrapper/1\0multiprocess\0bin\0../lib\0"
    samples = [program("bin/bitcoin", elf() + mark), program("lib/bitcoin-node")]
    rest = [program(f"lib/{name}") for name in ("bitcoin-gui", "bitcoin-wallet")]
    assert check(*samples, *rest, profile="multiprocess") == []


def test_in_a_build_tree_programs_out_of_reach_are_a_warning() -> None:
    samples = [program("src/bitcoin"), program("src/bitcoind"), program("src/qt/bitcoin-qt")]
    found = only(check(*samples, form="build", standard="local-build"))
    assert (found.finding.rule, found.finding.severity) == ("W07", Severity.WARNING)


def test_a_forks_libexec_is_believed_and_that_is_said(tmp_path: Path) -> None:
    fork = tmp_path / "fork.toml"
    said = {"schema": "countermark.profile/1", "name": "fork", "title": "A fork"}
    said |= {"description": "Its own libexec.", "extends": "31", "libexec": "lib/fork"}
    fork.write_text("".join(f'{key} = "{value}"\n' for key, value in said.items()))
    moved = [program(f"lib/fork/{name}") for name in ("bitcoin-node", "bitcoin-gui")]
    samples = [*release(without=RELEASE[7:]), *moved, program("lib/fork/test_bitcoin")]
    found = only(check(*samples, profile=fork))
    assert (found.finding.rule, found.finding.severity) == ("W11", Severity.NOTE)
    assert "It was taken to look in lib/fork" in found.finding.message


def test_a_bin_of_another_name_is_told_at_the_wrapper() -> None:
    samples = [
        program(str(one.entry.path).replace("bin/", "programs/"))
        if one.entry.path.parts[0] == "bin"
        else one
        for one in release()
    ]
    path, finding = only(check(*samples))
    assert (str(path), finding.rule) == ("programs/bitcoin", "W10")
    assert finding.message.startswith(
        "it is not in a directory called bin, so that it does not look in libexec; "
        "bitcoin -m gui, bitcoin -m node, bitcoin test: "
    )


def test_a_tree_that_is_flat_breaks_no_rule() -> None:
    flat = [program(name.rpartition("/")[2]) for name in RELEASE]
    assert check(*flat) == []


def test_programs_without_a_wrapper_are_named() -> None:
    path, finding = only(check(*release(without=["bin/bitcoin"])))
    assert (str(path), finding.rule, finding.severity) == ("bin/bitcoin", "W10", Severity.WARNING)
    assert finding.message == (
        "without the wrapper nothing starts "
        "libexec/bitcoin-gui, libexec/bitcoin-node, libexec/test_bitcoin"
    )


@pytest.mark.parametrize("profile", ["29", "generic"])
def test_a_profile_without_a_wrapper_has_no_commands(profile: str) -> None:
    assert check(program("bin/bitcoin"), profile=profile) == []


def test_an_application_bundle_has_no_wrapper() -> None:
    assert check(program("Contents/MacOS/Bitcoin-Qt", MACHO), target=DARWIN, form="app") == []


def test_commands_without_a_program_are_one_note() -> None:
    without = ("bin/bitcoin-tx", "bin/bitcoin-util")
    path, finding = only(check(*release(without=without)))
    assert (str(path), finding.rule, finding.severity) == ("bin/bitcoin", "W08", Severity.NOTE)
    assert finding.message == (
        'no program for bitcoin tx, bitcoin util: "Error: execvp failed to execute '
        "'.../bin/bitcoin-tx': No such file or directory\", exit code 1"
    )


def test_of_a_local_build_only_what_must_be_there_is_missed() -> None:
    without = ("bin/bitcoin-tx", "bin/bitcoin-util")
    assert check(*release(without=without), standard="local-build") == []
    found = check(program("bin/bitcoin"), profile="multiprocess", standard="local-build")
    message = only(found).finding.message
    assert message.startswith("no program for bitcoin -m node, bitcoin wallet: ")


def test_what_is_built_on_request_only_is_not_missed() -> None:
    assert all("bench" not in one.finding.message for one in check(program("bin/bitcoin")))


def test_what_an_installer_does_not_hold_is_a_note() -> None:
    daemons = ("bitcoind", "bitcoin-cli", "bitcoin-tx", "bitcoin-wallet", "test_bitcoin")
    samples = [program(f"{name}.exe", pe()) for name in ("bitcoin", "bitcoin-qt")]
    samples += [program(f"daemon/{name}.exe", pe()) for name in daemons]
    path, finding = only(check(*samples, target=WINDOWS, form="nsis"))
    assert (str(path), finding.severity) == ("bitcoin.exe", Severity.NOTE)
    assert "no program for bitcoin -m gui, bitcoin -m node, bitcoin util: " in finding.message


def test_a_spawned_program_must_stand_beside_its_spawner() -> None:
    samples = [program("bin/bitcoin", elf() + MARK), program(NODE), program("bin/bitcoin-wallet")]
    found = [one for one in check(*samples, profile="multiprocess") if one.finding.rule == "W09"]
    path, finding = only(found)
    assert str(path) == NODE
    assert finding.message == (
        "starts libexec/bitcoin-wallet, which is absent; nothing else is tried"
    )
    assert "W09" not in {
        finding.rule
        for _, finding in check(*samples, program("libexec/bitcoin-wallet"), profile="multiprocess")
    }


def test_what_is_found_only_where_case_does_not_count_is_a_warning() -> None:
    spelled = program("libexec/Bitcoin-Node", MACHO)
    path, finding = only(check(*release(spelled, without=[NODE], content=MACHO), target=DARWIN))
    assert (str(path), finding.rule) == ("libexec/Bitcoin-Node", "W12")
    assert finding.fix == "Rename it to libexec/bitcoin-node."

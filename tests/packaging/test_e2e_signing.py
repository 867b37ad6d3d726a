"""Signing, removing and comparing through the real command line, on good and on bad input."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import pytest

from commands import Ended, run_countermark
from countersign.settings import Settings
from countersign.signer import sign_bytes
from countersign.style import Style
from macho import DSYM, DYLIB, OBJECT, Macho, fat, put

UNSIGNED = Macho().build()
CMS = b"\xfa\xde\x0b\x01\0\0\0\x0ccms!"
CERTIFIED = Macho().sealed(flags=0x10000, blobs=((0x10000, CMS),)).build()


def countermark(*arguments: object, cwd: Path) -> Ended:
    return run_countermark(*arguments, cwd=cwd, environment=dict(os.environ))


def write(path: Path, content: bytes = UNSIGNED, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def test_a_tree_is_signed_removed_and_proved_the_same(tmp_path: Path) -> None:
    tree, before = tmp_path / "tree", tmp_path / "before"
    for root in (tree, before):
        write(root / "bin" / "bitcoin")
        write(root / "libexec" / "both", fat([("arm64", UNSIGNED)]))
        write(root / "lib" / "lib.dylib", Macho(arch="x86_64", filetype=DYLIB).build(), 0o644)
        write(root / "README", b"text", 0o644)
    assert countermark("sign", tree, cwd=tmp_path).code == 0
    verified = countermark("verify", tree, "--format", "json", cwd=tmp_path)
    assert verified.code == 0
    files = json.loads(verified.out)["files"]
    assert [file["accepted"] for file in files] == [True] * 3
    assert not any(thin["findings"] for file in files for thin in file["slices"])
    for name in ("bin/bitcoin", "libexec/both", "lib/lib.dylib"):
        pair = (tree / name, before / name)
        assert countermark("compare", *pair, cwd=tmp_path).code == 1
        same = countermark("compare", *pair, "--modulo-signature", cwd=tmp_path)
        assert (same.code, same.out) == (0, "the same but for signatures\n")
    removed = countermark("unsign", tree, cwd=tmp_path)
    assert removed.code == 0
    assert removed.out.count("unsigned ") == 3
    assert contents(tree) == contents(before)


@pytest.mark.parametrize("style", Style)
def test_every_style_can_be_asked_for(tmp_path: Path, style: Style) -> None:
    path = write(tmp_path / "file")
    assert countermark("sign", path, "--style", style.value, cwd=tmp_path).code == 0
    assert path.read_bytes() == sign_bytes(UNSIGNED, "file", Settings(style=style))


def test_hard_links_stay_links_and_others_are_warned_of(tmp_path: Path) -> None:
    first = write(tmp_path / "tree" / "a")
    (tmp_path / "tree" / "b").hardlink_to(first)
    (tmp_path / "outside").hardlink_to(first)
    done = countermark("sign", tmp_path / "tree", cwd=tmp_path)
    assert done.code == 0
    assert done.out.count("signed ") == 2
    assert "1 other name" in done.err
    assert first.samefile(tmp_path / "tree" / "b")
    assert (tmp_path / "outside").read_bytes() == UNSIGNED


def test_a_certificates_signature_is_kept_unless_forced(tmp_path: Path) -> None:
    good, certified = write(tmp_path / "a"), write(tmp_path / "b", CERTIFIED)
    done = countermark("sign", good, certified, cwd=tmp_path)
    assert done.code == 1
    assert "certificate" in done.err
    assert certified.read_bytes() == CERTIFIED
    assert good.read_bytes() == sign_bytes(UNSIGNED, "a")
    kept = countermark("sign", certified, "--existing", "keep", cwd=tmp_path)
    assert (kept.code, kept.out.split()[0]) == (0, "kept")
    assert countermark("sign", certified, "--force", cwd=tmp_path).code == 0


def _bad_files(folder: Path) -> dict[str, tuple[Path, int, str]]:
    """Bad input by what is wrong: the file, the exit code, and a word of the message."""
    segment_size = Macho().build().find(b"__LINKEDIT") + 40
    both = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", UNSIGNED)])
    cases = {
        "object file": (Macho(filetype=OBJECT).build(), 1, "object file"),
        "dSYM": (Macho(filetype=DSYM).build(), 1, "dSYM"),
        "static archive": (b"!<arch>\nobject", 1, "static archive"),
        "64-bit table": (b"\xca\xfe\xba\xbf" + bytes(60), 1, "64-bit"),
        "script": (b"#!/bin/sh\n", 1, "script"),
        "empty": (b"", 1, "empty"),
        "no room": (Macho(room=8).build(), 1, "8 bytes missing"),
        "two signature commands": (Macho(signature_commands=2).sealed().build(), 1, "several"),
        "trailing": (fat([("arm64", UNSIGNED)]) + b"payload", 1, "behind the last slice"),
        "duplicate": (fat([("arm64", UNSIGNED)] * 2), 1, "R4"),
        "overlap": (put(UNSIGNED, UNSIGNED.find(b"__LINKEDIT") + 16, "<Q", 0x10000), 1, "K12"),
        "not last": (put(UNSIGNED, segment_size, "<Q", 16), 1, "__LINKEDIT"),
        "cut": (UNSIGNED[:-1], 1, "past the end"),
        "cut slice": (both[:-1], 1, "past the file"),
    }
    return {
        name: (write(folder / name.replace(" ", "-"), data), code, word)
        for name, (data, code, word) in cases.items()
    }


def test_bad_files_are_refused_one_by_one_and_the_batch_goes_on(tmp_path: Path) -> None:
    bad = _bad_files(tmp_path / "bad")
    before = contents(tmp_path / "bad")
    good = write(tmp_path / "good")
    paths = [path for path, _, _ in bad.values()]
    done = countermark("sign", *paths, good, cwd=tmp_path)
    assert done.code == 1
    assert done.out.count("signed ") == 1
    for name, (path, _, word) in bad.items():
        (line,) = [line for line in done.err.splitlines() if f"{path}: " in line]
        assert word in line, name
    assert contents(tmp_path / "bad") == before
    assert good.read_bytes() == sign_bytes(UNSIGNED, "good")


def test_a_file_cut_at_every_load_command_is_refused(tmp_path: Path) -> None:
    data = Macho(room=16, info_plist=b"<plist/>").sealed().build()
    at, cuts = 32, [0, 4, 28, 31]
    for _ in range(int.from_bytes(data[16:20], "little")):
        cuts += [at, at + 7]
        at += int.from_bytes(data[at + 4 : at + 8], "little")
    paths = [write(tmp_path / f"cut{cut}", data[:cut]) for cut in cuts]
    done = countermark("sign", *paths, cwd=tmp_path)
    assert done.code == 1
    assert done.err.count("error:") == len(paths)
    assert [path.read_bytes() for path in paths] == [data[:cut] for cut in cuts]


def test_an_arm64_slice_at_a_small_offset_is_laid_out_anew(tmp_path: Path) -> None:
    path = write(tmp_path / "both", fat([("arm64", UNSIGNED)], align=12))
    assert countermark("verify", path, cwd=tmp_path).code == 1
    assert countermark("sign", path, cwd=tmp_path).code == 0
    assert countermark("verify", path, cwd=tmp_path).code == 0


def test_links_that_lead_nowhere_are_errors_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("absent")
    good = write(tmp_path / "good")
    done = countermark("sign", tmp_path / "loop", tmp_path / "dangling", good, cwd=tmp_path)
    assert done.code == 3
    assert "loop: the file could not be read: the symbolic link leads nowhere" in done.err
    assert "dangling: the file could not be read: the symbolic link leads nowhere" in done.err
    assert good.read_bytes() != UNSIGNED


@pytest.mark.parametrize("command", ["unsign", "verify", "layout check", "bench", "compare"])
def test_every_command_tells_a_loop_of_links_from_an_absent_path(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    others = [write(tmp_path / "good")] if command == "compare" else []
    for name, code, message in (
        ("loop", 3, "loop: the file could not be read: the symbolic link leads nowhere"),
        ("absent", 2, "there is no "),
    ):
        done = countermark(*command.split(), *others, tmp_path / name, cwd=tmp_path)
        assert done.code == code
        assert message in done.err


def test_a_full_disk_is_said_and_leaves_every_file(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        files = [write(folder / f"file{number}", UNSIGNED) for number in range(9)]
        done = countermark("sign", folder, cwd=tmp_path)
        assert done.code == 3
        assert "No space left" in done.err
        for path in files:
            assert path.read_bytes() in (UNSIGNED, sign_bytes(UNSIGNED, path.name))
        assert len(list(folder.iterdir())) == len(files)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--style", "linker", "--options", "runtime"], "linker"),
        (["--dialect", "go"], "linker"),
        (["--options", "runtme"], "runtime"),
        (["--runtime-version", "14"], "runtime"),
        (["--options", "runtime", "--runtime-version", "x.y"], "version"),
        (["--preserve-metadata", "identifer"], "identifier"),
        (["--identifier", "a", "--prefix", "b."], "prefix"),
        (["--identifier", ""], "identifier"),
        (["--entitlements", "absent"], "absent"),
        (["--entitlements", "README"], "README: entitlements: it is not XML"),
        (["--requirements", "README"], "requirements"),
        (["--style", "macos27"], "macos26"),
    ],
)
def test_wrong_options_exit_2_and_say_what_is_wrong(
    tmp_path: Path, options: list[str], word: str
) -> None:
    path = write(tmp_path / "file")
    write(tmp_path / "README", b"text")
    done = countermark("sign", path, *options, cwd=tmp_path)
    assert done.code == 2
    assert word in done.err
    assert path.read_bytes() == UNSIGNED


def test_comparing_what_cannot_be_compared_exits_2(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one"), write(tmp_path / "other", b"text")
    for arguments in ((one, tmp_path / "absent"), (one, other, "--modulo-signature")):
        done = countermark("compare", *arguments, cwd=tmp_path)
        assert done.code == 2
        assert "hint" in done.err


def test_files_for_other_machines_are_different_and_exit_1(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one"), write(tmp_path / "other", Macho(arch="i386").build())
    done = countermark("compare", one, other, "--modulo-signature", cwd=tmp_path)
    assert done.code == 1
    assert "arm64 and i386" in done.err


@pytest.mark.parametrize("size", [100, 1000, 16_000])
def test_comparing_with_a_cut_file_is_no_traceback(tmp_path: Path, size: int) -> None:
    whole = write(tmp_path / "whole", sign_bytes(UNSIGNED, "a"))
    cut = write(tmp_path / "cut", whole.read_bytes()[:size])
    for pair in ((whole, cut), (cut, whole)):
        assert countermark("compare", *pair, cwd=tmp_path).code == 1
        assert countermark("compare", *pair, "--modulo-signature", cwd=tmp_path).code in (1, 2, 3)


def _tree(root: Path, files: int) -> dict[Path, bytes]:
    """Make a tree of images of several sizes; give what each becomes when it is signed."""
    data = [Macho(text_pages=pages).build() for pages in (1, 4, 40)]
    chosen = {root / f"{number % 5}" / f"file{number}": data[number % 3] for number in range(files)}
    return {
        write(path, content): sign_bytes(content, path.name) for path, content in chosen.items()
    }


def _sign_tree(root: Path, until: Callable[[], object] | None = None) -> float:
    """Sign a tree in a process of its own; give the seconds from when it began to work.

    With ``until`` it is killed when that returns, which is called when it begins to work.
    """
    code = (
        "import sys; from countermark.cli.application import run; import countersign.signer;"
        "import countermark.changes; print('ready', flush=True); sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "sign", str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        start = time.monotonic()
        if until is not None:
            until()
            process.send_signal(signal.SIGKILL)
        process.stdout.read()
        process.wait()
    return time.monotonic() - start


def _wait_for_change(paths: Iterable[Path]) -> None:
    """Return when one of the files has been replaced: the others are about to be."""
    inodes = {path: path.stat().st_ino for path in paths}
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(path.stat().st_ino != inode for path, inode in inodes.items()):
            return
    raise AssertionError("no file was replaced within a minute")


@pytest.mark.parametrize(
    "count", [10, pytest.param(200, marks=pytest.mark.endurance)], ids=["few", "many"]
)
def test_a_kill_at_any_moment_leaves_every_file_old_or_new(tmp_path: Path, count: int) -> None:
    root = tmp_path / "tree"
    signed = _tree(root, 50)
    old = {path: path.read_bytes() for path in signed}
    whole = _sign_tree(root)
    assert all(path.read_bytes() == content for path, content in signed.items())
    dice, found = random.Random(count), {"old": 0, "new": 0}
    moments = [partial(time.sleep, dice.uniform(0, whole)) for _ in range(count)]
    at_once = partial(time.sleep, 0)
    for moment in (at_once, *moments, partial(_wait_for_change, signed)):
        for path, content in old.items():
            path.write_bytes(content)
        _sign_tree(root, until=moment)
        for path, new in signed.items():
            content = path.read_bytes()
            assert content in (old[path], new), path
            found["new" if content == new else "old"] += 1
    assert all(found.values()), found


def test_one_file_by_two_paths_is_signed_once(tmp_path: Path) -> None:
    path = write(tmp_path / "d" / "prog")
    (tmp_path / "d" / "link").symlink_to("prog")
    done = countermark("sign", "prog", "../d/prog", "link", cwd=tmp_path / "d")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("signed ") == 1
    assert sorted(each.name for each in path.parent.iterdir()) == ["link", "prog"]


@pytest.mark.parametrize("command", ["sign", "unsign", "verify"])
def test_an_empty_path_is_not_the_current_directory(tmp_path: Path, command: str) -> None:
    path = write(tmp_path / "file")
    done = countermark(command, "", cwd=tmp_path)
    assert done.code == 2
    assert "empty" in done.err
    assert path.read_bytes() == UNSIGNED


def test_a_path_that_cannot_be_looked_at_does_not_stop_the_others(tmp_path: Path) -> None:
    good = write(tmp_path / "good")
    done = countermark("sign", "x" * 300, good, cwd=tmp_path)
    assert done.code == 3
    assert "name too long" in done.err
    assert good.read_bytes() == sign_bytes(UNSIGNED, "good")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a user whom permissions bind")
def test_what_may_not_be_read_is_named_and_the_rest_is_signed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write(tree / "a")
    write(tree / "secret", mode=0o000)
    for path in (tree, *tree.iterdir()):
        os.chown(path, 65534, 65534)
    top = Path(tempfile.gettempdir())
    for parent in (tmp_path, *(each for each in tmp_path.parents if each.is_relative_to(top))):
        parent.chmod(parent.stat().st_mode | 0o011)
    code = (
        "import os, sys; import countersign.signer, countersign.verifier, countermark.cli.sign;"
        "import countermark.cli.application as a; os.setgid(65534); os.setuid(65534);"
        "sys.exit(a.run(['sign', *sys.argv[1:]]))"
    )
    command = [sys.executable, "-c", code, str(tree)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 3, done.stderr
    assert f"{tree / 'secret'}: " in done.stderr
    assert "Permission denied" in done.stderr
    assert (tree / "a").read_bytes() == sign_bytes(UNSIGNED, "a")

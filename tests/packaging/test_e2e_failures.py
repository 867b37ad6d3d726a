"""Trouble, through the real command line: one clear message, the right code, nothing half-written,
and a rerun that succeeds."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import EPOCH, ROOT, Run

ARCHIVE = "tiny-2.5-arm64-apple-darwin.tar.gz"


def published(out: Path) -> list[str]:
    """What a user would take for artifacts."""
    return sorted(path.name for path in out.glob("*") if path.suffix in (".gz", ".zip"))


def test_a_tree_without_cmakelists_is_no_suite(tmp_path: Path, run: Run) -> None:
    ended = run("release", tmp_path, cwd=tmp_path)
    assert ended.code == 2
    assert "CMakeLists.txt" in ended.err
    assert not (tmp_path / "dist").exists()


def test_an_unknown_component_is_named_with_the_nearest(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    ended = run("release", tiny, "--component", "tinny", cwd=tmp_path)
    assert ended.code == 2
    assert "did you mean 'tiny'" in ended.err
    assert "notes, tiny" in ended.err
    assert run("release", tiny, "--component", "tiny", cwd=tmp_path).code == 0


def test_a_compiler_error_is_shown_and_mended(tiny: Path, tmp_path: Path, run: Run) -> None:
    source = tiny / "tiny.c"
    good = source.read_text()
    source.write_text("int main(void) { return undeclared; }\n")
    ended = run("release", tiny, cwd=tmp_path)
    assert ended.code == 3
    assert "tiny.c:1:" in ended.err
    assert "undeclared" in ended.err
    assert "log.txt" in ended.err
    assert published(tmp_path / "dist") == []
    assert not (tmp_path / "dist/SHA256SUMS").exists()
    source.write_text(good)
    assert run("release", tiny, cwd=tmp_path).code == 0
    assert published(tmp_path / "dist") == [ARCHIVE]


def test_a_host_that_fails_does_not_stop_the_others(tiny: Path, tmp_path: Path, run: Run) -> None:
    (tiny / "tiny.c").write_text(
        "#ifdef __linux__\n#error not for Linux\n#endif\nint main(void) { return 0; }\n"
    )
    hosts = ("--host", "x86_64-linux-gnu", "--host", "arm64-apple-darwin")
    ended = run("release", tiny, *hosts, cwd=tmp_path)
    assert ended.code == 3
    assert "x86_64-linux-gnu: build" in ended.err
    assert "not for Linux" in ended.err
    assert published(tmp_path / "dist") == [ARCHIVE]
    assert ARCHIVE in (tmp_path / "dist/SHA256SUMS").read_text()
    rows = json.loads((tmp_path / "dist/manifest.json").read_bytes())["hosts"]
    assert [(row["host"], row["status"]) for row in rows] == [
        ("arm64-apple-darwin", "accepted"),
        ("x86_64-linux-gnu", "failed"),
    ]


def test_an_archive_of_an_earlier_run_does_not_outlive_a_failure(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    assert run("release", tiny, cwd=tmp_path).code == 0
    (tiny / "tiny.c").write_text("#error broken meanwhile\n")
    assert run("release", tiny, cwd=tmp_path).code == 3
    assert published(tmp_path / "dist") == []
    assert not (tmp_path / "dist/SHA256SUMS").exists()


def test_what_was_packed_before_a_failure_is_kept_when_it_is_mended(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    good = (tiny / "tiny.c").read_text()
    assert run("release", tiny, cwd=tmp_path).code == 0
    sums = (tmp_path / "dist/SHA256SUMS").read_bytes()
    (tiny / "tiny.c").write_text("#error broken meanwhile\n")
    assert run("release", tiny, cwd=tmp_path).code == 3
    assert published(tmp_path / "dist") == []
    (tiny / "tiny.c").write_text(good)
    ended = run("release", tiny, cwd=tmp_path)
    assert (ended.code, "kept as packed before" in ended.err) == (0, True)
    assert (tmp_path / "dist/SHA256SUMS").read_bytes() == sums


def test_a_changed_archive_is_packed_anew_whatever_the_documents_say(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    out = tmp_path / "dist"
    assert run("release", tiny, cwd=tmp_path).code == 0
    sums, true = (out / "SHA256SUMS").read_bytes(), (out / ARCHIVE).read_bytes()
    false = true + b"more"
    digests = (hashlib.sha256(each).hexdigest().encode() for each in (true, false))
    old, new = digests
    (out / ARCHIVE).write_bytes(false)
    for name in ("SHA256SUMS", "manifest.json"):
        (out / name).write_bytes((out / name).read_bytes().replace(old, new))
    for command in ("release", "pack"):
        ended = run(command, tiny, cwd=tmp_path)
        kept = "kept as packed before" in ended.err
        assert (ended.code, kept) == (0, command == "pack")
        assert (out / ARCHIVE).read_bytes() == true
        assert (out / "SHA256SUMS").read_bytes() == sums


def test_another_stage_is_another_archive(tiny: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "dist"
    assert run("release", tiny, cwd=tmp_path).code == 0
    before = (out / ARCHIVE).read_bytes()
    notes = out / ".countermark/arm64-apple-darwin/stage/tiny-2.5/share/tiny/notes.txt"
    status = notes.stat()
    notes.write_text("NOTES\n")
    os.utime(notes, ns=(status.st_atime_ns, status.st_mtime_ns))
    ended = run("pack", tiny, cwd=tmp_path)
    assert (ended.code, "kept as packed before" in ended.err) == (0, False)
    assert (out / ARCHIVE).read_bytes() != before
    assert run("release", tiny, cwd=tmp_path).code == 0
    assert (out / ARCHIVE).read_bytes() == before


def test_sums_never_name_an_archive_that_is_gone(tiny: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "dist"
    assert run("release", tiny, cwd=tmp_path).code == 0
    before = (out / "SHA256SUMS").read_bytes()
    assert run("build", tiny, "--component", "tyop", cwd=tmp_path).code == 2
    assert published(out) == [ARCHIVE]
    assert (out / "SHA256SUMS").read_bytes() == before
    (tiny / "tiny.c").write_text("#error broken meanwhile\n")
    assert run("build", tiny, cwd=tmp_path).code == 3
    assert published(out) == []
    assert not (out / "SHA256SUMS").exists()


def test_a_step_out_of_order_takes_nothing_away(tiny: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "dist"
    assert run("release", tiny, cwd=tmp_path).code == 0
    before = (out / "SHA256SUMS").read_bytes()
    shutil.rmtree(out / ".countermark")
    for command in ("stage", "pack"):
        assert run(command, tiny, cwd=tmp_path).code == 3
        assert published(out) == [ARCHIVE]
        assert (out / "SHA256SUMS").read_bytes() == before


def test_a_reader_of_the_progress_may_go_away(
    tiny: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    command = shlex.join([sys.executable, "-m", "countermark", "release", str(tiny)])
    for redirection in ("2>/dev/full", "2>&-", ">&-", "2>&1 >/dev/null | head -c 1 >/dev/null"):
        done = subprocess.run(
            ["sh", "-c", f"{command} {redirection}"], cwd=tmp_path, env=environment, check=False
        )
        assert done.returncode == 0, redirection
        assert (tmp_path / "dist/SHA256SUMS").is_file(), redirection


def test_a_full_standard_output_is_said(tmp_path: Path, environment: dict[str, str]) -> None:
    for arguments in ("--help", "layout list", "config --schema"):
        done = subprocess.run(
            ["sh", "-c", f"{shlex.quote(sys.executable)} -m countermark {arguments} >/dev/full"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
        )
        assert (done.returncode, "Traceback" in done.stderr) == (3, False), arguments
        assert "No space left" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"), [("compare a b", 2), ("verify", 2), ("verify nothing", 3)]
)
def test_a_full_standard_error_changes_no_exit_code_to_that_of_a_verdict(
    tmp_path: Path, environment: dict[str, str], arguments: str, code: int
) -> None:
    command = f"{shlex.quote(sys.executable)} -m countermark {arguments} 2>/dev/full"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == code


def test_paths_that_no_system_call_takes_are_said(tmp_path: Path, run: Run) -> None:
    for arguments in (("verify",), ("sign",), ("layout", "check"), ("release", "--out")):
        ended = run(*arguments, "x" * 300, cwd=tmp_path)
        assert ended.code in (2, 3), arguments
        assert "too long" in ended.err


def test_a_rejected_stage_is_not_packed(tiny: Path, tmp_path: Path, run: Run) -> None:
    ended = run("release", tiny, "--profile", "multiprocess", cwd=tmp_path)
    assert ended.code == 1
    assert "bin/bitcoin" in ended.err
    assert "rejected" in ended.out
    assert published(tmp_path / "dist") == []


def test_an_empty_program_is_refused_when_staging(tiny: Path, tmp_path: Path, run: Run) -> None:
    (tiny / "empty").touch()
    rules = tiny / "CMakeLists.txt"
    rules.write_text(rules.read_text() + "install(PROGRAMS empty DESTINATION bin)\n")
    ended = run("release", tiny, cwd=tmp_path)
    assert ended.code == 3
    assert "bin/empty is empty: its link failed" in ended.err


def test_a_suite_that_installs_nothing_is_refused(tiny: Path, tmp_path: Path, run: Run) -> None:
    rules = tiny / "CMakeLists.txt"
    text = "".join(line for line in rules.read_text().splitlines(True) if "install" not in line)
    rules.write_text(text)
    ended = run("release", tiny, cwd=tmp_path)
    assert ended.code == 3
    assert "nothing was installed" in ended.err


def test_other_files_in_the_output_directory_stay(tiny: Path, tmp_path: Path, run: Run) -> None:
    out = tmp_path / "dist"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    assert run("release", tiny, cwd=tmp_path).code == 0
    assert (out / "mine.txt").read_text() == "mine"
    assert "mine.txt" not in (out / "SHA256SUMS").read_text()


def test_an_output_directory_that_is_a_file_is_refused(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "dist").write_text("a file")
    for plan in ([], ["--plan"]):
        ended = run("release", tiny, *plan, cwd=tmp_path)
        assert (ended.code, "is a file" in ended.err) == (2, True)
    assert (tmp_path / "dist").read_text() == "a file"


def test_an_output_directory_that_cannot_be_made_is_said(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    ended = run("release", tiny, "--out", "/proc/countermark", cwd=tmp_path)
    assert (ended.code, "cannot be written to" in ended.err) == (3, True)


def test_a_read_only_source_tree_is_enough(tiny: Path, tmp_path: Path, run: Run) -> None:
    mount = tmp_path / "mounted"
    mount.mkdir()
    bound = subprocess.run(["mount", "--bind", tiny, mount], capture_output=True, check=False)
    if bound.returncode != 0:
        pytest.skip("cannot mount here, and root may write to a directory without write permission")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", mount], check=True)
        ended = run("release", mount, "--out", tmp_path / "dist", cwd=tmp_path)
    finally:
        subprocess.run(["umount", mount], check=True)
    assert ended.code == 0, ended.err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("cannot mount a small file system here")
    yield disk
    subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize("kilobytes", [64, 200, 300])
def test_a_full_disk_is_said_and_a_rerun_succeeds(
    small_disk: Path, tiny: Path, tmp_path: Path, run: Run, kilobytes: int
) -> None:
    resize = ["mount", "-o", f"remount,size={kilobytes}k", str(small_disk)]
    subprocess.run(resize, check=True)
    ended = run("release", tiny, "--out", small_disk / "dist", cwd=tmp_path)
    assert ended.code == 3, ended.out
    assert "space" in ended.err
    assert published(small_disk / "dist") == []
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    ended = run("release", tiny, "--out", small_disk / "dist", cwd=tmp_path)
    assert ended.code == 0, ended.err


class Background:
    """A release that runs while the test looks on."""

    def __init__(self, suite: Path, cwd: Path, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "countermark", "release", str(suite)],
            cwd=cwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def wait_for(self, path: Path) -> None:
        """Wait until ``path`` is there, a minute at most."""
        deadline = time.monotonic() + 60
        while not path.exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def pause(tmp_path: Path) -> str:
    """A command that takes ten minutes, and that no other test's processes look like."""
    return f"sleep 600.{hash(tmp_path) % 10**12:012d}"


@pytest.fixture
def slow(tiny: Path, tmp_path: Path, pause: str) -> Path:
    """The tiny suite, with a build step that says that it began and takes ten minutes."""
    rules = tiny / "CMakeLists.txt"
    rules.write_text(
        rules.read_text()
        + f'add_custom_target(slow ALL COMMAND touch "{tmp_path}/began" COMMAND {pause})\n'
    )
    return tiny


def still_running(word: str) -> bool:
    return subprocess.run(["pgrep", "-f", word], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_release_ends_its_children_and_leaves_nothing(
    slow: Path,
    tmp_path: Path,
    environment: dict[str, str],
    run: Run,
    number: signal.Signals,
    pause: str,
) -> None:
    release = Background(slow, tmp_path, environment)
    release.wait_for(tmp_path / "began")
    os.kill(release.process.pid, number)
    _, err = release.process.communicate(timeout=60)
    assert release.process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert published(tmp_path / "dist") == []
    assert not still_running(pause)
    rules = slow / "CMakeLists.txt"
    rules.write_text(rules.read_text().replace(pause, "true"))
    assert run("release", slow, cwd=tmp_path).code == 0


def test_two_releases_cannot_share_an_output_directory(
    slow: Path, tmp_path: Path, environment: dict[str, str], run: Run, pause: str
) -> None:
    first = Background(slow, tmp_path, environment)
    first.wait_for(tmp_path / "began")
    try:
        ended = run("release", slow, cwd=tmp_path)
    finally:
        os.kill(first.process.pid, signal.SIGINT)
        first.process.communicate(timeout=60)
    assert ended.code == 3
    assert f"process {first.process.pid}" in ended.err
    assert not still_running(pause)


def test_what_a_killed_release_left_running_still_holds_the_directory(
    slow: Path, tmp_path: Path, environment: dict[str, str], run: Run, pause: str
) -> None:
    release = Background(slow, tmp_path, environment)
    release.wait_for(tmp_path / "began")
    os.kill(release.process.pid, signal.SIGKILL)
    release.process.communicate(timeout=60)
    try:
        ended = run("release", slow, cwd=tmp_path)
    finally:
        subprocess.run(["pkill", "-f", pause], check=False)
    assert ended.code == 3
    assert "in use" in ended.err


def end(pause: str) -> None:
    """Kill what a killed release left behind, and wait for it: it holds the lock to its end."""
    while not subprocess.run(["pkill", "-KILL", "-f", pause], check=False).returncode:
        time.sleep(0.05)


def test_a_killed_release_is_followed_by_a_good_one(
    slow: Path, tmp_path: Path, environment: dict[str, str], run: Run, pause: str
) -> None:
    release = Background(slow, tmp_path, environment)
    release.wait_for(tmp_path / "began")
    os.killpg(release.process.pid, signal.SIGKILL)
    release.process.communicate(timeout=60)
    end(pause)
    (tmp_path / "dist/.countermark/unfinished/left").write_text("half")
    rules = slow / "CMakeLists.txt"
    rules.write_text(rules.read_text().replace(pause, "true"))
    ended = run("release", slow, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert not list((tmp_path / "dist/.countermark/unfinished").iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "arm64-apple-darvin"], "did you mean 'arm64-apple-darwin'"),
        (["--host", "powerpc64-linux-gnu"], "no C library"),
        (["--toolchain", "native", "--host", "arm64-apple-darwin"], "native toolchain"),
        (["--toolchain", "absent.cmake"], "there is no file"),
        (["--profile", "multiproces"], "did you mean 'multiprocess'"),
        (["--style", "macos27"], "unknown style"),
        (["--version", "1/2"], "cannot be part of a file name"),
        (["-D", "NOVALUE"], "NAME=VALUE"),
        (["--config", "absent.toml"], "absent.toml"),
    ],
)
@pytest.mark.parametrize("plan", [["--plan"], []], ids=["plan", "work"])
def test_wrong_options_are_refused_before_any_work(
    tiny: Path, tmp_path: Path, run: Run, plan: list[str], arguments: list[str], message: str
) -> None:
    ended = run("release", tiny, *plan, *arguments, cwd=tmp_path)
    assert ended.code == 2
    assert message in ended.err
    assert ended.out == ""
    assert not (tmp_path / "dist").exists()


def test_a_mistake_in_the_configuration_file_names_the_key(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    file = tiny / "countermark.toml"
    file.write_text('name = "tiny"\n[hosts.arm64-apple-darwin]\ntoolchian = "zig"\n')
    ended = run("release", tiny, cwd=tmp_path)
    assert ended.code == 2
    assert "hosts.arm64-apple-darwin.toolchian" in ended.err
    assert "did you mean 'toolchain'" in ended.err
    assert str(file) in ended.err


def test_a_suite_without_git_needs_a_version_and_a_time(
    tiny: Path, tmp_path: Path, run: Run
) -> None:
    (tiny / "countermark.toml").unlink()
    ended = run("release", tiny, cwd=tmp_path)
    assert (ended.code, "SOURCE_DATE_EPOCH" in ended.err) == (2, True)
    ended = run("release", tiny, cwd=tmp_path, SOURCE_DATE_EPOCH=EPOCH)
    assert (ended.code, "--version" in ended.err) == (2, True)


def test_variables_stand_between_options_and_file(tiny: Path, tmp_path: Path, run: Run) -> None:
    ended = run("config", tiny, cwd=tmp_path, COUNTERMARK_VERSION="7", COUNTERMARK_NAME="var")
    assert 'version = "7"' in ended.out
    ended = run("config", tiny, "--version", "8", cwd=tmp_path, COUNTERMARK_VERSION="7")
    assert 'version = "8"' in ended.out


def test_plan_changes_nothing(tiny: Path, tmp_path: Path, run: Run) -> None:
    ended = run("release", tiny, "--plan", "--format", "json", cwd=tmp_path)
    assert ended.code == 0, ended.err
    plan = json.loads(ended.out)
    assert plan["hosts"][0]["steps"][0]["step"] == "configure"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny"]


def test_the_embedded_suite_is_found_from_anywhere(tmp_path: Path, run: Run) -> None:
    ended = run("release", "--plan", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert str(ROOT / "src") in ended.out

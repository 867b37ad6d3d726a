"""Signing files: in place, completely or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import countersign
from countersign.errors import (
    NotSignableError,
    ReadError,
    RejectedError,
    SigningError,
    WriteError,
)
from countersign.settings import Settings
from countersign.signature import Kind
from countersign.signer import sign, sign_bytes
from countersign.style import Style
from countersign.verifier import verify
from macho import DYLDLINK, Macho, fat

UNSIGNED = Macho().build()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(UNSIGNED)
    path.chmod(0o755)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_signed_in_place(program: Path) -> None:
    signed = sign(program)
    assert program.read_bytes() == sign_bytes(UNSIGNED, "program")
    assert (signed.path, signed.identifier) == (program, "program")
    assert signed.changed
    (one,) = signed.slices
    assert (one.arch, one.replaced) == ("arm64", None)
    assert one.cdhash == verify(program).slices[0].cdhash
    assert names(program.parent) == ["program"]


def test_every_slice_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "program"
    linked = Macho().sealed().build()
    path.write_bytes(fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", linked)]))
    signed = sign(path)
    assert [one.arch for one in signed.slices] == ["x86_64", "arm64"]
    assert [one.replaced for one in signed.slices] == [None, Kind.LINKER]
    assert [one.cdhash for one in signed.slices] == [one.cdhash for one in verify(path).slices]


def test_signing_again_leaves_the_file_alone(program: Path) -> None:
    sign(program)
    before = program.stat()
    signed = sign(program)
    assert not signed.changed
    assert signed.slices[0].replaced is Kind.ADHOC
    after = program.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_signed_file_is_a_new_one(program: Path) -> None:
    other = program.with_name("other")
    other.hardlink_to(program)
    before = program.stat().st_ino
    sign(program)
    assert program.stat().st_ino != before
    assert other.read_bytes() == UNSIGNED


def test_path_and_time_leave_no_trace(tmp_path: Path) -> None:
    results = []
    for folder, time in (("a", 1), ("b/c", 2_000_000_000)):
        path = tmp_path / folder / "program"
        path.parent.mkdir(parents=True)
        path.write_bytes(UNSIGNED)
        os.utime(path, (time, time))
        sign(path)
        results.append(path.read_bytes())
    assert results[0] == results[1]


@pytest.mark.parametrize("mode", [0o755, 0o500, 0o4755])
def test_mode_and_time_are_kept(program: Path, mode: int) -> None:
    program.chmod(mode)
    os.utime(program, ns=(10**18, 10**18 + 7))
    sign(program)
    status = program.stat()
    assert stat.S_IMODE(status.st_mode) == mode
    assert status.st_mtime_ns == 10**18 + 7


def test_extended_attributes_are_kept(program: Path) -> None:
    try:
        os.setxattr(program, "user.origin", b"here")
    except (OSError, AttributeError):
        pytest.skip("the file system has no extended attributes")
    sign(program)
    assert os.getxattr(program, "user.origin") == b"here"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_is_kept(program: Path) -> None:
    os.chown(program, 12, 34)
    sign(program)
    status = program.stat()
    assert (status.st_uid, status.st_gid) == (12, 34)


def test_an_output_leaves_the_input_alone(program: Path, tmp_path: Path) -> None:
    output = tmp_path / "signed"
    signed = sign(program, output=output)
    assert program.read_bytes() == UNSIGNED
    assert signed.path == output
    assert output.read_bytes() == sign_bytes(UNSIGNED, "program")
    assert stat.S_IMODE(output.stat().st_mode) == 0o755
    assert not sign(program, output=output).changed


def test_identifier_and_style_are_the_callers(program: Path) -> None:
    sign(program, Settings(identifier="org.example", style=Style.MACOS15))
    (verdict,) = verify(program).slices
    assert (verdict.identifier, verdict.page_size) == ("org.example", 4096)


def test_a_symbolic_link_is_followed_and_stays(program: Path, tmp_path: Path) -> None:
    link = tmp_path / "bin" / "link"
    link.parent.mkdir()
    link.symlink_to("../program")
    signed = sign(link)
    assert link.is_symlink()
    assert (signed.path, signed.identifier) == (program, "program")
    assert verify(program).accepted


def fail(number: int) -> object:
    def failing(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return failing


@pytest.mark.parametrize("function", ["pwrite", "fsync", "fchmod", "link", "replace"])
def test_a_failure_leaves_the_original(
    program: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail(errno.EIO))
        with pytest.raises(WriteError, match="Input/output error"):
            sign(program)
    assert program.read_bytes() == UNSIGNED
    assert names(program.parent) == ["program"]


@pytest.mark.parametrize("function", ["pwrite", "fsync", "link", "replace"])
def test_an_interruption_leaves_the_original(
    program: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, function, interrupt)
        with pytest.raises(KeyboardInterrupt):
            sign(program)
    assert program.read_bytes() == UNSIGNED
    assert names(program.parent) == ["program"]


def test_a_kill_at_the_last_moment_leaves_the_original(program: Path) -> None:
    root = Path(countersign.__file__).parents[1]
    code = (
        f"import os, pathlib, sys; sys.path[:0] = [{str(root)!r}]; import countersign;"
        f"os.replace = os.rename = lambda *_, **__: os.kill(os.getpid(), 9);"
        f"countersign.sign(pathlib.Path({str(program)!r}))"
    )
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == -9
    assert program.read_bytes() == UNSIGNED


def test_short_writes_are_completed(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_write = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda file, data, at: whole_write(file, data[:1000], at))
        sign(program)
    assert program.read_bytes() == sign_bytes(UNSIGNED, "program")


def test_what_was_written_wrong_is_not_put_in_place(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole_write = os.pwrite

    def write_zeros(file: int, data: bytes, at: int) -> int:
        return whole_write(file, bytes(len(data)), at)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", write_zeros)
        with pytest.raises(RejectedError):
            sign(program)
    assert program.read_bytes() == UNSIGNED
    assert names(program.parent) == ["program"]


def test_a_file_that_would_be_rejected_is_left_alone_even_when_unchanged(program: Path) -> None:
    program.write_bytes(Macho(flags=DYLDLINK).build())
    before = program.read_bytes()
    for _ in range(2):
        with pytest.raises(RejectedError, match="K2"):
            sign(program)
    assert program.read_bytes() == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root mounts file systems")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_original(small_disk: Path) -> None:
    program = small_disk / "program"
    data = Macho(linkedit_size=0x6000).build()
    program.write_bytes(data)
    with pytest.raises(WriteError, match="No space left"):
        sign(program)
    assert program.read_bytes() == data
    assert names(small_disk) == ["program"]


def test_a_directory_that_cannot_be_written_is_our_own_error(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        monkeypatch.setattr(os, "open", denied_creation(os.open))
    else:
        program.parent.chmod(0o500)
    try:
        with pytest.raises(WriteError, match="Permission denied"):
            sign(program)
    finally:
        program.parent.chmod(0o700)
    assert program.read_bytes() == UNSIGNED


def denied_creation(real: object) -> object:
    """Stand in for permissions, which do not bind root."""

    def opening(path: str, flags: int, *rest: int, **more: int) -> int:
        if flags & (os.O_CREAT | os.O_TMPFILE & ~os.O_DIRECTORY):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, flags, *rest, **more)  # type: ignore[operator, no-any-return]

    return opening


@pytest.mark.parametrize("name", ["absent", ".", "a\0b", "loop"])
def test_what_cannot_be_read_is_our_own_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ReadError):
        sign(tmp_path / name)


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match="not a regular file"):
        sign(tmp_path / "pipe")


def test_a_text_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "README"
    path.write_text("text")
    with pytest.raises(NotSignableError):
        sign(path)
    assert path.read_text() == "text"


def test_every_error_says_what_to_do() -> None:
    def descend(error: type[SigningError]) -> Iterator[type[SigningError]]:
        for each in error.__subclasses__():
            yield each
            yield from descend(each)

    assert all(each.hint.endswith(".") for each in descend(SigningError))

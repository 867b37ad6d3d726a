"""Many files at once: each old or new, whatever happens to the others."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from countersign import batch
from countersign.batch import Job, job_for
from countersign.errors import (
    ChangedError,
    NotSignableError,
    ReadError,
    RejectedError,
    SignatureKeptError,
    WriteError,
)
from countersign.findings import FileVerdict
from countersign.replacement import NewFile, make_durable
from countersign.settings import Existing, Settings
from countersign.signer import sign, sign_bytes, sign_files
from countersign.source import Source
from countersign.style import Style
from countersign.unsigner import unsign, unsign_files
from countersign.verifier import verify_image, verify_source
from macho import DYLDLINK, Macho

UNSIGNED = Macho().build()
REJECTED = Macho(flags=DYLDLINK).build()
CMS = b"\xfa\xde\x0b\x01\0\0\0\x0ccms!"


def write(folder: Path, *names: str, data: bytes = UNSIGNED) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.write_bytes(data)
    return paths


def signed(name: str) -> bytes:
    return sign_bytes(UNSIGNED, name)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_outcomes_come_in_order_and_a_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    paths = write(tmp_path, *"abcdef")
    paths[2].write_bytes(b"text")
    paths[4].unlink()
    outcomes = list(sign_files(map(job_for, paths), Settings()))
    assert [outcome.job.names[0] for outcome in outcomes] == paths
    errors = [type(outcome.error) for outcome in outcomes]
    assert errors == [type(None), type(None), NotSignableError, type(None), ReadError, type(None)]
    for index in (0, 1, 3, 5):
        assert paths[index].read_bytes() == signed(paths[index].name)
    assert paths[2].read_bytes() == b"text"


@pytest.mark.parametrize(("limit", "value"), [("MAX_OPEN", 3), ("MAX_WAITING", 100_000)])
def test_large_batches_are_finished_in_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(batch, limit, value)
    paths = write(tmp_path, *(f"file{number}" for number in range(10)))
    for path, outcome in zip(paths, sign_files(map(job_for, paths), Settings()), strict=True):
        assert outcome.error is None
        assert path.read_bytes() == signed(path.name)
    assert names(tmp_path) == sorted(path.name for path in paths)


def test_a_batch_that_is_given_up_leaves_old_and_new_files(tmp_path: Path) -> None:
    paths = write(tmp_path, "a", "b")

    def jobs() -> Iterator[Job]:
        yield job_for(paths[0])
        yield job_for(paths[1])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(sign_files(jobs(), Settings()))
    assert names(tmp_path) == ["a", "b"]
    assert {path.read_bytes() for path in paths} == {UNSIGNED}


def test_all_names_of_a_file_get_the_one_new_file(tmp_path: Path) -> None:
    (first,) = write(tmp_path, "first")
    second = tmp_path / "second"
    second.hardlink_to(first)
    (outcome,) = sign_files([Job(names=(first, second))], Settings())
    assert outcome.result is not None
    assert outcome.result.other_links == 0
    assert first.samefile(second)
    assert first.stat().st_nlink == 2
    assert first.read_bytes() == signed("first")


def test_names_that_were_not_given_are_counted(tmp_path: Path) -> None:
    (first,) = write(tmp_path, "first")
    (tmp_path / "second").hardlink_to(first)
    assert sign(first).other_links == 1
    assert (tmp_path / "second").read_bytes() == UNSIGNED


@pytest.mark.parametrize("when", ["before the end", "before the rename"])
def test_a_file_that_somebody_changes_meanwhile_is_left_to_him(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    (path,) = write(tmp_path, "file")
    function = "fchmod" if when == "before the end" else "fsync"
    real = getattr(os, function)

    def change(*arguments: int) -> None:
        path.write_bytes(b"another build")
        real(*arguments)

    monkeypatch.setattr(os, function, change)
    (outcome,) = sign_files([job_for(path)], Settings())
    assert isinstance(outcome.error, ChangedError)
    assert path.read_bytes() == b"another build"
    assert names(tmp_path) == ["file"]


def test_when_the_disk_fails_at_the_end_no_file_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write(tmp_path, "a", "b")

    def fail(_files: object) -> None:
        raise WriteError("Input/output error")

    monkeypatch.setattr(batch, "make_durable", fail)
    outcomes = list(sign_files(map(job_for, paths), Settings()))
    assert all(isinstance(outcome.error, WriteError) for outcome in outcomes)
    assert {path.read_bytes() for path in paths} == {UNSIGNED}
    assert names(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("nameless", [True, False])
def test_a_new_file_leaves_nothing_behind_with_and_without_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nameless: bool
) -> None:
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    target = tmp_path / "target"
    target.write_bytes(b"old")
    with NewFile(tmp_path) as new:
        os.write(new.descriptor, b"given up")
    assert names(tmp_path) == ["target"]
    with NewFile(tmp_path) as new:
        os.write(new.descriptor, b"new")
        make_durable([new])
        assert target.read_bytes() == b"old"
        new.publish([target, tmp_path / "other"])
    assert names(tmp_path) == ["other", "target"]
    assert target.read_bytes() == b"new"
    assert target.samefile(tmp_path / "other")


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no nameless files")
def test_a_file_system_without_nameless_files_gets_named_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: str, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    (path,) = write(tmp_path, "file")
    assert sign(path).changed
    assert names(tmp_path) == ["file"]
    assert path.read_bytes() == signed("file")


def test_files_that_are_rejected_hold_nothing_open(tmp_path: Path) -> None:
    paths = write(tmp_path, *(f"file{number}" for number in range(20)), data=REJECTED)
    outcomes = []
    before = len(list(Path("/proc/self/fd").iterdir()))
    for outcome in sign_files(map(job_for, paths), Settings()):
        outcomes.append(outcome)
    assert all(isinstance(outcome.error, RejectedError) for outcome in outcomes)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    maps = Path("/proc/self/maps").read_text()
    assert maps.count(str(tmp_path)) == 0


def test_few_descriptors_are_enough(tmp_path: Path) -> None:
    paths = write(tmp_path, *(f"file{number}" for number in range(60)))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 24, hard))
    try:
        outcomes = list(sign_files(map(job_for, paths), Settings()))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [outcome.error for outcome in outcomes] == [None] * len(paths)


def test_files_that_wait_make_room_when_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file fits beside its old self, but not all of them at once."""
    paths = write(tmp_path, "a", "b", "c")
    waiting: list[NewFile] = []
    real = NewFile.__init__

    def create(self: NewFile, directory: Path) -> None:
        if [each for each in waiting if each.descriptor >= 0]:
            raise WriteError.of(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        real(self, directory)
        waiting.append(self)

    monkeypatch.setattr(NewFile, "__init__", create)
    outcomes = list(sign_files(map(job_for, paths), Settings()))
    assert [outcome.error for outcome in outcomes] == [None] * 3


@pytest.mark.parametrize("size", [0, 1 << 24])
def test_a_file_that_is_cut_short_while_its_signature_is_judged_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """A mapping of it would end the process."""
    (path,) = write(tmp_path, "file", data=Macho(linkedit_size=176 + size).sealed().build())

    def cut(source: Source, *, path: str) -> FileVerdict:
        os.truncate(tmp_path / "file", 0)
        return verify_source(source, path=path)

    monkeypatch.setattr("countersign.verifier.verify_source", cut)
    (outcome,) = sign_files([job_for(path)], Settings(existing=Existing.KEEP_VALID))
    assert isinstance(outcome.error, ChangedError)
    assert path.stat().st_size == 0


@pytest.mark.skipif(shutil.which("setfacl") is None, reason="needs setfacl")
def test_the_directory_gives_the_new_file_no_rights(tmp_path: Path) -> None:
    (path,) = write(tmp_path, "file")
    if subprocess.run(["setfacl", "-d", "-m", "u:1:rwx", str(tmp_path)], check=False).returncode:
        pytest.skip("the file system has no access lists")
    sign(path)
    assert "system.posix_acl_access" not in os.listxattr(path)


def failing(monkeypatch: pytest.MonkeyPatch, function: str, number: int) -> None:
    """Let the system answer that it cannot."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, function, fail)


@pytest.mark.parametrize(
    ("function", "number"),
    [
        ("listxattr", errno.EOPNOTSUPP),
        ("fchown", errno.EINVAL),
        ("fchown", errno.EPERM),
        ("posix_fadvise", errno.EINVAL),
    ],
)
def test_what_a_file_system_does_not_have_does_not_hinder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    (path,) = write(tmp_path, "file", data=Macho(text_pages=64).build())
    failing(monkeypatch, function, number)
    assert sign(path).changed
    assert verify_image(path.read_bytes(), path="").accepted


def test_a_file_system_without_links_gets_the_temporary_file_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    failing(monkeypatch, "link", errno.EPERM)
    (path,) = write(tmp_path, "file")
    assert sign(path).changed
    assert names(tmp_path) == ["file"]
    assert path.read_bytes() == signed("file")


def test_where_one_name_cannot_be_replaced_none_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = write(tmp_path, "first")
    (tmp_path / "closed").mkdir()
    second = tmp_path / "closed" / "second"
    second.hardlink_to(first)
    real = os.link

    def link(source: str, target: Path, **more: object) -> None:
        if target.parent.name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        real(source, target, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", link)
    (outcome,) = sign_files([Job(names=(first, second))], Settings())
    assert isinstance(outcome.error, WriteError)
    assert first.read_bytes() == second.read_bytes() == UNSIGNED
    assert names(tmp_path) == ["closed", "first"]


def test_a_signature_that_cannot_be_read_is_removed_by_force_alone(tmp_path: Path) -> None:
    image = Macho().sealed()
    data = bytearray(image.build())
    data[image.text_size + image.linkedit_size] = 0
    (path,) = write(tmp_path, "file", data=bytes(data))
    with pytest.raises(SignatureKeptError, match="cannot be read"):
        unsign(path)
    assert path.read_bytes() == data
    assert unsign(path, force=True).changed


def test_an_output_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (path,) = write(tmp_path, "file")
    with pytest.raises(WriteError, match="not a regular file"):
        sign(path, output=tmp_path)
    with pytest.raises(WriteError, match="No such file or directory"):
        sign(path, output=tmp_path / "absent" / "file")


@pytest.mark.parametrize("existing", [Existing.KEEP, Existing.KEEP_VALID])
def test_a_valid_signature_is_kept_on_request(tmp_path: Path, existing: Existing) -> None:
    sealed = Macho().sealed().build()
    (path,) = write(tmp_path, "file", data=sealed)
    result = sign(path, Settings(existing=existing))
    assert (result.changed, result.identifier) == (False, None)
    assert path.read_bytes() == sealed
    copied = sign(path, Settings(existing=existing), output=tmp_path / "copy")
    assert not copied.changed
    assert (tmp_path / "copy").read_bytes() == sealed


@pytest.mark.parametrize(
    ("existing", "kept"), [(Existing.KEEP, True), (Existing.KEEP_VALID, False)]
)
def test_a_broken_signature_is_kept_only_when_any_is(
    tmp_path: Path, existing: Existing, kept: bool
) -> None:
    broken = bytearray(Macho().sealed().build())
    broken[0x3000] ^= 1
    (path,) = write(tmp_path, "file", data=bytes(broken))
    assert sign(path, Settings(existing=existing)).changed is not kept


def test_an_unsigned_slice_is_signed_whatever_is_to_be_kept(tmp_path: Path) -> None:
    (path,) = write(tmp_path, "file")
    assert sign(path, Settings(existing=Existing.KEEP)).changed


def test_removing_is_whole_or_not_at_all_too(tmp_path: Path) -> None:
    paths = write(tmp_path, "a", "b", "c", data=Macho().sealed().build())
    paths[1].write_bytes(b"text")
    paths[2].write_bytes(UNSIGNED)
    outcomes = list(unsign_files(map(job_for, paths)))
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert [outcome.result and outcome.result.changed for outcome in outcomes] == [
        True,
        None,
        False,
    ]
    assert paths[0].read_bytes() == UNSIGNED
    assert paths[1].read_bytes() == b"text"


def test_a_certificates_signature_is_removed_into_another_file_or_by_force(tmp_path: Path) -> None:
    data = Macho().sealed(flags=0x10000, blobs=((0x10000, CMS),)).build()
    (path,) = write(tmp_path, "file", data=data)
    with pytest.raises(Exception, match="certificate"):
        unsign(path)
    unsign(path, output=tmp_path / "unsigned")
    assert (tmp_path / "unsigned").read_bytes() == UNSIGNED
    assert path.read_bytes() == data
    assert unsign(path, force=True).archs == ("arm64",)
    assert path.read_bytes() == UNSIGNED


def test_mode_and_times_are_kept_when_a_signature_is_removed(tmp_path: Path) -> None:
    (path,) = write(tmp_path, "file", data=Macho().sealed().build())
    path.chmod(0o751)
    os.utime(path, ns=(10**18, 10**18 + 3))
    unsign(path)
    status = path.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o751, 10**18 + 3)


def test_every_style_is_idempotent_on_disk(tmp_path: Path) -> None:
    for style in Style:
        (path,) = write(tmp_path, style.value)
        assert sign(path, Settings(style=style)).changed
        before = path.stat()
        assert not sign(path, Settings(style=style)).changed
        assert path.stat().st_ino == before.st_ino

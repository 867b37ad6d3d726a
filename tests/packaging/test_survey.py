"""What is really in the files of a release."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from countermark.errors import ConfigurationError
from countermark.manifest import canonical_json
from countermark.provenance.names import is_artifact_of
from countermark.provenance.release import find_source, survey_release
from countermark.provenance.survey import survey_file
from counterproof.errors import TreeError
from counterproof.hardening.pool import FactsReader
from countersign import verify
from countersign.unsigner import unsign_bytes
from stated import (
    DARWIN,
    DARWIN_ARCHIVE,
    LABEL,
    LINUX,
    RECORD,
    SIGNED,
    SOURCE_ARCHIVE,
    UNIVERSAL,
    UNSIGNED_ARCHIVE,
    WINDOWS,
    WINDOWS_ARCHIVE,
    build_record,
    files_for,
    make_release,
)
from trees import pack_tar, pack_tar_gz, tar_info, tar_of


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return make_release(tmp_path / "dist")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def dir_hash(archive: Path, folder: Path) -> str:
    """What in-toto's specification says to type."""
    folder.mkdir()
    shutil.unpack_archive(archive, folder)
    script = (
        "find . -type f | cut -c3- | LC_ALL=C sort | xargs -r sha256sum | sha256sum | cut -f1 -d' '"
    )
    done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_images_are_told_with_and_without_their_signatures(release: Path) -> None:
    program, library = survey_file(release / DARWIN_ARCHIVE).images
    assert (program.path, library.path) == (f"{LABEL}/bin/demo", f"{LABEL}/lib/universal")
    assert (program.sha256, program.size) == (sha256(SIGNED), len(SIGNED))
    assert program.unsigned_sha256 == sha256(unsign_bytes(SIGNED))
    assert library.unsigned_sha256 == sha256(unsign_bytes(UNIVERSAL))
    assert [each.architecture for each in library.slices] == ["x86_64", "arm64"]
    assert {each.identifier for each in library.slices} == {"universal"}


def test_cdhashes_are_those_that_verifying_tells(release: Path, tmp_path: Path) -> None:
    (tmp_path / "universal").write_bytes(UNIVERSAL)
    _, library = survey_file(release / DARWIN_ARCHIVE).images
    told = [each.cdhash for each in verify(tmp_path / "universal").slices]
    assert [each.cdhash for each in library.slices] == told


def test_the_contents_are_digested_as_anybody_can(release: Path, tmp_path: Path) -> None:
    for name in (DARWIN_ARCHIVE, WINDOWS_ARCHIVE, SOURCE_ARCHIVE):
        survey = survey_file(release / name)
        assert survey.contents == dir_hash(release / name, tmp_path / name)


def test_the_unsigned_contents_are_those_of_the_unsigned_archive(release: Path) -> None:
    signed, unsigned = (survey_file(release / name) for name in (DARWIN_ARCHIVE, UNSIGNED_ARCHIVE))
    assert signed.unsigned_contents == unsigned.contents != signed.contents
    assert unsigned.unsigned_contents is None
    assert all(each.unsigned_sha256 is None and not each.slices for each in unsigned.images)


def test_a_hard_link_is_a_file(tmp_path: Path) -> None:
    link = tar_info("a/second")
    link.type, link.linkname = tarfile.LNKTYPE, "a/first"
    (tmp_path / "links.tar").write_bytes(tar_of((tar_info("a/first", 1), b"x"), (link, b"")))
    found = survey_file(tmp_path / "links.tar").contents
    assert found == dir_hash(tmp_path / "links.tar", tmp_path / "unpacked")


def test_a_damaged_image_has_no_signature_that_could_be_told(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(pack_tar({"bin/demo": SIGNED[:200]}))
    (image,) = survey_file(tmp_path / "a.tar").images
    assert (image.unsigned_sha256, image.slices) == (None, ())


def test_a_file_that_is_no_archive_has_a_digest_only(release: Path) -> None:
    survey = survey_file(release / f"{LABEL}-win64-setup.exe")
    assert (survey.contents, survey.images, survey.record) == (None, (), None)


def test_libraries_are_told_where_they_are_looked_for(release: Path) -> None:
    with FactsReader(1) as reader:
        program, _ = survey_file(release / DARWIN_ARCHIVE, reader).images
    assert program.libraries == ("/usr/lib/libSystem.B.dylib",)
    assert survey_file(release / DARWIN_ARCHIVE).images[0].libraries is None


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"name": "\xff"}', b'{"schema": "other"}']
)
def test_a_build_record_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(pack_tar({RECORD: content}, LABEL))
    with pytest.raises(TreeError, match="build record cannot be read"):
        survey_file(tmp_path / "a.tar")


def test_an_endless_build_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(pack_tar({RECORD: b" " * ((1 << 20) + 1)}, LABEL))
    with pytest.raises(TreeError, match="a build record of 1,048,577 bytes"):
        survey_file(tmp_path / "a.tar")


def test_a_release_is_all_that_has_its_name(release: Path) -> None:
    found = survey_release(release)
    assert (found.name, found.version, found.label) == ("demo", "1.2.3", LABEL)
    assert list(found.records) == [DARWIN, LINUX, WINDOWS]
    names = sorted(path.name for path in release.iterdir() if path.name.startswith(LABEL))
    assert [each.name for each in found.files] == names


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("demo-1.2.3.tar.gz", True),
        ("demo-1.2.3-win64.zip", True),
        ("demo-1.2.3", False),
        ("demo-1.2.30.tar.gz", False),
        ("demo-1.2.3.cdx.json", False),
        ("demo-1.2.3.tar.gz.asc", False),
        ("demo-1.2.3.tar.gz.sha256", False),
        ("demo-1.2.3-release-notes.md", False),
        ("other-1.2.3.tar.gz", False),
    ],
)
def test_documents_and_other_releases_are_no_part_of_it(name: str, belongs: bool) -> None:
    assert is_artifact_of("demo-1.2.3", name) is belongs


def test_archives_of_two_releases_are_refused(release: Path) -> None:
    other = canonical_json(build_record(LINUX, version="2"))
    (release / "demo-2.tar.gz").write_bytes(pack_tar_gz({RECORD: other}, "demo-2"))
    with pytest.raises(ConfigurationError, match=r"several sources|not made as"):
        survey_release(release)


def test_archives_of_one_host_must_be_of_one_build(release: Path) -> None:
    (release / f"{LABEL}-again.tar.gz").write_bytes(
        pack_tar_gz(files_for(DARWIN, style="macos15"), LABEL)
    )
    with pytest.raises(ConfigurationError, match="not made as the other archives for arm64"):
        survey_release(release)


def test_archives_that_tell_nothing_are_no_release(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(pack_tar({"a": b""}))
    with pytest.raises(ConfigurationError, match="no archive that tells"):
        survey_release(tmp_path)


def manifest(**suite: object) -> str:
    import json

    row = {"kind": "suite", "name": "demo", "digest": f"sha256:{'5' * 64}", "commit": "c" * 40}
    document = {
        "name": "demo",
        "version": "1.2.3",
        "source_date_epoch": 1,
        "made_by": "countermark 0.1.0",
        "style": "macos26",
        "inputs": [{**row, **suite}],
    }
    return json.dumps(document)


@pytest.mark.parametrize(
    ("content", "commit"),
    [
        (manifest(), "c" * 40),
        (manifest(dirty=True), None),
        (manifest(commit=None), None),
        (manifest(digest=f"sha256:{'6' * 64}"), None),
        ("{", None),
    ],
    ids=["clean", "dirty", "no git", "another source", "damaged"],
)
def test_the_commit_is_told_when_its_files_were_built(
    release: Path, content: str, commit: str | None
) -> None:
    (release / "manifest.json").write_text(content)
    assert find_source(release, survey_release(release)).commit == commit

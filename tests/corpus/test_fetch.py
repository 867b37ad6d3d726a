"""Fetching the corpus: what is there is kept, what is wrong is named, the rest goes on."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from classes import Class, Trait
from countersign.discovery import find_images
from fetch import fetch
from macho import Macho, fat
from manifest import MANIFEST, Archive, Registry, read_manifest

THIN = Macho().sealed().build()
FAT = fat([("x86_64", Macho(arch="x86_64").build()), ("arm64", THIN)])
MEMBERS = {
    "package/module.so": THIN,
    "package/.dylibs/both.dylib": FAT,
    "package/module.py": b"print('no image')\n",
    "package/Main.class": bytes.fromhex("cafebabe00000041"),
    "package/empty": b"",
    "../escaped.so": THIN,
}
IMAGES = ["package/.dylibs/both.dylib", "package/module.so"]


def wheel() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in MEMBERS.items():
            archive.writestr(name, data)
    return out.getvalue()


def tarball() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in MEMBERS.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("package/link.so")
        link.type, link.linkname = tarfile.SYMTYPE, "module.so"
        archive.addfile(link)
    return out.getvalue()


def listed(file: str, content: bytes) -> Archive:
    return Archive(
        registry=Registry.NPM if file.endswith(".tgz") else Registry.PYPI,
        name="package",
        version="1.0",
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        classes=(),
    )


def kept(directory: Path, file: str, content: bytes) -> None:
    (directory / "archives").mkdir(exist_ok=True)
    (directory / "archives" / file).write_bytes(content)


def unpacked(directory: Path) -> list[str]:
    files = directory / "files"
    return [str(path.relative_to(files)) for path in find_images(files)]


@pytest.mark.parametrize(
    ("file", "content"), [("one-1.0-py3-none-any.whl", wheel()), ("one-1.0.tgz", tarball())]
)
def test_only_images_are_unpacked_and_none_outside(
    file: str, content: bytes, tmp_path: Path
) -> None:
    said: list[str] = []
    kept(tmp_path, file, content)
    assert fetch([listed(file, content)], tmp_path, say=said.append) == []
    assert said == [f"{file}: 2 Mach-O files"]
    folder = file.removesuffix(".whl").removesuffix(".tgz")
    assert unpacked(tmp_path) == [f"{folder}/{name}" for name in IMAGES]
    assert (tmp_path / "files" / folder / "package/module.so").read_bytes() == THIN
    everything = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(everything) == len(IMAGES)


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    file, content = "one-1.0.tgz", tarball()
    kept(tmp_path, file, content)
    fetch([listed(file, content)], tmp_path, say=lambda line: None)
    image = tmp_path / "files/one-1.0/package/module.so"
    before = image.stat().st_ino
    said: list[str] = []
    assert fetch([listed(file, content)], tmp_path, say=said.append) == []
    assert said == [f"{file}: already there"]
    assert image.stat().st_ino == before


def test_another_archive_is_named_and_not_unpacked_and_the_rest_goes_on(tmp_path: Path) -> None:
    good, bad = "good-1.0.tgz", "bad-1.0.tgz"
    kept(tmp_path, good, tarball())
    kept(tmp_path, bad, tarball() + b"\0")
    archives = [listed(bad, tarball()), listed(good, tarball())]
    (problem,) = fetch(archives, tmp_path, say=lambda line: None)
    assert problem.startswith(f"{bad}: its SHA-256 is ")
    assert archives[0].sha256 in problem
    assert unpacked(tmp_path) == [f"good-1.0/{name}" for name in IMAGES]


def test_what_cannot_be_had_is_named_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # so that there is no npm
    kept(tmp_path, "good-1.0.tgz", tarball())
    archives = [listed("absent-1.0.tgz", b""), listed("good-1.0.tgz", tarball())]
    (problem,) = fetch(archives, tmp_path, say=lambda line: None)
    assert problem.startswith("absent-1.0.tgz: ")
    assert "npm" in problem
    assert unpacked(tmp_path) == [f"good-1.0/{name}" for name in IMAGES]
    assert sorted(path.name for path in (tmp_path / "archives").iterdir()) == ["good-1.0.tgz"]


def test_manifest_names_every_archive_once_and_only_known_classes() -> None:
    archives = read_manifest()
    assert len({archive.file for archive in archives}) == len(archives)
    assert len({archive.folder for archive in archives}) == len(archives)
    known = {*Class, *Trait}
    for archive in archives:
        assert re.fullmatch("[0-9a-f]{64}", archive.sha256), archive.file
        assert archive.classes, archive.file
        assert set(archive.classes) <= known, archive.file
        assert archive.file.endswith(".tgz" if archive.registry is Registry.NPM else ".whl")


def test_manifest_has_every_class() -> None:
    listed = {name for archive in read_manifest() for name in archive.classes}
    assert {*Class} - listed == {Class.ADHOC_OTHER, Class.LLD}
    assert {*Trait} <= listed


def test_manifest_names_no_place_to_download_from() -> None:
    assert "://" not in MANIFEST.read_text(encoding="utf-8")

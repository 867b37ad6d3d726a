"""Writes bundles and seals them, as ``codesign --sign -`` would, on a small scale.

The CodeResources file is laid out by what ``SecStaticCode::validateResources`` in Security's
StaticCode.cpp and ``ResourceBuilder`` in its resources.cpp read; the rules are those that
``BundleDiskRep::defaultResourceRules`` in bundlediskrep.cpp gives to a new bundle, as far as a
bundle of three files needs them.
"""

from __future__ import annotations

import hashlib
import plistlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from kit.bases import LIBRARY, PROGRAM, resealed
from kit.image import Image
from kit.signature import INFO_PLIST, RESOURCES, Directory
from kit.tree import Link, Pipe, Tree, moved

__all__ = ["RULES", "Bundle", "cdhash", "framework"]

RULES: Final[Mapping[str, object]] = {
    "^.*": True,
    "^[^/]+$": {"nested": True, "weight": 10.0},
    "^(Frameworks|Helpers|MacOS|PlugIns)/": {"nested": True, "weight": 10.0},
    r"^(.*/)?\.DS_Store$": {"omit": True, "weight": 2000.0},
    r"^Info\.plist$": {"omit": True, "weight": 20.0},
    "^PkgInfo$": {"omit": True, "weight": 20.0},
    "^Resources/": {"weight": 20.0},
}
RULES_1: Final[Mapping[str, object]] = {"^Resources/": True}
"""The rules of the first version of the format, which is written along."""


def cdhash(image: bytes) -> bytes:
    """Give the cdhash of an image with one code directory of SHA-256."""
    at = image.index(bytes.fromhex("fade0c02"))
    length = int.from_bytes(image[at + 4 : at + 8])
    return hashlib.sha256(image[at : at + length]).digest()[:20]


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What is sealed together: a program or library, its Info.plist, resources, nested code."""

    image: Image = PROGRAM
    program: str = "MacOS/program"
    info: str = "Info.plist"
    files: Tree
    nested: Mapping[str, bytes]
    """The cdhash of each piece of nested code, by its path."""
    rules: Mapping[str, object]
    hash_types: tuple[int, ...] = (2,)
    edit: Callable[[dict[str, Any]], object] = lambda values: None
    """Changes the CodeResources before they are sealed."""
    resources: bytes | None = None
    """The CodeResources file as it is, if not of its contents."""

    def build(self) -> dict[str, bytes | Link | Pipe]:
        """Write the files, by their paths from the bundle's base."""
        name = self.program.rpartition("/")[2]
        info = plistlib.dumps(
            {"CFBundleExecutable": name, "CFBundleIdentifier": f"org.example.{name}"}
        )
        files = {self.info: info, **self.files}
        resources = self._code_resources(files) if self.resources is None else self.resources
        directories = tuple(
            Directory(hash_type=each, special={INFO_PLIST: info, RESOURCES: resources})
            for each in self.hash_types
        )
        image = resealed(self.image, directories=directories).build()
        return {
            self.program: image,
            **files,
            "_CodeSignature/CodeResources": resources,
        }

    def _code_resources(self, files: Tree) -> bytes:
        values: dict[str, Any] = {
            "files": {
                path: hashlib.sha1(content).digest()
                for path, content in files.items()
                if path.startswith("Resources/") and isinstance(content, bytes)
            },
            "files2": {
                **{path: _sealed(each) for path, each in files.items() if self._counts(path)},
                **{path: {"cdhash": each, "requirement": f'cdhash H"{each.hex()}"'}
                   for path, each in self.nested.items()},
            },
            "rules": dict(RULES_1),
            "rules2": dict(self.rules),
        }  # fmt: skip
        self.edit(values)
        return plistlib.dumps(values)

    def _counts(self, path: str) -> bool:
        nested = any(path == each or path.startswith(f"{each}/") for each in self.nested)
        return not nested and path not in ("Info.plist", "PkgInfo")


def _sealed(content: bytes | Link | Pipe) -> dict[str, object]:
    assert not isinstance(content, Pipe)
    if isinstance(content, Link):
        return {"symlink": content.target}
    return {"hash": hashlib.sha1(content).digest(), "hash2": hashlib.sha256(content).digest()}


FRAMEWORK: Final = Bundle(
    image=replace(LIBRARY, install_name="@rpath/Kit.framework/Kit"),
    program="Kit",
    info="Resources/Info.plist",
    files={},
    nested={},
    rules=RULES,
)


def framework(version: Bundle = FRAMEWORK) -> dict[str, bytes | Link | Pipe]:
    """Give a framework of one version, with the links that belong to it."""
    links: Tree = {
        "Kit": Link("Versions/Current/Kit"),
        "Resources": Link("Versions/Current/Resources"),
        "Versions/Current": Link("A"),
    }
    return {**moved(version.build(), "Versions/A"), **links}

"""Download the corpus: published Mach-O files that the signing engine is measured against.

    python tests/corpus/fetch.py DIRECTORY

The archives of ``packages.toml`` go to DIRECTORY/archives, their Mach-O files, found by content,
to DIRECTORY/files/<archive>/<path>. What is already there is kept. Nothing that was downloaded is
run or imported. Exit code 0 when everything is there, 3 when something is not: what could not be
had, and what is not the file that the manifest names, is listed at the end.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from manifest import Archive, read_manifest
from registry import UnavailableError, download
from unpack import unpack_images

__all__ = ["WrongSumError", "fetch", "main"]


class WrongSumError(Exception):
    """An archive is not the one in the manifest."""

    def __init__(self, archive: Archive, found: str) -> None:
        super().__init__(
            f"its SHA-256 is {found}, the manifest says {archive.sha256}; "
            "it was not unpacked; delete it from archives/ if it is there, and fetch again"
        )


def main() -> int:
    """Fetch everything, say every problem, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path, metavar="DIRECTORY")
    directory = parser.parse_args().directory
    problems = fetch(read_manifest(), directory, say=lambda line: print(line, flush=True))
    for problem in problems:
        print(f"fetch.py: {problem}", file=sys.stderr)
    return 3 if problems else 0


def fetch(archives: Iterable[Archive], directory: Path, *, say: Callable[[str], None]) -> list[str]:
    """Bring ``archives`` to ``directory``; return what went wrong, one line for each of them."""
    problems = []
    for archive in archives:
        try:
            say(f"{archive.file}: {_fetch_one(archive, directory)}")
        except (UnavailableError, WrongSumError, OSError) as error:
            problems.append(f"{archive.file}: {error}")
    return problems


def _fetch_one(archive: Archive, directory: Path) -> str:
    kept = directory / "archives" / archive.file
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".part-") as partial:
            path = download(archive, Path(partial))
            _check_sum(archive, path)
            path.replace(kept)
    else:
        _check_sum(archive, kept)
    folder = directory / "files" / archive.folder
    if folder.exists():
        return "already there"
    return f"{unpack_images(kept, folder)} Mach-O files"


def _check_sum(archive: Archive, path: Path) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != archive.sha256:
        raise WrongSumError(archive, found)


if __name__ == "__main__":
    sys.exit(main())

"""Tell images by their content: one file, or all Mach-O files below a directory."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from countersign.errors import ReadError
from countersign.image import Image, ImageFormat, ImageKind, identify
from countersign.macho.fat import MAX_TABLE, parse_fat, starts_fat
from countersign.source import Source
from countersign.window import Window

__all__ = [
    "find_images",
    "find_linked_files",
    "find_linked_images",
    "identify_content",
    "identify_file",
    "identify_source",
    "is_code",
    "reaches_beyond",
]

_ENOUGH = 4096
"""Bytes that :func:`identify` wants to see."""

_ARCHIVE: Final = b"!<arch>\n"
NO_CODE: Final = (ImageKind.OBJECT, ImageKind.SYMBOLS)
"""Mach-O files that nothing runs, and nobody signs."""

OnError = Callable[[Path, ReadError], None]
Report = Callable[[Path, OSError], None]


def identify_file(path: Path) -> Image | None:
    """Tell which image a file is; None when it is none. Raises :class:`OSError`.

    A universal file is what its first slice of code is, or what its first slice is where none is
    code; a universal static archive is no image.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _identify(lambda offset, size: os.pread(descriptor, size, offset))
    finally:
        os.close(descriptor)


def identify_content(data: bytes) -> Image | None:
    """Tell which image a file is, as :func:`identify_file` does, by as much of it as is there."""
    return _identify(lambda offset, size: data[offset : offset + size])


def identify_source(source: Source) -> Image | None:
    """Tell which image a file is, as :func:`identify_file` does. Raises what the source raises."""
    window = Window(source)
    return _identify(lambda offset, size: bytes(window[offset : offset + size]))


def reaches_beyond(head: bytes) -> bool:
    """Tell whether a universal file that begins with ``head`` has slices that begin behind it."""
    view = memoryview(head)
    if identify(head) is None or not starts_fat(view[:MAX_TABLE]):
        return False
    return any(arch.offset >= len(head) for arch in parse_fat(view[:MAX_TABLE]))


def is_code(image: Image | None) -> bool:
    """Tell a Mach-O that may be signed from all other files."""
    return image is not None and image.format is ImageFormat.MACH_O and image.kind not in NO_CODE


def _identify(read: Callable[[int, int], bytes]) -> Image | None:
    head = read(0, _ENOUGH)
    image = identify(head)
    if image is None or not starts_fat(memoryview(head)):
        return image
    starts = [read(arch.offset, _ENOUGH) for arch in parse_fat(memoryview(head))]
    slices = [identify(start) for start in starts]
    code = next((each for each in slices if is_code(each)), None)
    if code is None and starts[0].startswith(_ARCHIVE):
        return None
    inner = code or slices[0]
    return image._replace(kind=inner.kind if inner is not None else ImageKind.OTHER)


def find_images(root: Path) -> Iterator[Path]:
    """Give the Mach-O files at or below ``root``, sorted by path, each by its first name.

    What cannot be read raises :class:`ReadError`: a file that was skipped in silence would pass
    for one that was checked.
    """
    return (names[0] for names in find_linked_images(root))


def find_linked_images(root: Path, on_error: OnError | None = None) -> Iterator[tuple[Path, ...]]:
    """Give the Mach-O files at or below ``root``, sorted by path, each with all its names there.

    Only regular files that hold code count: no object files, static archives or dSYM companions.
    Symbolic links are not followed; hard links to one file are several names of it. What cannot be
    read is given to ``on_error`` and left out, or raised without it.
    """

    for names in find_linked_files(root, on_error):
        try:
            image = identify_file(names[0])
        except OSError as error:
            _report(on_error, names[0], error)
            continue
        if is_code(image):
            yield names


def find_linked_files(root: Path, on_error: OnError | None = None) -> Iterator[tuple[Path, ...]]:
    """Give every regular file at or below ``root`` as :func:`find_linked_images` gives images."""

    def report(path: Path, error: OSError) -> None:
        _report(on_error, path, error)

    return map(tuple, _regular_files(root, report).values())


def _report(on_error: OnError | None, path: Path, error: OSError) -> None:
    if on_error is None:
        raise ReadError(f"{path}: {error.strerror}") from error
    on_error(path, ReadError(error.strerror or str(error)))


def _regular_files(root: Path, report: Report) -> dict[tuple[int, int], list[Path]]:
    """Collect the names of every regular file by its inode, in the order of the first ones."""
    found: dict[tuple[int, int], list[Path]] = {}
    for path in sorted(_files(root, report)):
        try:
            status = path.lstat()
        except OSError as error:
            report(path, error)
            continue
        if stat.S_ISREG(status.st_mode):
            found.setdefault((status.st_dev, status.st_ino), []).append(path)
    return found


def _files(root: Path, report: Report) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return

    def unreadable(error: OSError) -> None:
        report(Path(error.filename), error)

    for folder, _, names in os.walk(root, onerror=unreadable):
        yield from (Path(folder, name) for name in names)

"""What nobody meant to ship: left-overs of desktops, editors and builds. Rules L25 and L26."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from counterproof.profiles.profile import BUILD_RECORD
from counterproof.rulebook.contents import DEBUG_FILE, LEFT_OVER
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.survey import Sample
from countersign.findings import Severity
from countersign.image import ImageKind

__all__ = ["check_debug_files", "check_leftovers", "is_debug_file", "is_leftover"]

_LEFT_OVERS: Final = (
    (re.compile(r"\._.+|\.DS_Store|__MACOSX|\.AppleDouble|\.Spotlight-V100|\.fseventsd"), "macOS"),
    (re.compile(r"Thumbs\.db|desktop\.ini|\$RECYCLE\.BIN", re.IGNORECASE), "Windows"),
    (re.compile(r"\.nfs[0-9a-f]+|\.fuse_hidden[0-9a-f]+|lost\+found"), "a file system"),
    (re.compile(r".+~|\..+\.sw[a-p]|#.+#|\.#.+"), "an editor"),
    (re.compile(r"\.(?:git|hg|svn|bzr)|CVS"), "version control"),
    (re.compile(r".+\.(?:orig|rej)"), "a patch"),
    (re.compile(r"__pycache__|.+\.py[co]"), "Python, which was run in the tree"),
)
"""Names that belong to nobody's release, and what leaves them behind."""
_DEBUG_NAME: Final = re.compile(r".+\.(?:dbg|debug|dSYM|pdb)")


def check_leftovers(subject: Subject) -> Iterator[Located]:
    """Report each left-over once, and not what stands in it."""
    severity = Severity.ERROR if subject.profile.unlisted == "refused" else Severity.WARNING
    seen: set[PurePosixPath] = set()
    for path in sorted(subject.survey.links.places):
        found = _leftover(path)
        if found is not None and found[0] not in seen:
            seen.add(found[0])
            message = f"is a left-over of {found[1]}, expected only what was installed"
            yield Located(found[0], breach(LEFT_OVER, message, severity=severity))


def check_debug_files(subject: Subject) -> Iterator[Located]:
    """Check that debug files stand in an archive of their own."""
    wanted = subject.survey.holds_debug_files
    for sample in subject.survey.files:
        if is_debug_file(sample) and not wanted:
            message = "holds debug information only, expected in the archive named -debug"
            yield Located(sample.entry.path, breach(DEBUG_FILE, message))
        elif wanted and not is_debug_file(sample) and sample.entry.path != BUILD_RECORD:
            message = "is no debug file, expected only those in an archive named -debug"
            yield Located(sample.entry.path, breach(DEBUG_FILE, message))


def is_leftover(path: PurePosixPath) -> bool:
    """Tell whether a path has a name that a desktop, an editor or a build leaves behind."""
    return _leftover(path) is not None


def is_debug_file(sample: Sample) -> bool:
    """Tell whether a file is there for debuggers alone, by its name or by its content."""
    if sample.image is not None and sample.image.kind is ImageKind.SYMBOLS:
        return True
    return any(_DEBUG_NAME.fullmatch(part) for part in sample.entry.path.parts)


def _leftover(path: PurePosixPath) -> tuple[PurePosixPath, str] | None:
    """Give the topmost part of a path that is a left-over, and what left it."""
    for depth, part in enumerate(path.parts, 1):
        for pattern, origin in _LEFT_OVERS:
            if pattern.fullmatch(part):
                return PurePosixPath(*path.parts[:depth]), origin
    return None

"""What kind of tree something is: its form, as its structure shows it.

An application bundle is one directory, ``Contents``; what the installer for Windows unpacks has
``daemon`` where other trees have ``bin`` (Bitcoin Core's ``share/setup.nsi.in``); an archive of a
release has documents that are never installed (``contrib/guix/libexec/package.sh``).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Final

from counterproof.profiles.profile import Profile
from counterproof.target import Form, Platform

__all__ = ["plain_form", "special_form"]

_CONTENTS: Final = "Contents"
_DAEMON: Final = "daemon"
_BIN: Final = "bin"


def special_form(files: Collection[PurePosixPath]) -> Form | None:
    """Tell a bundle and an installer's payload by their directories; None for any other tree."""
    tops = {path.parts[0] for path in files if path.parts}
    if tops == {_CONTENTS}:
        return "app"
    folders = {path.parts[0] for path in files if len(path.parts) > 1}
    return "nsis" if _DAEMON in folders and _BIN not in folders else None


def plain_form(files: Collection[PurePosixPath], profile: Profile, platform: Platform) -> Form:
    """Tell an archive that was unpacked from an install tree: by what only an archive has."""
    installed = profile.files_for(platform, "install")
    packed = [item for item in profile.files_for(platform, "archive") if item not in installed]
    unpacked = any(item.pattern.matches(path) for item in packed for path in files)
    return "archive" if unpacked else "install"

"""A profile laid out flat: every path that it lists, for one platform."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from counterproof.profiles.profile import MACOS, Need, Profile
from counterproof.target import STATES, Form, Platform, State

__all__ = ["Item", "items_for"]

_USUAL: Final[tuple[tuple[Form, ...], ...]] = (
    ("install", "build", "archive"),
    ("install", "archive"),
)
"""Forms that go without saying: those of programs, and of documents."""
_INSTALLED: Final = PurePosixPath("$INSTDIR")
"""What the installer calls the directory that the user chose."""
_WORDS: Final[dict[Form, str]] = {
    "install": "install trees",
    "build": "build trees",
    "archive": "archives",
}


class Item(NamedTuple):
    """One path, or the pattern of several; programs stand without any ``.exe``."""

    path: str
    need: Need
    forms: tuple[Form, ...]
    """The forms of trees that may hold it there; a build tree holds all programs in ``bin``."""
    states: tuple[State, ...]

    @property
    def limits(self) -> str:
        """Say where alone it may be, and when; empty for most."""
        only = " and ".join(_WORDS[form] for form in self.forms if form in _WORDS)
        where = "" if self.forms in _USUAL or not only else f"only in {only}"
        when = "" if self.states == STATES else f"when {' or '.join(self.states)}"
        return " ".join(filter(None, (where, when)))

    def among(self, *forms: Form) -> Item | None:
        """Give what is left of it in trees of some forms; None when it is in none of them."""
        left = tuple(form for form in self.forms if form in forms)
        return self._replace(forms=left) if left else None


def items_for(profile: Profile, platform: Platform) -> tuple[Item, ...]:
    """Give what may be in trees for ``platform``: programs, other files, and the bundle's.

    What the installer for Windows unpacks has an item of its own, below ``$INSTDIR``.
    """
    programs = sorted(_programs(profile, platform))
    files = sorted(_files(profile, platform))
    return (*programs, *files, *(_app(profile) if platform == "darwin" else ()))


def _programs(profile: Profile, platform: Platform) -> Iterator[Item]:
    for program in profile.programs:
        if platform in program.platforms:
            path = (profile.directory(program) / program.name).as_posix()
            item = Item(path, program.need, program.forms, STATES)
            yield from _parts(item, platform, profile.directory(program, "nsis") / program.name)


def _files(profile: Profile, platform: Platform) -> Iterator[Item]:
    for file in profile.files:
        if platform in file.platforms:
            item = Item(str(file.pattern), file.need, file.forms, file.states)
            yield from _parts(item, platform, PurePosixPath(item.path))


def _parts(item: Item, platform: Platform, unpacked: PurePosixPath) -> Iterator[Item]:
    """Set what an installer unpacks apart from all else."""
    if packed := item.among("install", "build", "archive"):
        yield packed
    if platform == "windows" and (installed := item.among("nsis")):
        yield installed._replace(path=(_INSTALLED / unpacked).as_posix())


def _app(profile: Profile) -> Iterator[Item]:
    if profile.app is not None:
        program = (MACOS / profile.app.program.name).as_posix()
        yield Item(f"{profile.app.bundle}/{program}", "required", ("app",), STATES)
        for file in profile.app.files:
            yield Item(f"{profile.app.bundle}/{file.pattern}", file.need, ("app",), file.states)

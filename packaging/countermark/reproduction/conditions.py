"""The conditions that a build is made under, as far as two builders may differ in them."""

from __future__ import annotations

import msgspec

__all__ = ["Conditions"]


class Conditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a build is given; None and empty mean: as it is for whoever asks."""

    suite: str = "here/suite"
    """Where the sources stand, from the top of the work directory."""
    out: str = "here/out"
    """Where the release is made, likewise."""
    home: str = ""
    """The home directory, likewise."""
    temporary: str = ""
    """The directory for temporary files, likewise."""
    umask: int | None = None
    uid: int | None = None
    """The user and the group, by number."""
    user: str = ""
    """What variables say is the name of the user."""
    hostname: str = ""
    cpus: tuple[int, ...] = ()
    """The processors that may be used, by number."""
    aslr: bool = True
    """Whether programs are loaded to random addresses."""
    locale: str = ""
    timezone: str = ""
    variables: dict[str, str] = {}
    """What else stands in the environment of every program."""
    clock: int = 0
    """Seconds that the clock is ahead."""
    modified: int | None = None
    """When the oldest file of the suite was changed; the next is one second younger."""
    reverse: bool = False
    """Whether directories of the suite list their entries the other way round."""

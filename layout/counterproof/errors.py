"""Everything this package raises: one base, and one subclass per thing a caller can act on."""

from __future__ import annotations

__all__ = [
    "HostileArchiveError",
    "LayoutError",
    "NoWrapperError",
    "PlacementError",
    "ProfileError",
    "SchemaError",
    "SchemaToolError",
    "TreeError",
    "UndecidedError",
    "UnknownProfileError",
    "UnknownVersionError",
    "UnreadMemberError",
    "UnrunnableError",
    "UnsupportedTreeError",
    "WindowError",
]

_SHOWN_NAME = 200
"""Characters of a member's name that a message shows at most."""


class LayoutError(Exception):
    """Base of all errors raised on purpose by counterproof."""

    hint: str = ""
    """What the user can do about it, shown on a line of its own."""


class ProfileError(LayoutError):
    """A profile says something that profiles cannot say."""

    hint = "Correct the profile file at the place named above."

    def __init__(self, source: str, key: str, problem: str, *, nearest: str | None = None) -> None:
        place = f"profile {source}: {key}" if key else f"profile {source}"
        super().__init__(f"{place}: {problem}{_suggestion(nearest)}")
        self.source = source
        self.key = key
        self.nearest = nearest


class UnknownProfileError(ProfileError):
    """No profile has this name."""

    hint = "See the profiles with `countermark layout list`, or give the path of a .toml file."

    def __init__(self, name: str, *, nearest: str | None = None) -> None:
        super().__init__(repr(name), "", "there is no profile of this name", nearest=nearest)


class UndecidedError(LayoutError):
    """What a tree is meant to be cannot be found out, or not surely enough to be taken as said."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class UnknownVersionError(UndecidedError):
    """No profile describes the version that a name tells."""

    def __init__(self, release: str, nearest: str) -> None:
        super().__init__(
            f"no profile describes {release}; the nearest is {nearest}",
            f"If it is laid out like that, say so with --profile {nearest}; if not, write a profile"
            " that extends it.",
        )
        self.nearest = nearest


class PlacementError(LayoutError):
    """A program cannot go where the profile wants it."""

    hint = "Install the program once; remove the copy that is not wanted and stage again."

    def __init__(self, source: str, destination: str, occupant: str) -> None:
        super().__init__(f"{source} belongs at {destination}, but {occupant} already takes it")
        self.source = source
        self.destination = destination


class TreeError(LayoutError):
    """A directory or an archive cannot be read."""

    hint = "Check the path and its permissions; an archive may have to be packed or fetched again."

    def __init__(self, path: str, problem: str, *, member: str | None = None) -> None:
        place = path if member is None else f"{path}: member {_shown(member)}"
        super().__init__(f"{place}: {problem}")
        self.path = path
        self.member = member
        self.problem = problem


class NoWrapperError(LayoutError):
    """There is no wrapper in a tree, so that there is no command to say anything of."""

    hint = "Give the directory above bin/; a wrapper of another name is in a profile of your own."

    def __init__(self, path: str, name: str) -> None:
        super().__init__(f"{path}: there is no {name} in it")


class UnsupportedTreeError(TreeError):
    """The path is sound as far as can be seen, but of a kind that is not read."""

    hint = "Give a directory, or a .tar, .tar.gz, .tar.zst or .zip archive."


class UnreadMemberError(UnsupportedTreeError):
    """A zip archive keeps a member in a way that is not read."""

    hint = "Pack it again without a password, with zip or another program that deflates."


class WindowError(TreeError):
    """A zstd frame can only be decompressed with more memory than it is given."""

    hint = "Compress it again with a smaller window: zstd needs no more unless told to, by --long."

    def __init__(self, path: str, window: int, limit: int) -> None:
        super().__init__(
            path, f"a frame needs a window of {window} bytes; it gets {limit >> 20} MiB at most"
        )


class HostileArchiveError(TreeError):
    """Unpacking this archive could write, or take, what it should not."""

    hint = "Do not unpack it. Nothing of it was written; get the archive from its source again."


class SchemaError(LayoutError):
    """A Cap'n Proto schema does not compile."""

    hint = "Correct the schema; give directories that its imports are in with --import."


class SchemaToolError(LayoutError):
    """What reads Cap'n Proto schemas is not installed."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


class UnrunnableError(LayoutError):
    """No program of a tree can be started on this machine."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


def _suggestion(nearest: str | None) -> str:
    return f"; did you mean {nearest!r}?" if nearest else ""


def _shown(name: str) -> str:
    """Quote ``name`` so that it can neither break a line nor flood a terminal."""
    shown = ascii(name[:_SHOWN_NAME])
    return shown if len(name) <= _SHOWN_NAME else f"{shown}..."

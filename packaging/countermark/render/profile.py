"""A profile as text: every path it knows, and whether it must be there."""

from __future__ import annotations

import textwrap

from counterproof.profiles.profile import ListedFile, Profile, Program
from counterproof.target import PLATFORMS

__all__ = ["describe_profile"]


def describe_profile(profile: Profile) -> str:
    """Return the profile's title, description and paths."""
    rows: list[tuple[str, Program | ListedFile]] = [
        (f"{profile.libexec if program.directory == 'libexec' else 'bin'}/{program.name}", program)
        for program in profile.programs
    ]
    rows += [(str(file.pattern), file) for file in profile.files]
    width = max((len(path) for path, _ in rows), default=0)
    lines = [f"{profile.name}: {profile.title}", ""]
    lines += textwrap.wrap(profile.description, 100)
    lines.append("")
    for path, item in rows:
        platforms = "" if set(item.platforms) == set(PLATFORMS) else ", ".join(item.platforms)
        need = item.need
        lines.append(f"  {path:{width}}  {need}  {platforms}".rstrip())
    lines.append(f"  anything else is {profile.unlisted}")
    return "\n".join(lines)

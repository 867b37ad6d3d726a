"""What became of the source of a dependency, as text."""

from __future__ import annotations

from countermark.dependencies.fetching import Fetched, State
from countermark.render.trouble import describe_error

__all__ = ["describe_fetched"]


def describe_fetched(fetched: Fetched) -> str:
    """Return one line, or a few where the user has something to do."""
    settings = fetched.settings
    heading = f"{fetched.state:10}  {settings.name}  {settings.source}"
    if fetched.error is not None:
        return f"{heading}\n{describe_error(fetched.error)}"
    if fetched.state is State.UNDECLARED:
        return (
            f'{heading}\n  sha256 = "{fetched.sha256}"\n'
            "  is what it has; nobody has said what it must have. Compare it with what its makers\n"
            "  publish, then write it down in the configuration: nothing is built from it before."
        )
    if fetched.size is None:
        return heading
    return f"{heading}  {fetched.size:,} bytes"

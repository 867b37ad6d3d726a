"""The command line. Start-up is part of the speed: nothing is imported before it is needed."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that the program's arguments name, and exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from countermark import __version__

        print(f"countermark {__version__}")
        return
    from countermark.cli.application import run

    sys.exit(run(sys.argv[1:]))

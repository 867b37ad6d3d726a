"""The command line. Start-up is part of the speed: nothing is imported before it is needed."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command that the program's arguments name, and exit with its code."""
    _open_closed_streams()
    if sys.argv[1:] in (["--version"], ["-V"]):
        from countermark import __version__

        print(f"countermark {__version__}")
        return
    gc.set_threshold(50_000)  # importing makes many objects and no garbage
    try:
        from countermark.cli.application import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the modules were still being imported
        code = 130
    gc.freeze()  # the end of the process frees everything; Python need not look for cycles first
    sys.exit(code)


def _open_closed_streams() -> None:
    """Give a stream that the caller closed a place to go."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123

"""How much memory a running program has for itself.

Anonymous memory is what it allocated; pages of files that it mapped belong to the page cache and
are not counted. Linux tells it in ``/proc/PID/status`` (proc_pid_status(5)); no other system does.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

__all__ = ["PeakMemory", "anonymous_bytes"]

_ANONYMOUS: Final = re.compile(rb"^RssAnon:\s*(\d+) kB$", re.MULTILINE)


def anonymous_bytes(process_id: int) -> int | None:
    """Return the bytes of anonymous memory of a process; None when the system does not tell."""
    try:
        status = Path(f"/proc/{process_id}/status").read_bytes()
    except OSError:
        return None
    found = _ANONYMOUS.search(status)
    return int(found[1]) * 1024 if found else None


class PeakMemory:
    """Remembers the most that was seen of one process's anonymous memory."""

    def __init__(self) -> None:
        self.peak: int | None = None
        """Bytes; None when nothing was seen."""

    def look(self, process_id: int) -> None:
        """Take note of what the process has now."""
        seen = anonymous_bytes(process_id)
        if seen is not None:
            self.peak = max(seen, self.peak or 0)

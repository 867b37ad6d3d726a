"""Times as people and programs are shown them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["time_text"]


def time_text(time: datetime) -> str:
    """Write a time in UTC, as ISO 8601 has it, to the second; one without a zone is in UTC."""
    time = time.replace(tzinfo=time.tzinfo or UTC)
    try:
        return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    except OverflowError:  # at one end of what a calendar has; files hold anything
        return time.isoformat(timespec="seconds")

"""Times in UTC, whatever their zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from countersign.times import time_text


def test_times_are_shown_in_utc() -> None:
    assert time_text(datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)) == "2026-03-04T05:06:07Z"
    east = timezone(timedelta(hours=2))
    assert time_text(datetime(2026, 3, 4, 1, tzinfo=east)) == "2026-03-03T23:00:00Z"
    assert time_text(datetime(2026, 3, 4)) == "2026-03-04T00:00:00Z"


def test_the_end_of_the_calendar_is_no_error() -> None:
    west = timezone(timedelta(hours=-2))
    assert time_text(datetime(9999, 12, 31, 23, tzinfo=west)) == "9999-12-31T23:00:00-02:00"

"""Sizes on the command line: ``4096``, ``200MB``, ``1.5GiB``."""

from __future__ import annotations

import re
from typing import Final

import click

__all__ = ["parse_size"]

_FORM: Final = re.compile(
    r"(?P<number>\d{1,15}(\.\d{1,9})?) ?((?P<prefix>[kmg])(?P<binary>i)?)?b?",
    re.IGNORECASE | re.ASCII,
)
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3}


def parse_size(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> int | None:
    """Return the bytes that an option's text names: MB is 1,000,000 bytes, MiB 1,048,576."""
    if text is None:
        return None
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter(f"'{text}' is no size such as 200MB")
    power = _POWERS[(found["prefix"] or "").lower()]
    return round(float(found["number"]) * float(1024 if found["binary"] else 1000) ** power)

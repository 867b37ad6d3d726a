"""Sizes as people write them."""

from __future__ import annotations

import click
import pytest

from countermark.cli.size import parse_size


def parse(text: str | None) -> int | None:
    command = click.Command("x")
    return parse_size(click.Context(command), click.Option(["--size"]), text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        ("4096B", 4096),
        ("200MB", 200_000_000),
        ("200 mb", 200_000_000),
        ("1.5k", 1500),
        ("1GiB", 1 << 30),
        ("0.5Ki", 512),
        ("0", 0),
    ],
)
def test_a_size_may_have_a_unit(text: str, size: int) -> None:
    assert parse(text) == size


@pytest.mark.parametrize(
    "text", ["", "MB", "-1", "1e3", "1iB", "1TB", "1,000", "1..5", "0x10", "\u0661", "9" * 40]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="no size"):
        parse(text)


def test_no_size_stays_none() -> None:
    assert parse(None) is None

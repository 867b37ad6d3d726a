"""Paths on the command line: whatever they name, it is for the command to say what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["ANY_PATH"]


class _AnyPath(click.Path):
    """A path that may be anything but empty, as an unset shell variable makes it."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  # as click declares it
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        if not str(value):
            self.fail("a path is empty; it would stand for the current directory", param, ctx)
        return super().convert(value, param, ctx)


ANY_PATH = _AnyPath(path_type=Path, readable=False)

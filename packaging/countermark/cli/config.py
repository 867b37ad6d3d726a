"""``countermark config``: what a release would be made from."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from countermark.cli.options import resolve_options, suite_options

__all__ = ["command"]


@click.command("config")
@suite_options
@click.option("--schema", is_flag=True, help="Print the JSON schema of countermark.toml instead.")
def command(schema: bool, **values: Any) -> int:  # noqa: ANN401
    """Show the effective configuration of SUITE, as a countermark.toml with nothing left open.

    \b
    Example: countermark config --schema > countermark.schema.json
    """
    if schema:
        from countermark.settings import json_schema

        sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
        return 0
    from countermark.configuration import effective_settings
    from countermark.settings import format_settings

    sys.stdout.write(format_settings(effective_settings(resolve_options(**values))))
    return 0

"""``countermark doctor``: can this machine make a release?"""

from __future__ import annotations

import os
import sys

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.doctor import Examined, examine

__all__ = ["command"]


@click.command("doctor")
@format_option
def command(output: str) -> int:
    """Check every tool, its version, and every host; say how to install what is missing.

    Exits 1 when something that every release needs is missing.

    \b
    Example: countermark doctor
    """
    examined = examine(os.environ)
    good = all(one.found for one in examined if one.needed)
    if output == "json":
        from countermark.render.document import doctor_document
        from countermark.render.encoding import to_json

        sys.stdout.write(to_json(doctor_document(examined)))
    else:
        width = max(len(one.name) for one in examined)
        for one in examined:
            click.echo(f"{_mark(one):8}  {one.name:{width}}  {one.detail}")
            if one.fix:
                click.echo(f"{'':8}  {'':{width}}  fix: {one.fix}")
    return Exit.GOOD if good else Exit.BAD


def _mark(one: Examined) -> str:
    if one.found:
        return "ok"
    return "MISSING" if one.needed else "absent"

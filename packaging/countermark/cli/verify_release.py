"""Checking whole releases from the command line: ``countermark verify DIST --keys DIR``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from countermark.cli.exits import Exit, exit_of_error
from countermark.cli.reports import print_report
from countermark.errors import ConfigurationError

__all__ = ["verify_release"]


def verify_release(paths: Sequence[Path], keys: Path, threshold: int, output: str) -> int:
    """Check the release in the one directory that is named, print the result, return the code."""
    from countermark.openpgp.keyring import read_keyring
    from countermark.publication.checking import Trust, check_release, is_release

    if len(paths) != 1 or not is_release(paths[0]):
        raise ConfigurationError(
            f"with --keys, a release is checked, and {paths[0]} is the directory of none"
            if len(paths) == 1
            else "with --keys, one release is checked at a time",
            hint="Name the directory that holds SHA256SUMS and the files that it lists.",
        )
    trust = Trust(keyring=read_keyring(keys), threshold=threshold, now=datetime.now(UTC))
    checked = check_release(paths[0], trust, workers=os.cpu_count() or 1)
    if checked.problems:
        from countermark.render.trouble import describe_error

        for problem in checked.problems:
            click.echo(describe_error(problem), err=True)
    if output == "text":
        from countermark.render.publication import describe_checked_release

        click.echo(describe_checked_release(checked))
    elif output == "json":
        from countermark.render.document import release_document
        from countermark.render.encoding import to_json

        sys.stdout.write(to_json(release_document(checked)))
    else:
        print_report(output, checked.verdict, checked.problems, title="countermark verify")
    good = all(each.accepted for each in checked.verdict.files)
    return max(Exit.GOOD if good else Exit.BAD, *map(exit_of_error, checked.problems), Exit.GOOD)

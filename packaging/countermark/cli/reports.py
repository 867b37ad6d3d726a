"""The option ``--format`` of commands that check, and the printing of what they found."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from countermark.cli.formats import VARIABLE, Format
from countersign.findings import Verdict

__all__ = ["print_report", "report_option"]

report_option = click.option(
    "--format",
    "output",
    type=Format(["text", "json", "sarif", "junit", "github"]),
    default="text",
    show_default=True,
    envvar=VARIABLE,
    help="How results are printed: for people, for programs, for code scanning (SARIF 2.1.0), as "
    "test results (JUnit's XML), or as annotations of a GitHub workflow.",
)


def print_report(
    output: str, verdict: Verdict, problems: Sequence[Exception] = (), *, title: str
) -> None:
    """Print a verdict in one of the formats; ``title`` names the command that reached it.

    Files are named as seen from the current directory where a format wants that.
    """
    text = _report(output, verdict, problems, title)
    sys.stdout.write(f"{text.rstrip()}\n" if text else "")


def _report(output: str, verdict: Verdict, problems: Sequence[Exception], title: str) -> str:
    if output == "json":
        from countermark.render.document import verify_document
        from countermark.render.encoding import to_json

        return to_json(verify_document(verdict, problems))
    if output == "sarif":
        from countermark.render.encoding import to_json
        from countermark.render.sarif import sarif_document

        return to_json(sarif_document(verdict, problems, directory=Path.cwd()))
    if output == "junit":
        from countermark.render.junit import junit_report

        return junit_report(verdict, problems, title=title)
    if output == "github":
        from countermark.render.github import workflow_commands

        return workflow_commands(verdict, problems, directory=Path.cwd())
    from countermark.render.verdict import describe_verdict

    return describe_verdict(verdict, len(problems))

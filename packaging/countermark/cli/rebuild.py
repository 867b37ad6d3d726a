"""``countermark rebuild``: make an artifact again from what its record says, and compare."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.flow import flow_progress, progress_options
from countermark.cli.formats import format_option
from countermark.cli.options import assignments
from countermark.cli.paths import ANY_PATH
from countermark.reproduction.rebuilding import Wanted, rebuild

__all__ = ["command"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("rebuild")
@click.argument("artifact", type=ANY_PATH)
@click.option(
    "--suite",
    type=ANY_PATH,
    default=Path(),
    metavar="PATH",
    help="The source: a directory, a repository or a source archive  [default: .]",
)
@click.option("--commit", metavar="REV", help="The commit of the source  [default: the version's]")
@click.option(
    "--record",
    type=_FILE,
    metavar="FILE",
    help="The build record, or an archive of the same build that holds it  [default: ARTIFACT]",
)
@click.option(
    "--toolchain", type=_FILE, metavar="FILE", help="The toolchain file, if it is not in the source"
)
@click.option(
    "--sdk-path",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The SDK, if the toolchain needs one",
)
@click.option(
    "--profile", type=_FILE, metavar="FILE", help="The profile's file, if it is not in the source"
)
@click.option(
    "--sources",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="Where the archives of its dependencies are  [default: .]",
)
@click.option(
    "--prefix",
    "prefixes",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Libraries that it was built with and that no dependency brings; may be repeated.",
)
@click.option(
    "--tool",
    "tools",
    multiple=True,
    callback=assignments,
    metavar="NAME=PATH",
    help="A program that it was built by and that no dependency brings; may be repeated  "
    "[default: what PATH leads to]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to keep what is built  [default: it is taken away]",
)
@click.option(
    "--anyway", is_flag=True, help="Build even if the source or a tool is not the recorded one."
)
@click.option(
    "--trust-record",
    "trust",
    is_flag=True,
    help="Use what the record asks for even if that could make a build read or run other files.",
)
@click.option(
    "--modulo-signature", is_flag=True, help="Signatures may differ: the artifact was signed later."
)
@progress_options
@format_option
def command(
    artifact: Path,
    suite: Path,
    commit: str | None,
    record: Path | None,
    toolchain: Path | None,
    sdk_path: Path | None,
    profile: Path | None,
    sources: Path,
    prefixes: tuple[Path, ...],
    tools: tuple[tuple[str, str], ...],
    out: Path | None,
    anyway: bool,
    trust: bool,
    modulo_signature: bool,
    quiet: bool,
    output: str,
) -> int:
    """Build ARTIFACT again from its build record, and compare the two.

    The source is copied, or its commit is cloned, and must have the recorded files; the compilers
    and tools must have the recorded versions. Exits with 0 when the rebuilt archive is the same,
    with 1 when it is not, and says why.

    \b
    Example: countermark rebuild bitcoin-31.0-x86_64-linux-gnu.tar.gz --suite ~/src/bitcoin
    """
    wanted = Wanted(
        artifact=artifact,
        suite=suite,
        commit=commit,
        record=record,
        toolchain=toolchain,
        sdk_path=sdk_path,
        profile=profile,
        sources=sources,
        prefixes=prefixes,
        tools=tools,
        out=out,
        anyway=anyway,
        trust=trust,
    )
    with flow_progress(quiet) as progress:
        rebuilt = rebuild(wanted, os.environ, progress)
    equal = rebuilt.comparison.equal(modulo_signature=modulo_signature)
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.reproduce_document import rebuild_document

        sys.stdout.write(to_json(rebuild_document(rebuilt, modulo_signature=modulo_signature)))
    else:
        from countermark.render.reproduction import describe_rebuilt

        click.echo(describe_rebuilt(rebuilt, modulo_signature=modulo_signature))
    return Exit.GOOD if equal else Exit.BAD

"""``countermark provenance``: what was a release made from, who says so, and is it so?"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.cli.reports import print_report, report_option
from countermark.cli.signers import chosen_signer, signer_options
from countermark.errors import ConfigurationError

if TYPE_CHECKING:
    from countermark.openpgp.keyring import Keyring

__all__ = ["command"]

_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:[!-~]+")

_directory = click.argument("directory", type=ANY_PATH, default="dist", metavar="[DIR]")


def _uri(_context: click.Context, _parameter: click.Parameter, word: str | None) -> str | None:
    if word is not None and not _URI.fullmatch(word):
        raise click.BadParameter(f"{word!a} is no URI, such as git+https://example.org/project")
    return word


@click.group("provenance")
def command() -> None:
    """Write, sign, show and verify what a release was made from and consists of.

    \b
    Example: countermark provenance verify dist --keys builder-keys
    """


@command.command("write")
@_directory
@click.option(
    "--source-uri",
    metavar="URI",
    envvar="COUNTERMARK_SOURCE_URI",
    callback=_uri,
    help="Where the suite's repository is, such as git+https://github.com/bitcoin/bitcoin.",
)
@click.option(
    "--builder",
    metavar="URI",
    envvar="COUNTERMARK_BUILDER",
    callback=_uri,
    help="What stands for the machine and the people that built it  [default: undeclared]",
)
@format_option
def write(directory: Path, source_uri: str | None, builder: str | None, output: str) -> int:
    """Write the SBOM and the statement about the release in DIR (dist).

    NAME-VERSION.cdx.json lists every program and library with its digests, in CycloneDX 1.6;
    NAME-VERSION.provenance.json says which files were made, and from what, as an in-toto statement
    with SLSA provenance. Both are made from the archives, and the same for all who built the same.

    \b
    Example: countermark provenance write dist --source-uri git+https://github.com/bitcoin/bitcoin
    """
    from countermark.provenance.statement import UNKNOWN_BUILDER
    from countermark.provenance.writing import write_provenance

    written = write_provenance(
        directory, source_uri=source_uri or "", builder=builder or UNKNOWN_BUILDER
    )
    _print_paths(written, output)
    return Exit.GOOD


@command.command("sign")
@_directory
@signer_options
@format_option
def sign(
    directory: Path,
    key: Path | None,
    passphrase_file: Path | None,
    gpg: str | None,
    output: str,
) -> int:
    """Sign the statement about the release in DIR (dist), if it is so.

    The signature goes into the DSSE envelope NAME-VERSION.provenance.dsse.json, beside those of
    others. Before, the statement is compared with the files in DIR: what is not so is not signed.

    \b
    Example: countermark provenance sign dist --key alice.secret.asc
    """
    from countermark.provenance.signing import NotSoError, sign_provenance

    signer = chosen_signer(key, passphrase_file, gpg)
    try:
        _print_paths((sign_provenance(directory, signer),), output)
    except NotSoError as error:
        from countermark.render.verdict import describe_verdict

        click.echo(f"{describe_verdict(error.verdict)}\ncountermark: error: {error}", err=True)
        return Exit.BAD
    return Exit.GOOD


@command.command("show")
@click.argument("path", type=ANY_PATH, metavar="PATH")
@format_option
def show(path: Path, output: str) -> int:
    """Show what an envelope, a statement or an SBOM says, and what that is worth.

    PATH is such a file, or the directory of a release. Nothing is checked: see provenance verify.

    \b
    Example: countermark provenance show dist/bitcoin-1.0.0.provenance.dsse.json
    """
    from countermark.provenance.showing import read_document

    document = read_document(path)
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.provenance_documents import shown_document

        sys.stdout.write(to_json(shown_document(document)))
    else:
        from countermark.render.provenance import describe_document

        click.echo(describe_document(document))
    return Exit.GOOD


@command.command("verify")
@_directory
@click.option(
    "--keys",
    type=ANY_PATH,
    envvar="COUNTERMARK_KEYS",
    metavar="DIR",
    help="The folder, or file, of the keys whose signatures count.",
)
@click.option(
    "--threshold",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    envvar="COUNTERMARK_THRESHOLD",
    metavar="N",
    help="How many people must have signed.",
)
@click.option("--no-signatures", is_flag=True, help="Compare the files only, whoever signed.")
@click.option(
    "--allow-missing", is_flag=True, help="Accept that files are not there; they are named."
)
@report_option
def verify(
    directory: Path,
    keys: Path | None,
    threshold: int,
    no_signatures: bool,
    allow_missing: bool,
    output: str,
) -> int:
    """Check what is said of the release in DIR (dist): who says it, and whether it is so.

    Enough people must have signed the statement with keys in KEYS. Every file, every program in an
    archive with and without its signatures, the parameters of the build and the SBOM must be what
    the statement says, and nothing of the release may be left out.

    \b
    Example: countermark provenance verify dist --keys builder-keys --threshold 3
    """
    from datetime import UTC, datetime

    from countermark.provenance.checking import Demanded, check_provenance
    from countersign.findings import FileVerdict, Verdict

    if (keys is None) != no_signatures:
        raise ConfigurationError(
            "whose signatures count is not said"
            if keys is None
            else "--keys and --no-signatures exclude each other",
            hint="Give the folder of the keys with --keys, or leave signatures out by choice with "
            "--no-signatures.",
        )
    keyring: Keyring | None = None
    doubts: tuple[FileVerdict, ...] = ()
    if keys is not None:
        from countermark.openpgp.keyring import read_keyring

        keyring = read_keyring(keys)
        doubts = tuple(
            FileVerdict(str(keyring.place(each.file)), findings=(each.finding,))
            for each in keyring.problems
        )
    demanded = Demanded(
        keyring, datetime.now(UTC), threshold=threshold, allow_missing=allow_missing
    )
    verdict = Verdict((*doubts, *check_provenance(directory, demanded)))
    print_report(output, verdict, title="countermark provenance verify")
    return Exit.GOOD if verdict.accepted else Exit.BAD


def _print_paths(paths: tuple[Path, ...], output: str) -> None:
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.provenance_documents import written_document

        sys.stdout.write(to_json(written_document(paths)))
    else:
        from countersign.escaping import printable

        click.echo("\n".join(printable(str(path)) for path in paths))

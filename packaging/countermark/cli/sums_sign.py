"""``countermark sums sign``: vouch for a release where it lies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.cli.signers import chosen_signer, signer_options

__all__ = ["command"]


@click.command("sign")
@click.argument("directory", type=ANY_PATH, default="dist", metavar="[DIR]")
@signer_options
@format_option
def command(
    directory: Path, key: Path | None, passphrase_file: Path | None, gpg: str | None, output: str
) -> int:
    """Sign SHA256SUMS in DIR (dist), and the statement of provenance beside it.

    Every listed file must be there and match. Signatures of others stay, so several people can
    sign one release, each on a machine of their own. For a tree such as guix.sigs, use countermark
    attest.

    \b
    Example: countermark sums sign dist --key alice.secret.asc
    """
    from countermark.publication.signing import sign_release

    signer = chosen_signer(key, passphrase_file, gpg)
    signed = sign_release(directory, signer, workers=os.cpu_count() or 1)
    if output == "json":
        from countermark.render.encoding import to_json
        from countermark.render.sums_sign_document import sums_sign_document

        sys.stdout.write(to_json(sums_sign_document(signed)))
    else:
        from countermark.render.publication import describe_signed_release

        click.echo(describe_signed_release(signed))
    return Exit.GOOD

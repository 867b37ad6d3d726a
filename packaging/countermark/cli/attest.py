"""``countermark attest``: say, as one of many builders, which bytes were built."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from countermark.cli.exits import Exit
from countermark.cli.formats import format_option
from countermark.cli.paths import ANY_PATH
from countermark.cli.signers import chosen_signer, signer_options
from countermark.errors import ConfigurationError

__all__ = ["command"]


@click.command("attest")
@click.argument("artifacts", type=ANY_PATH, default="dist", metavar="[DIR]")
@click.option(
    "--sigs",
    type=ANY_PATH,
    envvar=["COUNTERMARK_SIGS", "GUIX_SIGS_REPO"],
    metavar="DIR",
    help="The tree of attestations, such as a clone of guix.sigs.",
)
@click.option(
    "--signer",
    envvar="COUNTERMARK_SIGNER",
    metavar="NAME",
    help="Whose attestation it is: the name of the directory, and of the key in builder-keys/.",
)
@signer_options
@click.option("--no-sign", is_flag=True, help="Write the digests without signatures.")
@click.option(
    "--parts",
    type=ANY_PATH,
    metavar="DIR",
    help="Write DIR/HOST/SHA256SUMS.part too, from which guix-attest makes the same attestation.",
)
@format_option
def command(
    artifacts: Path,
    sigs: Path | None,
    signer: str | None,
    key: Path | None,
    passphrase_file: Path | None,
    gpg: str | None,
    no_sign: bool,
    parts: Path | None,
    output: str,
) -> int:
    """Attest to the artifacts in DIR (dist) in the order and format of Bitcoin Core's guix-attest.

    DIR is what `countermark release` filled, or the output of a Guix build, whose files must be
    there and unchanged. In SIGS/VERSION/NAME/, noncodesigned.SHA256SUMS lists what anyone can build
    and all.SHA256SUMS also what codesigners signed; beside each stands its detached signature.
    What is there stays: an attestation that says something else is an error.

    \b
    Example: countermark attest dist --sigs guix.sigs --signer alice --key alice.secret.asc
    """
    from countermark.attestations.attesting import attest, write_parts
    from countermark.attestations.outputs import read_outputs

    if sigs is None or signer is None:
        raise ConfigurationError(
            "an attestation needs a tree to stand in and the name of its signer",
            hint="Give --sigs DIR and --signer NAME, or COUNTERMARK_SIGS and COUNTERMARK_SIGNER; "
            "to sign a release where it lies, use countermark sums sign.",
        )
    opened = None if no_sign else chosen_signer(key, passphrase_file, gpg)
    outputs = read_outputs(artifacts)
    attested = attest(outputs, sigs, signer, opened)
    if parts is not None:
        write_parts(outputs, parts)
    if output == "json":
        from countermark.render.attest_document import attest_document
        from countermark.render.encoding import to_json

        sys.stdout.write(to_json(attest_document(attested)))
    else:
        from countermark.render.attested import describe_attested

        click.echo(describe_attested(attested))
    return Exit.GOOD

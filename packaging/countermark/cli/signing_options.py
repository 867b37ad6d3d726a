"""Options that say how to sign, spelled once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import click

from countermark.errors import ConfigurationError
from countersign.codedirectory import Flag
from countersign.dialect import Dialect
from countersign.errors import SigningError
from countersign.requirements.defaults import are_requirements
from countersign.settings import Existing, IdentifierRule, Preserve, Settings
from countersign.style import Style

__all__ = ["Request", "request_settings", "signing_options"]

Function = TypeVar("Function", bound=Callable[..., Any])
Request: TypeAlias = str | bool | Path | None

_MAX_FILE = 1 << 20
"""Bytes of the entitlements or requirements that are read."""

_OPTIONS = (
    click.option(
        "--style",
        type=click.Choice([style.value for style in Style]),
        default=Style.MACOS26.value,
        show_default=True,
        envvar="COUNTERMARK_STYLE",
        help="Whose byte layout the signature follows.",
    ),
    click.option(
        "--dialect",
        type=click.Choice([dialect.value for dialect in Dialect]),
        default=Dialect.AUTO.value,
        show_default=True,
        help="Whose linker's layout, with --style linker.",
    ),
    click.option(
        "--identifier", metavar="ID", help="The name in the signature  [default: by rule]"
    ),
    click.option(
        "--identifier-rule",
        type=click.Choice([rule.value for rule in IdentifierRule]),
        default=IdentifierRule.NAME.value,
        show_default=True,
        help="How a name is found: the file's base name, or as codesign does it.",
    ),
    click.option(
        "--prefix",
        metavar="TEXT",
        help="What goes before a found name without a dot, such as 'org.example.'.",
    ),
    click.option(
        "--options",
        metavar="FLAG,...",
        help="Flags by codesign's names: runtime, library, kill, hard, restrict, ...",
    ),
    click.option(
        "--runtime-version",
        metavar="X.Y.Z",
        help="The version of the hardened runtime  [default: the SDK's]",
    ),
    click.option(
        "--entitlements",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="A property list in XML, for programs; libraries get none.",
    ),
    click.option(
        "--requirements",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="The internal requirements, compiled  [default: the empty set]",
    ),
    click.option(
        "--preserve-metadata",
        "preserve",
        metavar="WHAT,...",
        help="What to take over from the present signature, unless a linker made it: "
        + ", ".join(preserve.value for preserve in Preserve)
        + ".",
    ),
    click.option(
        "--existing",
        type=click.Choice([existing.value for existing in Existing]),
        default=Existing.REPLACE.value,
        show_default=True,
        help="What becomes of files that are signed already.",
    ),
    click.option(
        "--force",
        is_flag=True,
        help="Replace even a signature made with a certificate, or one that cannot be read.",
    ),
)


def signing_options(function: Function) -> Function:
    """Give a command the options that say how to sign."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def request_settings(request: Mapping[str, Request]) -> Settings:
    """Turn what :func:`signing_options` collected into settings.

    Raises :class:`ConfigurationError` for what makes no sense.
    """
    try:
        return Settings(
            style=Style(str(request["style"])),
            dialect=Dialect(str(request["dialect"])),
            identifier=_text(request["identifier"]),
            identifier_rule=IdentifierRule(str(request["identifier_rule"])),
            prefix=_text(request["prefix"]),
            flags=_flags(_text(request["options"])),
            runtime_version=_version(_text(request["runtime_version"])),
            entitlements=_entitlements(request["entitlements"]),
            requirements=_requirements(request["requirements"]),
            preserve=_preserve(_text(request["preserve"])),
            existing=Existing(str(request["existing"])),
            force=bool(request["force"]),
        )
    except SigningError as error:
        raise ConfigurationError(str(error), hint=error.hint) from error


def _text(value: Request) -> str | None:
    return value if isinstance(value, str) else None


def _flags(words: str | None) -> Flag:
    if words is None:
        return Flag(0)
    from countersign.options import parse_options

    return parse_options(words)


def _version(text: str | None) -> int | None:
    """Read ``X.Y.Z`` as a Mach-O header stores versions."""
    if text is None:
        return None
    parts = text.split(".")
    numbers = [int(part) if part.isascii() and part.isdigit() else -1 for part in parts[:3]]
    numbers += [0] * (3 - len(numbers))
    bounds = (0xFFFF, 0xFF, 0xFF)
    fits = all(0 <= number <= bound for number, bound in zip(numbers, bounds, strict=True))
    if len(parts) > 3 or not fits:
        raise ConfigurationError(f"'{text}' is no version", hint="Write it as 14.0 or 14.2.1.")
    return numbers[0] << 16 | numbers[1] << 8 | numbers[2]


def _entitlements(path: Request) -> bytes | None:
    if not isinstance(path, Path):
        return None
    from countersign.plists.entitlements import Entitlements

    content = _read(path)
    try:
        Entitlements.parse(content)  # a mistake in it is said once, and not for every file
    except SigningError as error:
        raise ConfigurationError(f"{path}: {error}", hint=error.hint) from error
    return content


def _requirements(path: Request) -> bytes | None:
    if not isinstance(path, Path):
        return None
    content = _read(path)
    if not are_requirements(content):
        raise ConfigurationError(
            f"{path} holds no compiled requirements", hint="Compile them: csreq -r TEXT -b FILE."
        )
    return content


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}", hint="Check the path and its permissions."
        ) from error
    if len(content) > _MAX_FILE:
        raise ConfigurationError(f"{path} has more than {_MAX_FILE:,} bytes")
    return content


def _preserve(words: str | None) -> frozenset[Preserve]:
    known = {preserve.value: preserve for preserve in Preserve}
    chosen = [word.strip() for word in words.split(",")] if words is not None else []
    for word in chosen:
        if word not in known:
            from countermark.errors import nearest

            raise ConfigurationError(
                f"nothing called '{word}' can be preserved{nearest(word, known)}",
                hint=f"Choose from {', '.join(known)}.",
            )
    return frozenset(known[word] for word in chosen)

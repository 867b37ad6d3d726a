"""What a caller wants of a signature, apart from the file that gets it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from countersign.codedirectory import Flag
from countersign.dialect import Dialect
from countersign.errors import IdentifierError, SettingsError
from countersign.requirements.defaults import are_requirements
from countersign.style import Style

__all__ = ["Existing", "IdentifierRule", "Preserve", "Settings", "require_identifier"]

SETTABLE: Final = (
    Flag.HARD | Flag.KILL | Flag.RESTRICT | Flag.ENFORCEMENT | Flag.REQUIRE_LV | Flag.RUNTIME
)
"""The flags that an option can set in an ad-hoc signature."""


class IdentifierRule(enum.StrEnum):
    """How a file that is given no identifier gets one."""

    NAME = "name"
    """The file's base name: it depends on nothing else, which is what a release wants."""
    APPLE = "apple"
    """As ``codesign`` does: from the Info.plist, or the name and the UUID; or as linkers do."""


class Existing(enum.StrEnum):
    """What becomes of a file that is signed already."""

    REPLACE = "replace"
    """It is signed anew."""
    KEEP_VALID = "keep-valid"
    """It is left alone when macOS would accept it."""
    KEEP = "keep"
    """It is left alone when every slice is signed, whatever the signature is worth."""


class Preserve(enum.StrEnum):
    """What is taken over from the present signature, by the names that ``codesign`` has.

    Nothing is ever taken over from a linker's signature.
    """

    IDENTIFIER = "identifier"
    ENTITLEMENTS = "entitlements"
    REQUIREMENTS = "requirements"
    FLAGS = "flags"
    RUNTIME = "runtime"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to sign; raises :class:`SettingsError` for what makes no sense together."""

    style: Style = Style.MACOS26
    dialect: Dialect = Dialect.AUTO
    """Whose linker's layout, in the style ``linker``."""
    identifier: str | None = None
    """The name in the signature; None to have it found by ``identifier_rule``."""
    identifier_rule: IdentifierRule = IdentifierRule.NAME
    prefix: str | None = None
    """What goes before a name without a dot that was not given but found."""
    flags: Flag = Flag(0)  # noqa: RUF009  # an immutable value
    """The options beside ad-hoc, such as the hardened runtime."""
    runtime_version: int | None = None
    """``major << 16 | minor << 8 | patch``; None for the SDK's version."""
    entitlements: bytes | None = None
    """A property list in XML; only programs take it."""
    requirements: bytes | None = None
    """The internal requirements as a blob of magic 0xfade0c01; None for the empty set."""
    preserve: frozenset[Preserve] = frozenset()
    existing: Existing = Existing.REPLACE
    force: bool = False
    """Replace even what cannot be made again here: a certificate's or an unreadable signature."""

    def __post_init__(self) -> None:
        if self.identifier is not None:
            require_identifier(self.identifier)
        if self.requirements is not None and not are_requirements(self.requirements):
            raise SettingsError("the requirements are no compiled set of requirements")
        linker = self.style is Style.LINKER
        more = self.flags or self.entitlements is not None or self.requirements is not None
        for bad, problem in (
            (linker and more,
             "a linker's signature has neither options nor entitlements nor requirements"),
            (linker and self.preserve - {Preserve.IDENTIFIER},
             "a linker's signature keeps nothing but its identifier"),
            (not linker and self.dialect is not Dialect.AUTO,
             f"the dialect {self.dialect} goes with the style linker alone"),
            (self.runtime_version is not None and Flag.RUNTIME not in self.flags,
             "a runtime version goes with the option runtime"),
            (self.flags & ~SETTABLE, "flags that no option sets"),
            (self.runtime_version is not None and not 0 < self.runtime_version < 1 << 32,
             "a runtime version that has no place in 32 bits"),
            (self.identifier is not None and self.prefix is not None,
             "a prefix goes before a name that is found, not before one that is given"),
        ):  # fmt: skip
            if bad:
                raise SettingsError(problem)


def require_identifier(identifier: str) -> None:
    """Raise :class:`IdentifierError` for one that cannot be stored or shown."""
    if not identifier or not identifier.isprintable():
        raise IdentifierError(identifier)

"""Everything this package raises: one base, and one subclass per thing a caller can act on."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from countersign.findings import Enforcer, Finding

__all__ = [
    "ChangedError",
    "EntitlementsError",
    "FormatError",
    "IdentifierError",
    "IncomparableError",
    "InfoPlistError",
    "NoRoomError",
    "NotSignableError",
    "OptionsError",
    "PatternError",
    "PatternLimitError",
    "PropertyListError",
    "ReadError",
    "RejectedError",
    "SettingsError",
    "SignatureKeptError",
    "SigningError",
    "StampError",
    "TargetError",
    "WriteError",
]


class SigningError(Exception):
    """Base of all errors raised on purpose by countersign."""

    hint: str = ""
    """What the user can do about it, shown on a line of its own."""


class FormatError(SigningError):
    """The bytes are not what the format says they must be."""

    hint = "The file is damaged or was cut short; build or download it again."

    def __init__(
        self,
        what: str,
        offset: int,
        problem: str,
        *,
        rule: str = "F1",
        enforced_by: Sequence[Enforcer] = (),
        apple: str | None = None,
    ) -> None:
        super().__init__(f"{what} at offset {offset:#x}: {problem}")
        self.offset = offset
        self.problem = f"{what}: {problem}"
        self.rule = rule
        """The id of the rule that the bytes break."""
        self.enforced_by = tuple(enforced_by)
        """Who refuses these very bytes; empty for all that the rule names."""
        self.apple = apple
        """Apple's name of the error where it is not the rule's."""


class IdentifierError(SigningError):
    """The identifier cannot be stored in a signature."""

    hint = "Choose a name such as org.example.program."

    def __init__(self, identifier: str) -> None:
        super().__init__(f"{identifier!r} is no identifier")


class EntitlementsError(SigningError):
    """The entitlements are not what ``codesign`` would take."""

    hint = "Write an XML property list of booleans, integers, strings, arrays and dictionaries."

    def __init__(self, problem: str, line: int | None = None) -> None:
        where = "" if line is None else f", line {line}"
        super().__init__(f"entitlements{where}: {problem}")
        self.line = line
        """Counted from 1; None when the problem is with the file as a whole."""


class InfoPlistError(SigningError):
    """The Info.plist inside the program cannot be read, so its identifier is not known."""

    hint = "Mend the Info.plist and link again, or name the identifier yourself."

    def __init__(self, problem: str) -> None:
        super().__init__(f"embedded Info.plist: {problem}")


class PatternError(SigningError):
    """A rule about the resources of a bundle is no regular expression."""

    hint = "Sign the bundle again without rules of its own."


class PatternLimitError(PatternError):
    """It may be one, and is beyond what is read here: nothing was decided."""


class PropertyListError(SigningError):
    """The bytes are no property list, or not one of a dictionary."""

    hint = "Mend the property list; plutil -lint tells where it is wrong."


class OptionsError(SigningError):
    """The option flags are unknown, or make no sense in an ad-hoc signature."""

    hint = "Options are enforcement, hard, kill, library-validation, restrict and runtime."

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"option {option!r}: {problem}")


class NotSignableError(SigningError):
    """The file is well-formed but nothing that can carry an embedded signature."""

    hint = "Only Mach-O programs and libraries carry signatures; leave this file out."

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        super().__init__(f"not signable: {what}")
        if hint is not None:
            self.hint = hint


class IncomparableError(SigningError):
    """The files are so different that there is nothing to compare range by range."""

    hint = "Leave --modulo-signature out to compare them byte by byte."

    def __init__(self, problem: str) -> None:
        super().__init__(f"they cannot be the same but for signatures: {problem}")


class NoRoomError(SigningError):
    """There is no room for LC_CODE_SIGNATURE between the load commands and the first section."""

    hint = "Link it again with -Wl,-headerpad,0x1000."

    def __init__(self, missing: int) -> None:
        super().__init__(f"no room for LC_CODE_SIGNATURE: {missing} bytes missing")
        self.missing = missing


class SignatureKeptError(SigningError):
    """The file carries a signature that cannot be made again from here, so it was kept."""

    hint = "Force the signing if the present signature may be lost."

    def __init__(self, arch: str, what: str) -> None:
        super().__init__(f"the {arch} slice carries {what}, which signing would destroy")


class StampError(SigningError):
    """The image cannot say what it shall of the systems it is for; it was left alone."""

    hint = "Build it for the systems that it shall be for."

    def __init__(self, problem: str, *, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


class RejectedError(SigningError):
    """The signed file would not be accepted, so it was not put in place."""

    hint = "The findings name what is wrong with the file itself; build it again."

    def __init__(self, findings: Sequence[Finding]) -> None:
        broken = "; ".join(f"{finding.rule}: {finding.message}" for finding in findings)
        super().__init__(f"the signed file would be rejected: {broken}")
        self.findings = tuple(findings)


class ChangedError(SigningError):
    """The file was changed by somebody else while it was being read; it was left alone."""

    hint = "Let whatever writes it end first, then run it again."

    def __init__(self) -> None:
        super().__init__("the file was changed while it was being read")


class SettingsError(SigningError):
    """What was asked for makes no sense together."""

    hint = "Leave one of the options out; countermark sign --help tells what each is for."


class ReadError(SigningError):
    """The file could not be read."""

    hint = "Check the path and its permissions."

    def __init__(self, problem: str) -> None:
        super().__init__(f"the file could not be read: {problem}")


class TargetError(SigningError):
    """There is no such release of macOS, or no such Mac."""

    hint = "Name one release, such as macos:26, or a range, such as macos:13..27."

    def __init__(self, problem: str) -> None:
        super().__init__(problem)


class WriteError(SigningError):
    """The new file could not be written; the original is untouched."""

    hint = "Check the free space and the permissions of the directory, then run it again."

    def __init__(self, problem: str, *, lacks_space: bool = False) -> None:
        super().__init__(f"the new file could not be written: {problem}")
        self.lacks_space = lacks_space
        """True when the disk, or what the user may use of it, is full."""

    @classmethod
    def of(cls, error: OSError) -> WriteError:
        """Make one of what the system said."""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return cls(error.strerror or str(error), lacks_space=full)

"""Is an application bundle the one that the profile describes? Rule L21."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from counterproof.rulebook.layout import BUNDLE_IDENTIFIER
from counterproof.rules import breach
from counterproof.subject import Located, Subject
from counterproof.survey import Survey
from countersign.errors import SigningError
from countersign.findings import Severity

__all__ = ["check_bundle"]

_INFO_PLIST: Final = PurePosixPath("Contents/Info.plist")
_BUNDLE: Final = ".app"


def check_bundle(subject: Subject) -> Iterator[Located]:
    """Check what the bundle calls itself; whether it is there at all is another rule's."""
    app, sample = subject.profile.app, subject.survey.samples.get(_INFO_PLIST)
    if subject.form != "app" or app is None:
        return
    if (name := _directory(subject.survey)) and name != app.bundle:
        message = f"the bundle is called {name}, expected {app.bundle}"
        yield Located(None, breach(BUNDLE_IDENTIFIER, message))
    if sample is None or not sample.entry.size:
        return
    if sample.entry.size > len(sample.head):
        message = f"not checkable: it has {sample.entry.size} bytes"
        yield Located(_INFO_PLIST, breach(BUNDLE_IDENTIFIER, message, severity=Severity.NOTE))
    elif (found := _identifier(sample.head)) != app.identifier:
        message = f"CFBundleIdentifier is {found}, expected {app.identifier}"
        yield Located(_INFO_PLIST, breach(BUNDLE_IDENTIFIER, message))


def _directory(survey: Survey) -> str | None:
    """Give the name of the bundle's directory; None where there is none that is a bundle's."""
    name = survey.prefix if survey.archive else survey.path.name
    return ascii(name)[1:-1] if name and name.endswith(_BUNDLE) else None


def _identifier(plist: bytes) -> str:
    from countersign.plists.infoplist import parse_info_plist

    try:
        found = parse_info_plist(plist).identifier
    except SigningError:
        return "not readable"
    return ascii(found) if not found.isprintable() else found or "missing"

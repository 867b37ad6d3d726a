"""The Macs that a verdict is about: releases of macOS and the CPUs they run on."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from countersign.errors import TargetError
from countersign.findings import Enforcer, Finding, Severity

__all__ = ["HOSTS", "NEWEST", "RELEASES", "System", "parse_target"]

RELEASES: Final = (13, 14, 15, 26, 27)
"""The releases of macOS whose rules are known; there is none between 15 and 26."""

HOSTS: Final = {"arm64-apple-darwin": "arm64", "x86_64-apple-darwin": "x86_64"}
"""The CPU of each kind of Mac, by its host."""

_TARGET: Final = re.compile(r"macos:([0-9]{1,3})(?:\.\.([0-9]{1,3}))?")
_RUNNING: Final = (Enforcer.KERNEL, Enforcer.DYLD)
"""Those who see only what the Mac runs."""


class System(NamedTuple):
    """Releases of macOS on Macs of some CPUs; a file must be good on all of them."""

    releases: tuple[int, ...]
    """Ascending; never empty."""
    cpus: frozenset[str] = frozenset(HOSTS.values())
    """``arm64``, ``x86_64``, or both."""

    @property
    def newest(self) -> int:
        """The newest release, which is the strictest."""
        return self.releases[-1]

    def runs(self, *, arm64: bool) -> bool:
        """Tell whether any of the Macs runs a slice; Apple silicon runs those for Intel too."""
        return not arm64 or "arm64" in self.cpus

    def page_sizes(self, *, arm64: bool) -> tuple[int, ...]:
        """The page sizes, in bytes, that every kernel takes for a slice that it runs.

        The kernel takes 4 KiB and the size of its own pages (``cs_validate_codedirectory`` in
        xnu's ubc_subr.c), whatever the slice is for.
        """
        translated_only = "x86_64" not in self.cpus
        return (0x1000, 0x4000) if arm64 or translated_only else (0x1000,)

    def judge(self, finding: Finding, *, arm64: bool) -> Finding:
        """Leave only those enforcers in a slice's finding that refuse it on one of the Macs.

        An error that nobody refuses there is a note.
        """
        from countersign.rulebook import RULES

        since = dict(RULES[finding.rule].since)
        left = tuple(
            enforcer
            for enforcer in finding.enforced_by
            if since.get(enforcer, 0) <= self.newest
            and (enforcer not in _RUNNING or self.runs(arm64=arm64))
        )
        if left == finding.enforced_by:
            return finding
        severity = finding.severity if left else Severity.NOTE
        return finding._replace(enforced_by=left or finding.enforced_by, severity=severity)


NEWEST: Final = System(RELEASES[-1:])
"""What is judged by default: the newest release, on both CPUs, for a release has users of both."""


def parse_target(text: str, hosts: tuple[str, ...] = ()) -> System:
    """Read ``macos:27`` or ``macos:13..27``, and the hosts whose Macs are meant; none means all.

    Raises :class:`TargetError`.
    """
    match = _TARGET.fullmatch(text)
    if match is None:
        raise TargetError(f"{text!r} names no release of macOS")
    first, last = int(match[1]), int(match[2] or match[1])
    known = ", ".join(map(str, RELEASES))
    for release in (first, last):
        if release not in RELEASES:
            raise TargetError(f"macOS {release} is not known; known are {known}")
    if first > last:
        raise TargetError(f"{text!r} ends before it begins")
    for host in hosts:
        if host not in HOSTS:
            raise TargetError(f"{host!r} is no Mac; Macs are {' and '.join(HOSTS)}")
    cpus = frozenset(HOSTS[host] for host in hosts or HOSTS)
    return System(tuple(each for each in RELEASES if first <= each <= last), cpus)

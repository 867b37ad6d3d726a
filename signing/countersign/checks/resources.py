"""R61 and B3 to B17: the resources of a bundle one by one, against what is sealed of them.

Sources: ``SecStaticCode::validateResources``, ``validateResource``, ``validateSymlinkResource`` and
``validateNestedCode`` in Security's StaticCode.cpp, ``ResourceBuilder::scan`` in resources.cpp.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from countersign.bundle.layout import Bundle, Layout
from countersign.bundle.listing import Item, ItemKind, Listing, joined
from countersign.bundle.nested import satisfies
from countersign.bundle.program import ProgramSlice
from countersign.bundle.resources import (
    EXCLUDED,
    ResourceRules,
    Resources,
    ResourceSeal,
    parse_seal,
)
from countersign.escaping import listed
from countersign.findings import Finding
from countersign.rules import broken

__all__ = ["check_resources"]

SYSTEM: Final = ("/System/", "/Library/")
"""Where links out of a bundle may lead."""
APPLE_DOUBLE: Final = "._"
"""Begins the name of a file that holds the attributes of another one; a Mac makes no file of it."""


class _Scanned(NamedTuple):
    """Something that the rules want sealed."""

    path: str
    """From the top of the listing."""
    sealed_path: str
    """From the base of the bundle."""
    item: Item


class _Problem(NamedTuple):
    """A way in which a file can be wrong."""

    rule: str
    text: str


CHANGED: Final = _Problem("R61", "not what was sealed")
MISSING: Final = _Problem("R61", "sealed and not there")
ADDED: Final = _Problem("R61", "there and not sealed")
OTHER_CODE: Final = _Problem("B8", "not the code that was sealed")
NO_CODE: Final = _Problem("B9", "no signed code")
LEADS_OUT: Final = _Problem("B13", "not a place that is sealed")
DS_STORE: Final = _Problem("B14", "a symbolic link")
OTHER_VERSION: Final = _Problem("B16", "not the code that was sealed")
ODD: Final = _Problem("B17", "neither a file nor a directory nor a link")
UNDECIDED: Final = _Problem("N6", "not decided")


def check_resources(
    listing: Listing, bundle: Bundle, resources: Resources, bundles: Mapping[str, Bundle]
) -> Iterator[Finding]:
    """Check every file of a bundle; ``bundles`` has all of the listing by their roots.

    Raises :class:`FormatError` for seals and rules that cannot be read.
    """
    yield from _check_strength(resources, bundle)
    rules = ResourceRules(resources.rules, bundle.below_base(bundle.program))
    checker = _Checker(listing, bundle, resources, rules, bundles)
    yield from checker.check()


def _check_strength(resources: Resources, bundle: Bundle) -> Iterator[Finding]:
    """Check what ``SecStaticCode::hasWeakResourceRules`` calls weak."""
    if resources.version == 1:
        yield broken("B7", None, "the resources are sealed in the first version alone")
    folder = "Resources/"  # or none, where a bundle has no such directory
    allowed = {r"^(.*/)?\.DS_Store$", r"^Info\.plist$", "^PkgInfo$"}
    allowed |= {f"^{each}.*\\.lproj/locversion.plist$" for each in (folder, "")}
    everything = "^Resources/" if resources.version == 1 else "^.*"
    omitted = [each.pattern for each in resources.rules if each.omit]
    forbidden = [each for each in omitted if each not in allowed]
    if forbidden:
        yield broken("B6", None, f"the rules leave out {listed(forbidden)}")
    if not any(each.pattern == everything and each.is_plain for each in resources.rules):
        yield broken("B6", None, f"no rule seals everything: {everything}")


class _Checker:
    """One bundle while its files are compared with their seals."""

    def __init__(
        self,
        listing: Listing,
        bundle: Bundle,
        resources: Resources,
        rules: ResourceRules,
        bundles: Mapping[str, Bundle],
    ) -> None:
        self._listing = listing
        self._bundle = bundle
        self._resources = resources
        self._rules = rules
        self._bundles = bundles
        self._around = [
            each
            for each in bundles.values()
            if each.base != bundle.base and each.below_base(bundle.base) is not None
        ]
        self._problems: dict[_Problem, list[str]] = defaultdict(list)
        self._hash_types = frozenset(
            hash_type for each in bundle.slices for hash_type in each.hash_types
        )

    def check(self) -> Iterator[Finding]:
        """Compare everything that is there, then look for what is not."""
        left = set(self._resources.seals)
        for scanned in self._scan():
            left.discard(scanned.sealed_path)
            self._check_one(scanned)
        for path in left:
            if not parse_seal(self._resources.seals[path]).optional:
                self._note(MISSING, path)
        for (rule, text), paths in self._problems.items():
            yield broken(rule, None, f"{text}: {listed(sorted(paths))}")

    def _note(self, problem: _Problem, path: str) -> None:
        self._problems[problem].append(path)

    def _scan(self) -> Iterator[_Scanned]:
        """Give what the rules want sealed, nested bundles as one."""
        base = self._bundle.base
        pending = [joined(base, name) for name in self._listing.children(base)]
        while pending:
            path = pending.pop()
            item, sealed_path = self._listing[path], self._bundle.below_base(path) or ""
            rule = self._rules.find(sealed_path)
            if item.kind is ItemKind.DIRECTORY:
                name = path.rpartition("/")[2]
                if rule is not None and rule.nested and "." in name:
                    yield _Scanned(path, sealed_path, item)
                elif rule is not EXCLUDED:
                    pending += [joined(path, each) for each in self._listing.children(path)]
            elif item.kind is ItemKind.OTHER:
                self._note(ODD, sealed_path)
            elif rule is not None and not rule.omit:
                yield _Scanned(path, sealed_path, item)

    def _check_one(self, scanned: _Scanned) -> None:
        """Compare one thing with its seal, as ``validateResource`` does."""
        path = scanned.sealed_path
        value = self._resources.seals.get(path)
        is_link = scanned.item.kind is ItemKind.LINK
        if is_link and path.rpartition("/")[2].lower() == ".ds_store":
            self._note(DS_STORE, path)
        if value is None:
            known = self._resources.version == 1 and is_link
            if not known and not path.rpartition("/")[2].startswith(APPLE_DOUBLE):
                self._note(ADDED, path)
            return
        seal = parse_seal(value)
        if is_link is (seal.target is None):
            self._note(CHANGED, path)
        elif seal.requirement is not None:
            self._check_nested(scanned, seal.requirement)
        elif seal.target is not None:
            self._check_link(scanned, seal.target)
        else:
            self._check_file(scanned, seal)

    def _check_file(self, scanned: _Scanned, seal: ResourceSeal) -> None:
        content = scanned.item.content
        if content is None:
            directory = scanned.item.kind is ItemKind.DIRECTORY
            self._note(CHANGED if directory else UNDECIDED, scanned.sealed_path)
            return
        for hash_type in sorted(self._hash_types):
            sealed, found = seal.digest(hash_type), content.digest(hash_type)
            if found is None:
                self._note(UNDECIDED, scanned.sealed_path)
            elif found != sealed:
                self._note(CHANGED, scanned.sealed_path)
                return

    def _check_link(self, scanned: _Scanned, target: str) -> None:
        """Compare a link, and where it leads, as ``validateSymlinkResource`` does."""
        found = scanned.item.target
        if found != target:
            self._note(CHANGED, scanned.sealed_path)
        elif not self._may_lead(scanned.path, found):
            self._note(LEADS_OUT, f"{scanned.sealed_path} -> {found}")

    def _may_lead(self, path: str, target: str) -> bool:
        if target.startswith("/"):
            return target.startswith(SYSTEM)
        place = self._listing.resolve(path)
        if place is None:
            return False
        inside = self._bundle.below_base(place)
        if inside is not None:
            return self._rules.seals(inside)
        return any(each.below_base(place) is not None for each in self._around)

    def _check_nested(self, scanned: _Scanned, requirement: str) -> None:
        slices = self._nested_slices(scanned)
        if slices is None:
            self._note(UNDECIDED, scanned.sealed_path)
        elif not slices:
            self._note(NO_CODE, scanned.sealed_path)
        else:
            good = satisfies(slices, requirement)
            if good is None:
                self._note(UNDECIDED, scanned.sealed_path)
            elif not good:
                self._note(OTHER_CODE, scanned.sealed_path)
            self._check_other_versions(scanned, requirement)

    def _nested_slices(self, scanned: _Scanned) -> tuple[ProgramSlice, ...] | None:
        """Give the signed slices of nested code.

        None for what is no Mach-O: its signature is in attributes of the file.
        """
        if scanned.item.kind is ItemKind.DIRECTORY:
            nested = self._bundles.get(scanned.path)
            return nested.slices if nested is not None else ()
        return scanned.item.content.program() if scanned.item.content else None

    def _check_other_versions(self, scanned: _Scanned, requirement: str) -> None:
        """Check what ``SecStaticCode::validateOtherVersions`` checks."""
        nested = self._bundles.get(scanned.path)
        if nested is None or nested.layout is not Layout.VERSIONED:
            return
        versions = joined(scanned.path, "Versions")
        for name in self._listing.children(versions):
            path = joined(versions, name)
            if path == nested.base or not self._listing.is_directory(path):
                continue
            version = self._bundles.get(path)
            if version is None or satisfies(version.slices, requirement) is False:
                self._note(OTHER_VERSION, f"{scanned.sealed_path}/Versions/{name}")

"""CodeResources: the files of a bundle that its signature seals, and the rules for which they are.

Form: a property list, read as ``SecStaticCode::loadResources`` in Security's StaticCode.cpp and
``ResourceBuilder`` and ``ResourceSeal`` in resources.cpp read it. All paths are relative to the
directory that ``_CodeSignature`` lies in, and compared character by character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from countersign.bundle.posixregex import Pattern, compile_pattern
from countersign.digest import HashType
from countersign.errors import FormatError, PatternError, PatternLimitError, PropertyListError
from countersign.plists.corefoundation import read_dictionary

__all__ = [
    "EXCLUDED",
    "MAX_SIZE",
    "ResourceRule",
    "ResourceRules",
    "ResourceSeal",
    "Resources",
    "parse_resources",
    "parse_seal",
]

MAX_SIZE: Final = 8 << 20
"""Bytes; large applications have some hundred thousand."""
MAX_RULES: Final = 100
MAX_WORK: Final = 5_000_000
"""What following rules other than Apple's may take for one bundle: about a second."""

WHAT: Final = "CodeResources"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRule:
    """What becomes of the files whose path a pattern occurs in."""

    pattern: str
    weight: int = 1
    """Of the rules that hold for a path, the heaviest one counts."""
    is_plain: bool = False
    """True for a rule that says nothing but that the files are sealed."""
    omit: bool = False
    """The files are not sealed."""
    optional: bool = False
    nested: bool = False
    """The files are code with signatures of their own."""


_SIGNATURE: Final = frozenset({"_CodeSignature", "CodeResources", "_MASReceipt"})
"""What ``BundleDiskRep::adjustResources`` in bundlediskrep.cpp excludes, and all below it."""

EXCLUDED: Final = ResourceRule(pattern="", omit=True)
"""What holds for the signature itself and the main program, whatever the rules say."""


class ResourceSeal(NamedTuple):
    """What is sealed of one file."""

    values: Mapping[str, object]
    target: str | None = None
    """Where a symbolic link leads."""
    requirement: str | None = None
    """What nested code must satisfy, in Apple's requirement language."""
    optional: bool = False

    def digest(self, hash_type: HashType) -> bytes:
        """Give the digest of the file; raises :class:`FormatError` when there is none.

        The one of SHA-1 stands for those that are missing, as old signatures have no other.
        """
        name = "hash" if hash_type is HashType.SHA1 else f"hash{int(hash_type)}"
        value = self.values.get(name, self.values.get("hash"))
        if not isinstance(value, bytes):
            raise _wrong(f"a seal has no {name}", rule="B3")
        return value[: hash_type.size]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """A resource directory, in the newest version that it has."""

    version: int
    """2, or 1 for what codesign wrote before OS X 10.9."""
    rules: tuple[ResourceRule, ...]
    seals: Mapping[str, object]
    """By path; :func:`parse_seal` reads one."""


def parse_resources(data: bytes | memoryview) -> Resources:
    """Read a CodeResources file.

    Raises :class:`FormatError` with the id of the broken rule, and no other error.
    """
    if len(data) > MAX_SIZE:
        raise _wrong(f"{len(data)} bytes are more than {MAX_SIZE}", rule="N6")
    try:
        values = read_dictionary(data, limit=MAX_SIZE)
    except PropertyListError as error:
        raise _wrong(str(error), rule="B4") from error
    for name in ("rules", "files"):
        if not isinstance(values.get(name), dict):
            raise _wrong(f"there are no {name}", rule="B1")
    version, suffix = (2, "2") if "files2" in values else (1, "")
    rules, seals = (values.get(name + suffix) for name in ("rules", "files"))
    if not isinstance(rules, dict) or not isinstance(seals, dict):
        raise _wrong("its second version is not whole", rule="B3")
    if not all(isinstance(path, str) for path in seals):
        raise _wrong("a path is no text", rule="B3")
    if len(rules) > MAX_RULES:
        raise _wrong(f"{len(rules)} rules are more than {MAX_RULES}", rule="N6")
    return Resources(
        version=version,
        rules=tuple(_rule(pattern, value) for pattern, value in rules.items()),
        seals=seals,
    )


def parse_seal(value: object) -> ResourceSeal:
    """Read what is sealed of one file; raises :class:`FormatError`."""
    if isinstance(value, bytes):  # the form of the first version
        return ResourceSeal({"hash": value})
    if not isinstance(value, dict):
        raise _wrong("a seal is neither a digest nor a dictionary", rule="B3")
    requirement, target = value.get("requirement"), value.get("symlink")
    optional = value.get("optional", False)
    for text in (requirement, target):
        if text is not None and not isinstance(text, str):
            raise _wrong("a seal has a text that is none", rule="B3")
    if not isinstance(optional, bool):
        raise _wrong("a seal is neither optional nor not", rule="B3")
    if requirement is not None:
        target = None
    return ResourceSeal(value, target=target, requirement=requirement, optional=optional)


def _rule(pattern: object, value: object) -> ResourceRule:
    if not isinstance(pattern, str) or not isinstance(value, bool | dict):
        raise _wrong("a rule is neither true nor false nor a dictionary", rule="B5")
    if isinstance(value, bool):
        return ResourceRule(pattern=pattern, is_plain=value, omit=not value)
    return ResourceRule(
        pattern=pattern,
        weight=_weight(value.get("weight", 1)),
        omit=value.get("omit") is True,
        optional=value.get("optional") is True,
        nested=value.get("nested") is True,
    )


def _weight(value: object) -> int:
    """Read a number as Core Foundation makes an unsigned one of 32 bits of it."""
    try:
        return int(value) % (1 << 32) if isinstance(value, int | float) else 1
    except (ValueError, OverflowError):  # what is no number, or infinite
        return 0


Test = Callable[[str], bool]

_ANCHORED: Final = (
    "^.*",
    "^[^/]+$",
    "^(Frameworks|SharedFrameworks|PlugIns|Plug-ins|XPCServices|Helpers|MacOS"
    "|Library/(Automator|Spotlight|LoginItems))/",
    r"^(.*/)?\.DS_Store$",
    r"^Info\.plist$",
    r"^version\.plist$",
    "^version.plist$",
    r"^embedded\.provisionprofile$",
    "^PkgInfo$",
    "^Resources/",
    *(
        f"^{folder}{rest}"
        for folder in ("Resources/", "")
        for rest in (r".*\.lproj/", r"Base\.lproj/", r".*\.lproj/locversion.plist$")
    ),
)
"""The patterns of ``BundleDiskRep::defaultResourceRules`` in bundlediskrep.cpp that :mod:`re` is
quick with, and that mean to it what they mean to POSIX."""


def _quick(pattern: str) -> Test:
    compiled = re.compile(pattern.replace("$", r"\Z"), re.DOTALL)
    return lambda path: compiled.match(path) is not None


_STANDARD: Final[Mapping[str, Test]] = {
    r".*\.dSYM($|/)": lambda path: path.endswith(".dSYM") or ".dSYM/" in path,
    **{pattern: _quick(pattern) for pattern in _ANCHORED},
}


class ResourceRules:
    """The rules of one bundle, ready to be asked."""

    def __init__(self, rules: tuple[ResourceRule, ...], program: str | None) -> None:
        """Raise :class:`FormatError` when a pattern is none.

        ``program`` is the path of the main program; None when it is not below the base.
        """
        self._program = program
        self._work = MAX_WORK
        self._tests = [(rule, self._test(rule.pattern)) for rule in rules]

    def find(self, path: str) -> ResourceRule | None:
        """Give the rule that holds for a path; None when there is none.

        Raises :class:`FormatError` when finding out took too long.
        """
        if path in _SIGNATURE or path == self._program:
            return EXCLUDED
        holding = (rule for rule, test in self._tests if test(path))
        return max(holding, key=lambda rule: rule.weight, default=None)

    def seals(self, path: str) -> bool:
        """Tell whether something that a symbolic link leads to is sealed, or is the program."""
        if path == self._program:
            return True
        if path.partition("/")[0] in _SIGNATURE:
            return False
        rule = self.find(path)
        return rule is not None and not rule.omit

    def _test(self, pattern: str) -> Test:
        if pattern in _STANDARD:
            return _STANDARD[pattern]
        try:
            compiled = compile_pattern(pattern)
        except PatternLimitError as error:
            raise _wrong(f"the rule {pattern!r}: {error}", rule="N6") from error
        except PatternError as error:
            raise _wrong(f"the rule {pattern!r}: {error}", rule="B5") from error
        return lambda path: self._search(compiled, path)

    def _search(self, pattern: Pattern, path: str) -> bool:
        before = pattern.work
        found = pattern.occurs_in(path)
        self._work -= pattern.work - before
        if self._work < 0:
            raise _wrong("its rules take too long to follow", rule="N6")
        return found


def _wrong(problem: str, *, rule: str) -> FormatError:
    return FormatError(WHAT, 0, problem, rule=rule)

"""Ask other tools what they think of a file: one small class per tool.

A tool that is not there says why; nothing is installed and nothing is fetched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from kit.catalogue import ENFORCERS, Expectation
from kit.tree import first, unpack

__all__ = ["Opinion", "Tool", "tools", "unpacked_bundle"]

SECONDS: Final = 10
"""A tool that takes longer hangs."""


class Opinion(NamedTuple):
    """What a tool says of a file."""

    accepts: bool
    text: str
    crashed: bool = False
    """It died, hung, or showed a traceback."""


class Tool(Protocol):
    """A tool that can be asked."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def asked(self) -> str:
        """The command, as the table shows it."""

    @property
    def enforcers(self) -> frozenset[str]:
        """Whose verdict it should give."""

    @property
    def unpacks(self) -> bool:
        """True when it can be asked about what is in an archive."""

    @property
    def heeds(self) -> bool:
        """True when it can be told what is demanded besides what macOS demands."""

    def missing(self) -> str:
        """Say why the tool cannot be asked; empty when it can."""

    def judge(self, path: Path, asked: Expectation) -> Opinion:
        """Ask about a file of the kit."""

    def names(self, rule: str, text: str) -> bool:
        """Tell whether what it said names the rule as the reason."""


def run(words: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Opinion:
    """Run a command that exits with 0 when it accepts."""
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            check=False,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired:
        return Opinion(accepts=False, text=f"took more than {SECONDS} s", crashed=True)
    except OSError as error:
        return Opinion(accepts=False, text=str(error))
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    return Opinion(done.returncode == 0, text, crashed=done.returncode < 0)


@dataclass(frozen=True, slots=True)
class Countermark:
    """Our own command line."""

    name: str = "countermark"
    asked: str = "countermark verify FILE"
    enforcers: frozenset[str] = frozenset(ENFORCERS)
    unpacks: bool = True
    heeds: bool = True

    def missing(self) -> str:
        return ""

    def judge(self, path: Path, asked: Expectation) -> Opinion:
        options = [_demanding(word, value) for word, value in asked.demand.items()]
        command = [sys.executable, "-m", "countermark", "verify", "--format", "json", *options]
        with tempfile.TemporaryDirectory() as place:
            bundle = unpacked_bundle(path, asked, Path(place))
            opinion = run([*command, bundle or path])
        crashed = opinion.crashed or "Traceback" in opinion.text
        return opinion._replace(crashed=crashed)

    def names(self, rule: str, text: str) -> bool:
        if not text.startswith("{"):
            return False
        verdict, _ = json.JSONDecoder().raw_decode(text)  # what goes to standard error follows
        places = [place for file in verdict["files"] for place in (file, *file["slices"])]
        findings = [finding for place in places for finding in place["findings"]]
        return rule in {each["rule"] for each in findings if each["severity"] == "error"}


def _demanding(word: str, value: str | bool) -> str:
    """Write a demand of the kit as an option."""
    return f"--require-{word}" if value is True else f"--require-{word}={value}"


def unpacked_bundle(path: Path, asked: Expectation, place: Path) -> Path | None:
    """Unpack a bundle and what lies beside it; None for all else, archives of files included."""
    if not asked.archived:
        return None
    if not unpack(path, place).is_dir():
        return None
    return place / asked.path if asked.path else place


@dataclass(frozen=True, slots=True)
class Rcodesign:
    """The verifier of apple-codesign, through the Python package apple-platform-py.

    It says of itself that it is advisory. Its one complaint about every ad-hoc signature, that an
    empty CMS is no CMS, can be set aside, to see what else it finds.
    """

    python: Path
    tolerant: bool = False
    enforcers: frozenset[str] = frozenset(ENFORCERS)
    unpacks: bool = False
    heeds: bool = False

    @property
    def name(self) -> str:
        return "rcodesign, empty CMS forgiven" if self.tolerant else "rcodesign"

    @property
    def asked(self) -> str:
        return "apple_platform.verify_macho(FILE)"

    def missing(self) -> str:
        found = run([self.python, "-c", "import apple_platform"]).accepts
        return "" if found else "apple-platform-py is not installed"

    def judge(self, path: Path, asked: Expectation) -> Opinion:
        opinion = run([self.python, "-c", _ASK_RCODESIGN, path])
        if not opinion.accepts:
            return opinion._replace(crashed=opinion.crashed or "Panic" in opinion.text)
        problems = [
            problem
            for problem in json.loads(opinion.text)
            if not (self.tolerant and re.search(_NO_CMS, problem))
        ]
        return Opinion(accepts=not problems, text="\n".join(problems))

    def names(self, rule: str, text: str) -> bool:
        return bool(re.search(_RCODESIGN_WORDS.get(rule, "(?!)"), text))


_ASK_RCODESIGN: Final = """\
import json, sys
import apple_platform
print(json.dumps([each["description"] for each in apple_platform.verify_macho(sys.argv[1])]))
"""
_NO_CMS: Final = "missing further values|no cryptographic signature present"
_RCODESIGN_WORDS: Final = {
    "F1": "parse failure",
    "R1": "parse failure|not a Mach-O|magic",
    "R2": "parse failure|arch",
    "R3": "parse failure|bounds",
    "R10": "trailing|not at the end|beyond",
    "R12": "parse failure|bounds|signature data",
    "R22": "BadMagic|super blob",
    "R23": "super ?blob|parsing|range",
    "R24": "parsing|range|blob",
    "R26": "magic|blob",
    "R27": "code digest mismatch",
    "R28": "code directory",
    "R31": "digest|hash",
    "R36": "parsing|identifier|range",
    "R38": "parsing|digest|range",
    "R39": "code digest|slot",
    "R41": "slot digest|digest mismatch|slot",
    "R45": "no cryptographic signature|CMS",
    "A1": "no code signature|signature data",
}
"""Words of its complaints that we let pass for each rule, generously."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A signer without a verifier: all it can be asked is to read the file."""

    name: str
    asked: str
    program: str | None
    options: tuple[str, ...]
    enforcers: frozenset[str] = frozenset(ENFORCERS)
    unpacks: bool = False
    heeds: bool = False

    def missing(self) -> str:
        return "" if self.program else "it is not on this machine"

    def judge(self, path: Path, asked: Expectation) -> Opinion:
        assert self.program is not None
        return run([self.program, *self.options, path])

    def names(self, rule: str, text: str) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Codesign:
    """Apple's own, on a Mac, which unpacks archives with its own ``tar``."""

    strict: bool
    unpacks: bool = True
    heeds: bool = False

    @property
    def name(self) -> str:
        return "codesign --strict" if self.strict else "codesign"

    @property
    def asked(self) -> str:
        return " ".join(["codesign", *self._options, "FILE"])

    @property
    def enforcers(self) -> frozenset[str]:
        return frozenset({"codesign-strict" if self.strict else "codesign"})

    @property
    def _options(self) -> list[str]:
        strict = ["--strict"] if self.strict else []
        return ["--verify", "--all-architectures", *strict, "-vvvv"]

    def missing(self) -> str:
        return "" if shutil.which("codesign") and sys.platform == "darwin" else "this is no Mac"

    def judge(self, path: Path, asked: Expectation) -> Opinion:
        if path.suffix != ".tar":
            return run(["codesign", *self._options, path])
        with tempfile.TemporaryDirectory() as place:
            subprocess.run(["tar", "-xf", path, "-C", place], check=True)
            return run(["codesign", *self._options, Path(place, asked.path or first(path))])

    def names(self, rule: str, text: str) -> bool:
        from countersign.apple import ERRORS
        from countersign.rulebook import RULES

        error = ERRORS.get(RULES[rule].apple or "")
        return error is not None and error.text in text


@dataclass(frozen=True, slots=True)
class MacOS:
    """The kernel and dyld of a Mac: they run a program, or load a library into a good one."""

    good: Path
    """A program of the kit that runs."""
    name: str = "macOS itself"
    asked: str = "FILE, or DYLD_INSERT_LIBRARIES=FILE for a library"
    enforcers: frozenset[str] = frozenset({"kernel", "dyld"})
    unpacks: bool = False
    heeds: bool = False

    def missing(self) -> str:
        return "" if sys.platform == "darwin" else "this is no Mac"

    def judge(self, path: Path, asked: Expectation) -> Opinion:
        if path.suffix == ".dylib":
            opinion = run([self.good], {"DYLD_INSERT_LIBRARIES": str(path.absolute())})
        else:
            opinion = run([path.absolute()])
        return opinion._replace(crashed=False)  # to be killed is how the kernel refuses

    def names(self, rule: str, text: str) -> bool:
        return False


def tools(peers: Path | None, good: Path) -> list[Tool]:
    """List all tools; ``peers`` is a folder with ``bin/`` and ``venv/`` to look into first."""
    python = peers / "venv" / "bin" / "python" if peers else Path(sys.executable)
    path = os.pathsep.join([str(peers / "bin"), os.environ["PATH"]]) if peers else None
    return [
        Countermark(),
        Rcodesign(python),
        Rcodesign(python, tolerant=True),
        Reader("ldid", "ldid -h FILE", shutil.which("ldid", path=path), ("-h",)),
        Reader("zsign", "zsign -C FILE", shutil.which("zsign", path=path), ("-C",)),
        Codesign(strict=False),
        Codesign(strict=True),
        MacOS(good),
    ]

"""Compare the hardening rules with Bitcoin Core's own scripts, check by check, as Markdown.

python tests/conformance/hardening.py --python PYTHON --scripts DIR [--table NAME] [--details]
    FILE... [--stripped DIR]

PYTHON has the version of LIEF that the scripts want; DIR holds security-check.py and
symbol-check.py, which are run as they are, one check at a time. FILEs are unstripped programs; with
--stripped, a stripped copy of each is looked for in that directory, under the same path or name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from counterproof.hardening.allowances import load_allowances
from counterproof.hardening.case import Case
from counterproof.hardening.checking import outcomes
from counterproof.hardening.facts import Facts, Undecided
from counterproof.hardening.pool import FactsReader
from countersign.image import Image, ImageFormat, identify

__all__ = ["SAME", "Answer", "our_answers", "their_answers"]

Answer: TypeAlias = Literal["good", "bad", "open", "crash"]
"""``open`` is what we call not checkable; a ``crash`` of their script ends its whole run."""

SAME: Final[dict[ImageFormat, dict[str, str]]] = {
    ImageFormat.ELF: {
        "PIE": "H02",
        "NX": "H03",
        "RELRO": "H04",
        "CANARY": "H05",
        "FORTIFY": "H06",
        "SEPARATE_CODE": "H07",
        "CONTROL_FLOW": "H08",
        "IMPORTED_SYMBOLS": "H14",
        "EXPORTED_SYMBOLS": "H15",
        "LIBRARY_DEPENDENCIES": "H16",
        "INTERPRETER_NAME": "H17",
        "ABI": "H18",
        "RUNPATH": "H19",
    },
    ImageFormat.PE: {
        "PIE": "H02",
        "DYNAMIC_BASE": "H02",
        "NX": "H03",
        "CANARY": "H05",
        "CONTROL_FLOW": "H08",
        "HIGH_ENTROPY_VA": "H10",
        "RELOC_SECTION": "H11",
        "DYNAMIC_LIBRARIES": "H16",
        "SUBSYSTEM_VERSION": "H20",
        "APPLICATION_MANIFEST": "H21",
    },
    ImageFormat.MACH_O: {
        "PIE": "H02",
        "NX": "H03",
        "CANARY": "H05",
        "CONTROL_FLOW": "H08",
        "BRANCH_PROTECTION": "H09",
        "FIXUP_CHAINS": "H12",
        "NOUNDEFS": "H13",
        "DYNAMIC_LIBRARIES": "H16",
        "MIN_OS": "H23",
        "SDK": "H24",
        "LLD": "H25",
    },
}
"""Which of our rules asks what each of their checks asks."""

_RUNNER: Final = r"""
import contextlib, importlib.util, io, json, sys
import lief
lief.logging.disable()
def load(path):
    spec = importlib.util.spec_from_file_location("script", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
scripts, answers = [load(path) for path in sys.argv[1:3]], {}
for name in sys.argv[3:]:
    answers[name] = found = {}
    binary = lief.parse(name)
    for script in scripts:
        script.filename = name
        checks = script.CHECKS[binary.format]
        if isinstance(checks, dict):
            checks = checks[binary.abstract.header.architecture]
        for check, function in checks:
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    found[check] = "good" if function(binary) else "bad"
            except AssertionError:
                found[check] = "bad"
            except Exception:
                found[check] = "crash"
json.dump(answers, sys.stdout)
"""


def their_answers(python: Path, scripts: Path, files: Iterable[Path]) -> dict[Path, dict[str, str]]:
    """Run each check of the two scripts on its own; what they assert counts as an answer."""
    names = [scripts / "security-check.py", scripts / "symbol-check.py"]
    command = [str(python), "-c", _RUNNER, *map(str, names), *map(str, files)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return {Path(name): answers for name, answers in json.loads(done.stdout).items()}


def our_answers(facts: Facts, case: Case, image: Image) -> dict[str, Answer]:
    """Say the same by the names of their checks."""
    found: dict[str, Answer] = {}
    for outcome in outcomes(facts, case):
        found[outcome.rule.id] = "open" if isinstance(outcome.problem, Undecided) else "bad"
    return {check: found.get(rule, "good") for check, rule in SAME[image.format].items()}


class _Program(NamedTuple):
    path: Path
    image: Image
    facts: Future[Facts]


def _read(reader: FactsReader, files: Iterable[Path]) -> list[_Program]:
    programs = []
    for path in files:
        data = path.read_bytes()
        image = identify(data)
        if image is None:
            sys.exit(f"{path} is no image")
        programs.append(_Program(path, image, reader.submit(data, image)))
    return programs


def _stripped(path: Path, folder: Path) -> Path | None:
    parts = path.parts[1:] if path.is_absolute() else path.parts
    tails = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((tail for tail in tails if tail.is_file()), None)


def main() -> None:
    """Print a table for each format: a row for each check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--scripts", type=Path, required=True)
    parser.add_argument("--table", default="32")
    parser.add_argument("--stripped", type=Path)
    parser.add_argument("--details", action="store_true")
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    allowances = load_allowances(options.table)
    pairs = {
        path: _stripped(path, options.stripped) if options.stripped else None
        for path in options.files
    }
    everything = [*pairs, *(path for path in pairs.values() if path)]
    theirs = their_answers(options.python, options.scripts, everything)
    with FactsReader() as reader:
        programs = {each.path: each for each in _read(reader, everything)}
        ours = {
            path: our_answers(
                each.facts.result(),
                Case(program=path.stem, allowances=allowances, published=True),
                each.image,
            )
            for path, each in programs.items()
        }
    _print(pairs, programs, theirs, ours, details=options.details)


def _print(
    pairs: dict[Path, Path | None],
    programs: dict[Path, _Program],
    theirs: dict[Path, dict[str, str]],
    ours: dict[Path, dict[str, Answer]],
    *,
    details: bool,
) -> None:
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for path, copy in pairs.items():
        image = programs[path].image
        for check, answer in theirs[path].items():
            row = rows[image.format.value, check]
            row["files"] += 1
            row[f"their {answer}"] += 1
            row[_compared(answer, ours[path][check])] += 1
            if details and answer != ours[path][check]:
                print(f"{path}: {check}: {answer}, ours {ours[path][check]}", file=sys.stderr)
            if copy is not None:
                row["copies"] += 1
                row[f"copy {_compared(answer, ours[copy][check])}"] += 1
                row[f"copy their {theirs[copy].get(check, 'crash')}"] += 1
                if details and answer != ours[copy][check]:
                    print(f"{copy}: {check}: {answer}, ours {ours[copy][check]}", file=sys.stderr)
    columns = "files|their good|their bad|their crash|same|open|other"
    columns += "|copies|copy same|copy open|copy other|copy their crash"
    names = columns.split("|")
    print("| format | check | " + " | ".join(names) + " |")
    print("|---|---|" + "---|" * len(names))
    for (format_name, check), row in sorted(rows.items()):
        cells = " | ".join(str(row[name]) for name in names)
        print(f"| {format_name} | {check} | {cells} |")


def _compared(theirs: str, ours: str) -> str:
    if ours == "open":
        return "open"
    return "same" if theirs == ours else "crash" if theirs == "crash" else "other"


if __name__ == "__main__":
    main()

"""Let atheris look for bytes that a reader cannot bear, led by what they make it do.

python tests/fuzz/guided.py TARGET [DIR] [-max_total_time=SECONDS] [libFuzzer's other options]

Input worth keeping goes to DIR. What is found is written to a file crash-*, and given again by its
name: python tests/fuzz/guided.py TARGET crash-... It needs the extra `fuzz`.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("signing", "layout", "packaging", "tests/fuzz", "tests/conformance")
"""atheris sees into modules that come from folders, not through the hook of an editable install."""


def main() -> int:
    """Read the command line; libFuzzer reads the rest and ends the process itself."""
    atheris = importlib.import_module("atheris")
    sys.path[:0] = [str(ROOT / folder) for folder in FOLDERS]
    sys.meta_path[:] = [each for each in sys.meta_path if "Redirect" not in type(each).__name__]
    with atheris.instrument_imports(include=["countersign"]):
        from targets import TARGETS
    name, *options = sys.argv[1:] or [""]
    if name not in TARGETS:
        print(f"{__doc__}\nTargets: {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    target = TARGETS[name]
    with tempfile.TemporaryDirectory() as seeds:
        for number, seed in enumerate(target.seeds):
            Path(seeds, str(number)).write_bytes(seed)
        given = [each for each in options if not each.startswith("-")]
        rest = [each for each in options if each.startswith("-")]
        if not all(Path(each).is_file() for each in given) or not given:
            given.append(seeds)
        atheris.Setup([sys.argv[0], *rest, "-timeout=5", *given], target)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())

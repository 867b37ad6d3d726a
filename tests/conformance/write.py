"""Write the kit's files and its table into a directory, for use with any tool, anywhere.

python tests/conformance/write.py DIR
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from kit.catalogue import TABLE, expectations, make

__all__ = ["write"]


def write(directory: Path) -> list[Path]:
    """Write every file, executable, and the table beside them; return the files' paths."""
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(TABLE, directory / TABLE.name)
    paths = []
    for expected in expectations():
        path = directory / expected.name
        path.write_bytes(make(expected.name))
        path.chmod(0o755)
        paths.append(path)
    return paths


def main() -> int:
    """Read the command line."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    paths = write(Path(sys.argv[1]))
    print(f"{len(paths)} files and {TABLE.name} in {sys.argv[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

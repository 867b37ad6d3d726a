"""A program for CMake without countermark: ``python write.py DIRECTORY ZIG TARGET``."""

import sys

sys.path.append(__file__.rpartition("/")[0].rpartition("/")[0])

from toolchains.wrappers import main  # type: ignore[import-not-found]

main(sys.argv[1:])

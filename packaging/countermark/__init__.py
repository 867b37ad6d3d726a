"""From a CMake source tree to a release that can be trusted, without a Mac."""

from __future__ import annotations

__version__ = "0.1.0"

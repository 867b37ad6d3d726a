"""``python -m countermark``."""

from __future__ import annotations

from countermark.cli import main

main()

"""The process that :mod:`counterproof.hardening.pool` starts: images in, facts out."""

from __future__ import annotations

import resource
import sys
from multiprocessing.connection import Connection
from typing import Final

from counterproof.hardening.reading import read_facts

__all__ = ["serve"]

_MEMORY: Final = 8 << 30
"""Bytes of addresses that it may take; LIEF takes three times the size of an image."""


def serve(pipe: Connection) -> None:
    """Answer until there are no more images."""
    while True:
        try:
            image = pipe.recv()
            data = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send(read_facts(data, image))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    serve(Connection(int(sys.argv[1])))

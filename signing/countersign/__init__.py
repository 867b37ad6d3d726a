"""Sign and verify Mach-O images without a Mac.

The front doors are imported when they are first used, so importing the package costs nothing.
The modules have the names of things (``signer``) and the functions those of deeds (``sign``):
a module of a function's name would hide it as soon as somebody imported the module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from countersign.comparison.images import compare_images
    from countersign.comparison.ranges import compare
    from countersign.discovery import find_images
    from countersign.errors import SigningError
    from countersign.image import identify
    from countersign.inspection.inspector import inspect, inspect_image
    from countersign.settings import Settings
    from countersign.signer import Signed, sign, sign_bytes, sign_files
    from countersign.style import Style
    from countersign.unsigner import Unsigned, unsign, unsign_bytes, unsign_files
    from countersign.verifier import verify, verify_image

__all__ = [
    "Settings",
    "Signed",
    "SigningError",
    "Style",
    "Unsigned",
    "compare",
    "compare_images",
    "find_images",
    "identify",
    "inspect",
    "inspect_image",
    "sign",
    "sign_bytes",
    "sign_files",
    "unsign",
    "unsign_bytes",
    "unsign_files",
    "verify",
    "verify_image",
]

_HOMES = {
    "Settings": "settings",
    "Signed": "signer",
    "SigningError": "errors",
    "Style": "style",
    "Unsigned": "unsigner",
    "compare": "comparison.ranges",
    "compare_images": "comparison.images",
    "find_images": "discovery",
    "identify": "image",
    "inspect": "inspection.inspector",
    "inspect_image": "inspection.inspector",
    "sign": "signer",
    "sign_bytes": "signer",
    "sign_files": "signer",
    "unsign": "unsigner",
    "unsign_bytes": "unsigner",
    "unsign_files": "unsigner",
    "verify": "verifier",
    "verify_image": "verifier",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

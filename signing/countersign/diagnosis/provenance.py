"""By which tools an image was linked and signed, as far as its bytes tell.

The layouts of ldid, zsign, rcodesign and ruby-macho were measured on what they make of one file;
those of Apple's tools and of linkers are the ones that :mod:`countersign.plan` writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from countersign.dialect import GO_SECTION, Dialect, recognize
from countersign.inspection.recognition import recognize_style
from countersign.macho.cpu import ARM64
from countersign.macho.platforms import platform_name
from countersign.macho.slice import Platform, Slice
from countersign.signature import Kind, Signature
from countersign.style import Style
from countersign.superblob import EMPTY_REQUIREMENTS, Slot
from countersign.version import version_text

__all__ = ["built_for", "linked_by", "runs_on", "signed_by"]

X86_64: Final = 0x01000007

_TOOLS: Final = {3: "ld", 4: "lld", 5: "zig"}
"""The linkers that LC_BUILD_VERSION names (``mach-o/loader.h``; zig's number is its own)."""

_LINKERS: Final = {
    Dialect.LD_PRIME: "Apple's linker",
    Dialect.LD64: "Apple's older linker, or a tool of Apple's that edited the file after it",
    Dialect.LD64_609: "Apple's linker of 2020",
    Dialect.LLD: "LLVM: lld, llvm-strip or llvm-objcopy",
    Dialect.GO: "Go's linker",
    Dialect.ZIG: "zig's linker",
}
_STYLES: Final = {
    Style.MACOS26: "codesign of macOS 26 or later, or a signer of its layout",
    Style.MACOS15: "codesign of macOS 12 to 15, or a signer of its layout",
    Style.MACOS11: "codesign of macOS 11, or a signer of its layout",
    Style.MACOS10_15: "codesign of macOS 10.15, or a signer of its layout",
}
_ANY_STYLE: Final = "codesign of macOS 12 or later, or a signer of its layout"
_MACS: Final = {
    ARM64: "Macs with Apple silicon",
    X86_64: "Intel Macs, and translated on Apple silicon",
}
_PAGE, _KIB = 0x1000, 1024


def linked_by(thin: Slice) -> str | None:
    """Name the linker, if the image says which it was."""
    if any(segment.section(GO_SECTION) for segment in thin.segments):
        return "Go"
    tool = next((tool for tool in thin.tools if tool.number in _TOOLS), None)
    if tool is None:
        return None
    version = f" {version_text(tool.version, short=True)}" if tool.version else ""
    return f"{_TOOLS[tool.number]}{version}"


def built_for(thin: Slice) -> str | None:
    """Say which system the image is for, from which release on, and by which SDK it was built."""
    target = next(iter(thin.targets), None)
    if target is None:
        return None
    system = f"{platform_name(target.platform)} {version_text(target.minimum, short=True)}"
    return f"{system}, SDK {version_text(target.sdk, short=True)}" if target.sdk else system


def runs_on(thin: Slice) -> str | None:
    """Say on which Macs the image can run, whatever its signature; None if on none."""
    target = next(iter(thin.targets), None)
    macs = _MACS.get(thin.header.cputype)
    if target is None or target.platform != Platform.MACOS or macs is None:
        return None
    return f"{macs}, macOS {version_text(target.minimum, short=True)} and later"


def signed_by(thin: Slice, signature: Signature) -> str:
    """Say which tools sign like that."""
    if signature.kind is Kind.LINKER:
        command = thin.signature
        last = command is None or command.offset + command.cmdsize == thin.header.commands_end
        linker = _LINKERS[recognize(thin, signature)]
        return linker if last else "Apple's linker, and again install_name_tool"
    style = recognize_style(thin, signature)
    if style is Style.MACOS26 and Style.MACOS15.page_size(thin) == style.page_size(thin):
        return _ANY_STYLE
    if style is not None:
        return _STYLES[style]
    return next(_others(thin, signature), "a tool that is not known here")


def _others(thin: Slice, signature: Signature) -> Iterator[str]:
    """Name the tools whose layout a signature has that Apple's do not write."""
    superblob = signature.superblob
    requirements = superblob.find(Slot.REQUIREMENTS)
    room = thin.signature.data_size if thin.signature else 0
    unused = room - superblob.length
    wrapped = superblob.find(Slot.CMS) is not None
    empty = requirements is not None and bytes(requirements.data) == EMPTY_REQUIREMENTS
    if requirements is not None and not empty and not wrapped and unused <= 16:
        yield "ldid"
    if empty and not wrapped and room % _PAGE == 0:
        yield "zsign"
    if wrapped and room % _KIB == 0:
        yield "rcodesign"
    if wrapped and unused < 16:
        yield "ruby-macho, as Homebrew uses it, or a signer like it"

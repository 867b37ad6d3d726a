"""What zig puts into every program it links, besides the suite's own code.

From the headers in the package itself: ``lib/libcxx/include/__config`` (``_LIBCPP_VERSION``) and
``lib/libc/include/any-windows-any/_mingw_mac.h``; compiler-rt is zig's own, in zig.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from countermark.reproduction.record import BuildRecord

__all__ = ["Bundled", "bundled_libraries"]


class Bundled(NamedTuple):
    """A library that is linked statically."""

    name: str
    version: str


_CPP: Final = {
    "0.17.1": (
        Bundled("libc++", "22.1.8"),
        Bundled("libc++abi", "22.1.8"),
        Bundled("libunwind", "22.1.8"),
    )
}
_WINDOWS: Final = {"0.17.1": (Bundled("mingw-w64", "15.0.0"),)}


def bundled_libraries(record: BuildRecord) -> tuple[Bundled, ...]:
    """Return what is in every program of a host by the toolchain's doing, as far as is known.

    Nothing is known of other toolchains, nor of other versions of zig but its compiler-rt.
    """
    version = record.toolchain.version
    if record.toolchain.kind != "zig" or version is None:
        return ()
    found = [Bundled("zig-compiler-rt", version)]
    if any(each.language == "CXX" for each in record.compilers):
        found += _CPP.get(version, ())
    if record.host.endswith("-mingw32"):
        found += _WINDOWS.get(version, ())
    return tuple(found)

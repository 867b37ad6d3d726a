"""The hosts that a release can be built for.

A host is named by the GNU triple that Bitcoin Core uses for it. What the programs need at least,
a macOS or a glibc version, stands in the target that ``zig`` is given: it is the only place where
zig's linker looks for it. A version of Windows has no place there: it is put into the programs
after they were linked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from countermark.errors import ConfigurationError, UnknownHostError, nearest
from counterproof.target import Platform, Target
from countersign.image import ImageFormat
from countersign.version import pack_version, version_text

__all__ = ["HOSTS", "Host", "buildable_hosts", "default_triples", "find_host", "native_triple"]

_FORMATS: Final[dict[Platform, ImageFormat]] = {
    "darwin": ImageFormat.MACH_O,
    "linux": ImageFormat.ELF,
    "windows": ImageFormat.PE,
}

_SYSTEMS: Final[dict[Platform, str]] = {
    "darwin": "macOS",
    "linux": "glibc",
    "windows": "Windows NT",
}
"""What the oldest system is a version of."""
_NEWEST: Final[dict[Platform, str]] = {"darwin": "27.0", "linux": "2.44", "windows": "10.0"}
"""The newest versions that there are, or that zig knows: it takes its newest for a newer glibc."""
_WINDOWS: Final = ("6.0", "6.1", "6.2", "6.3", "10.0")
"""All versions of Windows NT since Vista: 6.1 is Windows 7, 6.2 is Windows 8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What a set of programs runs on."""

    triple: str
    platform: Platform
    architecture: str
    """As the image format's own documents spell it: ``arm64`` in Mach-O, ``aarch64`` in ELF."""
    minimum: str
    """The oldest macOS, glibc or Windows NT that the programs start on."""
    oldest: str
    """The lowest minimum that there can be."""
    zig: str | None
    """The target for ``zig cc`` with a place for the minimum; None where zig has no C library."""
    refusal: str = ""
    """Why the default toolchain cannot build for it, when it cannot."""

    @property
    def zig_target(self) -> str | None:
        """The target for ``zig cc``; None where zig has no C library for it."""
        return self.zig.format(minimum=self.minimum) if self.zig is not None else None

    @property
    def oldest_system(self) -> str:
        """The oldest system that the programs start on, in words."""
        return f"{_SYSTEMS[self.platform]} {self.minimum}"

    def starting_at(self, minimum: str) -> Host:
        """Return the same host for programs that start on another oldest system.

        Raises :class:`ConfigurationError` for what is no version of one that they could be made
        for.
        """
        version = pack_version(minimum)
        newest = _NEWEST[self.platform]
        if version is None or not _packed(self.oldest) <= version <= _packed(newest):
            raise self._no_minimum(minimum, f"one from {self.oldest} to {newest}")
        text = version_text(version, short=True)
        if self.platform == "windows" and text not in _WINDOWS:
            raise self._no_minimum(minimum, f"one of {', '.join(_WINDOWS)}")
        return replace(self, minimum=text)

    def _no_minimum(self, minimum: str, wanted: str) -> ConfigurationError:
        system = _SYSTEMS[self.platform]
        return ConfigurationError(
            f"hosts.{self.triple}.minimum is '{minimum}', which is no {system} to build for",
            hint=f"Give {wanted}, or leave it out for {self.minimum}.",
        )

    @property
    def image_format(self) -> ImageFormat:
        """The format of its programs."""
        return _FORMATS[self.platform]

    @property
    def executable_suffix(self) -> str:
        """What the name of a program ends in."""
        return ".exe" if self.platform == "windows" else ""

    @property
    def target(self) -> Target:
        """What a tree for this host is checked against."""
        return Target(
            platform=self.platform,
            architecture=self.architecture,
            image_format=self.image_format,
            executable_suffix=self.executable_suffix,
        )


def _darwin(triple: str, architecture: str, zig_architecture: str) -> Host:
    return Host(
        triple=triple,
        platform="darwin",
        architecture=architecture,
        minimum="14.0",
        oldest="11.0",
        zig=f"{zig_architecture}-macos.{{minimum}}-none",
    )


def _linux(triple: str, architecture: str, oldest: str = "2.17") -> Host:
    return Host(
        triple=triple,
        platform="linux",
        architecture=architecture,
        minimum="2.31",
        oldest=oldest,
        zig=f"{triple}.{{minimum}}",
    )


HOSTS: Final[dict[str, Host]] = {
    host.triple: host
    for host in (
        _linux("x86_64-linux-gnu", "x86_64"),
        _linux("arm-linux-gnueabihf", "arm"),
        _linux("aarch64-linux-gnu", "aarch64"),
        _linux("riscv64-linux-gnu", "riscv64", "2.27"),
        Host(
            triple="powerpc64-linux-gnu",
            platform="linux",
            architecture="powerpc64",
            minimum="2.31",
            oldest="2.17",
            zig=None,
            refusal="zig has no C library for it",
        ),
        Host(
            triple="x86_64-w64-mingw32",
            platform="windows",
            architecture="x86_64",
            minimum="6.2",
            oldest="6.0",
            zig="x86_64-windows-gnu",
        ),
        _darwin("x86_64-apple-darwin", "x86_64", "x86_64"),
        _darwin("arm64-apple-darwin", "arm64", "aarch64"),
    )
}
"""Every known host by triple, in the order in which Bitcoin Core builds them."""

_NATIVE: Final = {
    ("darwin", "arm64"): "arm64-apple-darwin",
    ("darwin", "x86_64"): "x86_64-apple-darwin",
    ("linux", "aarch64"): "aarch64-linux-gnu",
    ("linux", "armv7l"): "arm-linux-gnueabihf",
    ("linux", "riscv64"): "riscv64-linux-gnu",
    ("linux", "x86_64"): "x86_64-linux-gnu",
}


def _packed(version: str) -> int:
    return pack_version(version) or 0


def find_host(triple: str) -> Host:
    """Return the host that is called ``triple``.

    Raises :class:`UnknownHostError`, which proposes the nearest name, when there is none.
    """
    try:
        return HOSTS[triple]
    except KeyError:
        raise UnknownHostError(
            f"unknown host '{triple}'{nearest(triple, HOSTS)}",
            hint=f"Known hosts: {', '.join(HOSTS)}.",
        ) from None


def buildable_hosts() -> tuple[Host, ...]:
    """Return the hosts that the default toolchain builds for: what ``--host all`` means."""
    return tuple(host for host in HOSTS.values() if host.zig_target is not None)


def native_triple(system: str, machine: str) -> str | None:
    """Return the host that a machine itself is, or None when it is none of ours.

    ``system`` and ``machine`` are what :func:`platform.system` and :func:`platform.machine` say.
    """
    return _NATIVE.get((system.lower(), machine))


def default_triples(native: str | None) -> tuple[str, ...]:
    """Return the hosts of a release that names none: the machine's own, and Apple's arm64."""
    return tuple(dict.fromkeys([*([native] if native else []), "arm64-apple-darwin"]))

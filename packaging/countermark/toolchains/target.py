"""What a compiler compiles for, as zig names it."""

__all__ = ["Target"]


class Target:
    """A target for ``zig cc``, such as ``aarch64-macos.14.0-none``, taken apart."""

    __slots__ = ("architecture", "minimum", "name", "system")

    def __init__(self, name: str) -> None:
        system = name.split("-")[1] if "-" in name else ""
        self.name = name
        self.architecture = name.partition("-")[0]
        self.system, _, self.minimum = system.partition(".")
        """``macos``, ``linux`` or ``windows``, and the oldest macOS that programs start on."""

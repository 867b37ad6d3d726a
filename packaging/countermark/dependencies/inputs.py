"""What the manifest says of all that was there before the suite was configured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from countermark.dependencies.given import prefix_digest
from countermark.files import sha256_of
from countermark.manifest import InputRow
from countermark.plan import HostPlan

__all__ = ["supplied_inputs"]


def supplied_inputs(plan: HostPlan, memory: Path) -> Iterator[InputRow]:
    """Yield dependencies, tools and given prefixes of a host; ``memory`` is that of the prefixes.

    Raises :class:`~countermark.errors.WorkError` and :class:`OSError` for what cannot be read.
    """
    known = {each.dependency.name: each.dependency for each in plan.supplies.builds}
    for dependency in known.values():
        yield InputRow(
            kind="dependency",
            name=dependency.name,
            version=dependency.settings.version,
            digest=f"sha256:{dependency.digest}",
            url=dependency.settings.url,
        )
    for tool in plan.supplies.generators:
        yield InputRow(
            kind="tool",
            name=tool.name,
            version=tool.version,
            digest=f"sha256:{sha256_of(tool.program)}",
        )
    for prefix in plan.build.prefixes:
        digest = prefix_digest(prefix, memory)
        yield InputRow(kind="prefix", name=str(prefix), digest=f"sha256:{digest}")

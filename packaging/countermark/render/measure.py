"""What a tree was measured by as text: each thing with the reason why it was taken."""

from __future__ import annotations

from counterproof.profiles.detection import Detected

__all__ = ["describe_measure"]


def describe_measure(measure: Detected) -> str:
    """Return one line each for profile, host, form, state and standard."""
    rows = (
        ("profile", measure.profile.value.name, measure.profile.reason),
        ("host", measure.host.value, measure.host.reason),
        ("form", measure.form.value, measure.form.reason),
        ("state", measure.state.value, measure.state.reason),
        ("standard", measure.standard.value, measure.standard.reason),
    )
    width = max(len(value) for _, value, _ in rows)
    return "\n".join(f"{name:8}  {value:{width}}  {reason}" for name, value, reason in rows)

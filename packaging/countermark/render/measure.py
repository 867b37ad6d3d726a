"""What a tree was measured by as text: each thing with the reason why it was taken."""

from __future__ import annotations

from countermark.layouts import CheckedLayouts
from counterproof.profiles.detection import Detected

__all__ = ["describe_measure", "describe_measures"]


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


def describe_measures(checked: CheckedLayouts) -> str:
    """Return what each tree was measured by: line by line for one, a line for each of several."""
    if len(checked.layouts) == 1 and not checked.passed_over:
        return describe_measure(checked.layouts[0].measure)
    lines = [
        f"{each.path}: profile {each.measure.profile.value.name}, {each.measure.host.value}, "
        f"{each.measure.form.value}, {each.measure.state.value}, {each.measure.standard.value}"
        for each in checked.layouts
    ]
    lines += [f"{path}: holds no programs to check" for path in checked.passed_over]
    return "\n".join(lines)

"""Checking the layout of any tree or archive, with what was not said found out from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from countermark.errors import ConfigurationError, missing
from countermark.hosts import HOSTS, Host, find_host
from counterproof.judging import judge
from counterproof.profiles.detection import detect_profile
from counterproof.profiles.library import load_profile
from counterproof.profiles.profile import Profile
from counterproof.subject import Subject
from counterproof.survey import Survey, survey
from countersign.findings import Verdict

__all__ = ["CheckedLayout", "check_layout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLayout:
    """A verdict and what it was made by."""

    verdict: Verdict
    profile: Profile
    detected: bool
    """True when the profile was found out from the programs, not asked for."""
    host: Host


def check_layout(path: Path, profile: str | None, host: str | None) -> CheckedLayout:
    """Check the directory or archive ``path`` against ``profile`` for ``host``.

    What is None is found out: the host from the file's name or from its images, the profile from
    its programs. Raises :class:`ConfigurationError` when the host cannot be found out,
    :class:`~counterproof.errors.LayoutError` when the tree or the profile cannot be read.
    """
    wanted = load_profile(profile) if profile else None
    named = find_host(host) if host else None
    if not path.exists():
        raise missing(path)
    seen = survey(path)
    built_for = named or _host_in_name(path.name) or _host_of_images(seen)
    if built_for is None:
        raise ConfigurationError(
            f"{path}: neither its name nor its programs tell the host",
            hint=f"Give it with --host: {', '.join(HOSTS)}.",
        )
    used = wanted or detect_profile(_programs(seen), built_for.platform)
    return CheckedLayout(
        verdict=judge(Subject(survey=seen, profile=used, target=built_for.target)),
        profile=used,
        detected=wanted is None,
        host=built_for,
    )


def _host_in_name(name: str) -> Host | None:
    return next((host for triple, host in HOSTS.items() if triple in name), None)


def _host_of_images(seen: Survey) -> Host | None:
    """Return the host of the first image: the others are then checked against it."""
    image = next((sample.image for sample in seen.files if sample.image is not None), None)
    if image is None:
        return None
    hosts = (host for host in HOSTS.values() if host.image_format is image.format)
    return next((host for host in hosts if (host.architecture,) == image.architectures), None)


def _programs(seen: Survey) -> list[str]:
    return [sample.entry.path.name for sample in seen.files if (sample.entry.mode or 0) & 0o100]

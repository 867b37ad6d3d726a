"""The presets of the checkout say the same as the table of hosts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commands import ROOT
from countermark.hosts import HOSTS, buildable_hosts

PRESETS: dict[str, dict[str, Any]] = {
    preset["name"]: preset
    for preset in json.loads((ROOT / "CMakePresets.json").read_bytes())["configurePresets"]
}
ZIG = {name for name, preset in PRESETS.items() if preset.get("inherits") == "zig"}


def test_every_host_that_can_be_built_has_a_preset_and_no_other() -> None:
    assert {host.triple for host in buildable_hosts()} == ZIG


@pytest.mark.parametrize("name", sorted(ZIG))
def test_a_preset_has_the_target_of_its_host(name: str) -> None:
    target = PRESETS[name]["cacheVariables"]["COUNTERMARK_ZIG_TARGET"]
    assert target == HOSTS[name].zig_target


def test_the_presets_use_the_default_toolchain_file() -> None:
    file = PRESETS["zig"]["toolchainFile"].replace("${sourceDir}", str(ROOT))
    assert Path(file).is_file()
    assert Path(file).name == "zig.cmake"

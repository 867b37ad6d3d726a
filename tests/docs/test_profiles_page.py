"""The page about profiles says what is read."""

from __future__ import annotations

import re
from typing import Final

import pytest

from commands import ROOT
from counterproof.profiles.library import parse_profile, profile_names
from counterproof.profiles.parsing import KEYS
from counterproof.target import FORMS, STATES

PAGE: Final = (ROOT / "docs/reference/profiles.md").read_text(encoding="utf-8")
EXAMPLES: Final = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
HEAD: Final = """
schema = "countermark.profile/1"
name = "mine"
title = "Mine"
description = "My own."
"""


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_read(example: str) -> None:
    extends = "" if "extends" in example else "extends = '31'\n"
    parse_profile(f"{HEAD}{extends}{example}", "example.toml")


def test_every_key_profile_form_and_state_is_told() -> None:
    told = set(re.findall(r"`\[?([a-z0-9-]+)\]?`", PAGE))
    assert {*KEYS, *profile_names(), *FORMS, *STATES} <= told

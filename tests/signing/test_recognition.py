"""Whose layout a signature follows."""

from __future__ import annotations

import pytest

from countersign.inspection.recognition import recognize_style
from countersign.macho.slice import parse_slice
from countersign.settings import Settings
from countersign.signature import parse_signature
from countersign.signer import sign_bytes
from countersign.style import Style
from macho import Macho


def recognized(data: bytes) -> Style | None:
    thin = parse_slice(memoryview(data))
    assert thin.signature is not None
    return recognize_style(thin, parse_signature(memoryview(data)[thin.signature.data_offset :]))


@pytest.mark.parametrize("style", [Style.MACOS26, Style.MACOS15, Style.MACOS10_15, Style.LINKER])
@pytest.mark.parametrize("minimum", [(14, 0, 0), (10, 9, 0)])
def test_styles_of_an_arm64_image_are_told_apart(
    style: Style, minimum: tuple[int, int, int]
) -> None:
    data = sign_bytes(Macho(minimum=minimum).build(), "a", Settings(style=style))
    assert recognized(data) is style


def test_where_styles_give_the_same_bytes_it_is_the_newest() -> None:
    data = sign_bytes(Macho(arch="x86_64").build(), "a", Settings(style=Style.MACOS15))
    assert recognized(data) is Style.MACOS26
    data = sign_bytes(Macho().build(), "a", Settings(style=Style.MACOS11))
    assert recognized(data) is Style.MACOS15


def test_an_image_without_a_platform_has_no_described_text_in_any_style() -> None:
    data = sign_bytes(Macho(platform=None).build(), "a", Settings(style=Style.MACOS26))
    assert recognized(data) is Style.MACOS26


def test_another_tools_signature_is_of_no_style() -> None:
    assert recognized(Macho().sealed(flags=2).build()) is None

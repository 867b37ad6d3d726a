"""Writes entitlements: the XML form, and the DER form that macOS 12 and later go by."""

from __future__ import annotations

from collections.abc import Mapping

from kit.signature import blob

__all__ = ["der", "xml"]

INTEGER, BOOLEAN, UTF8_STRING, SEQUENCE = 0x02, 0x01, 0x0C, 0x30
DICTIONARY, ENTITLEMENTS = 0xB0, 0x70
"""[CONTEXT 16] and [APPLICATION 16], both constructed."""


def xml(values: Mapping[str, bool | str]) -> bytes:
    """Write the blob of the XML form."""
    lines = [f"<key>{key}</key>{_element(value)}" for key, value in values.items()]
    text = f'<plist version="1.0"><dict>{"".join(lines)}</dict></plist>'
    return blob(0xFADE7171, text.encode())


def _element(value: bool | str) -> str:
    if isinstance(value, str):
        return f"<string>{value}</string>"
    return "<true/>" if value else "<false/>"


def der(values: Mapping[str, bool | str]) -> bytes:
    """Write the blob of the DER form, its keys in the order of ``values``."""
    pairs = b"".join(
        _wrap(SEQUENCE, _wrap(UTF8_STRING, key.encode()) + _value(value))
        for key, value in values.items()
    )
    body = _wrap(INTEGER, b"\1") + _wrap(DICTIONARY, pairs)
    return blob(0xFADE7172, _wrap(ENTITLEMENTS, body))


def _value(value: bool | str) -> bytes:
    if isinstance(value, str):
        return _wrap(UTF8_STRING, value.encode())
    return _wrap(BOOLEAN, b"\xff" if value else b"\0")


def _wrap(tag: int, content: bytes) -> bytes:
    """Put tag and length in front; contents here are shorter than 128 bytes."""
    assert len(content) < 128
    return bytes([tag, len(content)]) + content

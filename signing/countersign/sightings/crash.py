"""Crash reports of macOS: the ``.ips`` files of today, and the text of older ones.

An ``.ips`` file is two JSON documents, a line about the report and the report itself. Neither form
is documented; their fields were taken from reports that others published.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from countersign.sightings.lines import recognize_lines
from countersign.sightings.sighting import Reporter, Sighting

__all__ = ["CrashReport", "LoadedImage", "read_crash", "sightings_of"]

MAX_IMAGES: Final = 5000
MAX_REASONS: Final = 50
MAX_REGION: Final = 1000
MAX_ADDRESS: Final = 1 << 64
_TEXT_MARKS: Final = ("Exception Type:", "Termination Reason:")
_AT: Final = re.compile(r" at 0x([0-9a-fA-F]{1,16})")
_IMAGE: Final = re.compile(r"\s{0,20}0x([0-9a-fA-F]{1,16}) {1,4}- {1,20}0x([0-9a-fA-F]{1,16}) ")
_UUID: Final = re.compile(r"<([0-9A-Fa-f-]{32,36})>")
_PROCESS: Final = re.compile(r"(.{0,255}) \[(\d{1,10})\]")


_NEW_LIBRARY: Final = (
    "The page lies in a file that is not among the images of the process: a library that was just "
    "being loaded. Verify the libraries of the program."
)


class LoadedImage(NamedTuple):
    """An image in the memory of the process."""

    start: int
    size: int
    path: str
    uuid: str | None
    arch: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashReport:
    """What a report says of the end of a process."""

    process: str | None = None
    pid: int | None = None
    path: str | None = None
    address: int | None = None
    """The address that could not be read or run."""
    images: tuple[LoadedImage, ...] = ()
    region: str = ""
    """What lies around the address in memory."""
    lines: str = ""
    """The lines in which the reason stands, as an older report has them."""

    @property
    def hit(self) -> LoadedImage | None:
        """The image that the address lies in."""
        at = self.address
        if at is None:
            return None
        return next((each for each in self.images if 0 <= at - each.start < each.size), None)


def read_crash(text: str) -> CrashReport | None:
    """Read a crash report of either form; None for what is none."""
    if text.lstrip()[:1] == "{":
        body = _body(text.strip())
        return None if body is None else _from_json(body)
    return _from_text(text) if any(mark in text for mark in _TEXT_MARKS) else None


def sightings_of(report: CrashReport) -> Iterator[Sighting]:
    """Give what is recognised in a report, with the process and the place that it names."""
    hit = report.hit
    for sighting in recognize_lines(report.lines):
        found = replace(
            sighting,
            process=sighting.process or report.process,
            pid=report.pid if sighting.pid is None else sighting.pid,
        )
        if found.reporter is Reporter.CRASH_REPORT:
            found = replace(found, path=report.path, address=report.address)
            if hit is not None and report.address is not None:
                found = replace(
                    found,
                    path=hit.path,
                    memory_offset=report.address - hit.start,
                    arch=hit.arch,
                    uuid=hit.uuid,
                )
            elif report.address is not None and "mapped file" in report.region:
                found = replace(found, advice=_NEW_LIBRARY)
        yield found


def _body(text: str) -> Mapping[str, Any] | None:
    """Decode the last document that tells how a process ended."""
    decoder, at, found = json.JSONDecoder(), 0, None
    while at < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        if isinstance(document, dict) and ("termination" in document or "exception" in document):
            found = document
        while text[at : at + 1].isspace():
            at += 1
    return found


def _from_json(body: Mapping[str, Any]) -> CrashReport:
    termination, exception = _object(body, "termination"), _object(body, "exception")
    return CrashReport(
        process=_text(body, "procName"),
        pid=_number(body, "pid"),
        path=_text(body, "procPath"),
        address=_json_address(exception),
        images=tuple(_json_images(body)),
        region=_text(body, "vmRegionInfo") or "",
        lines="\n".join(_json_lines(termination, exception)),
    )


def _json_lines(termination: Mapping[str, Any], exception: Mapping[str, Any]) -> Iterator[str]:
    """Write the reason as older reports do, so that it is recognised in one way."""
    kind, signal = _text(exception, "type"), _text(exception, "signal")
    if kind:
        yield f"Exception Type: {kind} ({signal})"
    space, code = _text(termination, "namespace"), _number(termination, "code")
    if space and code is not None:
        indicator = _text(termination, "indicator") or ""
        yield f"Termination Reason: Namespace {space}, Code {code}, {indicator}"
    for key in ("reasons", "details"):
        reasons = termination.get(key)
        if isinstance(reasons, list):
            yield from (each for each in reasons[:MAX_REASONS] if isinstance(each, str))


def _json_address(exception: Mapping[str, Any]) -> int | None:
    codes = exception.get("rawCodes")
    if isinstance(codes, list) and len(codes) > 1 and isinstance(codes[1], int):
        return codes[1] if 0 < codes[1] < MAX_ADDRESS else None
    return _address(_text(exception, "subtype") or "")


def _json_images(body: Mapping[str, Any]) -> Iterator[LoadedImage]:
    images = body.get("usedImages")
    if not isinstance(images, list):
        return
    for image in images[:MAX_IMAGES]:
        if not isinstance(image, dict):
            continue
        start, size = _number(image, "base"), _number(image, "size")
        if start is not None and size is not None:
            uuid = (_text(image, "uuid") or "").replace("-", "").lower() or None
            path = _text(image, "path") or _text(image, "name") or ""
            yield LoadedImage(start, size, path, uuid, _text(image, "arch"))


def _from_text(text: str) -> CrashReport:
    fields = dict(_fields(text))
    process = _PROCESS.match(fields.get("Process", ""))
    return CrashReport(
        process=process[1].strip() if process else None,
        pid=int(process[2]) if process else None,
        path=fields.get("Path"),
        address=_address(fields.get("Exception Subtype", "")) or _second(fields),
        images=tuple(_text_images(text)),
        region=_region(text),
        lines=text,
    )


def _region(text: str) -> str:
    """Give the lines about the memory around the address, which follow their heading."""
    start = text.find("VM Region Info:")
    return text[start : start + MAX_REGION] if start >= 0 else ""


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Give the fields at the beginning of lines; the first of a name comes last, and counts."""
    wanted = ("Process", "Path", "Exception Subtype", "Exception Codes")
    for line in reversed(text.splitlines()):
        name, colon, value = line[:2048].partition(":")
        if colon and name.strip() in wanted:
            yield name.strip(), value.strip()


def _second(fields: Mapping[str, str]) -> int | None:
    """Take the address out of the exception's codes, of which it is the second."""
    codes = fields.get("Exception Codes", "").split(",")
    match = re.fullmatch(r"0x([0-9a-fA-F]{1,16})", codes[1].strip()) if len(codes) > 1 else None
    return int(match[1], 16) or None if match else _address(fields.get("Exception Codes", ""))


def _text_images(text: str) -> Iterator[LoadedImage]:
    for line in text.splitlines()[-MAX_IMAGES:]:
        match = _IMAGE.match(line[:2048])
        if match is None:
            continue
        start, last = int(match[1], 16), int(match[2], 16)
        uuid = _UUID.search(line[:2048])
        path = line[:2048].rpartition("> ")[2].strip()
        digits = uuid[1].replace("-", "").lower() if uuid else None
        yield LoadedImage(start, last - start + 1, path, digits, None)


def _address(text: str) -> int | None:
    match = _AT.search(text)
    return int(match[1], 16) or None if match else None


def _object(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, Any], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


def _number(value: Mapping[str, Any], key: str) -> int | None:
    found = value.get(key)
    return found if isinstance(found, int) and 0 <= found < MAX_ADDRESS else None

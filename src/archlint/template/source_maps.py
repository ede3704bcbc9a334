"""Source maps: which line of TypeScript a line of compiled JavaScript comes from.

https://tc39.es/ecma426/ (index maps, which bundlers of several files write, are not followed)
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFERENCE = re.compile(r"^//[#@]\s*sourceMappingURL=(\S+)\s*$", re.MULTILINE)
_INLINE = re.compile(r"data:application/json;(?:charset=[^;,]*;)?base64,(.*)", re.DOTALL)
_DIGITS = {
    letter: value for value, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}


class Original(msgspec.Struct, frozen=True):
    """A place in the source. `source` is as the map spells it, relative to the map; numbers are 1-based."""

    source: str
    line: int
    column: int


def reference(text: str) -> str | None:
    """The path of the map, or a data URL, that compiled code names; the last one counts."""
    found = _REFERENCE.findall(text)
    return found[-1] if found else None


def inline(url: str) -> str | None:
    """The map that a data URL holds; None when it is none."""
    match = _INLINE.fullmatch(url)
    try:
        return base64.b64decode(match[1], validate=True).decode("utf-8") if match else None
    except (binascii.Error, ValueError):
        return None


def original(source_map: str, line: int, column: int | None) -> Original | None:
    """Where a 1-based line (and column) of the compiled code comes from; None when the map is broken or silent."""
    try:
        data: Any = json.loads(source_map)
    except (ValueError, RecursionError):
        return None
    sources = data.get("sources") if isinstance(data, dict) else None
    mappings = data.get("mappings") if isinstance(data, dict) else None
    if not isinstance(sources, list) or not isinstance(mappings, str):
        return None
    best: tuple[int, int, int] | None = None
    for generated, source, source_line, source_column in _segments(mappings, line):
        if best is not None and column is not None and generated >= column:
            break
        best = (source, source_line, source_column)
        if column is None:
            break
    if best is None or not 0 <= best[0] < len(sources) or not isinstance(sources[best[0]], str) or best[1] < 0:
        return None
    folder = data.get("sourceRoot")
    prefix = f"{folder.rstrip('/')}/" if isinstance(folder, str) and folder else ""
    return Original(prefix + sources[best[0]], best[1] + 1, max(best[2], 0) + 1)


def _segments(mappings: str, wanted: int) -> Iterator[tuple[int, int, int, int]]:
    """Column of the compiled line, source, line and column of each segment of one line; all but the source 0-based."""
    source = source_line = source_column = 0
    for number, group in enumerate(mappings.split(";"), 1):
        generated = 0
        for segment in group.split(","):
            fields = _fields(segment)
            if not fields:
                continue
            generated += fields[0]
            if len(fields) >= 4:
                source, source_line, source_column = (
                    source + fields[1],
                    source_line + fields[2],
                    source_column + fields[3],
                )
                if number == wanted:
                    yield generated, source, source_line, source_column
        if number >= wanted:
            return


def _fields(segment: str) -> list[int]:
    """Base64 VLQ numbers; [] for what is none."""
    found = []
    value = shift = 0
    for letter in segment:
        digit = _DIGITS.get(letter)
        if digit is None or shift > 30:
            return []
        value += (digit & 31) << shift
        if digit & 32:
            shift += 5
            continue
        found.append(-(value >> 1) if value & 1 else value >> 1)
        value = shift = 0
    return found

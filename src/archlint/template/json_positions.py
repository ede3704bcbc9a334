"""Where the values of a JSON text stand: objects on the way are indexed, all else is skipped by the JSON parser.

Composing the same text as YAML to find a line costs thirty times as much as parsing it did.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from archlint.template.model import TemplatePath

_SPACE = re.compile(r"[ \t\n\r]*")
_SKIP = json.JSONDecoder().raw_decode


class _Span(msgspec.Struct, frozen=True):
    """Where a value starts; inside an object, where its key starts and ends."""

    start: int
    key_start: int = -1
    key_end: int = -1


class JsonPositions:
    """Finds lines and columns in one JSON text that was parsed before."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._children: dict[int, dict[str | int, _Span]] = {}
        self._line_starts = [0, *accumulate([len(line) + 1 for line in text.split("\n")])]

    def extent(self, path: TemplatePath, on: Literal["key", "value"]) -> tuple[int, int, int, int]:
        """Lines and columns, 1-based, end exclusive, of the key (or value) at `path` or of its nearest ancestor.

        Of a key that stands twice the last counts, as in the data. A text that is no JSON is all line 1.
        """
        try:
            start, end = self._offsets(path, on)
        except (ValueError, IndexError, RecursionError):
            return (1, 1, 1, 2)
        return (*self._position(start), *self._position(end))

    def _offsets(self, path: TemplatePath, on: Literal["key", "value"]) -> tuple[int, int]:
        text = self._text
        here = _Span(_blank(text, 0))
        complete = True
        for step in path:
            child = self._inside(here.start).get(step)
            if child is None:
                complete = False
                break
            here = child
        wants_value = on == "value" and complete and text[here.start] not in "{["
        if here.key_start >= 0 and not wants_value:
            return here.key_start, here.key_end
        return here.start, _SKIP(text, here.start)[1]

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def _inside(self, start: int) -> dict[str | int, _Span]:
        known = self._children.get(start)
        if known is None:
            opening = self._text[start]
            known = self._members(start) if opening == "{" else self._items(start) if opening == "[" else {}
            self._children[start] = known
        return known

    def _members(self, start: int) -> dict[str | int, _Span]:
        text = self._text
        found: dict[str | int, _Span] = {}
        index = _blank(text, start + 1)
        while text[index] == '"':
            key, key_end = _SKIP(text, index)
            value = _blank(text, _blank(text, key_end) + 1)  # behind the colon
            found[key] = _Span(value, index, key_end)
            index = _blank(text, _SKIP(text, value)[1])
            if text[index] != ",":
                break
            index = _blank(text, index + 1)
        return found

    def _items(self, start: int) -> dict[str | int, _Span]:
        text = self._text
        found: dict[str | int, _Span] = {}
        index = _blank(text, start + 1)
        while text[index] != "]":
            found[len(found)] = _Span(index)
            index = _blank(text, _SKIP(text, index)[1])
            if text[index] != ",":
                break
            index = _blank(text, index + 1)
        return found


def _blank(text: str, index: int) -> int:
    found = _SPACE.match(text, index)
    return found.end() if found else index

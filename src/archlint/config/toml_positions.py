"""Where a key stands in a TOML file; `tomllib` gives no positions, and errors should."""

from __future__ import annotations

import re

_KEY_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY_PART}(?:\s*\.\s*{_KEY_PART})*"
_HEADER = re.compile(rf"^\s*\[{{1,2}}\s*({_DOTTED})\s*\]{{1,2}}")
_ASSIGNMENT = re.compile(rf"^\s*({_DOTTED})\s*=")
_PART = re.compile(_KEY_PART)


def toml_position(text: str, path: tuple[str | int, ...]) -> tuple[int, int]:
    """Line and column (1-based) of the key at `path`, or of its nearest ancestor that has a line of its own.

    Keys inside inline tables and items of arrays are found by their text on the line of the key that holds them.
    """
    wanted = [step for step in path if isinstance(step, str)]
    best, place = 0, (1, 1)
    table: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        header = _HEADER.match(line)
        match = header or _ASSIGNMENT.match(line)
        if match is None:
            continue
        names = _parts(match[1])
        here = names if header else [*table, *names]
        if header:
            table = names
        depth = _shared(here, wanted)
        # `[rules.EVT101.params]` is where `rules` begins, when nothing names `rules` alone before it.
        if depth in (len(here), len(wanted)) and depth > best:
            best, place = depth, (number, match.start(1) + 1)
    return _inside_line(text, place, wanted[best:]) if best else place


def _parts(dotted: str) -> list[str]:
    return [part[1:-1] if part[0] in "\"'" else part for part in _PART.findall(dotted)]


def _shared(here: list[str], wanted: list[str]) -> int:
    count = 0
    for have, want in zip(here, wanted, strict=False):
        if have != want:
            break
        count += 1
    return count


def _inside_line(text: str, place: tuple[int, int], rest: list[str]) -> tuple[int, int]:
    line, column = place
    content = text.split("\n")[line - 1]
    for step in rest:
        found = re.compile(rf"[\"']?{re.escape(step)}[\"']?\s*=").search(content, column - 1)
        if found is None:
            break
        column = found.start() + 1
    return line, column

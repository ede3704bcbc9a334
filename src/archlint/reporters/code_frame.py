"""Lines of a file with carets under what a finding speaks about."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import msgspec

from archlint.reporters.paint import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archlint.findings import Region, Severity
    from archlint.reporters.paint import Paint

_WIDTH = 110
"""Columns of source shown; longer lines (JSON on one line) are cut around the region."""
_LEAD = 30
"""Columns shown before the region of a cut line."""
_TAB = "    "
_ELLIPSIS = "..."


class Label(msgspec.Struct, frozen=True):
    """A region to mark; primary ones get carets, the others dashes and their text."""

    region: Region
    text: str = ""
    primary: bool = False


def frame(lines: Sequence[str], labels: Sequence[Label], severity: Severity, paint: Paint, gutter: int) -> list[str]:
    """The lines of the labels in the order of the file, each with its marks below; `gutter` is the numbers' width.

    Labels whose line does not exist are left out.
    """
    shown: list[str] = []
    previous = 0
    # A label's line is shown once, whatever stands on it.
    for number in sorted({label.region.start_line for label in labels}):
        if not 1 <= number <= len(lines):
            continue
        if previous and number > previous + 1:
            shown.append(paint("frame", " " * gutter + _ELLIPSIS))
        previous = number
        here = sorted(
            (label for label in labels if label.region.start_line == number), key=lambda label: not label.primary
        )
        shown += _marked(lines[number - 1], number, here, severity, paint, gutter)
    return shown


def _marked(
    line: str, number: int, labels: Sequence[Label], severity: Severity, paint: Paint, gutter: int
) -> list[str]:
    cells = [_TAB if character == "\t" else clean(character) for character in line.rstrip()]
    widths = [_width(cell) for cell in cells]
    if sum(widths) <= _WIDTH:
        return _one_window(cells, widths, (0, len(cells)), number, labels, severity, paint, gutter)
    shown = []
    for label in labels:  # far apart on one long line: each gets its own piece of it
        window = _window(widths, max(0, label.region.start_column - 1))
        shown += _one_window(cells, widths, window, number, [label], severity, paint, gutter)
    return shown


def _one_window(
    cells: Sequence[str],
    widths: Sequence[int],
    window: tuple[int, int],
    number: int,
    labels: Sequence[Label],
    severity: Severity,
    paint: Paint,
    gutter: int,
) -> list[str]:
    begin, end = window
    lead = _ELLIPSIS if begin else ""
    text = lead + "".join(cells[begin:end]) + (_ELLIPSIS if end < len(cells) else "")
    bar = paint("frame", "|")
    result = [f"{paint('frame', str(number).rjust(gutter))} {bar} {text}".rstrip()]
    for label in labels:
        start = min(max(label.region.start_column - 1, begin), end)
        stop = _end_column(label.region, len(cells))
        blank = len(lead) + sum(widths[begin:start])
        length = max(1, sum(widths[start : min(stop, end)]))
        marks = ("^" if label.primary else "-") * length
        note = f" {clean(label.text)}" if label.text else ""
        style = severity.value if label.primary else "frame"
        result.append(f"{' ' * gutter} {bar} {' ' * blank}{paint(style, marks + note)}")
    return result


def _end_column(region: Region, length: int) -> int:
    """0-based end of what to mark on the first line; a region of several lines is marked to the end of the line."""
    return region.end_column - 1 if region.end_line == region.start_line else length


def _window(widths: Sequence[int], first: int) -> tuple[int, int]:
    """The cells to show of a line that is too long: about `_WIDTH` columns around `first`."""
    begin = min(first, len(widths))
    room = _LEAD
    while begin > 0 and room - widths[begin - 1] >= 0:
        begin -= 1
        room -= widths[begin]
    end, room = begin, _WIDTH
    while end < len(widths) and room - widths[end] >= 0:
        room -= widths[end]
        end += 1
    return begin, end


def _width(cell: str) -> int:
    """Columns that a terminal gives to a cell."""
    if cell.isascii():
        return len(cell)
    if unicodedata.combining(cell) or unicodedata.category(cell) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(cell) in "WF" else 1

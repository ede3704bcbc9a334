"""What lexing a Jinja source yields: the text to parse, what guards each piece of it, and the way back."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from itertools import accumulate
from typing import Literal

import msgspec


class Block(msgspec.Struct, eq=False):
    """One `if … elif … else … endif` or one `for … endfor`.

    `tests` are the conditions of an `if` in order, `over` the paths that a `for` goes through; `local` is set when a
    test reads a name that changes within the template, so that equal words do not mean equal outcome.
    """

    kind: Literal["if", "for"]
    line: int
    tests: list[str] = msgspec.field(default_factory=list)
    over: tuple[str, ...] = ()
    local: bool = False


class Guard(msgspec.Struct, frozen=True):
    """The branch of a block that a piece of text stands in; for an `if`, `len(block.tests)` is its `else`."""

    block: Block
    branch: int

    def __str__(self) -> str:
        if self.block.kind == "for":
            return f"for {', '.join(self.block.over)}"
        refused = [f"not ({test})" for test in self.block.tests[: self.branch]]
        return "if " + " and ".join([*refused, *self.block.tests[self.branch : self.branch + 1]])


class Segment(msgspec.Struct, frozen=True):
    """A run of output text: `start` in the output, `source_start` to `source_end` in the source."""

    start: int
    source_start: int
    source_end: int
    exact: bool
    guards: tuple[Guard, ...]


class Read(msgspec.Struct, frozen=True):
    """One dotted path that the source reads, and the offsets of the tag or expression that reads it."""

    path: str
    start: int
    end: int


class Lexed:
    """What lexing yields: `text` to parse as YAML, and the way back to `source` (line ends are newlines)."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.text = ""
        self.segments: list[Segment] = []
        self.expressions: dict[str, str] = {}
        self.paths: dict[str, tuple[str, ...]] = {}
        self.reads: list[Read] = []
        self._prefix = _unused_prefix(source)
        self._starts: list[int] = []
        self._text_lines: list[int] = []
        self._source_lines = _line_starts(source)

    def finish(self, pieces: list[str]) -> None:
        """Called once, when all the text is known."""
        self.text = "".join(pieces)
        self._starts = [segment.start for segment in self.segments]
        self._text_lines = _line_starts(self.text)

    def placeholder(self, expression: str, paths: tuple[str, ...]) -> str:
        """The word that stands for an expression; equal expressions have equal words, fit for a logical ID."""
        digest = hashlib.sha1(expression.encode(), usedforsecurity=False).hexdigest()
        words = (f"{self._prefix}{digest[start : start + 7]}X" for start in range(len(digest)))
        word = next(word for word in words if self.expressions.get(word, expression) == expression)
        self.expressions[word] = expression
        self.paths.setdefault(word, paths)
        return word

    def guards(self, offset: int) -> tuple[Guard, ...]:
        """The branches and loops around an offset of the output."""
        index = bisect_right(self._starts, offset) - 1
        return self.segments[index].guards if index >= 0 else ()

    def guards_between(self, start: int, end: int) -> set[tuple[Guard, ...]]:
        """All the different surroundings of a stretch of the output."""
        first = max(bisect_right(self._starts, start) - 1, 0)
        return {segment.guards for segment in self.segments[first : bisect_right(self._starts, max(end - 1, start))]}

    def mixed(self, start: int, end: int) -> str:
        """A placeholder for a stretch of the output that several branches share."""
        first, last = bisect_right(self._starts, start) - 1, bisect_right(self._starts, max(end - 1, start)) - 1
        begin, behind = self._source_offset(start, first), self._source_offset(end, last)
        paths = tuple(dict.fromkeys(read.path for read in self.reads if begin <= read.start < behind))
        return self.placeholder(" ".join(self.source[begin:behind].split()), paths)

    def _source_offset(self, offset: int, index: int) -> int:
        segment = self.segments[max(index, 0)]
        if segment.exact:
            return min(segment.source_start + offset - segment.start, segment.source_end)
        return segment.source_start if offset == segment.start else segment.source_end

    def relocate(self, line: int, column: int) -> tuple[int, int]:
        """Source line and column of a line and column of the output; the start of an expression for its inside."""
        if not self.segments:
            return line, column
        row = min(max(line, 1), len(self._text_lines)) - 1
        offset = self._text_lines[row] + column - 1
        index = max(bisect_right(self._starts, offset) - 1, 0)
        segment = self.segments[index]
        inside = segment.exact or offset == segment.start
        return self.source_position(self._source_offset(offset, index) if inside else segment.source_start)

    def source_position(self, offset: int) -> tuple[int, int]:
        """1-based line and column of an offset of the source."""
        row = bisect_right(self._source_lines, offset) - 1
        return row + 1, offset - self._source_lines[row] + 1


def _unused_prefix(source: str) -> str:
    prefix = "P"
    while re.search(rf"{prefix}[0-9a-f]{{7}}X", source):
        prefix += "P"
    return prefix


def _line_starts(text: str) -> list[int]:
    return [0, *accumulate(len(line) + 1 for line in text.split("\n")[:-1])]

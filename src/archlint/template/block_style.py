"""YAML in the plain block style that nearly every template is written in, read line by line.

libyaml makes an event with two marks of every word. Most of a template stands on one line a key and needs none
of that. Whatever is not plainly of this style (anchors, merge keys, tabs, values over several lines, errors …) is
refused here and left to libyaml, so a text has one meaning: the tests hold the two against each other.
"""

from __future__ import annotations

import re
from sys import intern
from typing import TYPE_CHECKING, Any, TypeAlias

from archlint.template.block_text import INDICATORS, OtherStyle, block_text, continued, flow, plain, quoted
from archlint.template.scalars import COLUMN_BITS, LONG_FORMS, RESOLVED_START, long_form, plain_scalar

if TYPE_CHECKING:
    from archlint.template.scalars import KeyMarks

Row: TypeAlias = tuple[str, str, str, str]
"""Indentation, the dash of a list item, a key, and the rest of the line."""

# In ASCII, as a set of letters with `\w` in it is asked letter by letter; other keys are found by `_WORDS`.
_ROW = re.compile(
    r"""^( *)(-(?: +|$))?"""
    r"""(?:([0-9A-Za-z_/$][0-9A-Za-z_.:/$+{}*@%~=(),-]*|"[^"\\\n]{1,200}"|'[^'\n]{1,200}')(?<!:) {0,9}:(?: +|$))?"""
    r"""(.*)$""",
    re.MULTILINE,
)
_LONGEST_KEY = 200  # libyaml's own bound is 1024, with the blanks behind the key
# A key of several words, as states of a state machine have: what `_ROW` takes for a plain text.
_WORDS = re.compile(r"(\w(?:[^:#]|:(?! |$)|(?<! )#){0,200})(?<! )[ ]{0,9}:(?:[ ]+|$)(.*)")
_PRINTABLE = bytes([0x0A, *range(0x20, 0x7F)])
_LONGEST_LINE = 1 << COLUMN_BITS
# Two levels of nesting a column at most, so with `_MOST_BRACKETS` in the last still not what `parse_events` refuses as
# too deep; and ten calls a column. No key of thousands of real templates stands as far to the right.
_RIGHTMOST = 60
_TAG_ENDS = INDICATORS | {" "}
_END: Row = ("", "", "", "")


def read_block_style(text: str, marks: KeyMarks) -> dict[str, Any]:
    """The mapping that `text` is, and in `marks` where its keys stand; raises OtherStyle, with marks half made."""
    if not _is_printable(text):
        raise OtherStyle
    return _BlockReader(text, marks).document()


def _is_printable(text: str) -> bool:
    """Whether it is lines of letters, marks and blanks: no tabs, and nothing that libyaml takes for an end of line."""
    if text.isascii():
        return not text.encode().translate(None, _PRINTABLE)
    return text.replace("\n", "").isprintable()


class _BlockReader:
    """Recursive descent over the rows of a text; `_at` is the next row.

    The last row is empty and stands for the end.
    """

    __slots__ = ("_at", "_lines", "_marks", "_rows")

    def __init__(self, text: str, marks: KeyMarks) -> None:
        self._rows: list[Row] = _ROW.findall(text)
        self._rows.append(_END)
        self._lines = text.split("\n")
        self._marks = marks
        self._at = 1 if self._lines[0] == "---" else 0

    def document(self) -> dict[str, Any]:
        longest = len(max(self._lines, key=len))
        if longest >= _LONGEST_LINE:
            raise OtherStyle
        if longest > _LONGEST_KEY and any(len(row[2]) > _LONGEST_KEY for row in self._rows):
            raise OtherStyle
        row = self._next()
        if row is None or row[0] or row[1]:
            raise OtherStyle
        mapping = self._mapping("", row)
        if self._next() is not None:
            raise OtherStyle
        return mapping

    def _next(self) -> Row | None:
        """The next row that is neither empty nor a comment; None at the end."""
        rows = self._rows
        at = self._at
        end = len(rows) - 1
        while at < end:
            row = rows[at]
            rest = row[3]
            if row[2] or row[1] or (rest and rest[0] != "#"):
                self._at = at
                return row
            at += 1
        self._at = at
        return None

    def _mapping(self, indent: str, row: Row) -> dict[str, Any]:
        """The mapping whose first key is in `row`, and whose keys stand behind `indent`."""
        mapping: dict[str, Any] = {}
        marks: list[int | None] = []
        self._marks[id(mapping)] = marks
        column = len(indent)
        if column > _RIGHTMOST:
            raise OtherStyle
        rows = self._rows
        line = self._at
        bits = COLUMN_BITS
        while True:
            _, _, key, rest = row
            if not key:
                key, rest = self._words(rest)
            key = intern(key[1:-1] if key[0] in "\"'" else key)
            marks.append(line << bits | column)
            start = line
            line += 1
            if not rest:
                row = rows[line]
                self._at = line
                if row[2] and not row[1] and len(row[0]) > column:
                    mapping[key] = self._mapping(row[0], row)
                else:
                    mapping[key] = self._nested(indent, may_align=True)
                line = self._at
            elif (first := rest[0]) not in INDICATORS:
                text = plain(rest) if " " in rest or rest[-1] == ":" else rest
                mapping[key] = plain_scalar(text) if first in RESOLVED_START else text
            else:
                self._at = line
                mapping[key] = self._special(rest, indent, may_align=True)
                line = self._at
            # The next row has a key of this mapping as a rule; else it is looked for.
            row = rows[line]
            if row[2]:
                if row[0] == indent and not row[1]:
                    continue
                if len(row[0]) <= column:
                    self._at = line
                    break
            self._at = line
            if not self._goes_on(key, start, rest, indent, mapping):
                break
            line = self._at
            row = rows[line]
        if len(mapping) != len(marks):
            raise OtherStyle  # a key stands twice
        return mapping

    def _goes_on(self, key: str, start: int, rest: str, indent: str, mapping: dict[str, Any]) -> bool:
        """Whether the mapping has another key, behind the value of this one that may take more lines than its own."""
        column = len(indent)
        row = self._next()
        if row is not None and len(row[0]) > column:
            if not rest or rest[0] in INDICATORS:
                raise OtherStyle
            mapping[key], self._at = continued(rest, self._lines, start + 1, column)
            row = self._next()
            if row is not None and len(row[0]) > column:
                raise OtherStyle
        return row is not None and row[0] == indent and not row[1]

    @staticmethod
    def _words(row: str) -> tuple[str, str]:
        """The key of several words that a row starts with, and the rest of it."""
        found = _WORDS.fullmatch(row)
        if found is None:
            raise OtherStyle
        return found[1], found[2]

    def _following(self) -> Row | None:
        """`_next`, without a search where the next row has a key, as most have."""
        row = self._rows[self._at]
        if row[2]:
            return row
        return self._next()

    def _sequence(self, indent: str, row: Row) -> list[Any]:
        """The list whose first item is in `row`, and whose dashes stand behind `indent`."""
        items: list[Any] = []
        marks: list[int | None] = []
        self._marks[id(items)] = marks
        column = len(indent)
        if column > _RIGHTMOST:
            raise OtherStyle
        following: Row | None = row
        while following is not None:
            _, dash, key, rest = following
            inside = column + len(dash)
            marks.append(self._at << COLUMN_BITS | inside)
            if key:
                items.append(self._mapping(" " * inside, following))
            elif rest.startswith("- "):
                items.append(self._sequence(" " * inside, self._inner(rest)))
            else:
                self._at += 1
                at = self._at
                items.append(self._item(rest, indent))
                if not rest or rest[0] == "#":
                    marks[-1] = None  # what is nested starts on a later line
                elif rest[0] not in INDICATORS and (after := self._following()) and len(after[0]) > column:
                    items[-1], self._at = continued(rest, self._lines, at, column)
            following = self._following()
            if following is not None and (following[0] != indent or not following[1]):
                if len(following[0]) > column:
                    raise OtherStyle
                break
        return items

    def _item(self, rest: str, indent: str) -> Any:
        """The value behind a dash."""
        if not rest:
            return self._nested(indent, may_align=False)
        if rest[0] in INDICATORS:
            return self._special(rest, indent, may_align=False)
        return plain_scalar(plain(rest))

    def _nested(self, indent: str, *, may_align: bool) -> Any:
        """What stands below a key or a dash without a value on its line; None when nothing does.

        The items of a list may stand in the column of its key.
        """
        row = self._following()
        if row is None or len(row[0]) < len(indent):
            return None
        if row[0] == indent:
            return self._sequence(indent, row) if may_align and row[1] else None
        if row[1]:
            return self._sequence(row[0], row)
        if row[2]:
            return self._mapping(row[0], row)
        rest = row[3]
        if rest[0] not in INDICATORS and _WORDS.fullmatch(rest):
            return self._mapping(row[0], row)
        self._at += 1
        return plain_scalar(plain(rest)) if rest[0] not in INDICATORS else self._special(rest, indent, may_align=False)

    @staticmethod
    def _inner(rest: str) -> Row:
        """The row of a list item that is a list item itself: `- - a`."""
        found = _ROW.fullmatch(rest)
        if found is None:
            raise OtherStyle
        return (found[1], found[2], found[3] or "", found[4])

    def _special(self, rest: str, indent: str, *, may_align: bool) -> Any:
        """The value of a line that starts with an indicator."""
        first = rest[0]
        if first == "!":
            tag, _, behind = rest.partition(" ")
            name = LONG_FORMS.get(tag)
            if name is None:
                raise OtherStyle
            if behind and behind[0] not in _TAG_ENDS:
                return long_form(name, plain(behind))
            return long_form(name, self._tagged(behind.lstrip(" "), indent, may_align=may_align))
        if first == "#":
            return self._nested(indent, may_align=may_align)
        if first in "'\"":
            text, self._at = quoted(rest, self._lines, self._at)
            return text
        if first in "|>":
            text, self._at = block_text(rest, self._lines, self._at, len(indent))
            return text
        if first in "[{":
            value, self._at = flow(rest, self._lines, self._at)
            if isinstance(value, dict):
                self._marks[id(value)] = [None] * len(value)
            return value
        if first in "-:" and rest[1:2] not in ("", " "):
            return plain_scalar(plain(rest))
        raise OtherStyle

    def _text_below(self, row: Row, indent: str) -> str:
        """The unquoted text that starts in `row`, below its tag."""
        rest = row[3]
        column = len(indent)
        if rest[0] in INDICATORS or len(row[0]) <= column:
            raise OtherStyle
        self._at += 1
        at = self._at
        following = self._following()
        if following is None or len(following[0]) <= column:
            return plain(rest)
        text, self._at = continued(rest, self._lines, at, column)
        return text

    def _tagged(self, rest: str, indent: str, *, may_align: bool) -> Any:
        """The value behind a tag: text stays text, as libyaml has it."""
        if not rest or rest[0] == "#":
            row = self._following()
            if row is None:
                raise OtherStyle
            if not (row[1] or row[2] or row[3][0] in "'\"[{|>"):
                return self._text_below(row, indent)
            value = self._nested(indent, may_align=may_align)
            if value is None:
                raise OtherStyle
            return value
        if rest[0] not in INDICATORS:
            return plain(rest)
        if rest[0] in "!-:":
            raise OtherStyle
        return self._special(rest, indent, may_align=False)

"""Where the values of a parsed text stand: built only for files that somebody asks a line of."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import yaml
from yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent

from archlint.findings import Region
from archlint.template.parse import yaml_events
from archlint.template.scalars import COLUMN_BITS

if TYPE_CHECKING:
    from archlint.template.model import Json, TemplatePath
    from archlint.template.parse import Events
    from archlint.template.scalars import KeyMarks

Relocate: TypeAlias = Callable[[int, int], tuple[int, int]]
"""Maps a 1-based line and column of the parsed text to those of the source."""


_COLUMN = (1 << COLUMN_BITS) - 1
_BRACKET = re.compile(r"(?:!\S+[ ]+)?[{[]")
# A collection with a tag, an anchor or an alias. What begins below its tag takes all of the line.
_ENDS_EARLY = re.compile(r"[&*]|!\S*\s*[{[&*]")
_Extent: TypeAlias = tuple[int, int, int, int]
"""Lines and columns, 1-based, end exclusive."""


class Position:
    """One value: the events of itself and of its key, and its children. Regions are worked out when asked for."""

    __slots__ = ("children", "event", "items", "key_event")

    def __init__(self, event: Any) -> None:
        self.event = event
        self.key_event: Any = None
        self.children: dict[str, Position] | None = None
        self.items: list[Position] | None = None

    @property
    def tagged(self) -> bool:
        """True for a value in short form, `!Sub x`."""
        tag = getattr(self.event, "tag", None)
        return tag is not None and tag.startswith("!")

    def extent(self, *, key: bool) -> _Extent:
        """Lines and columns, 1-based, of the value or of its key (when it has one)."""
        event = self.key_event if key and self.key_event is not None else self.event
        start, end = event.start_mark, event.end_mark
        return (start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def positions(text: str, events: Events = yaml_events) -> Position | None:
    """The tree of positions of a YAML (or JSON) text, or of its `events`; None when it cannot be read."""
    # Raw tabs cannot occur inside JSON strings, and YAML forbids them as indentation: blanks keep the columns.
    source = text.replace("\t", " ") if text.lstrip()[:1] in ("{", "[") else text
    try:
        following = events(source)
        following()
        start = following()
        return _read(following, following(), {}) if hasattr(start, "explicit") else None  # None: an empty file
    except (yaml.YAMLError, RecursionError):
        return None


def _read(following: Callable[[], Any], event: Any, anchors: dict[str, Position]) -> Position:
    kind = type(event)
    position = Position(event)
    if kind is ScalarEvent:
        pass
    elif kind is AliasEvent:
        known = anchors.get(event.anchor)
        if known is not None:
            position.children, position.items = known.children, known.items
        return position
    elif kind is MappingStartEvent:
        position.children = _children(following, anchors)
    elif event is not None:
        position.items = items = []
        event_inside = following()
        while type(event_inside) is not SequenceEndEvent:
            items.append(_read(following, event_inside, anchors))
            event_inside = following()
    if event is not None and event.anchor is not None:
        anchors[event.anchor] = position
    return position


def _children(following: Callable[[], Any], anchors: dict[str, Position]) -> dict[str, Position]:
    children: dict[str, Position] = {}
    merged: list[Position] = []
    key_event = following()
    while type(key_event) is not MappingEndEvent:
        key = getattr(key_event, "value", "")
        if type(key_event) is not ScalarEvent:
            _read(following, key_event, anchors)
        child = _read(following, following(), anchors)
        child.key_event = key_event
        if key == "<<" and key_event.implicit[0]:
            merged.extend(child.items if child.items is not None else [child])
        else:
            children[key] = child  # of a duplicate key the last value counts
        key_event = following()
    for other in merged:
        children = {**(other.children or {}), **children}
    return children


def locate(root: Position | None, path: TemplatePath, on: Literal["key", "value"], lines: list[str]) -> Region:
    """The region of the key (or value) at `path`, or of its nearest existing ancestor; line 1 when there is none."""
    if root is None:
        return Region(1, 1, 1, 2)
    here = root
    complete = True
    for step in path:
        child: Position | None = None
        if here.children is not None and isinstance(step, str):
            child = here.children.get(step)
        elif here.items is not None and isinstance(step, int) and 0 <= step < len(here.items):
            child = here.items[step]
        if child is None:
            if here.tagged and isinstance(step, str):
                continue  # `!Sub x` is `{"Fn::Sub": x}` in the data
            complete = False
            break
        here = child
    is_container = here.children is not None or here.items is not None
    wants_value = on == "value" and complete and not is_container
    return one_line(here.extent(key=not wants_value), lines)


def noted_extent(data: Json, marks: KeyMarks, path: TemplatePath, lines: list[str]) -> _Extent | None:
    """Lines and columns, 1-based, of the key (or item of a block list) at `path`, or of its nearest ancestor.

    The same answer as `locate` gives, from what the first parse noted; None when that does not tell.
    """
    here: Json = data
    found: tuple[str | None, int | None] | None = None
    for step in path:
        noted = marks.get(id(here))
        if isinstance(here, dict):
            if noted is None:  # a short form: `!Sub x` is `{"Fn::Sub": x}` in the data
                here = here.get(step) if isinstance(step, str) else None
                continue
            if step not in here:
                break
            found = (str(step), noted[[*here].index(step)])
            here = here[step]
        elif isinstance(here, list) and isinstance(step, int) and 0 <= step < len(here):
            found = (None, noted[step] if noted is not None else None)
            here = here[step]
        else:
            break
    key, mark = found or (None, None)
    if mark is None:
        return None
    return _item_extent(mark, lines) if key is None else _key_extent(key, mark, lines)


def _item_extent(mark: int, lines: list[str]) -> _Extent | None:
    """To the end of the line, where scalars end and block mappings end later; None when a comment may follow.

    Brackets count as far as they open, as in the events of libyaml.
    """
    line, column = mark >> COLUMN_BITS, mark & _COLUMN
    text = lines[line] if line < len(lines) else ""
    opened = _BRACKET.match(text, column)
    if opened is not None:
        return (line + 1, column + 1, line + 1, opened.end() + 1)
    if "#" in text[column:] or _ENDS_EARLY.match(text, column):
        return None
    return (line + 1, column + 1, line + 2, 1)


def _key_extent(key: str, mark: int, lines: list[str]) -> _Extent | None:
    """A key as it is written; None for one that is written in an unusual way."""
    line, column = mark >> COLUMN_BITS, mark & _COLUMN
    text = lines[line] if line < len(lines) else ""
    end = column + len(key)
    if text[column:end] == key:
        return (line + 1, column + 1, line + 1, end + 1)
    if text[column : column + 1] in ("'", '"') and text[column + 1 : end + 2] == key + text[column]:
        return (line + 1, column + 1, line + 1, end + 3)
    return None


def one_line(extent: _Extent, lines: list[str]) -> Region:
    """The extent as a region of its first line: what reports point at stays small."""
    line, column, end_line, end_column = extent
    if end_line != line or end_column <= column:
        text = lines[line - 1] if line <= len(lines) else ""
        end_line, end_column = line, max(column + 1, len(text.rstrip()) + 1)
    return Region(line, column, end_line, end_column)

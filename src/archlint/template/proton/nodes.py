"""A small tree over YAML events, to change a document between the parser and its reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Json

# Deeper text is no template, and walking it would use up the stack.
_MAX_DEPTH = 100
_CONTENT = (MappingStartEvent, SequenceStartEvent, ScalarEvent, AliasEvent)


class Node:
    """One YAML node: its events, and its children when it is a mapping or a sequence."""

    __slots__ = ("end", "entries", "items", "start")

    def __init__(self, start: Any, end: Any = None) -> None:
        self.start = start
        self.end = end
        self.entries: list[tuple[Node, Node]] | None = [] if type(start) is MappingStartEvent else None
        self.items: list[Node] | None = [] if type(start) is SequenceStartEvent else None

    @property
    def mark(self) -> Any:
        """Where the node begins."""
        return self.start.start_mark

    @property
    def text(self) -> str | None:
        """The text of a scalar; None for anything else."""
        return str(self.start.value) if type(self.start) is ScalarEvent else None

    def events(self) -> Iterator[Any]:
        """The events of the node and all below it, in document order."""
        yield self.start
        for key, value in self.entries or ():
            yield from key.events()
            yield from value.events()
        for item in self.items or ():
            yield from item.events()
        if self.end is not None:
            yield self.end


def all_events(text: str) -> list[Any] | None:
    """The events of a YAML text, None when it nests too deeply to walk; raises yaml.YAMLError."""
    following = yaml.CSafeLoader(text).get_event
    events, depth = [], 0
    event = following()
    while event is not None:
        events.append(event)
        if type(event) in (MappingStartEvent, SequenceStartEvent):
            depth += 1
        elif type(event) in (MappingEndEvent, SequenceEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            return None  # reading on would take libyaml quadratic time
        event = following()
    return events


def first_node(events: list[Any]) -> tuple[Node, int, int] | None:
    """The first document's node, the index it starts at and the index behind it; None when there is none."""
    first = next((index for index, event in enumerate(events) if type(event) in _CONTENT), None)
    if first is None:
        return None
    root = Node(events[first])
    open_nodes = [root] if root.entries is not None or root.items is not None else []
    keys: dict[int, Node] = {}
    index = first + 1
    while open_nodes:
        event, parent = events[index], open_nodes[-1]
        index += 1
        if type(event) in (MappingEndEvent, SequenceEndEvent):
            parent.end = event
            open_nodes.pop()
            continue
        node = Node(event)
        _attach(parent, node, keys)
        if node.entries is not None or node.items is not None:
            open_nodes.append(node)
    return root, first, index


def _attach(parent: Node, node: Node, keys: dict[int, Node]) -> None:
    """Adds a child; in a mapping, the first of two nodes waits in `keys` for its value."""
    if parent.items is not None:
        parent.items.append(node)
    elif parent.entries is not None:
        key = keys.pop(id(parent), None)
        if key is None:
            keys[id(parent)] = node
        else:
            parent.entries.append((key, node))


def scalar(text: str, mark: Any, end: Any = None) -> Node:
    """A quoted scalar, from `mark` to `end`."""
    return Node(ScalarEvent(None, None, (False, True), text, mark, mark if end is None else end, '"'))


def mapping(entries: list[tuple[Node, Node]], mark: Any) -> Node:
    """A mapping with these entries, written nowhere: it stands at `mark`."""
    start = MappingStartEvent(None, None, implicit=True, start_mark=mark, end_mark=mark)
    node = Node(start, MappingEndEvent(mark, mark))
    node.entries = entries
    return node


def sequence(items: list[Node], mark: Any) -> Node:
    """A list of these items, written nowhere: it stands at `mark`."""
    start = SequenceStartEvent(None, None, implicit=True, start_mark=mark, end_mark=mark)
    node = Node(start, SequenceEndEvent(mark, mark))
    node.items = items
    return node


def node_of(value: Json, mark: Any) -> Node:
    """Nodes for a value made of mappings, lists and text."""
    if isinstance(value, dict):
        return mapping([(scalar(key, mark), node_of(child, mark)) for key, child in value.items()], mark)
    if isinstance(value, list):
        return sequence([node_of(child, mark) for child in value], mark)
    return scalar(str(value), mark)

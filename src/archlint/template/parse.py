"""YAML and JSON text to plain template data, in one pass over libyaml's events.

Events are half the cost of composed nodes and need no recursion in C, so a file of a million brackets is an error
with a line and not the end of the process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from sys import intern
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml
from yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent

from archlint.errors import TemplateError
from archlint.template.block_style import read_block_style
from archlint.template.block_text import OtherStyle
from archlint.template.scalars import COLUMN_BITS, CORE, LONG_FORMS, RESOLVED_START, long_form, plain_scalar

if TYPE_CHECKING:
    from archlint.template.model import Json
    from archlint.template.scalars import KeyMarks

# The deepest real template of the field nests 40 levels; recursive readers of the data rely on this bound.
MAX_DEPTH = 200
# Aliases repeat what they name. A template has at most a few thousand values, so a million is a bomb.
MAX_VALUES = 1_000_000

# The end of a key in JSON: no quote that opens a text, as in `[":", "a"]`, and none inside of one, as in `"\":"`.
_KEY_END = re.compile(r'"(?<![\s,\[:{\\]")[ \t\r\n]*:')

Events: TypeAlias = Callable[[str], Callable[[], Any]]
"""Makes the source of a text's YAML events: each call of what it returns gives the next event, None at the end."""

Duplicates: TypeAlias = list[tuple[str, int, int]]
"""Keys that stand twice in one mapping, with the 1-based line and column of the later one."""


def yaml_events(text: str) -> Callable[[], Any]:
    """The events of a YAML text, as libyaml gives them."""
    following: Callable[[], Any] = yaml.CSafeLoader(text).get_event
    return following


def parse_yaml(
    text: str,
    events: Events = yaml_events,
    duplicates: Duplicates | None = None,
    marks: KeyMarks | None = None,
) -> Json:
    """The single document in `text`; short forms become long (`!Ref X` → `{"Ref": "X"}`).

    Raises TemplateError with line and column on anything that is not one well-formed document. `events` may give
    other events than the text itself has (Proton: branches become conditions). Of a key that stands twice in one
    mapping the last value counts, as it does for the deploy tools, and `duplicates` gets its place. `marks` gets
    where the keys stand: most findings point at one, and need no second parse then.
    """
    marks = {} if marks is None else marks
    if events is yaml_events:
        try:
            return read_block_style(text, marks)
        except OtherStyle:
            marks.clear()
    return parse_events(text, events, [] if duplicates is None else duplicates, marks)


def parse_events(text: str, events: Events, duplicates: Duplicates, marks: KeyMarks, depth: int = 0) -> Json:
    """`parse_yaml` by events alone; `depth` is how deep the text already is in another."""
    return _YamlReader(text, events, duplicates, marks).document(depth)


def _packed(mark: Any) -> int:
    """A mark as `KeyMarks` keeps it; a column that does not fit meets no key there and is asked for again."""
    line: int = mark.line
    column: int = mark.column
    return line << COLUMN_BITS | min(column, (1 << COLUMN_BITS) - 1)


def _mark_error(error: yaml.YAMLError) -> TemplateError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).split("\n")[0]
    context = getattr(error, "context", None)
    message = f"{problem} ({context})" if context else str(problem)
    hint = "indent with spaces, not tabs" if "cannot start any token" in message or "tab" in message else None
    if mark is None:
        return TemplateError(message, hint=hint)
    return TemplateError(message, mark.line + 1, mark.column + 1, hint)


class _YamlReader:
    def __init__(self, text: str, events: Events, duplicates: Duplicates, marks: KeyMarks) -> None:
        self._duplicates = duplicates
        self._marks = marks
        try:
            self._next = events(text)
        except yaml.YAMLError as error:
            raise _mark_error(error) from error
        self._anchors: dict[str, tuple[Any, int]] = {}
        # What `<<` names goes into other mappings; kept, as what is made after it would get its identity and marks.
        self._merged_away: list[Any] = []
        self._count = 0

    def document(self, depth: int) -> Json:
        try:
            self._next()  # stream start
            start = self._next()
            if not hasattr(start, "explicit"):
                return None  # an empty stream ends at once
            value: Json = self._value(self._next(), depth)
            while True:
                event = self._next()
                if event is None:
                    return value
                if hasattr(event, "version"):  # a second document starts
                    raise TemplateError("more than one YAML document in the file", event.start_mark.line + 1)
        except yaml.YAMLError as error:
            raise _mark_error(error) from error

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        self._count += 1
        if kind is ScalarEvent:
            value = self._scalar(event)
        elif kind is AliasEvent:
            return self._alias(event)
        else:
            if depth >= MAX_DEPTH:
                raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
            before = self._count
            value = self._mapping(event, depth) if kind is MappingStartEvent else self._sequence(event, depth)
            tag = event.tag
            if tag is not None and tag != "!" and not tag.startswith(CORE):
                value = self._tagged(event, tag, value)
            if event.anchor is not None:
                self._anchors[event.anchor] = (value, self._count - before)
            return value
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        return value

    def _scalar(self, event: Any) -> Any:
        tag = event.tag
        text = event.value
        if tag is None:
            return plain_scalar(text) if event.implicit[0] else text
        if tag == "!" or tag.startswith(CORE):
            return plain_scalar(text) if tag in (CORE + "int", CORE + "float", CORE + "bool") else text
        return self._tagged(event, tag, text)

    def _tagged(self, event: Any, tag: str, value: Any) -> Any:
        name = LONG_FORMS.get(tag)
        if name is None:
            raise self._error(event, f"unknown tag {tag}")
        return long_form(name, value)

    def _alias(self, event: Any) -> Any:
        known = self._anchors.get(event.anchor)
        if known is None:
            raise self._error(event, f"alias *{event.anchor} names nothing above it")
        self._count += known[1]
        if self._count > MAX_VALUES:
            raise self._error(event, f"aliases expand to more than {MAX_VALUES} values")
        if _depth(known[0]) > MAX_DEPTH // 2:
            raise self._error(event, f"aliases nest deeper than {MAX_DEPTH // 2} levels")
        return known[0]

    def _sequence(self, start: Any, depth: int) -> list[Any]:
        items: list[Any] = []
        marks: list[int | None] = []
        if not start.flow_style:
            self._marks[id(items)] = marks
        following = self._next
        event = following()
        while type(event) is not SequenceEndEvent:
            mark = _packed(event.start_mark)
            if type(event) is ScalarEvent and event.tag is None and event.anchor is None:
                self._count += 1
                items.append(plain_scalar(event.value) if event.implicit[0] else event.value)
            else:
                items.append(self._value(event, depth + 1))
            marks.append(mark)
            event = following()
        return items

    def _mapping(self, start: Any, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: list[Any] = []
        marks = self._marks[id(mapping)] = []
        following = self._next
        event = following()
        while type(event) is not MappingEndEvent:
            if type(event) is not ScalarEvent:
                raise self._error(event, "a mapping key must be text")
            key = intern(event.value)  # the same few words in every template
            child = following()
            if type(child) is ScalarEvent and child.tag is None and child.anchor is None:
                # The common case, without two calls: a third of the time of a whole parse.
                self._count += 1
                text = child.value
                resolves = child.implicit[0] and (not text or text[0] in RESOLVED_START)
                value = plain_scalar(text) if resolves else text
            else:
                value = self._value(child, depth + 1)
            if key == "<<" and event.implicit[0]:
                self._merged_away.append(value)
                merged.extend(value if isinstance(value, list) else [value])
            elif key in mapping:
                mark: Any = event.start_mark
                self._duplicates.append((key, mark.line + 1, mark.column + 1))
                mapping[key] = value
                marks[[*mapping].index(key)] = _packed(mark)
            else:
                mapping[key] = value
                marks.append(_packed(event.start_mark))
            event = following()
        return self._merged(start, mapping, merged) if merged else mapping

    def _merged(self, start: Any, mapping: dict[str, Any], others: list[Any]) -> dict[str, Any]:
        """The mapping with what its `<<` keys name; its own keys count."""
        marks = dict(zip(mapping, self._marks.pop(id(mapping)), strict=True))
        whole = mapping
        for other in others:
            if not isinstance(other, dict):
                raise self._error(start, "the merge key << takes mappings only")
            whole = {**other, **whole}
            marks = {**dict(zip(other, self._marks.get(id(other), ()), strict=False)), **marks}
        self._marks[id(whole)] = [marks.get(key) for key in whole]
        return whole

    @staticmethod
    def _error(event: Any, message: str) -> TemplateError:
        return TemplateError(message, event.start_mark.line + 1, event.start_mark.column + 1)


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= MAX_DEPTH:
        deepest += 1
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return deepest


def _pairs(pairs: list[tuple[str, Any]], repeated: list[str]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        seen: set[str] = set()
        repeated.extend(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value] # add() is None: false
    return mapping


def parse_json(text: str, duplicates: Duplicates | None = None) -> Json:
    """The JSON value in `text`; raises TemplateError with line and column. Duplicate keys as for `parse_yaml`."""
    try:
        value: Json = json.loads(text)
        depth, keys = _shape(value)
        if duplicates is not None and len(_KEY_END.findall(text)) != keys:  # one may stand twice
            duplicates.extend(_repeated(text))
    except json.JSONDecodeError as error:
        raise TemplateError(f"not valid JSON: {error.msg}", error.lineno, error.colno) from error
    except (RecursionError, ValueError) as error:
        raise TemplateError("nested too deeply, or a number too long to read") from error
    if depth > MAX_DEPTH:
        raise TemplateError(f"nested deeper than {MAX_DEPTH} levels")
    return value


def _shape(value: Json) -> tuple[int, int]:
    """How deep a value is nested, told up to one more than `MAX_DEPTH`, and how many keys it has."""
    deepest = keys = 0
    level: list[Any] = [value]
    while level and deepest <= MAX_DEPTH:
        deepest += 1
        inner: list[Any] = []
        for item in level:
            if type(item) is dict:
                keys += len(item)
                inner += item.values()
            elif type(item) is list:
                inner += item
        level = inner
    return deepest, keys


def _repeated(text: str) -> Duplicates:
    """Keys that stand twice in one object of a JSON text."""
    repeated: list[str] = []
    json.loads(text, object_pairs_hook=lambda pairs: _pairs(pairs, repeated))
    found: Duplicates = []
    if repeated:
        try:  # json does not say where; the YAML reader of the same text does
            parse_yaml(text.replace("\t", " "), duplicates=found)
        except TemplateError:
            return [(key, 1, 1) for key in repeated]
    return found

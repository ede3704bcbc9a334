"""Strings that CloudFormation puts together, flattened to one text whose unknown parts are marks.

A definition (ASL, OpenAPI, an integration URI) must be read as a whole, but its parts come from `Fn::Sub` and
`Fn::Join`. Here the whole becomes text that a parser or a regular expression can read; a piece of it becomes a
template value again, which the linker resolves.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archlint.template.model import Json

# Private-use characters: valid in JSON strings, and in no template that was ever meant.
_OPEN, _CLOSE = "\ue000", "\ue001"
MARK = f"{_OPEN}[0-9]+{_CLOSE}"
"""Regular expression of a mark, for patterns over `Flat.text`."""

_MARK = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_VARIABLE = re.compile(r"\$\{(!?)\s*([^${}]*?)\s*\}")
_JSON_PIECE = re.compile(rf'"(?:[^"\\]|\\.)*"|{MARK}|\$\{{[^{{}}"]*\}}')
_MAX_DEPTH = 20


class Flat:
    """A text and the template values that its marks stand for."""

    __slots__ = ("holes", "text")

    def __init__(self, text: str, holes: list[Json]) -> None:
        self.text = text
        self.holes = holes

    @property
    def is_known(self) -> bool:
        """True when the text has no marks."""
        return _OPEN not in self.text

    def value(self, piece: str, substitutions: Mapping[str, Json] | None = None) -> Json:
        """A piece of the text as a template value; `${Name}` of `substitutions` is replaced by what it stands for."""
        if _OPEN not in piece and not (substitutions and "${" in piece):
            return piece
        parts = [part for part in self._parts(piece, substitutions or {}) if part != ""]
        if len(parts) == 1:
            return parts[0]
        return {"Fn::Join": ["", parts]}

    def _parts(self, piece: str, substitutions: Mapping[str, Json]) -> list[Json]:
        parts: list[Json] = []
        for index, text in enumerate(_MARK.split(piece)):
            if index % 2:
                number = int(text)
                parts.append(self.holes[number] if number < len(self.holes) else "")
            elif text:
                parts.extend(_substituted(text, substitutions) if substitutions else [text])
        return parts


def _substituted(text: str, substitutions: Mapping[str, Json]) -> list[Json]:
    parts: list[Json] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        if not match[1] and match[2] in substitutions:
            parts += [text[end : match.start()], substitutions[match[2]]]
            end = match.end()
    return [*parts, text[end:]]


def flatten(value: Json) -> Flat | None:
    """The text of a string, number, `Fn::Sub` or `Fn::Join`; other intrinsic functions are one mark, else None."""
    if isinstance(value, str):
        return Flat(value, [])
    if isinstance(value, list) or value is None:
        return None
    if isinstance(value, dict) and len(value) != 1:
        return None
    holes: list[Json] = []
    return Flat(_flat(value, holes, 0), holes)


def _flat(value: Json, holes: list[Json], depth: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, dict) and len(value) == 1 and depth < _MAX_DEPTH:
        [(function, argument)] = value.items()
        text = None
        if function == "Fn::Sub":
            text = _sub(argument, holes, depth)
        elif function == "Fn::Join":
            text = _join(argument, holes, depth)
        elif function == "Fn::ToJsonString":
            text = json.dumps(_marked(argument, holes, depth), ensure_ascii=False)
        if text is not None:
            return text
    return _mark(value, holes)


def _mark(value: Json, holes: list[Json]) -> str:
    holes.append(value)
    return f"{_OPEN}{len(holes) - 1}{_CLOSE}"


def _sub(argument: Any, holes: list[Json], depth: int) -> str | None:
    variables: Any = {}
    if isinstance(argument, list) and len(argument) == 2:
        argument, variables = argument
    if not isinstance(argument, str) or not isinstance(variables, dict):
        return None

    def replace(match: re.Match[str]) -> str:
        if match[1]:
            return "${" + match[2] + "}"
        name = match[2]
        if name in variables:
            return _flat(variables[name], holes, depth + 1)
        resource, dot, attribute = name.partition(".")
        return _mark({"Fn::GetAtt": [resource, attribute]} if dot else {"Ref": name}, holes)

    return _VARIABLE.sub(replace, argument)


def _join(argument: Any, holes: list[Json], depth: int) -> str | None:
    if not isinstance(argument, list) or len(argument) != 2:
        return None
    separator, items = argument
    if not isinstance(separator, str) or not isinstance(items, list):
        return None
    return separator.join(_flat(item, holes, depth + 1) for item in items)


def _marked(value: Json, holes: list[Json], depth: int) -> Json:
    """Data with a mark for each intrinsic function in it, as `Fn::ToJsonString` makes JSON of it."""
    if depth > _MAX_DEPTH:
        return _mark(value, holes)
    if isinstance(value, list):
        return [_marked(item, holes, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
        return _flat(value, holes, depth + 1)
    return {key: _marked(item, holes, depth + 1) for key, item in value.items()}


def parse_json(text: str) -> Json:
    """The JSON in a flattened text; a mark or `${Name}` outside strings becomes a string. None when it is no JSON."""
    found = _loaded(text)
    if found is None and ("${" in text or _OPEN in text):
        found = _loaded(quote_placeholders(text))
    return found


def decoded(value: Json) -> Json:
    """JSON written as text (a filter pattern, a policy) as data, with template values for what a `Sub` fills in.

    Mappings and lists are what they are; None for a text that is no JSON.
    """
    if isinstance(value, dict):
        function = next(iter(value)) if len(value) == 1 else ""
        if function == "Fn::ToJsonString":
            return value[function]
        if function not in ("Fn::Sub", "Fn::Join"):
            return value
    flat = flatten(value)
    if flat is None:
        return value
    return _restored(parse_json(flat.text), flat)


def _restored(data: Json, flat: Flat) -> Json:
    if isinstance(data, str):
        return flat.value(data)
    if isinstance(data, list):
        return [_restored(item, flat) for item in data]
    if isinstance(data, dict):
        return {key: _restored(item, flat) for key, item in data.items()}
    return data


def quote_placeholders(text: str) -> str:
    """JSON whose marks and `${Name}` outside of strings are made strings; lines stay."""
    return _JSON_PIECE.sub(lambda match: match[0] if match[0][0] == '"' else f'"{match[0]}"', text)


def _loaded(text: str) -> Json:
    try:
        found: Json = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return found

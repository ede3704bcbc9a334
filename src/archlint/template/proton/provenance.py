"""What the values of a Proton part are made from: placeholders back to the dotted names they stand for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archlint.template.model import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archlint.template.model import Body, Json, Template, TemplatePath

_PLACEHOLDER = re.compile(r"P+[0-9a-f]{7}X")


def scalars(value: Json, path: TemplatePath = ()) -> Iterator[tuple[TemplatePath, str]]:
    """Every text in a value with its path; a key stands for itself, at the path of its entry."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield (*path, key), key
            yield from scalars(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from scalars(child, (*path, index))


def dotted_reads(template: Template, value: Json, path: TemplatePath = ()) -> Iterator[tuple[TemplatePath, str]]:
    """The dotted names that a value is made from, each with the path of the text it stands in.

    `path` is where the value stands in the template.
    """
    part = template.proton
    if part is None or not part.expressions:
        return
    for where, text in scalars(value, path):
        for word in _PLACEHOLDER.findall(text):
            for name in part.paths.get(word, ()):
                yield where, name


def names_in(template: Template, value: Json) -> set[str]:
    """The dotted names that a value is made from."""
    return {name for _, name in dotted_reads(template, value)}


def readable(template: Template, text: str) -> str:
    """The text with its placeholders as they were written, `{{ service.name }}-queue`."""
    part = template.proton
    if part is None or not part.expressions:
        return text

    def written(match: re.Match[str]) -> str:
        expression = part.expressions.get(match[0])
        return match[0] if expression is None else "{{" + expression + "}}"

    return _PLACEHOLDER.sub(written, text)


def written_resources(template: Template, *types: str) -> Iterator[tuple[str, Body]]:
    """Resources of these types as written, SAM types too: logical ID and body. All of them when no type is named."""
    for logical_id, body in template.section("Resources").items():
        if isinstance(body, dict) and (not types or body.get("Type") in types):
            yield logical_id, body


def properties_of(body: Body) -> Body:
    """The properties of a resource as written; empty when misshapen."""
    found = body.get("Properties")
    return found if isinstance(found, dict) else {}


def guards_of(template: Template, *path: str | int) -> tuple[str, ...]:
    """The `if` tests and `for` loops around a key, those around its ancestors included."""
    part = template.proton
    if part is None:
        return ()
    return tuple(guard for length in range(1, len(path) + 1) for guard in part.loops.get(path[:length], ()))


def alternatives(value: Json) -> Iterator[Json]:
    """The values that the branches of `Fn::If` leave, `AWS::NoValue` left out."""
    if isinstance(value, dict):
        branches = value.get("Fn::If")
        if isinstance(branches, list):
            for branch in branches[1:]:
                yield from alternatives(branch)
            return
        if value.get("Ref") == "AWS::NoValue":
            return
    yield value


def items(value: Json) -> Iterator[Json]:
    """The items of a list, or the one value that stands for a list of one, whatever branch they are in."""
    for found in alternatives(value):
        if isinstance(found, list):
            for item in found:
                yield from items(item)
        elif found is not None:
            yield found


def referenced_ids(value: Json) -> Iterator[str]:
    """Names in a value's `Ref`, `Fn::GetAtt` and `Fn::Sub`: logical IDs, parameters, pseudo parameters."""
    if isinstance(value, list):
        for item in value:
            yield from referenced_ids(item)
    elif isinstance(value, dict):
        for key, child in value.items():
            if key == "Ref" and isinstance(child, str):
                yield child
            elif key == "Fn::GetAtt":
                first = child[0] if isinstance(child, list) and child else child
                if isinstance(first, str):
                    yield first.split(".")[0]
            elif key == "Fn::Sub":
                text = child[0] if isinstance(child, list) and child else child
                if isinstance(text, str):
                    yield from (match.split(".")[0] for match in re.findall(r"\$\{([\w.:]+)\}", text))
                yield from referenced_ids(child[1:] if isinstance(child, list) else None)
            else:
                yield from referenced_ids(child)


def place_of(template: Template, *path: str | int) -> Place:
    """Where a value of a part stands in its source."""
    return Place(template.document, path)

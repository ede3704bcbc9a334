"""Definitions inside or beside a template (ASL, OpenAPI): the data, its strings' meaning, where parts are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from archlint.graph.edges.paths import branches, follow
from archlint.graph.edges.string_template import Flat, flatten, parse_json, quote_placeholders
from archlint.template.model import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archlint.graph.link import Linker
    from archlint.graph.model import Node
    from archlint.graph.stacks import Stack
    from archlint.template.document import Document
    from archlint.template.model import Body, Json, TemplatePath

_NO_TEXT = Flat("", [])


class Definition(msgspec.Struct, frozen=True):
    """One definition of a resource. `path` is where it stands in the resource, `document` the file it was read from."""

    node: Node
    data: Body
    path: TemplatePath
    flat: Flat = _NO_TEXT
    document: Document | None = None
    substitutions: Mapping[str, Json] = msgspec.field(default_factory=dict)

    def value(self, leaf: Json) -> Json:
        """A leaf of the data as a template value, for the linker to resolve."""
        return self.flat.value(leaf, self.substitutions) if isinstance(leaf, str) else leaf

    def flatten(self, leaf: Json) -> Flat | None:
        """The text of a leaf, substitutions made."""
        return flatten(self.value(leaf))

    def place(self, path: TemplatePath) -> Place | None:
        """Where a part of the data is written: its own line unless the definition is a string of the template."""
        if self.document is not None:
            return Place(self.document, path)
        if self.flat is not _NO_TEXT:
            return self.node.place(*self.path)
        return self.node.place(*self.path, *path)


def definitions(
    linker: Linker,
    node: Node,
    *,
    inline: tuple[str, ...] = (),
    text: tuple[str, ...] = (),
    file: tuple[str, ...] = (),
    substitutions: Mapping[str, Json] | None = None,
) -> Iterator[Definition]:
    """The definitions that the resource may have (several: branches of an `Fn::If`), from the properties named.

    `inline` properties hold mappings, `text` ones JSON text, `file` ones the path of a local file.
    """
    stack, properties = node.stack, node.properties
    given = substitutions or {}
    if stack is None:
        return
    for name in inline:
        for path, found in follow(properties, (name,)):
            if isinstance(found, dict) and found:
                yield Definition(node, found, path, substitutions=given)
    for name in text:
        for path, found in follow(properties, (name,)):
            yield from _from_text(linker, node, found, path, given)
    for name in file:
        for path, found in follow(properties, (name,)):
            document = _local(linker, stack, found)
            if document is not None and isinstance(document.data, dict):
                yield Definition(node, document.data, path, document=document, substitutions=given)


def _from_text(
    linker: Linker, node: Node, value: Json, path: TemplatePath, substitutions: Mapping[str, Json]
) -> Iterator[Definition]:
    flat = flatten(value)
    if flat is None:
        return
    if flat.holes and len(flat.text) < 8 and node.stack is not None:  # a parameter or mapping holds the whole text
        literal = linker.literal(node.stack, value)
        flat = Flat(literal, []) if isinstance(literal, str) else flat
    data = parse_json(flat.text)
    if isinstance(data, dict):
        # A marker of its own, so that a text without holes is still known as text.
        yield Definition(node, data, path, flat, substitutions=substitutions)


def _local(linker: Linker, stack: Stack, value: Any) -> Document | None:
    """The local file that a location names: a path, or the asset that a CDK assembly stores under the object's key."""
    if isinstance(value, dict) and "Key" in value:
        key = value["Key"]
        return linker.open_local(stack, f"asset.{key}") if isinstance(key, str) else None
    for _, location in branches(value):
        if isinstance(location, str) and location and "://" not in location and "\0" not in location:
            return linker.open_local(stack, location) or _with_placeholders(linker, stack, location)
    return None


def _with_placeholders(linker: Linker, stack: Stack, location: str) -> Document | None:
    """A file that is JSON only when its substitutions are made: `"TimeoutSeconds": ${Timeout}`."""
    return linker.open_local(stack, location, quote_placeholders)

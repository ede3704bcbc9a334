"""The layers that a function names, as nodes of the graph where they are declared in the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archlint.graph.model import Node, ResourceGraph
from archlint.packages.listing import printable
from archlint.packages.subject import LAYER

if TYPE_CHECKING:
    from archlint.template.model import Json

MAX_DEPTH = 20
_IF_PARTS = 3

Layer = tuple[str, Node | None]
"""How a layer is called in messages, and its node when the run declares it."""


def layer_entries(node: Node, graph: ResourceGraph) -> list[list[list[Layer]]]:
    """The lists of layers that a function may have, each entry as the alternatives that it may be.

    More than one list only where the whole property is conditional; a list that cannot be read is one unknown layer.
    """
    return [_entries(node, items, graph) for items in _lists(node.properties.get("Layers"), 0)]


def _lists(value: Json, depth: int) -> list[list[Any]]:
    if value is None or value == {"Ref": "AWS::NoValue"}:
        return [[]]
    if isinstance(value, list):
        return [value]
    branches = value.get("Fn::If") if isinstance(value, dict) else None
    if isinstance(branches, list) and len(branches) == _IF_PARTS and depth < MAX_DEPTH:
        return _lists(branches[1], depth + 1) + _lists(branches[2], depth + 1)
    return [[value]]


def _entries(node: Node, items: list[Any], graph: ResourceGraph) -> list[list[Layer]]:
    entries = [_alternatives(node, item, graph) for item in items]
    return [entry for entry in entries if entry]


def _alternatives(node: Node, item: Json, graph: ResourceGraph) -> list[Layer]:
    """What one entry may be; empty when it is certainly no layer (`AWS::NoValue`)."""
    if item is None or item == {"Ref": "AWS::NoValue"}:
        return []
    resolver = graph.resolver
    if resolver is None or node.stack is None:
        return [("a layer", None)]
    found = []
    for target in resolver.targets(node.stack, item, LAYER):
        is_known = target.node.type == LAYER and not target.node.external
        found.append((layer_name(target.node), target.node if is_known else None))
    if found:
        return found
    texts = resolver.texts(node.stack, item)
    return [(printable(str(texts[0])), None)] if texts else [("a layer", None)]


def layer_name(layer: Node) -> str:
    """The logical ID the user wrote, or `name:version` of a layer known by its ARN only."""
    if not layer.external:
        return layer.generated_by or layer.logical_id
    return printable(layer.logical_id.rpartition(":layer:")[2] or layer.logical_id)
